/** How many seats are free in each row and section, kept up to date change by change: what shades the map from far. */
import type { SeatLayout } from './seat-layout.ts'

/** What the map reads a seat's status from; SeatState of shared/wire is one. */
export interface StatusSource {
  get(index: number): 0 | 1 | 2 | 3 | undefined
  readonly areas: readonly number[]
}

export class RowCounts {
  readonly #layout: SeatLayout
  readonly #free: Uint32Array
  readonly #sections: Uint32Array
  /** What was counted, so that a repeated change counts once. */
  readonly #known: Uint8Array

  constructor(layout: SeatLayout) {
    this.#layout = layout
    this.#free = new Uint32Array(layout.rows.length)
    this.#sections = new Uint32Array(layout.sections.length)
    this.#known = new Uint8Array(layout.seats)
  }

  /** Counts all anew. */
  reset(source: StatusSource): void {
    this.#free.fill(0)
    this.#sections.fill(0)
    this.#known.fill(0)
    for (let index = 0; index < this.#known.length; index++) this.#set(index, source.get(index) === 0 ? 1 : 0)
  }

  change(indices: Iterable<number>, source: StatusSource): void {
    for (const index of indices) {
      if (index < this.#known.length) this.#set(index, source.get(index) === 0 ? 1 : 0)
    }
  }

  row(row: number): number {
    return this.#free[row] ?? 0
  }

  section(section: number): number {
    return this.#sections[section] ?? 0
  }

  #set(index: number, free: 0 | 1): void {
    const by = free - (this.#known[index] ?? 0)
    if (by === 0) return
    this.#known[index] = free
    const row = this.#layout.rowOf[index] ?? 0
    const section = this.#layout.rows[row]?.section ?? 0
    this.#free[row] = (this.#free[row] ?? 0) + by
    this.#sections[section] = (this.#sections[section] ?? 0) + by
  }
}
