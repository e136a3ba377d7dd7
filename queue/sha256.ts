/**
 * One block of SHA-256 in 32-bit words, for the two places that hash millions of short messages at once: a call of
 * node:crypto costs 1.5 to 3 us for 78 bytes, a block here 0.5 us (node load-tests/bench/draw.ts). FIPS 180-4, 6.2.2.
 */

/** The state before the first block; its words, and those of K below, begin the fractional parts of roots of primes. */
export const INITIAL: Int32Array = roots(Math.sqrt, 8)
const K = roots(Math.cbrt, 64)
const schedule = new Int32Array(64)

/** state <- state after `block`, of 16 words. */
export function compress(state: Int32Array, block: Int32Array): void {
  const w = schedule
  w.set(block)
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = state[0]! + a
  state[1] = state[1]! + b
  state[2] = state[2]! + c
  state[3] = state[3]! + d
  state[4] = state[4]! + e
  state[5] = state[5]! + f
  state[6] = state[6]! + g
  state[7] = state[7]! + h
}

/** Four bytes as a block holds them. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function roots(root: (n: number) => number, count: number): Int32Array {
  const words = new Int32Array(count)
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) {
    if (primes.some(prime => n % prime === 0)) continue
    words[primes.length] = (root(n) % 1) * 2 ** 32
    primes.push(n)
  }
  return words
}
