import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Diff,
  decodeDiff,
  decodeSnapshot,
  encodeDiff,
  encodeSnapshot,
  mergeDiffs,
  type Snapshot,
  wholeTime,
} from './seat-frames.ts'
import { SeatState } from './seat-state.ts'

interface Vector {
  name: string
  kind: 'snapshot' | 'diff' | 'malformed'
  hex: string
  handle?: number
  last?: boolean
  value?: Diff & { seats: number; state: string; areas: number[] }
}

const vectors = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')) as Vector[]
const u32 = fc.nat(2 ** 32 - 1)
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (frame: Uint8Array | undefined) => Buffer.from(frame ?? []).toString('hex')

const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({ epoch: u32, seq: u32, statuses: fc.array(fc.nat(3), { maxLength: 300 }), areas: fc.array(u32) })
  .map(({ statuses, ...rest }) => ({ ...rest, seats: statuses.length, state: packed(statuses) }))

function packed(statuses: number[]): Uint8Array {
  const state = new Uint8Array(Math.ceil(statuses.length / 4))
  for (const [i, status] of statuses.entries())
    state[i >> 2] = (state[i >> 2] ?? 0) | (status << (6 - 2 * (i & 3)))
  return state
}

function diffsOf(seats: number, areas: number): fc.Arbitrary<Diff> {
  const pairs = (most: number, value: fc.Arbitrary<number>) =>
    fc
      .uniqueArray(fc.tuple(fc.nat(most), value), { selector: ([key]) => key, maxLength: 60 })
      .map(list => list.sort(([a], [b]) => a - b).flat())
  return fc.record({
    epoch: u32,
    seq: u32,
    now: u32,
    changes: pairs(seats - 1, fc.nat(3)),
    areas: pairs(areas - 1, u32),
  })
}

/** A house and a history of it: every diff is one change after the one before. */
const histories = fc.record({
  statuses: fc.array(fc.nat(3), { minLength: 1, maxLength: 80 }),
  areas: fc.array(fc.nat(500), { minLength: 1, maxLength: 4 }),
  first: fc.nat(1_000),
  diffs: fc.array(diffsOf(80, 4), { minLength: 1, maxLength: 20 }),
})
type History = { snapshot: Snapshot; diffs: Required<Diff>[]; end: SeatState }

function play({
  statuses,
  areas,
  first,
  diffs,
}: typeof histories extends fc.Arbitrary<infer T> ? T : never): History {
  const snapshot = { epoch: 7, seq: first, seats: statuses.length, state: packed(statuses), areas }
  const numbered = diffs.map((diff, i) => ({ ...diff, epoch: 7, seqFrom: first + i + 1, seq: first + i + 1 }))
  const end = new SeatState()
  end.snapshot(snapshot)
  for (const diff of numbered) expect(end.diff(diff)).toBe('applied')
  return { snapshot, diffs: numbered, end }
}

const look = (state: SeatState) => ({
  version: [state.epoch, state.seq],
  seats: Array.from({ length: state.seats }, (_, i) => state.get(i)),
  areas: state.areas,
  counts: state.counts,
})

