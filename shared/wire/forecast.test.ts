import fc from 'fast-check'
import { expect, test } from 'vitest'
import { positionAfter, waitTime } from './forecast.ts'

test('[Q43] waiting time is the places ahead over the measured rate, p90 above p50, and null where nothing can be said', () => {
  expect(waitTime(99, { rate: 10, leaving: 0 })).toEqual({ p50: 10, p90: 13 })
  expect(waitTime(0, { rate: 0.2, leaving: 0 })).toEqual({ p50: 5, p90: 13 })
  expect(waitTime(10, { rate: 0, leaving: 0.01 })).toBeNull()
  expect(waitTime(10_000_000, { rate: 1, leaving: 0 })).toBeNull()
})

test('[Q160] it counts with those who give up: a line that half leaves is waited through sooner, in step with the position counted on', () => {
  // Of 10,000 a thousandth leaves a second: ln(1 + 0.001 x 10,000 / 10) / 0.001.
  expect(waitTime(9_999, { rate: 10, leaving: 0.001 })?.p50).toBe(694)
  expect(waitTime(9_999, { rate: 10, leaving: 1e-12 })?.p50).toBe(1_000)
  expect(positionAfter(100, 5, { rate: 10, leaving: 0 })).toBe(50)
  expect(positionAfter(100, 50, { rate: 10, leaving: 0 })).toBe(0)
  const paces = fc.record({
    rate: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
    leaving: fc.double({ min: 0, max: 0.01, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 100_000 }), paces, (position, pace) => {
      const wait = waitTime(position, pace)
      if (wait === null) return
      expect(wait.p90).toBeGreaterThanOrEqual(wait.p50)
      // The one turn more is the visitor's own.
      expect(positionAfter(position + 1, wait.p50, pace)).toBeLessThanOrEqual(1e-6 * position)
      expect(positionAfter(position + 1, Math.max(0, wait.p50 - 1), pace)).toBeGreaterThanOrEqual(0)
    }),
  )
})
