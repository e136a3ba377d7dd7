import fc from 'fast-check'
import { expect, test } from 'vitest'
import { positionOf } from './position.ts'

test('[Q42] among knots the position is exact where ranks follow each other, and never outside its two neighbours', () => {
  expect(positionOf([], 5)).toBe(0)
  const knots = [10, 0, 20, 1, 30, 2, 100, 12]
  expect([10, 20, 30, 100].map(score => positionOf(knots, score))).toEqual([0, 1, 2, 12])
  // Behind the first and the last; between, where somebody has left; between far ones, evenly.
  expect([1, 101, 15, 65].map(score => positionOf(knots, score))).toEqual([0, 13, 1, 8])
  const ascending = fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 51 }), { minLength: 2, maxLength: 50 })
  fc.assert(
    fc.property(ascending, fc.integer({ min: 0, max: 2 ** 51 }), (numbers, score) => {
      const scores = numbers.toSorted((a, b) => a - b)
      const pairs = scores.flatMap((one, i) => [one, i * 3])
      const ahead = scores.filter(one => one < score).length
      const position = positionOf(pairs, score)
      expect(position).toBeGreaterThanOrEqual(Math.max(0, ahead - 1) * 3)
      expect(position).toBeLessThanOrEqual(ahead * 3)
    }),
  )
})
