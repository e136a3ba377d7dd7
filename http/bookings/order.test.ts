import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventRecord } from '../../shared/event-store.ts'
import { stockOf } from '../../shared/event-store.ts'
import { eventId } from '../../shared/ids.ts'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import { smallHouse } from '../../shared/seats/small-house.ts'
import { NO_PRICING } from '../../shared/wire/booking-price.ts'
import { HoldBody, hashOf, orderOf } from './order.ts'
import { amountOf, totalOf } from './pricing.ts'

const ID = eventId('play1')
const plan = new SeatPlan(smallHouse())
const price = (category: string, ticketType: string, amount: number) => ({
  category,
  ticketType,
  ticketTypeName: ticketType,
  price: amount,
  fee: 150,
})
/** Only what an order reads. */
const event = {
  eventId: ID,
  plan,
  stock: stockOf(ID, plan),
  pricing: NO_PRICING,
  prices: [
    price('a', 'adult', 5_000),
    price('b', 'adult', 3_000),
    price('floor', 'adult', 2_000),
    price('a', 'reduced', 2_500),
    price('b', 'reduced', 1_500),
    price('floor', 'reduced', 1_000),
  ],
} as EventRecord

const body = (given: object) => HoldBody.parse(given)

test('[B2] A ticket costs the price of its category and type and its fee, the first type where none is named.', () => {
  const order = orderOf(
    event,
    body({ ticketIds: ['play1-0', 'play1-10'], ticketTypes: { 'play1-10': 'reduced' }, areas: [] }),
    8,
  )
  expect(order.itemsOf([0, 10])).toEqual([
    { index: 0, ticketType: 'adult', price: 5_000, fee: 150, feeShare: 0, discount: 0 },
    { index: 10, ticketType: 'reduced', price: 1_500, fee: 150, feeShare: 0, discount: 0 },
  ])
})

test('units of one area may have several types', () => {
  const areas = [
    { areaId: 'floor', quantity: 2 },
    { areaId: 'floor', quantity: 1, ticketType: 'reduced' },
  ]
  const order = orderOf(event, body({ areas }), 8)
  expect(order.wanted).toEqual({ seats: [], areas: [{ area: 0, quantity: 3 }] })
  expect(order.itemsOf([42, 44, 49]).map(item => [item.index, item.ticketType, amountOf(item)])).toEqual([
    [42, 'adult', 2_150],
    [44, 'adult', 2_150],
    [49, 'reduced', 1_150],
  ])
})

test('a type that is not sold is refused by name', () => {
  const given = body({ ticketIds: ['play1-0'], ticketTypes: { 'play1-0': 'vip' } })
  expect(() => orderOf(event, given, 8)).toThrow(/ticketTypes\["play1-0"\]/)
  const area = body({ areas: [{ areaId: 'floor', quantity: 1, ticketType: 'vip' }] })
  expect(() => orderOf(event, area, 8)).toThrow(/areas\[0\]\.ticketType/)
})

test('[B3] The items of a booking sum to its amount.', () => {
  const money = fc.integer({ min: 0, max: 1e9 })
  fc.assert(
    fc.property(fc.array(fc.record({ price: money, fee: money, discount: fc.constant(0) })), items => {
      expect(totalOf(items)).toBe(items.reduce((sum, item) => sum + amountOf(item), 0))
    }),
  )
})

test('the same request has the same hash, whatever the order of its fields', () => {
  const one = body({ ticketIds: ['play1-0'], ticketTypes: { 'play1-0': 'adult', 'play1-1': 'adult' } })
  const other = body({ ticketTypes: { 'play1-1': 'adult', 'play1-0': 'adult' }, ticketIds: ['play1-0'] })
  expect(hashOf(ID, one)).toBe(hashOf(ID, other))
  expect(hashOf(ID, one)).not.toBe(hashOf(eventId('play2'), one))
  expect(hashOf(ID, one)).not.toBe(hashOf(ID, body({ ticketIds: ['play1-1'] })))
})
