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
  /** False until the first snapshot. */
  filled = false
  /** Free units of each standing area. */
  areas: number[] = []
  #state = new Uint8Array(0)

  /** Seats and units that can be had. */
  get free(): number {
    return this.areas.reduce((sum, units) => sum + units, this.counts[0])
  }

  /** 0 available, 1 held, 2 sold, 3 blocked; undefined for a seat that the map has not. */
  get(index: number): SeatStatus | undefined {
    if (!(index >= 0 && index < this.seats)) return undefined
    return ((this.#state[index >> 2]! >> (6 - 2 * (index & 3))) & 3) as SeatStatus
  }

  /** Is it as new as this version, or newer? */
  reaches(epoch: number, seq: number): boolean {
    return this.filled && (this.epoch > epoch || (this.epoch === epoch && this.seq >= seq))
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
    this.areas = [...snapshot.areas]
    this.epoch = epoch
    this.seq = seq
    this.seats = seats
    this.filled = true
    this.counts.fill(0)
    for (let index = 0; index < seats; index++) this.counts[this.get(index)!]++
  }

  diff(diff: Diff): Applied {
    if (!this.filled) return 'resync'
    if (diff.epoch < this.epoch) return 'ignored'
    if (diff.epoch > this.epoch || (diff.seqFrom ?? diff.seq) > this.seq + 1) return 'resync'
    if (diff.seq <= this.seq) return 'ignored'
    const { changes, areas } = diff
    for (let i = 0; i < changes.length; i += 2) this.#set(changes[i]!, changes[i + 1]!)
    for (let i = 0; i < areas.length; i += 2)
      if (areas[i]! < this.areas.length) this.areas[areas[i]!] = areas[i + 1]!
    this.seq = diff.seq
    return 'applied'
  }

  #set(index: number, status: number): void {
    const before = this.get(index)
    if (before === undefined) return
    const shift = 6 - 2 * (index & 3)
    // Both are two bits: one flips into the other.
    this.#state[index >> 2]! ^= (before ^ status) << shift
    this.counts[before]--
    this.counts[status as SeatStatus]++
  }
}
