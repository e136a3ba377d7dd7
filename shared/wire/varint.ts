/**
 * Whole numbers as they stand in frames: of two and four bytes, little-endian, and in groups of seven bits, the lowest first, where
 * the top bit says that another follows.
 */

/** The frame is known to be so long. */
export function u16At(frame: Uint8Array, at: number): number {
  return frame[at]! + frame[at + 1]! * 2 ** 8
}

export function u32At(frame: Uint8Array, at: number): number {
  return u16At(frame, at) + u16At(frame, at + 2) * 2 ** 16
}

export function putVarint(frame: Uint8Array, at: number, value: number): number {
  let rest = value
  let place = at
  for (; rest > 127; rest = Math.floor(rest / 128)) frame[place++] = (rest % 128) | 128
  frame[place++] = rest
  return place
}

/** Reads until the bytes end or make no sense; from then on it has failed and answers 0. */
export class VarintReader {
  at: number
  failed = false
  readonly #frame: Uint8Array
  readonly #mostBytes: number

  constructor(frame: Uint8Array, at: number, mostBytes: number) {
    this.#frame = frame
    this.at = at
    this.#mostBytes = mostBytes
  }

  read(): number {
    let value = 0
    for (let group = 0, unit = 1; group < this.#mostBytes; group++, unit *= 128) {
      const byte = this.#frame[this.at++]
      if (byte === undefined) break
      value += (byte & 127) * unit
      if (byte < 128) return this.failed ? 0 : value
    }
    this.failed = true
    return 0
  }
}
