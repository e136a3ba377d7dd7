/**
 * The seats as the fans of one VU know them, and how they choose. One copy for all of them: k6's JavaScript is slow, and what
 * each fan must check by itself (that no frame is missing) needs only a frame's head (follower.ts). Pure.
 */
import { decodeDiff, decodeSnapshot } from '../../shared/wire/seat-frames.ts'

/** How far a fan looks along the rows from where they would like to sit, and how often they look elsewhere. */
const REACH = 40
const LOOKS = 30
/** Everybody wants the same seats: the larger, the more. */
const CROWDING = 4

export class House {
  epoch = 0
  seq = 0
  seats = 0
  areas: number[] = []
  #state = new Uint8Array(0)

  /** A newer one replaces what was known. */
  snapshot(frame: Uint8Array): void {
    const snapshot = decodeSnapshot(frame)
    if (snapshot === undefined || this.#knows(snapshot.epoch, snapshot.seq)) return
    this.epoch = snapshot.epoch
    this.seq = snapshot.seq
    this.seats = snapshot.seats
    this.areas = [...snapshot.areas]
    this.#state = snapshot.state.slice()
  }

  /** Many fans bring the same frame. Where one is missing between, the next snapshot mends it; till then some are refused. */
  diff(frame: Uint8Array, epoch: number, seqFrom: number, seq: number): void {
    if (epoch !== this.epoch || seq <= this.seq || seqFrom > this.seq + 1) return
    const diff = decodeDiff(frame)
    if (diff === undefined) return
    for (let i = 0; i + 1 < diff.changes.length; i += 2)
      this.#set(diff.changes[i] ?? 0, diff.changes[i + 1] ?? 0)
    for (let i = 0; i + 1 < diff.areas.length; i += 2) this.areas[diff.areas[i] ?? 0] = diff.areas[i + 1] ?? 0
    this.seq = seq
  }

  /** 0 available, 1 held, 2 sold, 3 blocked. */
  get(index: number): number {
    return ((this.#state[index >> 2] ?? 0xff) >> (6 - 2 * (index & 3))) & 3
  }

  /** Free seats beside each other, or as many as are near each other; fewer where there are no more. */
  pick(wanted: number, random: () => number): number[] {
    let best: number[] = []
    for (let look = 0; look < LOOKS; look++) {
      const found = this.#near(Math.floor(this.seats * random() ** CROWDING), wanted)
      if (found.beside) return found.seats
      if (found.seats.length > best.length) best = found.seats
    }
    return best.length > 0 ? best : this.#anywhere(wanted)
  }

  /** The standing area with most room, by its place in the map; undefined where none has any. */
  roomiest(wanted: number): number | undefined {
    const most = Math.max(0, ...this.areas)
    return most >= wanted ? this.areas.indexOf(most) : undefined
  }

  #near(from: number, wanted: number): { seats: number[]; beside: boolean } {
    const loose: number[] = []
    let run: number[] = []
    for (let step = 0; step < Math.min(REACH, this.seats); step++) {
      const index = (from + step) % this.seats
      if (index === 0) run = []
      if (this.get(index) !== 0) {
        run = []
        continue
      }
      run.push(index)
      if (run.length === wanted) return { seats: run, beside: true }
      if (loose.length < wanted) loose.push(index)
    }
    return { seats: loose, beside: false }
  }

  #anywhere(wanted: number): number[] {
    const found: number[] = []
    for (let index = 0; index < this.seats && found.length < wanted; index++)
      if (this.get(index) === 0) found.push(index)
    return found
  }

  #knows(epoch: number, seq: number): boolean {
    return this.epoch > epoch || (this.epoch === epoch && this.seq >= seq && this.seats > 0)
  }

  #set(index: number, status: number): void {
    if (index >= this.seats) return
    const shift = 6 - 2 * (index & 3)
    const byte = this.#state[index >> 2] ?? 0
    this.#state[index >> 2] = (byte & ~(3 << shift)) | (status << shift)
  }
}
