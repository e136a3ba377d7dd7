import { expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import { Batcher } from './batcher.ts'

const batcher = (run: (key: string, items: number[]) => Promise<number[]>, most = 1_000, bound = 20_000) =>
  new Batcher({ run, most, bound, windowMs: 5, full: () => new Error('full'), clock: systemClock })

test('[Q47] calls of one moment go as one, at most a thousand at a time, and each gets its own answer', async () => {
  const sizes: number[] = []
  const joins = batcher(async (_, items) => {
    sizes.push(items.length)
    return items.map(item => item * 2)
  })
  const answers = await Promise.all(Array.from({ length: 2_500 }, (_, i) => joins.add('event', i)))
  expect(answers).toEqual(Array.from({ length: 2_500 }, (_, i) => i * 2))
  expect(sizes).toEqual([1_000, 1_000, 500])
})

test('[Q48] past its bound, and where the store fails, waiting calls are refused at once', async () => {
  const full = batcher(async (_, items) => items, 10, 50)
  const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => full.add('event', i)))
  expect(outcomes.filter(outcome => outcome.status === 'rejected')).toHaveLength(10)
  let calls = 0
  const failing = batcher(async () => {
    calls += 1
    throw new Error('away')
  }, 10)
  const failed = await Promise.allSettled(Array.from({ length: 45 }, (_, i) => failing.add('event', i)))
  expect(failed.every(outcome => outcome.status === 'rejected')).toBe(true)
  expect(calls).toBe(1)
})
