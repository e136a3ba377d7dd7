import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bestApart, bestTogether, countFree, type Wish } from './best-available.ts'
import { judgeChoice } from './orphan-rule.ts'
import { smallHouse } from './small-house.ts'
import { Stretches } from './stretches.ts'

/** Two sections of two rows of ten; the focal point below, between them. Seat 0 for a wheelchair, 1 beside it. */
const map = new Stretches(smallHouse())
const wish = (quantity: number, more: Partial<Wish> = {}): Wish => ({
  quantity,
  accessible: 0,
  categories: Uint8Array.of(1, 1, 1),
  sections: Uint8Array.of(1, 1),
  ...more,
})
const house = (...taken: number[]) => {
  const free = new Uint8Array(map.seats).fill(1)
  for (const index of taken) free[index] = 0
  return free
}
const span = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)
const first = (free: Uint8Array, wanted: Wish) => bestTogether(map, free, wanted, 32).choices[0]

describe('The best are side by side in one row, as near to the focal point as can be.', () => {
  test('[H22] in an empty house', () => {
    // Row B is nearer, and its seats towards the middle of the house are the nearest.
    expect(first(house(), wish(2))).toEqual([18, 19])
    expect(first(house(), wish(4))).toEqual([16, 17, 18, 19])
  })
  test('[H22] of the categories and sections asked for', () => {
    expect(first(house(), wish(2, { categories: Uint8Array.of(1, 0, 0) }))).toEqual([8, 9])
    expect(first(house(), wish(2, { sections: Uint8Array.of(0, 1) }))).toEqual([30, 31])
  })
  test('[H22] and no place for a wheelchair or a companion among them, unless asked for', () => {
    const free = house(...span(2, 40))
    expect(countFree(map, free, wish(1))).toBe(0)
    expect(bestTogether(map, free, wish(1), 32).choices).toEqual([])
    expect(first(free, wish(2, { accessible: 1 }))).toEqual([0, 1])
  })
})

test('[H23] Where no row has room, neighbouring rows have, one piece behind the other.', () => {
  // Three free in each row of the left section, at the same place; nothing on the right.
  const free = house(...span(0, 4), ...span(7, 14), ...span(17, 40))
  const { together, choices } = bestTogether(map, free, wish(5), 32)
  expect([together, choices]).toEqual(['rows', [[5, 6, 14, 15, 16]]])
  const far = house(...span(0, 4), ...span(7, 10), ...span(10, 27), ...span(30, 40))
  expect(bestTogether(map, far, wish(5), 32).choices).toEqual([])
})

test('[H24] A wheelchair has its companions beside it, and nobody else gets such a place.', () => {
  expect(first(house(), wish(3, { accessible: 1 }))).toEqual([0, 1, 2])
  expect(bestTogether(map, house(0), wish(1, { accessible: 1 }), 32).choices).toEqual([])
})

test('[H25] Where nobody may sit together, the pieces are few, near each other, and not one of them a lone person where it can be helped.', () => {
  // Runs of three and two and two.
  const free = house(...span(0, 10), ...span(13, 18), ...span(22, 38))
  expect(bestTogether(map, free, wish(4), 32).choices).toEqual([])
  const [choice] = bestApart(map, free, wish(4), 1).choices
  expect(choice).toHaveLength(4)
  expect(new Set(choice!.map(index => index + 1)).size).toBe(4)
  for (const index of choice!) expect(choice!.some(other => Math.abs(other - index) === 1)).toBe(true)
  expect(bestApart(map, house(...span(0, 38)), wish(3), 1).choices).toEqual([])
})

test('[H26] Whatever is taken: choices are free, share no seat, keep to the orphan rule, and are found wherever there are any.', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      (taken, quantity) => {
        const free = Uint8Array.from(taken, one => (one ? 0 : 1))
        const { together, choices } = bestTogether(map, free, wish(quantity), 32)
        const seen = new Set<number>()
        for (const choice of choices) {
          expect(choice).toHaveLength(quantity)
          for (const index of choice) {
            expect([free[index], map.kind[index], seen.has(index)]).toEqual([1, 0, false])
            seen.add(index)
          }
          if (together === 'row') expect(judgeChoice(map, free, choice).ok).toBe(true)
        }
        const rows = [span(2, 10), span(10, 20), span(20, 30), span(30, 40)]
        const anyRow = rows.some(row =>
          row.some((_, at) => {
            const window = row.slice(at, at + quantity)
            return window.length === quantity && window.every(index => free[index] === 1)
          }),
        )
        expect(together === 'row').toBe(anyRow)
        const plain = rows.flat().filter(index => free[index] === 1).length
        expect(countFree(map, free, wish(quantity))).toBe(plain)
        expect(bestApart(map, free, wish(quantity), 1).choices).toHaveLength(plain >= quantity ? 1 : 0)
      },
    ),
    { numRuns: 500 },
  )
})
