import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRONT, makeShop, type Shop } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterAll(() => shop.close())

test('[B55] A quote says what tickets would cost, each with its fee, and holds nothing.', async () => {
  const house = await shop.house()
  const body = {
    ticketIds: [house.ticket(12), house.ticket(2)],
    areas: [{ areaId: 'floor', quantity: 2, ticketType: 'reduced' }],
  }
  const { status, body: quote } = await shop.call('POST', `/bookings/${house.eventId}/quote`, { body })
  expect([status, quote['amount'], quote['currency']]).toEqual([200, FRONT + 3_150 + 2 * 1_150, 'EUR'])
  expect(quote['tickets']).toEqual([
    { ticketId: house.ticket(2), category: 'a', type: 'adult', price: 5_000, fee: 150, discount: 0 },
    { ticketId: house.ticket(12), category: 'b', type: 'adult', price: 3_000, fee: 150, discount: 0 },
    { category: 'floor', type: 'reduced', price: 1_000, fee: 150, discount: 0 },
    { category: 'floor', type: 'reduced', price: 1_000, fee: 150, discount: 0 },
  ])
  expect(await house.shown(2)).toBe('available')
})

test('[B56] A hold that names an amount is made at that price or not at all.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const wrong = await fan.hold([2, 3], { amount: 2 * FRONT - 1 })
  expect([wrong.status, wrong.body.code, wrong.body.amount]).toEqual([409, 'price_mismatch', 2 * FRONT])
  expect(await house.shown(2)).toBe('available')
  const right = await fan.hold([2, 3], { amount: 2 * FRONT })
  expect([right.status, right.body.amount]).toEqual([201, 2 * FRONT])
})
