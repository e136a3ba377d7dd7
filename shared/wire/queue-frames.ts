/**
 * A tick as binary frame, little-endian, the same for everyone in one piece of the line. Pure, for browsers and servers alike.
 *
 *   0 u8 0x22 · 1 u8 flags (1: the seat map's version is told · 2: nothing is left · 4: the draw is to come · 8: the last score
 *   is the line's end), and from 16 on what bounds admission: none, rate, cap, seats, payments, paused, sold_out · 2 u8 state
 *   3 u8 length of the event id · 4 u32 generation · 8 u32 waiting · 12 u32 active · 16 f64 server time, ms · 24 f64 frontier
 *   32 f32 admissions a second · 36 u32 epoch · 40 u32 seq · 44 u16 index of the first chosen rank · 46 u16 scores
 *   48 u32 shift · 52 f32 share of the places given up a second · 56 the event id, ASCII
 *   then, where there are scores: f64 the first · a gap for each other · where flag 8 is set: varint(rank of the last)
 *
 * Score i has the rank `rankAt(first + i) - shift` (position.ts). A gap whose rank is chosen up to 100, and the last, is a varint. Any
 * other is a varint of gap * 2, or of (m * 24 + e) * 2 + 1, which means m * 4^e: as short as keeps the score right to an eightieth of a
 * hundredth of the line ahead of it, as no two arrivals have one score. A gap is counted from the score as the reader has it, so errors
 * do not add up. Where the frame would grow past its bound, scores are right to a share of the smaller gap beside them.
 */
import type { Bound, QueueState, QueueTick } from './messages.ts'
import { knotsOf, NO_STRETCH, rankAt, type Stretch } from './position.ts'
import { putVarint, u16At, u32At, VarintReader } from './varint.ts'

export const TICK_FRAME = 0x22

/** A segment of a network's path, so that a beat is one packet; and what a piece behind the front may cost. */
export const FRONT_BYTES = 1_300
export const BAND_BYTES = 256

const HEAD = 56
const VERSION = 1
const SOLD_OUT = 2
const UNORDERED = 4
const ENDS = 8
const BOUND_FROM = 4
const EXACT_TO = 100
/** Exponents that a gap may have, of four: up to 4^23, past any gap of a bounded line. */
const EXPONENTS = 24
const MOST_GAP = Number.MAX_SAFE_INTEGER / 2
/** So many microseconds may a score be off, and no more places then, as a share of its rank. */
const OFF_BY = 1 / 8_000
/** By which share of the smaller gap beside it a score may be off besides, behind which rank: the first that keep the bound. */
const ROUGHER = [
  { share: 0, behind: 0 },
  { share: 1 / 1_024, behind: 1_000 },
  { share: 1 / 128, behind: 1_000 },
  { share: 1 / 1_024, behind: 0 },
  { share: 1 / 128, behind: 0 },
  { share: 1 / 16, behind: 0 },
  { share: 1 / 4, behind: 0 },
]
const SHORTEST = { share: 1, behind: 0 }
const MOST_SCORES = 2_000
/** Holds every gap between two scores. */
const GAP_BYTES = 8
const STATES = ['off', 'scheduled', 'pre_queue', 'open', 'paused', 'recovering', 'closing'] as const
const BOUNDS = ['none', 'rate', 'cap', 'seats', 'payments', 'paused', 'sold_out'] as const

export function encodeTick(
  tick: Omit<QueueTick, 'knots'>,
  stretch: Stretch = NO_STRETCH,
): Uint8Array<ArrayBuffer> {
  const most = stretch.first === 0 ? FRONT_BYTES : BAND_BYTES
  for (const rough of ROUGHER) {
    const frame = encodeWithin(tick, stretch, rough)
    if (frame.length <= most) return frame
  }
  return encodeWithin(tick, stretch, SHORTEST)
}

function encodeWithin(
  tick: Omit<QueueTick, 'knots'>,
  { first, shift, scores, end }: Stretch,
  { share, behind }: { share: number; behind: number },
): Uint8Array<ArrayBuffer> {
  const { eventId, epoch, seq } = tick
  const frame = new Uint8Array(HEAD + eventId.length + 8 + (1 + GAP_BYTES) * (scores.length + 1))
  const view = new DataView(frame.buffer)
  const hasVersion = epoch !== undefined && seq !== undefined
  frame[0] = TICK_FRAME
  frame[1] =
    (hasVersion ? VERSION : 0) |
    (tick.soldOut ? SOLD_OUT : 0) |
    (tick.unordered === true ? UNORDERED : 0) |
    (end === undefined ? 0 : ENDS) |
    (BOUNDS.indexOf(tick.bound) << BOUND_FROM)
  frame[2] = STATES.indexOf(tick.state)
  frame[3] = eventId.length
  view.setUint32(4, tick.generation, true)
  view.setUint32(8, tick.waiting, true)
  view.setUint32(12, tick.active, true)
  view.setFloat64(16, tick.serverTime, true)
  view.setFloat64(24, tick.frontier, true)
  view.setFloat32(32, tick.rate, true)
  view.setUint32(36, epoch ?? 0, true)
  view.setUint32(40, seq ?? 0, true)
  view.setUint16(44, first, true)
  view.setUint16(46, scores.length, true)
  view.setUint32(48, shift, true)
  view.setFloat32(52, tick.leaving, true)
  let at = HEAD
  for (let i = 0; i < eventId.length; i++) frame[at++] = eventId.charCodeAt(i)
  if (scores.length === 0) return frame.slice(0, at)
  view.setFloat64(at, scores[0] ?? 0, true)
  at += 8
  let told = scores[0] ?? 0
  for (let i = 1; i < scores.length; i++) {
    const score = scores[i] ?? 0
    const gap = score - told
    // Who stands at the end of what is told must find themselves in the frame.
    if (rankAt(first + i) <= EXACT_TO || i === scores.length - 1) {
      at = putVarint(frame, at, gap)
      told = score
      continue
    }
    const narrow = Math.min(score - (scores[i - 1] ?? 0), (scores[i + 1] ?? 0) - score)
    const rank = rankAt(first + i)
    const off = Math.min(narrow / 4, Math.max(rank * OFF_BY, rank < behind ? 0 : share * narrow))
    const code = share < 1 ? codeOf(gap, off) : shortest(gap)
    at = putVarint(frame, at, code)
    told += gapOf(code)
  }
  if (end !== undefined) at = putVarint(frame, at, end)
  return frame.slice(0, at)
}

