import { expect, test } from 'vitest'
import { FreshReads } from './fresh-reads.ts'

test('[S25] a crowd shares reads, and each is given one that began after it asked', async () => {
  const reads = new FreshReads<number>()
  const landings: (() => void)[] = []
  let begun = 0
  const work = () => {
    const mine = ++begun
    return new Promise<number>(resolve => landings.push(() => resolve(mine)))
  }
  const first = reads.read('event', work)
  const during = [reads.read('event', work), reads.read('event', work)]
  expect(begun).toBe(1)
  landings[0]?.()
  expect(await first).toBe(1)
  await expect.poll(() => begun).toBe(2)
  const later = reads.read('event', work)
  landings[1]?.()
  expect(await Promise.all(during)).toEqual([2, 2])
  await expect.poll(() => begun).toBe(3)
  landings[2]?.()
  expect(await later).toBe(3)
  const alone = reads.read('event', work)
  expect(begun).toBe(4)
  landings[3]?.()
  expect(await alone).toBe(4)
})

test('[S25] a read that fails fails those who share it and nobody after them', async () => {
  const reads = new FreshReads<number>()
  const failing = reads.read('event', () => Promise.reject(new Error('away')))
  const next = reads.read('event', () => Promise.resolve(7))
  await expect(failing).rejects.toThrow('away')
  expect(await next).toBe(7)
})

test('[S106] reads of one map begin so far apart as is said; who asks meanwhile shares the next, and another map waits for none', async () => {
  const pauses: (() => void)[] = []
  const reads = new FreshReads<number>(() => new Promise(resolve => pauses.push(resolve)))
  let begun = 0
  const work = () => Promise.resolve(++begun)
  expect(await reads.read('event', work)).toBe(1)
  const crowd = [reads.read('event', work), reads.read('event', work)]
  expect(await reads.read('other', work)).toBe(2)
  expect(begun).toBe(2)
  pauses[0]?.()
  expect(await Promise.all(crowd)).toEqual([3, 3])
  pauses[2]?.()
  await new Promise(resolve => setImmediate(resolve))
  expect(await reads.read('event', work)).toBe(4)
})
