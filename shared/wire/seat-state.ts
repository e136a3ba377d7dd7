/**
 * A reader's copy of a seat map's state: fed with snapshots and diffs in any order and any number, it takes what it can
 * and says when it cannot. Pure; seat-frames.ts has the frames.
 */
import type { Diff, Snapshot } from './seat-frames.ts'

/** `resync`: something is missing between what we have and this; fetch a snapshot. */
export type Applied = 'applied' | 'ignored' | 'resync'

export type SeatStatus = 0 | 1 | 2 | 3

export class SeatState {
  /** 0 and 0 until the first snapshot. */
  epoch = 0
  seq = 0
  seats = 0
  /** How many seats are available, held, sold, blocked. */
  readonly counts: [number, number, number, number] = [0, 0, 0, 0]
  #areas: number[] = []
  #state = new Uint8Array(0)
  #filled = false

  /** False until the first snapshot. */
  get filled(): boolean {
    return this.#filled
  }

  /** Free units of each standing area. */
  get areas(): readonly number[] {
    return this.#areas
  }

  /** Seats and units that can be had. */
  get free(): number {
    return this.#areas.reduce((sum, units) => sum + units, this.counts[0])
  }

  /** 0 available, 1 held, 2 sold, 3 blocked; undefined for a seat that the map has not. */
  get(index: number): SeatStatus | undefined {
    if (!(index >= 0 && index < this.seats)) return undefined
    return (((this.#state[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3) as SeatStatus
  }

  /** Is it as new as this version, or newer? */
  reaches(epoch: number, seq: number): boolean {
    return this.#filled && (this.epoch > epoch || (this.epoch === epoch && this.seq >= seq))
  }

  snapshot(snapshot: Snapshot): 'applied' | 'ignored' {
    if (this.reaches(snapshot.epoch, snapshot.seq)) return 'ignored'
    this.replace(snapshot)
    return 'applied'
  }

  /** Takes it as it is, also where it is older than what we have: after a resync. */
  replace(snapshot: Snapshot): void {
    const { epoch, seq, seats } = snapshot
    this.#state = snapshot.state.slice()
    this.#areas = [...snapshot.areas]
    this.epoch = epoch
    this.seq = seq
    this.seats = seats
    this.#filled = true
    this.counts.fill(0)
    for (let index = 0; index < seats; index++) this.counts[this.get(index) ?? 0]++
  }

  diff(diff: Diff): Applied {
    if (!this.#filled) return 'resync'
    if (diff.epoch < this.epoch) return 'ignored'
    if (diff.epoch > this.epoch || (diff.seqFrom ?? diff.seq) > this.seq + 1) return 'resync'
    if (diff.seq <= this.seq) return 'ignored'
    for (let i = 0; i + 1 < diff.changes.length; i += 2)
      this.#set(diff.changes[i] ?? -1, diff.changes[i + 1] ?? 0)
    for (let i = 0; i + 1 < diff.areas.length; i += 2) {
      const area = diff.areas[i] ?? -1
      if (area < this.#areas.length) this.#areas[area] = diff.areas[i + 1] ?? 0
    }
    this.seq = diff.seq
    return 'applied'
  }

  #set(index: number, status: number): void {
    const before = this.get(index)
    if (before === undefined) return
    const shift = 6 - 2 * (index & 3)
    const byte = this.#state[index >> 2] ?? 0
    this.#state[index >> 2] = (byte & ~(3 << shift)) | ((status & 3) << shift)
    this.counts[before]--
    this.counts[(status & 3) as SeatStatus]++
  }
}
