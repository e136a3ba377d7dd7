import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, makeShop, type Shop } from '../bookings/sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterAll(() => shop.close())

const change = (house: House, method: 'PUT' | 'DELETE', seats: number[], more = {}) =>
  shop.call(method, `/admin/events/${house.eventId}/blocks`, {
    token: shop.adminToken,
    body: { ticketIds: seats.map(house.ticket), ...more },
  })

test('[B60] Operators keep seats and standing places back and put them on sale again; maps show it, and the log who did.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const kept = await change(house, 'PUT', [2, 3, 40], { reason: 'house seats' })
  expect([kept.status, kept.body['changed']]).toEqual([200, 3])
  expect(await Promise.all([2, 3].map(house.shown))).toEqual(['blocked', 'blocked'])
  expect((await fan.hold([3])).body.code).toBe('hold_conflict')
  expect((await fan.hold([], { areas: [{ areaId: 'floor', quantity: 8 }] })).status).toBe(201)
  expect((await change(house, 'PUT', [2, 3])).body['changed']).toBe(0)
  const listed = await shop.call('GET', `/admin/events/${house.eventId}/blocks`, { token: shop.adminToken })
  expect(listed.body['blocks']).toMatchObject([
    { ticketId: house.ticket(2), reason: 'house seats', actor: 'admin' },
    { ticketId: house.ticket(3) },
    { ticketId: house.ticket(40) },
  ])
  expect((await change(house, 'DELETE', [3, 4])).body['changed']).toBe(1)
  expect(await Promise.all([2, 3].map(house.shown))).toEqual(['blocked', 'available'])
  expect((await fan.hold([3])).status).toBe(201)
  const { rows } = await shop.deps.pool.query(
    `select act, detail from audit_log where event_id = $1 order by id`,
    [house.eventId],
  )
  expect(rows).toMatchObject([
    { act: 'seats.block', detail: { tickets: 3, reason: 'house seats' } },
    { act: 'seats.unblock', detail: { tickets: 1 } },
  ])
})

test('[B61] A seat that a fan holds or has bought is named, and none is blocked; nor does unblocking free a fan’s seat.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  await fan.held(4)
  await fan.pay(await fan.held(6))
  const held = await change(house, 'PUT', [3, 4])
  expect([held.status, held.body['tickets']]).toEqual([409, [house.ticket(4)]])
  expect((await change(house, 'PUT', [5, 6])).body['tickets']).toEqual([house.ticket(6)])
  expect(await Promise.all([3, 4, 5, 6].map(house.shown))).toEqual(['available', 'held', 'available', 'sold'])
  await change(house, 'DELETE', [4, 6])
  expect(await Promise.all([4, 6].map(house.shown))).toEqual(['held', 'sold'])
  expect((await change(house, 'PUT', [99])).body['errors']).toMatchObject([{ field: 'ticketIds[0]' }])
  const nobody = await shop.call('PUT', `/admin/events/${house.eventId}/blocks`, { body: {} })
  expect([nobody.status, nobody.body['code']]).toEqual([401, 'admin_required'])
})

test('[B62] What is blocked is blocked after a loss of Redis.', async () => {
  const house = await shop.house()
  await change(house, 'PUT', [2, 41])
  const { redis, keys } = shop.deps
  await redis.del(...(await redis.keys(`${keys.seats(house.eventId).meta.slice(0, -'meta'.length)}*`)))
  expect(await house.shown(2)).toBe('blocked')
  const fan = await house.fan()
  expect((await fan.hold([2])).body.code).toBe('hold_conflict')
  await change(house, 'DELETE', [2, 41])
  expect((await fan.hold([2])).status).toBe(201)
})
