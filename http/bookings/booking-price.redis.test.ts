/** Fees and discounts of whole bookings, from the quote to the money that comes back. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type House, makeShop, type Shop, type Told, until } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => expect(await shop.audit()).toEqual([]))
afterAll(() => shop.close())

/** From three tickets on a tenth off; 2.00 and 2.5 % a booking. */
async function cheaperByThree(): Promise<House> {
  const house = await shop.house()
  await price(house, 250, 2.5)
  return house
}

async function price({ eventId }: House, amount: number, percent: number): Promise<void> {
  const { pool, events } = shop.deps
  await pool.query('update events set booking_fee = $2, booking_fee_percent = $3 where id = $1', [
    eventId,
    amount,
    percent,
  ])
  await pool.query(
    `insert into event_discounts (event_id, position, name, least_tickets, percent) values ($1, 0, 'Three', 3, 10)
     on conflict do nothing`,
    [eventId],
  )
  await until('the price is read', async () => {
    const { pricing } = (await events.find(eventId)) ?? {}
    return pricing?.bookingFee.amount === amount && pricing.discounts.length === 1
  })
}

const parts = (told: Told) => told.tickets.map(({ price, fee, discount }) => [price, fee, discount])

test('[B114] A quote and a hold show each ticket’s share of the discount and of the booking’s fee, and sum to the amount.', async () => {
  const house = await cheaperByThree()
  const fan = await house.fan()
  const seats = [2, 3, 12]
  const body = { ticketIds: seats.map(house.ticket) }
  const { body: quote } = await shop.call<Told>('POST', `/bookings/${house.eventId}/quote`, { body })
  // 50 + 50 + 30: 13.00 off; 2.50 and 2.5 % of 117.00, which is 2.925.
  expect([quote.amount, quote.bookingFee]).toEqual([13_000 - 1_300 + 3 * 150 + 250 + 293, 543])
  expect(parts(quote)).toEqual([
    [5_000, 150 + 209, 500],
    [5_000, 150 + 209, 500],
    [3_000, 150 + 125, 300],
  ])
  const held = await fan.hold(seats, { amount: quote.amount })
  expect([held.status, held.body.amount, held.body.bookingFee]).toEqual([201, quote.amount, 543])
  expect(parts(held.body)).toEqual(parts(quote))
  expect(parts((await fan.get(held.body.bookingId)) as Told)).toEqual(parts(quote))
})

test('[B115] What is added or dropped changes the booking’s discount and fee, and no ticket’s own price.', async () => {
  const house = await cheaperByThree()
  const fan = await house.fan()
  const booking = await fan.held(2, 3)
  const two = await fan.get(booking)
  expect(two.amount).toBe(10_000 + 300 + 250 + 250)
  const change = (body: object) =>
    shop.call<Told>('PATCH', `/bookings/${booking}`, { token: fan.token, body })
  const { body: three } = await change({ add: { ticketIds: [house.ticket(12)] } })
  expect([three.amount, three.bookingFee]).toEqual([13_000 - 1_300 + 450 + 543, 543])
  // By now a booking costs more, which the tickets' own prices do not hear of.
  await price(house, 300, 0)
  await shop.deps.pool.query('update event_prices set price = 1 where event_id = $1', [house.eventId])
  const { body: again } = await change({ drop: [house.ticket(12)] })
  expect([again.amount, again.bookingFee]).toEqual([10_000 + 300 + 300, 300])
  expect(parts(again)).toEqual([
    [5_000, 300, 0],
    [5_000, 300, 0],
  ])
})

test('[B116] A returned ticket gives back exactly its own part, and all of them the whole amount.', async () => {
  const house = await cheaperByThree()
  const fan = await house.fan()
  const booking = await fan.held(2, 3, 12)
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  const total = (await fan.get(booking)).amount
  await shop.work()
  const back: number[] = []
  for (const seat of [12, 2, 3]) {
    const { status, body } = await shop.call<Told>('POST', `/admin/bookings/${booking}/refunds`, {
      token: shop.adminToken,
      body: { ticketIds: [house.ticket(seat)] },
    })
    expect(status).toBe(200)
    back.push(body.amount)
    await shop.work()
    expect(await shop.audit()).toEqual([])
  }
  expect(back).toEqual([3_000 + 275 - 300, 5_000 + 359 - 500, 5_000 + 359 - 500])
  expect(back.reduce((sum, one) => sum + one, 0)).toBe(total)
})

test('[B117] Postgres keeps no share that exceeds its fee, no discount above its price, and no ticket fee below its percentage.', async () => {
  const house = await shop.house()
  const { pool } = shop.deps
  const booking = await (await house.fan()).held(2)
  const refused = (sql: string, id: string) =>
    expect(pool.query(sql, [id])).rejects.toThrow(/check constraint/)
  await refused('update booking_items set fee_share = fee + 1 where booking_id = $1', booking)
  await refused('update booking_items set discount = price + 1 where booking_id = $1', booking)
  await refused('update event_prices set fee_percent = 10 where event_id = $1', house.eventId)
})
