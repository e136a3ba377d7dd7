/**
 * The binary frames of a seat map, little-endian: a snapshot (2 bits a seat) and a diff (runs of changed seats). Pure, for
 * browsers and servers alike. A diff's values are absolute, so an overlap is harmless; seq finds every gap.
 *
 *   snapshot  0x20 · u8 flags · u16 0 · u32 epoch · u32 seq · u32 seats · u32 areas
 *             · ceil(seats / 4) bytes, 2 bits a seat, most significant first · u32 free units of each area
 *   diff      0x21 · u8 flags (bit 0: last of a catch-up) · u16 handle · u32 epoch · u32 seqFrom · u32 seq · u32 ms mod 2^32
 *             · u16 runs · runs · varint(area) varint(free units) ... to the end
 *             seqFrom = seq + 1 with nothing in it says the version alone: who lacks something sees the gap
 *   run       varint(delta * 8 + multi * 4 + status), if multi then varint(length - 2); delta counts from the seat after
 *             the run before, the first from seat 0
 */

import { putVarint, u16At, u32At, VarintReader } from './varint.ts'

export const SNAPSHOT_FRAME = 0x20
export const DIFF_FRAME = 0x21

/** No venue has more; a frame that claims more is garbage, and must not make a reader allocate for it. */
export const MAX_SEATS = 1_000_000
export const MAX_AREAS = 10_000
/** What u16 can count. More runs than that cost more than a snapshot. */
export const MAX_RUNS = 65_535

const HEAD = 20
const DIFF_HEAD = HEAD + 2
const LAST = 1
const U32 = 2 ** 32
/** Five groups of seven bits hold every u32. */
const VARINT_BYTES = 5

export interface Snapshot {
  epoch: number
  seq: number
  seats: number
  /** 2 bits a seat, most significant first; ceil(seats / 4) bytes. */
  state: Uint8Array
  /** Free units of each area. */
  areas: readonly number[]
}

/** One change, or several merged into one. */
export interface Diff {
  epoch: number
  /** The first change in it; left out where it is one. */
  seqFrom?: number
  /** The last change in it. */
  seq: number
  /** Server's clock at the oldest change, ms. */
  now: number
  /** index, status, index, status, ... */
  changes: readonly number[]
  /** area, units free, area, units free, ... */
  areas: readonly number[]
}

export interface DecodedDiff extends Required<Diff> {
  /** Which event, by the `watching` reply; 0 over HTTP. */
  handle: number
  /** Nothing of a catch-up follows. */
  last: boolean
}

export function encodeSnapshot({ epoch, seq, seats, state, areas }: Snapshot): Uint8Array<ArrayBuffer> {
  const bytes = Math.ceil(seats / 4)
  const frame = new Uint8Array(HEAD + bytes + 4 * areas.length)
  const view = new DataView(frame.buffer)
  frame[0] = SNAPSHOT_FRAME
  for (const [place, value] of [epoch, seq, seats, areas.length].entries())
    view.setUint32(4 + 4 * place, value, true)
  frame.set(state.subarray(0, bytes), HEAD)
  for (const [area, free] of areas.entries()) view.setUint32(HEAD + bytes + 4 * area, free, true)
  return frame
}

/** Undefined where the bytes are no snapshot. `state` is a view of the frame, not a copy. */
export function decodeSnapshot(frame: Uint8Array): Snapshot | undefined {
  if (frame.length < HEAD || frame[0] !== SNAPSHOT_FRAME) return undefined
  const seats = u32At(frame, 12)
  const count = u32At(frame, 16)
  const bytes = Math.ceil(seats / 4)
  if (seats > MAX_SEATS || count > MAX_AREAS || frame.length !== HEAD + bytes + 4 * count) return undefined
  return {
    epoch: u32At(frame, 4),
    seq: u32At(frame, 8),
    seats,
    state: frame.subarray(HEAD, HEAD + bytes),
    areas: Array.from({ length: count }, (_, area) => u32At(frame, HEAD + bytes + 4 * area)),
  }
}

