import fc from 'fast-check'
import { expect, test } from 'vitest'
import { knotsOf, positionOf, rankAt } from './position.ts'

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

test('[Q242] between two chosen ranks everybody is told within a hundredth, however the crowd there came, and the first 110 exactly', () => {
  const gap = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 36 }))
  const crowd = fc.record({
    first: fc.integer({ min: 0, max: 800 }),
    gaps: fc.array(fc.tuple(gap, gap), { minLength: 1, maxLength: 20 }),
    turn: fc.integer({ min: 1, max: 5_000 }),
  })
  fc.assert(
    fc.property(crowd, ({ first, gaps, turn }) => {
      // A few stretches of one pace each, and now and then a pause.
      const [from, to] = [rankAt(first), Math.min(rankAt(first + 6), rankAt(first) + 40_000)]
      const line: number[] = []
      let score = 0
      for (let i = 0; i <= to - from; i++) {
        const [pace, pause] = gaps[Math.floor(i / turn) % gaps.length]!
        score += i % turn === 0 ? pause : pace
        line.push(score)
      }
      const scores: number[] = []
      for (let i = first; rankAt(i) <= to; i++) scores.push(line[rankAt(i) - from]!)
      const knots = knotsOf({ first, shift: 0, scores, end: undefined })
      for (let rank = from; rank <= knots.at(-1)!; rank++) {
        const off = Math.abs(positionOf(knots, line[rank - from]!) - rank)
        if (off > (rank <= 110 ? 0 : rank / 100)) expect.fail(`rank ${rank} is off by ${off}`)
      }
    }),
  )
})