describe('frames', () => {
  test('[W20] a snapshot comes back as it was sent, at 20 bytes + 2 bits a seat + 4 bytes an area', () => {
    fc.assert(
      fc.property(snapshots, snapshot => {
        const frame = encodeSnapshot(snapshot)
        expect(frame.length).toBe(20 + Math.ceil(snapshot.seats / 4) + 4 * snapshot.areas.length)
        expect(decodeSnapshot(frame)).toEqual(snapshot)
      }),
    )
    const stadium = { epoch: 1, seq: 1, seats: 82_000, state: new Uint8Array(20_500), areas: [] }
    expect(encodeSnapshot(stadium).length).toBeLessThanOrEqual(21_000)
  })

  test('[W21] a diff comes back as it was sent, with its handle', () => {
    fc.assert(
      fc.property(diffsOf(1_000_000, 10_000), fc.nat(65_535), fc.boolean(), (diff, handle, last) => {
        const decoded = decodeDiff(encodeDiff(diff, { handle, last }) ?? new Uint8Array())
        expect(decoded).toEqual({ ...diff, seqFrom: diff.seq, handle, last })
      }),
    )
  })

  test('[W22] any merge of a history equals the whole, however it is cut', () => {
    fc.assert(
      fc.property(histories, fc.array(fc.nat(4), { minLength: 20, maxLength: 20 }), (history, cuts) => {
        const { snapshot, diffs, end } = play(history)
        const reader = new SeatState()
        reader.snapshot(snapshot)
        for (let rest = diffs, cut = 0; rest.length > 0; cut++) {
          const size = 1 + (cuts[cut] ?? 0)
          const merged = mergeDiffs(rest.slice(0, size))
          rest = rest.slice(size)
          expect(reader.diff(decodeDiff(encodeDiff(merged) ?? new Uint8Array())!)).toBe('applied')
        }
        expect(look(reader)).toEqual(look(end))
        expect(mergeDiffs([mergeDiffs(diffs)])).toEqual(mergeDiffs(diffs))
      }),
    )
  })

  test('[W23] garbage is refused without a throw and without allocating for what it claims', () => {
    const tag = fc.constantFrom(0x20, 0x21)
    fc.assert(
      fc.property(tag, fc.uint8Array({ maxLength: 80 }), (first, rest) => {
        const frame = Uint8Array.of(first, ...rest)
        const diff = decodeDiff(frame)
        const snapshot = decodeSnapshot(frame)
        expect(diff === undefined || snapshot === undefined).toBe(true)
        const state = new SeatState()
        if (snapshot !== undefined) state.snapshot(snapshot)
        if (diff !== undefined) state.diff(diff)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(snapshots, fc.nat(400), (snapshot, at) => {
        const cut = encodeSnapshot(snapshot).subarray(0, at)
        if (at < encodeSnapshot(snapshot).length) expect(decodeSnapshot(cut)).toBeUndefined()
      }),
    )
  })

  test('[W24] 25 two-seat changes take at most 120 bytes', () => {
    const changes = Array.from({ length: 25 }, (_, i) => [i * 3_000, 1, i * 3_000 + 1, 1]).flat()
    expect(
      encodeDiff({ epoch: 1, seq: 25, seqFrom: 1, now: 0, changes, areas: [] })?.length,
    ).toBeLessThanOrEqual(120)
  })

  test('[W25] a diff of more runs than a frame counts is not encoded', () => {
    const changes = Array.from({ length: 65_536 }, (_, i) => [i, i % 2]).flat()
    expect(encodeDiff({ epoch: 1, seq: 1, now: 0, changes, areas: [] })).toBeUndefined()
    expect(encodeDiff({ epoch: 1, seq: 1, now: 0, changes: changes.slice(2), areas: [] })).toBeDefined()
  })

  test.each(vectors)('[W26] the vectors hold: $name', vector => {
    const frame = bytes(vector.hex)
    if (vector.kind === 'malformed' || vector.value === undefined) {
      expect([decodeDiff(frame), decodeSnapshot(frame)]).toEqual([undefined, undefined])
    } else if (vector.kind === 'snapshot') {
      const { epoch, seq, seats, areas } = vector.value
      const snapshot = { epoch, seq, seats, areas, state: bytes(vector.value.state) }
      expect(hex(encodeSnapshot(snapshot))).toBe(vector.hex)
      expect(decodeSnapshot(frame)).toEqual(snapshot)
    } else {
      const { handle = 0, last = false } = vector
      expect(hex(encodeDiff(vector.value, { handle, last }))).toBe(vector.hex)
      expect(decodeDiff(frame)).toEqual({ ...vector.value, handle, last })
    }
  })

  test('[W27] 32 bits of the time are made whole by any clock right within three weeks', () => {
    const week = 7 * 86_400_000
    fc.assert(
      fc.property(
        fc.integer({ min: 1.7e12, max: 2e12 }),
        fc.integer({ min: -3 * week, max: 3 * week }),
        (now, off) => {
          expect(wholeTime(now % 2 ** 32, now + off)).toBe(now)
        },
      ),
    )
  })
})

describe('a reader', () => {
  test('[S1] whatever was dropped, doubled or reordered, it knows, and a snapshot makes it right', () => {
    fc.assert(
      fc.property(histories, fc.array(fc.nat(19), { maxLength: 40 }), (history, order) => {
        const { snapshot, diffs, end } = play(history)
        const reader = new SeatState()
        reader.snapshot(snapshot)
        let told = false
        for (const place of order) {
          const diff = diffs[place % diffs.length]!
          const was = reader.seq
          const applied = reader.diff(diff)
          if (applied === 'applied') expect(reader.seq).toBe(was + 1)
          if (applied === 'resync') told = true
        }
        // What it has is a true moment of the history; if it is not the newest, later frames or the tick's seq tell.
        const replay = new SeatState()
        replay.snapshot(snapshot)
        for (const diff of diffs) if (diff.seq <= reader.seq) replay.diff(diff)
        expect(look(reader)).toEqual(look(replay))
        expect(told || reader.seq <= end.seq).toBe(true)
      }),
    )
  })

  test('[S2] a diff of another epoch is a resync if it is newer, and nothing if it is older', () => {
    const state = new SeatState()
    const diff = { epoch: 2, seq: 5, now: 0, changes: [0, 2], areas: [] }
    expect(state.diff(diff)).toBe('resync')
    state.snapshot({ epoch: 2, seq: 4, seats: 4, state: Uint8Array.of(0), areas: [3] })
    expect(state.diff({ ...diff, epoch: 3, seq: 1 })).toBe('resync')
    expect(state.diff({ ...diff, epoch: 1, seq: 9 })).toBe('ignored')
    expect(state.diff({ ...diff, seq: 6 })).toBe('resync')
    expect(state.diff(diff)).toBe('applied')
    expect([state.get(0), state.get(4), state.free, state.counts]).toEqual([2, undefined, 6, [3, 0, 1, 0]])
    expect(state.snapshot({ epoch: 2, seq: 4, seats: 4, state: Uint8Array.of(0), areas: [3] })).toBe(
      'ignored',
    )
  })

  test('[W66] a snapshot taken as it is replaces also what is newer', () => {
    const state = new SeatState()
    state.snapshot({ epoch: 2, seq: 4, seats: 4, state: Uint8Array.of(0xff), areas: [3] })
    state.replace({ epoch: 2, seq: 3, seats: 4, state: Uint8Array.of(0x40), areas: [2] })
    expect(look(state)).toEqual({ version: [2, 3], seats: [1, 0, 0, 0], areas: [2], counts: [3, 1, 0, 0] })
  })

  test('[S4] a diff of the version alone changes nothing, and shows the gap to who lacks the last diff', () => {
    const state = new SeatState()
    state.snapshot({ epoch: 1, seq: 8, seats: 4, state: Uint8Array.of(0), areas: [] })
    const version = (seq: number) => ({ epoch: 1, seqFrom: seq + 1, seq, now: 0, changes: [], areas: [] })
    expect(state.diff(version(8))).toBe('ignored')
    expect(state.diff(version(7))).toBe('ignored')
    expect(state.diff(version(9))).toBe('resync')
    expect(state.seq).toBe(8)
  })

  test('[S3] a diff that names seats or areas the map has not changes nothing else', () => {
    const state = new SeatState()
    state.snapshot({ epoch: 1, seq: 1, seats: 5, state: Uint8Array.of(0, 0), areas: [2] })
    state.diff({ epoch: 1, seq: 2, now: 0, changes: [4, 1, 5, 2, 999_999, 3], areas: [0, 1, 1, 9] })
    expect(look(state)).toEqual({ version: [1, 2], seats: [0, 0, 0, 0, 1], areas: [1], counts: [4, 1, 0, 0] })
  })
})
