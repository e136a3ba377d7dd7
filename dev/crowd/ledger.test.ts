import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'

const waits = (score: number, isHere = true) => ({ place: 'waiting', score, isHere })
const admitted = { place: 'admitted', score: undefined, isHere: true }

test('[Q207] a crowd counts who lost a place since a strike: whoever was let in, came back to it or gave it up has not', () => {
  const ledger = new Ledger()
  for (const who of [1, 2, 3, 4, 5]) ledger.seen(who, waits(100 + who), 0)
  ledger.struck('flushed', 1_000)
  ledger.seen(1, admitted, 2_000)
  ledger.seen(2, waits(102, false), 2_000)
  ledger.seen(2, waits(102), 3_000)
  ledger.seen(3, waits(900), 3_000)
  ledger.left(4, 3_000)
  ledger.seen(4, { place: 'ended', score: undefined, isHere: true }, 3_100)
  ledger.seen(5, { place: 'ended', score: undefined, isHere: true }, 3_000)
  ledger.seen(6, waits(1_000), 3_000)
  ledger.struck('killed', 4_000)
  expect(ledger.kept()).toEqual([
    { what: 'flushed', at: 1_000, waiting: 5, kept: 3 },
    { what: 'killed', at: 4_000, waiting: 3, kept: 3 },
  ])
})

test('[Q208] it counts as overtaken whoever stood there before and after somebody behind was let in, and nobody who was away', () => {
  const ledger = new Ledger()
  for (const who of [1, 2, 3]) ledger.seen(who, waits(who), 0)
  ledger.seen(1, waits(1, false), 8_000)
  // The first is away, the second is told a moment later than the third.
  ledger.seen(3, admitted, 10_000)
  ledger.seen(2, admitted, 11_000)
  ledger.seen(1, waits(1), 12_000)
  expect(ledger.inversions(60_000)).toBe(0)
  ledger.seen(4, waits(4), 12_000)
  ledger.seen(4, admitted, 20_000)
  expect(ledger.inversions(29_000)).toBe(0)
  expect(ledger.inversions(30_000)).toBe(1)
  ledger.seen(1, admitted, 30_000)
  expect(ledger.inversions(60_000)).toBe(1)
})
