import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QueueTick } from './messages.ts'
import { knotsOf, NO_STRETCH, positionOf, rankAt, type Stretch } from './position.ts'
import { BAND_BYTES, decodeTick, encodeTick, FRONT_BYTES } from './queue-frames.ts'

const HEAD: Omit<QueueTick, 'knots'> = {
  type: 'tick',
  eventId: 'evening01',
  generation: 3,
  state: 'open',
  waiting: 1_234_567,
  active: 500,
  frontier: 1_790_000_000_000_000,
  rate: 12.5,
  leaving: 0.0009765625,
  bound: 'cap',
  soldOut: false,
  serverTime: 1_790_000_123_456,
  epoch: 2,
  seq: 70_000,
}
const FRONT_RANKS = 392

/** Scores at the chosen ranks of a line. */
function stretchOf(line: readonly number[], first: number, count: number): Stretch {
  const scores: number[] = []
  for (let i = first; i < first + count && rankAt(i) < line.length - 1; i++) scores.push(line[rankAt(i)]!)
  if (scores.length === count) return { first, shift: 0, scores, end: undefined }
  return { first, shift: 0, scores: [...scores, line.at(-1)!], end: line.length - 1 }
}

/** Deterministic, for a seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const LINES: Record<string, (size: number) => number[]> = {
  'arrivals by chance': size => {
    const chance = random(1)
    let score = 1_790_000_000_000_000
    return Array.from({ length: size }, () => (score += 1 + Math.floor(-Math.log(1 - chance()) * 4_000)))
  },
  'batches of hundreds, one microsecond apart, after pauses': size => {
    const chance = random(2)
    let score = 1_790_000_000_000_000
    return Array.from(
      { length: size },
      (_, i) => (score += i % 300 < 299 ? 1 : Math.floor(chance() * 5_000_000)),
    )
  },
  drawn: size => {
    const chance = random(3)
    const scores = Array.from(
      { length: size },
      () => -Math.floor(2 ** 52 * chance()) - Math.floor(2 ** 20 * chance()),
    )
    return scores.sort((a, b) => a - b)
  },
  'a drawn front, arrivals behind': size => {
    const drawn = LINES['drawn']!(Math.floor(size / 2))
    return [...drawn, ...LINES['arrivals by chance']!(size - drawn.length)]
  },
}

const NAMES = Object.keys(LINES)

test('[W85] a tick comes back from its bytes: whatever it says beside the line as it is, the first hundred places exactly', () => {
  for (const make of Object.values(LINES)) {
    const line = make(20_000)
    const tick = decodeTick(encodeTick(HEAD, stretchOf(line, 0, FRONT_RANKS)))
    expect(tick).toMatchObject(HEAD)
    for (let rank = 0; rank <= 100; rank++) expect(positionOf(tick!.knots, line[rank]!)).toBe(rank)
  }
  const { epoch, seq, ...without } = { ...HEAD, soldOut: true, unordered: true, state: 'pre_queue' as const }
  expect(decodeTick(encodeTick(without))).toEqual({ ...without, knots: [] })
  expect([epoch, seq]).toEqual([2, 70_000])
})

test.each(NAMES)('[W86] everybody is told within a hundredth: %s', name => {
  const line = LINES[name]!(300_000)
  const stretches = [stretchOf(line, 0, FRONT_RANKS)]
  for (let first = FRONT_RANKS - 1; rankAt(first) < line.length; first += 39)
    stretches.push(stretchOf(line, first, 40))
  const frames = stretches.map(stretch => encodeTick(HEAD, stretch))
  const knots = frames.flatMap((frame, i) => decodeTick(frame)!.knots.slice(i === 0 ? 0 : 2))
  expect(frames[0]!.length).toBeLessThanOrEqual(FRONT_BYTES)
  for (const frame of frames.slice(1)) expect(frame.length).toBeLessThanOrEqual(BAND_BYTES)
  for (const [rank, score] of line.entries()) {
    const off = Math.abs(positionOf(knots, score) - rank)
    if (off > rank * 0.01) expect.fail(`rank ${rank} was told ${positionOf(knots, score)}`)
  }
})

test('[W87] whatever the scores, a frame of the front is at most 1,300 bytes and one of a piece behind 256', () => {
  const gaps = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 44 })), {
    minLength: 60,
    maxLength: FRONT_RANKS,
  })
  fc.assert(
    fc.property(gaps, fc.boolean(), (some, atFront) => {
      let score = -(2 ** 52)
      const scores = some.slice(0, atFront ? FRONT_RANKS : 60).map(gap => (score += gap))
      const stretch = { first: atFront ? 0 : 500, shift: 0, scores, end: undefined }
      const frame = encodeTick({ ...HEAD, eventId: 'e'.repeat(32) }, stretch)
      expect(frame.length).toBeLessThanOrEqual(atFront ? FRONT_BYTES : BAND_BYTES)
      const told = decodeTick(frame)!.knots.filter((_, i) => i % 2 === 0)
      expect(told).toEqual(told.toSorted((a, b) => a - b))
      expect(told.at(-1)).toBe(scores.at(-1))
    }),
  )
})

test('[W88] cut, longer, of another kind or nonsense: what is no tick is refused without a throw', () => {
  const frame = encodeTick(HEAD, stretchOf(LINES['drawn']!(3_000), 0, FRONT_RANKS))
  for (let length = 0; length < frame.length; length++)
    expect(decodeTick(frame.slice(0, length))).toBeUndefined()
  expect(decodeTick(Uint8Array.of(...frame, 0))).toBeUndefined()
  for (const [at, value] of [
    [0, 0x21],
    [2, 99],
    [3, 0],
    [46, 0xff],
    [47, 0xff],
    [51, 0xff],
  ] as const) {
    const wrong = frame.slice()
    wrong[at] = value
    expect(decodeTick(wrong)).toBeUndefined()
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const garbage = Uint8Array.of(0x22, ...bytes)
      decodeTick(garbage)
    }),
  )
})

interface Vector {
  name: string
  hex: string
  value?: Omit<QueueTick, 'knots'>
  stretch?: Omit<Stretch, 'end'> & { end: number | null }
}

test('[W89] the vectors of shared/wire/queue-vectors.json hold, in both directions', () => {
  const vectors = JSON.parse(readFileSync(new URL('queue-vectors.json', import.meta.url), 'utf8')) as Vector[]
  for (const { name, hex, value, stretch } of vectors) {
    const frame = Uint8Array.from(Buffer.from(hex, 'hex'))
    const decoded = decodeTick(frame)
    if (value === undefined) {
      expect(decoded, name).toBeUndefined()
      continue
    }
    const whole = stretch === undefined ? NO_STRETCH : { ...stretch, end: stretch.end ?? undefined }
    expect(decoded, name).toEqual({ ...value, knots: knotsOf(whole) })
    expect(Buffer.from(encodeTick(value, whole)).toString('hex'), name).toBe(hex)
  }
  expect(vectors.length).toBeGreaterThan(5)
})
