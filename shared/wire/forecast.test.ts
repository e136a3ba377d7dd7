import fc from 'fast-check'
import { expect, test } from 'vitest'
import { positionAfter, waitTime } from './forecast.ts'

test('[Q43] waiting time is the places ahead over the measured rate, p90 above p50, and null where nothing can be said', () => {
  expect(waitTime(99, { rate: 10, leaving: 0 })).toEqual({ p50: 10, p90: 12 })
  expect(waitTime(0, { rate: 0.2, leaving: 0 })).toEqual({ p50: 5, p90: 12 })
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

test('[Q182] p90 covers nine of ten waits where turns come by chance, at any rate and place; where they are many it is nearly p50', () => {
  let state = 7
  const chance = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 1) / (2 ** 32 + 1)
  }
  /** Time until so many turns at one a second. */
  const until = (turns: number) => {
    let time = 0
    for (let i = 0; i < turns; i++) time -= Math.log(chance())
    return time
  }
  for (const [rate, position] of [
    [0.5, 100],
    [2, 40],
    [5, 900],
    [20, 4_000],
  ] as const) {
    let [covered, trials] = [0, 1_500]
    for (let i = 0; i < trials; i++) {
      // What two minutes tell of the rate, and the wait that comes.
      let seen = 0
      for (let time = until(1); time < 120 * rate; time += until(1)) seen++
      const wait = waitTime(position, { rate: seen / 120, leaving: 0 })
      if (wait !== null && until(position + 1) / rate <= wait.p90) covered++
    }
    expect(covered / trials).toBeGreaterThan(0.86)
    expect(covered / trials).toBeLessThan(0.95)
  }
  const { p50, p90 } = waitTime(100_000, { rate: 200, leaving: 0.0001 })!
  expect(p90).toBeLessThan(1.05 * p50)
})
