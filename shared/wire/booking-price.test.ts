import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BookingPricing, NO_PRICING, percentOf, sharesOf, spread } from './booking-price.ts'

const sum = (list: number[]) => list.reduce((all, one) => all + one, 0)
const money = fc.integer({ min: 0, max: 1_000_000_000 })
const percent = fc.integer({ min: 0, max: 10_000 }).map(hundredths => hundredths / 100)
const prices = fc.array(fc.oneof(money, fc.constant(0), fc.integer({ min: 1, max: 99 })), {
  minLength: 1,
  maxLength: 40,
})
const discount = fc.record({
  name: fc.constant('Group'),
  minTickets: fc.integer({ min: 1, max: 20 }),
  amount: money,
  percent,
})
const pricing: fc.Arbitrary<BookingPricing> = fc.record({
  bookingFee: fc.record({ amount: money, percent }),
  discounts: fc.array(discount, { maxLength: 4 }),
})

test('[B110] A percentage is rounded half up to the minor unit, and loses nothing of a large amount.', () => {
  expect([percentOf(50, 1), percentOf(49, 1), percentOf(150, 1), percentOf(0, 100)]).toEqual([1, 0, 2, 0])
  // 1.005 x 100 is less than 100.5 where it is reckoned in floating point.
  expect(percentOf(1_000, 0.05)).toBe(1)
  expect(percentOf(10_050, 6.5)).toBe(653)
  expect(percentOf(9_007_199_254_740_991, 100)).toBe(9_007_199_254_740_991)
  fc.assert(
    fc.property(money, percent, (minor, part) => {
      const exact = BigInt(minor) * BigInt(Math.round(part * 100))
      const doubled = 2n * (BigInt(percentOf(minor, part)) * 10_000n - exact)
      // Within half a unit; a half goes up.
      expect(doubled > -10_000n && doubled <= 10_000n).toBe(true)
    }),
  )
})

test('[B111] What belongs to a booking is spread over its tickets by largest remainder, and they always sum to it.', () => {
  expect(spread(100, [1, 1, 1])).toEqual([34, 33, 33])
  expect(spread(10, [5_000, 5_000, 0])).toEqual([5, 5, 0])
  expect(spread(2, [1, 2, 3, 4])).toEqual([0, 0, 1, 1])
  fc.assert(
    fc.property(money, prices, (total, weights) => {
      const parts = spread(total, weights)
      expect(sum(parts)).toBe(sum(weights) === 0 ? 0 : total)
      const all = BigInt(sum(weights)) || 1n
      for (const [at, part] of parts.entries()) {
        const floor = Number((BigInt(total) * BigInt(weights[at] ?? 0)) / all)
        expect(part === floor || part === floor + 1).toBe(true)
      }
    }),
  )
})

test('[B112] A discount never exceeds the prices, nor a ticket’s share of it that ticket’s; of several the highest counts.', () => {
  fc.assert(
    fc.property(pricing, prices, (rules, list) => {
      const shares = sharesOf(rules, list)
      for (const [at, share] of shares.entries()) {
        expect(share.discount).toBeGreaterThanOrEqual(0)
        expect(share.discount).toBeLessThanOrEqual(list[at] ?? 0)
        expect(share.fee).toBeGreaterThanOrEqual(0)
      }
      const off = sum(shares.map(share => share.discount))
      for (const { minTickets, amount, percent: part } of rules.discounts) {
        const worth = Math.min(sum(list), amount + percentOf(sum(list), part))
        if (list.length >= minTickets) expect(off).toBeGreaterThanOrEqual(worth)
      }
    }),
  )
})

test('[B113] The fee of a booking is an amount and a part of its discounted prices, counted once; who pays nothing has none.', () => {
  const rules: BookingPricing = {
    bookingFee: { amount: 250, percent: 2.5 },
    discounts: [{ name: 'From four', minTickets: 4, amount: 0, percent: 10 }],
  }
  const [three, four] = [sharesOf(rules, [999, 999, 999]), sharesOf(rules, [999, 999, 999, 999])]
  expect(three.map(({ fee }) => fee)).toEqual([109, 108, 108])
  expect(three.map(({ discount: off }) => off)).toEqual([0, 0, 0])
  expect(sum(four.map(({ discount: off }) => off))).toBe(400)
  expect(sum(four.map(({ fee }) => fee))).toBe(250 + 90)
  expect(sharesOf(rules, [0, 0])).toEqual([
    { discount: 0, fee: 0 },
    { discount: 0, fee: 0 },
  ])
  fc.assert(
    fc.property(pricing, prices, (some, list) => {
      const shares = sharesOf(some, list)
      const left = sum(list) - sum(shares.map(share => share.discount))
      const fee = left === 0 ? 0 : some.bookingFee.amount + percentOf(left, some.bookingFee.percent)
      expect(sum(shares.map(share => share.fee))).toBe(fee)
      expect(sharesOf(NO_PRICING, list).every(share => share.fee === 0 && share.discount === 0)).toBe(true)
    }),
  )
})

test('[P98] In a currency that is charged by steps every amount is a multiple of one, and all of them still sum.', () => {
  const steps = fc.integer({ min: 0, max: 100_000 }).map(many => many * 10)
  const stepped = pricing.map(({ bookingFee, discounts }) => ({
    bookingFee: { ...bookingFee, amount: bookingFee.amount - (bookingFee.amount % 10) },
    discounts: discounts.map(one => ({ ...one, amount: one.amount - (one.amount % 10) })),
  }))
  fc.assert(
    fc.property(stepped, fc.array(steps, { minLength: 1, maxLength: 30 }), percent, (rules, list, part) => {
      const shares = sharesOf(rules, list, 10)
      for (const [at, { discount: off, fee }] of shares.entries()) {
        expect([off % 10, fee % 10]).toEqual([0, 0])
        expect(off).toBeLessThanOrEqual(list[at] ?? 0)
      }
      const off = sum(shares.map(share => share.discount))
      const fee = percentOf(sum(list) - off, rules.bookingFee.percent, 10) + rules.bookingFee.amount
      expect(sum(shares.map(share => share.fee))).toBe(sum(list) === off ? 0 : fee)
      const exact = percentOf(list[0] ?? 0, part)
      expect(percentOf(list[0] ?? 0, part, 10) - exact).toBeGreaterThanOrEqual(0)
      expect(percentOf(list[0] ?? 0, part, 10) - exact).toBeLessThan(10)
    }),
  )
})
