import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { LineTick } from '../queue/sketch.ts'
import { tickOf } from '../queue/sketch.ts'
import type { EventId } from '../shared/ids.ts'
import { knotsOf, NO_STRETCH, positionOf, rankAt } from '../shared/wire/position.ts'
import { decodeTick, encodeTick } from '../shared/wire/queue-frames.ts'
import { BANDS, type Banded, Bands, bandOf, endOf, intervalOf, pieceOf } from './bands.ts'
import { TickShare } from './tick-share.ts'
import { ToldTick } from './told-tick.ts'

const EVENT = 'evening01' as EventId
const FRONT = 392

/** A line of so many, a score every ten; so many have left in front since those behind were read. */
function tickWith(size: number, left = 0): LineTick {
  const scoresFrom = (from: number, to: number, gone: number) => {
    const scores: number[] = []
    for (let i = from; i < to && rankAt(i) < size - gone; i++) scores.push(10 * (rankAt(i) + gone))
    return scores
  }
  const behind = scoresFrom(FRONT - 1, 2_000, 0)
  const sketch = {
    generation: 1,
    state: 'open' as const,
    draw: '',
    waiting: size - left,
    active: 0,
    frontier: 10 * left - 1,
    pace: 0,
    weight: 0,
    rate: 1,
    left: 0,
    waited: 0,
    bound: 'rate' as const,
    soldOut: false,
    now: 0,
    scores: scoresFrom(0, FRONT, left),
    end: null,
    tail: [behind[0]!, rankAt(FRONT - 1) - left] as [number, number],
  }
  const tail = { generation: 1, draw: '', begins: rankAt(FRONT - 1), scores: behind, end: null }
  return tickOf(EVENT, sketch, tail)
}

test('[Q82] a visitor is moved to the band of their rank when the band is about to hear, once for each band they pass', () => {
  const bands = new Bands<Banded>()
  const members = Array.from({ length: 5_000 }, (_, i) => ({ score: 10 * (40 * i + 7), band: -1, slice: 0 }))
  const before = tickWith(200_000)
  // Not in their order, as they come to a node.
  for (const member of members.toSorted((a, b) => (a.score % 1_009) - (b.score % 1_009)))
    bands.add(member, positionOf(before.knots, member.score))
  expect(bands.peopled()).toEqual([0, 1, 2, 3, 4, 5])
  for (const band of bands.peopled()) expect(bands.movedUp(band, before.knots)).toEqual([])
  bands.remove(members[4_999]!)
  let moves = 0
  for (let left = 5_000; left <= 195_000; left += 5_000) {
    const tick = tickWith(200_000, left)
    for (const band of bands.peopled()) {
      for (const member of bands.movedUp(band, tick.knots)) {
        bands.remove(member)
        bands.add(member, positionOf(tick.knots, member.score))
        moves++
      }
      expect(bands.movedUp(band, tick.knots)).toEqual([])
    }
    for (const { score, band } of members.slice(0, -1))
      expect(band).toBe(bandOf(positionOf(tick.knots, score)))
  }
  expect(moves).toBeLessThan(5 * members.length)
  expect(bands.upTo(70)).toEqual([members[0]])
  expect(bands.peopled()).toEqual([0])
})

test('[Q220] who comes again with a worse place hides nobody behind the place of before', () => {
  const bands = new Bands<Banded>()
  const members = Array.from({ length: 5 }, (_, i) => ({ score: 10 * i, band: -1, slice: 0 }))
  const [first, second] = [members[0]!, members[1]!]
  for (const member of members) bands.add(member, member.score)
  for (const member of [first, second]) {
    bands.remove(member)
    member.score += 1_000
    bands.add(member, 50)
  }
  expect(bands.upTo(25)).toEqual([members[2]])
  bands.remove(second)
  second.score = 15
  bands.add(second, 1)
  expect(bands.upTo(25)).toEqual([second, members[2]])
  expect(bands.upTo(2_000)).toEqual([second, ...members.slice(2), first])
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(99), fc.boolean())), steps => {
      const line = new Bands<Banded>()
      const all = Array.from({ length: 10 }, () => ({ score: 0, band: -1, slice: 0 }))
      for (const [who, score, stays] of steps) {
        const member = all[who]!
        line.remove(member)
        member.score = score
        if (stays) line.add(member, score)
        const here = all.filter(({ band, score: its }) => band === 0 && its <= 50)
        expect(new Set(line.upTo(50))).toEqual(new Set(here))
      }
    }),
  )
})