/** Undefined where the bytes are no tick: cut, of another kind, or nonsense. */
export function decodeTick(frame: Uint8Array): QueueTick | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const [kind, flags = 0, place = 0, nameBytes = 0] = frame
  const nameEnd = HEAD + nameBytes
  if (frame.length < nameEnd || kind !== TICK_FRAME) return undefined
  const state: QueueState | undefined = STATES[place]
  const eventId = String.fromCharCode(...frame.subarray(HEAD, nameEnd))
  const stretch = decodeStretch(frame, view, nameEnd)
  const [serverTime, frontier] = [view.getFloat64(16, true), view.getFloat64(24, true)]
  const bound: Bound | undefined = BOUNDS[flags >> BOUND_FROM]
  const [rate, leaving] = [view.getFloat32(32, true), view.getFloat32(52, true)]
  const isSound = Number.isFinite(serverTime) && Number.isFinite(frontier) && rate >= 0 && leaving >= 0
  if (
    stretch === undefined ||
    state === undefined ||
    bound === undefined ||
    !isSound ||
    !/^[a-z0-9]+$/.test(eventId)
  )
    return undefined
  const versionAt = (at: number) => (flags & VERSION ? u32At(frame, at) : undefined)
  return {
    type: 'tick',
    eventId,
    generation: u32At(frame, 4),
    state,
    waiting: u32At(frame, 8),
    active: u32At(frame, 12),
    frontier,
    knots: knotsOf(stretch),
    rate,
    leaving,
    bound,
    serverTime,
    soldOut: (flags & SOLD_OUT) > 0,
    unordered: flags & UNORDERED ? true : undefined,
    epoch: versionAt(36),
    seq: versionAt(40),
  }
}

function decodeStretch(frame: Uint8Array, view: DataView, from: number): Stretch | undefined {
  const [first, count, shift] = [u16At(frame, 44), u16At(frame, 46), u32At(frame, 48)]
  if (count === 0) return from === frame.length ? NO_STRETCH : undefined
  if (first + count > MOST_SCORES || frame.length < from + 8 || shift > rankAt(first)) return undefined
  let score = view.getFloat64(from, true)
  const scores = [score]
  const reader = new VarintReader(frame, from + 8, GAP_BYTES)
  for (let i = 1; i < count; i++) {
    const told = reader.read()
    score += rankAt(first + i) <= EXACT_TO || i === count - 1 ? told : gapOf(told)
    scores.push(score)
  }
  const end = frame[1]! & ENDS ? reader.read() : undefined
  if (reader.failed || reader.at !== frame.length || !Number.isSafeInteger(score)) return undefined
  return { first, shift, scores, end }
}

function gapOf(code: number): number {
  const half = Math.floor(code / 2)
  return code % 2 === 0 ? half : Math.floor(half / EXPONENTS) * 4 ** (half % EXPONENTS)
}

/** The shortest that is off by no more than this, or as little as a whole number can tell. */
function codeOf(gap: number, off: number): number {
  let best = gap <= MOST_GAP ? 2 * gap : roughly(Math.round(gap / 4 ** 3), 3)
  for (let exponent = 1; exponent < EXPONENTS; exponent++) {
    const code = roughly(Math.round(gap / 4 ** exponent), exponent)
    if (Math.abs(gapOf(code) - gap) > off) return best
    if (code < best) best = code
  }
  return best
}

function roughly(many: number, exponent: number): number {
  return (many * EXPONENTS + exponent) * 2 + 1
}

/** Of one byte where that can tell it, and never too far, where nobody asks how near: so scores still ascend. */
function shortest(gap: number): number {
  if (gap < 64) return 2 * gap
  let exponent = 1
  const code = () => roughly(Math.floor(gap / 4 ** exponent), exponent)
  while (exponent < EXPONENTS - 1 && code() > 127) exponent++
  return code()
}
