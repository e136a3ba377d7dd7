import { expect, it } from 'vitest'
import { extrasOf } from './extras.ts'

const none = { bookingFee: { amount: 0, percent: 0 }, discounts: [], currency: 'EUR' }

it('[W168] the fee of a booking and its discounts are said before anything is chosen', () => {
  expect(extrasOf(none)).toEqual([])
  const discounts = [
    { name: 'Groups', minTickets: 4, amount: 0, percent: 12.5 },
    { name: 'Opening night', minTickets: 1, amount: 500, percent: 0 },
  ]
  expect(extrasOf({ ...none, bookingFee: { amount: 346, percent: 0 }, discounts })).toEqual([
    'plus €3.46 a booking',
    '12.5 % off for 4 tickets or more (Groups)',
    '€5.00 off (Opening night)',
  ])
  expect(extrasOf({ ...none, bookingFee: { amount: 250, percent: 1.5 } })).toEqual([
    'plus €2.50 and 1.5 % a booking',
  ])
  expect(extrasOf({ ...none, bookingFee: { amount: 0, percent: 2 } })).toEqual(['plus 2 % a booking'])
})