test('[Q273] whoever has left is let go of, also while nobody looks through the list, and an emptied band keeps nothing', async () => {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc !== 'function') throw new Error('no gc')
  const [bands, left] = [new Bands<Banded>(), new Set<WeakRef<Banded>>()]
  const come = (score: number) => {
    const member = { score, band: -1, slice: 0 }
    bands.add(member, 50_000)
    return member
  }
  const stays = come(0)
  const churn = () => {
    for (let i = 1; i <= 2_000; i++) {
      const member = come(i % 97)
      bands.remove(member)
      left.add(new WeakRef(member))
    }
  }
  const held = async () => {
    await new Promise(resolve => setTimeout(resolve))
    gc()
    return [...left].filter(one => one.deref() !== undefined).length
  }
  churn()
  // One collection may spare a few: whatever a machine register or a compiler still points at.
  await vi.waitFor(async () => expect(await held()).toBeLessThanOrEqual(18), 10_000)
  bands.remove(stays)
  await vi.waitFor(async () => expect(await held()).toBe(0), 10_000)
  expect([bands.peopled(), bands.slices(bandOf(50_000))]).toEqual([[], 0])
})

test('[Q83] the front hears each beat, the bands behind every 5 to 20 seconds, and each the piece in which its members stand', () => {
  const intervals = Array.from({ length: BANDS }, (_, band) => intervalOf(band) / 1_000)
  expect(intervals.slice(0, 9)).toEqual([1, 5, 7.5, 10, 12.5, 15, 17.5, 20, 20])
  expect([bandOf(0), bandOf(endOf(0)), bandOf(endOf(0) + 1), bandOf(endOf(3)), bandOf(1e9)]).toEqual([
    0, 0, 1, 3, 12,
  ])
  for (const left of [0, 1, 3_000, 90_000]) {
    const tick = tickWith(1_000_000, left)
    for (let band = 0; band <= bandOf(900_000 - left); band++) {
      const piece = pieceOf(tick, band)
      const knots = knotsOf(piece)
      expect(encodeTick(tick, piece).length).toBeLessThanOrEqual(band === 0 ? 1_300 : 256)
      const [first, last] = [band === 0 ? 0 : endOf(band - 1) + 1, Math.min(endOf(band), 900_000 - left)]
      for (let rank = first; rank <= last; rank += 97) {
        const told = positionOf(knots, 10 * (rank + left))
        expect(knots[0]).toBeLessThanOrEqual(10 * (rank + left))
        expect(Math.abs(told - rank)).toBeLessThanOrEqual(0.02 * rank)
      }
    }
  }
})

/** A line as crowds make it: blocks of arrivals a microsecond apart, pauses between them, and a third gone in clumps. */
const CROWD = fc
  .record({
    size: fc.integer({ min: 300, max: 60_000 }),
    block: fc.integer({ min: 1, max: 2_000 }),
    pause: fc.integer({ min: 0, max: 1_000_000 }),
    clump: fc.integer({ min: 1, max: 8_000 }),
  })
  .map(({ size, block, pause, clump }) => {
    const line: number[] = []
    for (let i = 0; line.length < size; i++)
      if (i % (3 * clump) >= clump) line.push(1_790_000_000_000_000 + i + pause * Math.floor(i / block))
    return line
  })

test('[Q229] whatever crowd came and went, by the frame of their band the first hundred are told their place, 99 in 100 within a hundredth, and everybody within two', () => {
  fc.assert(
    fc.property(CROWD, line => {
      const chosen = (first: number, count: number) => {
        const scores: number[] = []
        let i = first
        for (; scores.length < count && rankAt(i) < line.length - 1; i++) scores.push(line[rankAt(i)]!)
        if (scores.length === count) return { first, shift: 0, scores, end: undefined }
        return { first, shift: 0, scores: [...scores, line.at(-1)!], end: line.length - 1 }
      }
      const front = chosen(0, FRONT)
      const behind = front.end === undefined ? chosen(FRONT - 1, 2_000) : NO_STRETCH
      const tick = { ...tickWith(10), waiting: line.length, front, behind }
      let far = 0
      for (let band = 0; band <= bandOf(line.length - 1); band++) {
        const { frame } = new ToldTick(tick, pieceOf(tick, band))
        const { knots } = decodeTick(frame)!
        const from = band === 0 ? 0 : endOf(band - 1) + 1
        for (let rank = from; rank <= Math.min(endOf(band), line.length - 1); rank++) {
          const off = Math.abs(positionOf(knots, line[rank]!) - rank)
          if (off > (rank <= 100 ? 0 : 0.02 * rank)) expect.fail(`rank ${rank} is off by ${off}`)
          if (off > 0.01 * rank) far++
        }
      }
      expect(far / line.length).toBeLessThanOrEqual(0.01)
    }),
    { numRuns: 60 },
  )
})

test.each([25, 10, 60])(
  '[Q84] ticks take %i percent of a node’s thread at most: where they need more, they wait',
  async tickPercent => {
    let now = 0
    let spent = 0
    const clock = { now: () => now, sleep: async () => undefined }
    const share = new TickShare({ clock, cpu: () => spent, tickPercent })
    let published = 0
    for (; now < 60_000; now += 1_000) {
      for (let band = 0; band < 4; band++) {
        if (share.isSpent) continue
        await share.pay(() => {
          published++
          spent += 200
        })
      }
    }
    expect(spent / now).toBeLessThan(tickPercent / 100 + 0.01)
    expect(published).toBeGreaterThan(2.8 * tickPercent)
  },
)
