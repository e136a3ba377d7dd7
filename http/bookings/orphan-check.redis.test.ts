import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeShop, type Shop } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop({ environment: { ORPHAN_RULE: 'refuse' } })
})
afterAll(() => shop.close())

test('[B49] With ORPHAN_RULE=refuse a choice that leaves a lone seat is 409, with that seat and others to take.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const { status, body } = await fan.hold([11, 12])
  expect([status, body.code, body.tickets]).toEqual([409, 'leaves_orphan', [house.ticket(10)]])
  expect(await house.shown(11)).toBe('available')
  const instead = await fan.hold([], { ticketIds: body['instead'] })
  expect([instead.status, instead.body.tickets.length]).toEqual([201, 2])
  // Somebody else's seat is told as such.
  expect((await (await house.fan()).hold([10, 11])).body.code).toBe('hold_conflict')
})

test('[B49] The last choice in a row is held, and so is what is added to a hold where it leaves nobody alone.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(10, 11)
  const add = (...seats: number[]) =>
    shop.call('PATCH', `/bookings/${booking}`, {
      token: fan.token,
      body: { add: { ticketIds: seats.map(house.ticket) } },
    })
  expect((await add(13)).body).toMatchObject({ code: 'leaves_orphan', instead: [house.ticket(12)] })
  expect((await add(12, 13, 14, 15)).status).toBe(200)
  // Four are left of the row, and whichever three are taken one stays alone.
  const other = await house.fan()
  expect((await other.hold([16, 17, 18])).status).toBe(201)
})