/** Undefined where it has more runs than a frame can tell: send a snapshot instead. */
export function encodeDiff(
  diff: Diff,
  { handle = 0, last = false } = {},
): Uint8Array<ArrayBuffer> | undefined {
  const runs = runsOf(diff.changes)
  if (runs.length / 3 > MAX_RUNS) return undefined
  const frame = new Uint8Array(
    DIFF_HEAD + 2 * VARINT_BYTES * (runs.length / 3) + VARINT_BYTES * diff.areas.length,
  )
  const view = new DataView(frame.buffer)
  frame[0] = DIFF_FRAME
  frame[1] = last ? LAST : 0
  view.setUint16(2, handle, true)
  const head = [diff.epoch, diff.seqFrom ?? diff.seq, diff.seq, diff.now % U32]
  for (const [place, value] of head.entries()) view.setUint32(4 + 4 * place, value, true)
  view.setUint16(HEAD, runs.length / 3, true)
  let at = DIFF_HEAD
  let next = 0
  for (let i = 0; i < runs.length; i += 3) {
    const [first = 0, length = 0, status = 0] = runs.slice(i, i + 3)
    at = putVarint(frame, at, (first - next) * 8 + (length > 1 ? 4 : 0) + status)
    if (length > 1) at = putVarint(frame, at, length - 2)
    next = first + length
  }
  for (const value of diff.areas) at = putVarint(frame, at, value)
  return frame.slice(0, at)
}

/** The handle is all that differs between one socket's frame of a diff and another's. */
export function readHandle(frame: Uint8Array): number {
  return u16At(frame, 2)
}

/** Undefined where the bytes are no diff. */
export function decodeDiff(frame: Uint8Array): DecodedDiff | undefined {
  if (frame.length < DIFF_HEAD || frame[0] !== DIFF_FRAME) return undefined
  const reader = new VarintReader(frame, DIFF_HEAD, VARINT_BYTES)
  const changes: number[] = []
  let next = 0
  for (let run = u16At(frame, HEAD); run > 0; run--) {
    const head = reader.read()
    const length = head & 4 ? reader.read() + 2 : 1
    const first = next + Math.floor(head / 8)
    next = first + length
    if (reader.failed || next > MAX_SEATS) return undefined
    for (let index = first; index < next; index++) changes.push(index, head & 3)
  }
  const areas: number[] = []
  while (reader.at < frame.length) {
    const [area, free] = [reader.read(), reader.read()]
    if (reader.failed || area >= MAX_AREAS || free >= U32) return undefined
    areas.push(area, free)
  }
  const [epoch = 0, seqFrom = 0, seq = 0, now = 0] = [4, 8, 12, 16].map(at => u32At(frame, at))
  if (seqFrom > seq + 1) return undefined
  const last = (frame[1]! & LAST) > 0
  return { handle: readHandle(frame), last, epoch, seqFrom, seq, now, changes, areas }
}

/** One diff that says what these say, oldest first, of one epoch and without a gap between them. */
export function mergeDiffs(diffs: readonly Diff[]): Required<Diff> {
  const [first] = diffs
  if (first === undefined) throw new RangeError('nothing to merge')
  const merged = { ...first, seqFrom: first.seqFrom ?? first.seq }
  if (diffs.length === 1) return merged
  const seats = new Map<number, number>()
  const areas = new Map<number, number>()
  for (const diff of diffs) {
    setPairs(seats, diff.changes)
    setPairs(areas, diff.areas)
    merged.seq = Math.max(merged.seq, diff.seq)
  }
  return { ...merged, changes: sortedPairs(seats), areas: sortedPairs(areas) }
}

/** The frame's 32 bits of the server's time, made whole by any clock that is right within three weeks. */
export function wholeTime(ms: number, near: number): number {
  const off = (ms - (near % U32) + 1.5 * U32) % U32
  return near + off - U32 / 2
}

function setPairs(map: Map<number, number>, pairs: readonly number[]): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) map.set(pairs[i] ?? 0, pairs[i + 1] ?? 0)
}

function sortedPairs(map: Map<number, number>): number[] {
  return [...map].sort(([a], [b]) => a - b).flat()
}

/** first, length, status, ... ascending; of a seat told twice the last word counts. */
function runsOf(changes: readonly number[]): number[] {
  const map = new Map<number, number>()
  setPairs(map, changes)
  const pairs = sortedPairs(map)
  const runs: number[] = []
  let next = -1
  for (let i = 0; i < pairs.length; i += 2) {
    const [index = 0, status = 0] = [pairs[i], pairs[i + 1]]
    const open = runs.length - 3
    if (index === next && runs[open + 2] === status) runs[open + 1] = (runs[open + 1] ?? 0) + 1
    else runs.push(index, 1, status)
    next = index + 1
  }
  return runs
}
