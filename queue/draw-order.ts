/**
 * The order that a seed gives to the entrants of a draw: lot = HMAC-SHA-256(seed, member), the least first. A drawn score
 * is -2^52 + the lot's first 52 bits: below every score of an arrival, which is microseconds since 1970. Pure.
 */
import { createHash, createHmac } from 'node:crypto'
import { compress, INITIAL, wordAt } from './sha256.ts'
import { MEMBER_BYTES } from './verbs.ts'

/** Nothing but these three decides the order. `randomness` is empty where no beacon was named. */
export function seedOf(secret: Buffer, root: Buffer, randomness: Buffer): Buffer {
  return createHash('sha256').update(secret).update(root).update(randomness).digest()
}

export function drawnScore(seed: Uint8Array, member: Uint8Array): number {
  const lot = createHmac('sha256', seed).update(member).digest()
  return scoreOf(lot.readUInt32BE(0), lot.readUInt32BE(4))
}

export interface DrawnOrder {
  /** Indexes of entrants, the best score first; of equal scores the lesser bytes. */
  order: Uint32Array<ArrayBuffer>
  /** By entrant. */
  scores: Float64Array<ArrayBuffer>
}

/** Of members one after the other: a second or two a million, so for a thread of its own. */
export function drawOrder(seed: Uint8Array, members: Uint8Array): DrawnOrder {
  const scores = allScores(seed, members)
  return { order: sorted(scores, members), scores }
}

/** From the first 64 bits of a lot, as two unsigned words. */
function scoreOf(high: number, low: number): number {
  return -(2 ** 52) + high * 2 ** 20 + (low >>> 12)
}

/** HMAC with its two keyed blocks hashed once: then each lot is two blocks, as a member and a digest fit into one each. */
function allScores(seed: Uint8Array, members: Uint8Array): Float64Array<ArrayBuffer> {
  const inside = keyed(seed, 0x36)
  const outside = keyed(seed, 0x5c)
  const block = new Int32Array(16)
  block[15] = 8 * (64 + MEMBER_BYTES)
  const digest = new Int32Array(16)
  digest[8] = 0x80000000
  digest[15] = 8 * (64 + 32)
  const state = new Int32Array(8)
  const scores = new Float64Array(members.length / MEMBER_BYTES)
  for (let i = 0; i < scores.length; i++) {
    const at = i * MEMBER_BYTES
    for (let word = 0; word < 3; word++) block[word] = wordAt(members, at + 4 * word)
    block[3] = (members[at + 12]! << 24) | (members[at + 13]! << 16) | 0x8000
    state.set(inside)
    compress(state, block)
    digest.set(state)
    state.set(outside)
    compress(state, digest)
    scores[i] = scoreOf(state[0]! >>> 0, state[1]! >>> 0)
  }
  return scores
}

function keyed(seed: Uint8Array, pad: number): Int32Array {
  const bytes = Buffer.alloc(64, pad)
  for (const [i, byte] of seed.entries()) bytes[i] = byte ^ pad
  const state = Int32Array.from(INITIAL)
  compress(
    state,
    Int32Array.from({ length: 16 }, (_, word) => wordAt(bytes, 4 * word)),
  )
  return state
}

/** Lots are spread evenly: thrown into as many buckets as there are, each bucket holds about one, and is sorted by hand. */
function sorted(scores: Float64Array, members: Uint8Array): Uint32Array<ArrayBuffer> {
  const count = scores.length
  const bucketOf = (i: number) => Math.min(count - 1, Math.floor((scores[i]! / 2 ** 52 + 1) * count))
  const ends = new Uint32Array(count)
  for (let i = 0; i < count; i++) ends[bucketOf(i)]! += 1
  for (let bucket = 1; bucket < count; bucket++) ends[bucket]! += ends[bucket - 1]!
  const order = new Uint32Array(count)
  for (let i = count - 1; i >= 0; i--) {
    const bucket = bucketOf(i)
    ends[bucket]! -= 1
    order[ends[bucket]!] = i
  }
  for (let at = 1; at < count; at++) {
    const one = order[at]!
    let to = at
    for (; to > 0 && isBefore(one, order[to - 1]!); to--) order[to] = order[to - 1]!
    order[to] = one
  }
  return order

  function isBefore(one: number, other: number): boolean {
    if (scores[one] !== scores[other]) return scores[one]! < scores[other]!
    const [a, b] = [one * MEMBER_BYTES, other * MEMBER_BYTES]
    return Buffer.compare(members.subarray(a, a + MEMBER_BYTES), members.subarray(b, b + MEMBER_BYTES)) < 0
  }
}
