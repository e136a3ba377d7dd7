/**
 * Finds seats by place: a uniform grid over the map, so that a hit test looks at a handful of seats and a frame draws
 * only those in view. Pure; in map units (cm).
 */
import type { Box } from './seat-layout.ts'

/** Some twenty seats a cell in a usual hall. */
const CELL = 300

export class SeatGrid {
  readonly #x: Float32Array
  readonly #y: Float32Array
  readonly #columns: number
  readonly #lines: number
  readonly #left: number
  readonly #top: number
  /** Seats of cell c: items[starts[c]] to items[starts[c + 1] - 1]. */
  readonly starts: Uint32Array
  readonly items: Uint32Array

  /** `absent`: indices that are no seats. */
  constructor(x: Float32Array, y: Float32Array, absent: ReadonlySet<number> = new Set()) {
    this.#x = x
    this.#y = y
    const seats = Uint32Array.from(x.keys()).filter(seat => !absent.has(seat))
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (const i of seats) {
      const [px, py] = [x[i] as number, y[i] as number]
      if (px < left) left = px
      if (px > right) right = px
      if (py < top) top = py
      if (py > bottom) bottom = py
    }
    const any = seats.length > 0
    this.#left = any ? left : 0
    this.#top = any ? top : 0
    this.#columns = any ? Math.floor((right - left) / CELL) + 1 : 1
    this.#lines = any ? Math.floor((bottom - top) / CELL) + 1 : 1
    this.starts = new Uint32Array(this.#columns * this.#lines + 1)
    this.items = new Uint32Array(seats.length)
    this.#fill(seats)
  }

  /** Calls with the first and the end of each run of `items` that may lie in the box. */
  eachRun(box: Box, visit: (from: number, to: number) => void): void {
    const [first, last] = [this.#column(box.left), this.#column(box.right)]
    const [top, bottom] = [this.#line(box.top), this.#line(box.bottom)]
    for (let line = top; line <= bottom; line++) {
      const base = line * this.#columns
      // Cells of one line lie side by side: one run.
      const from = this.starts[base + first] as number
      const to = this.starts[base + last + 1] as number
      if (to > from) visit(from, to)
    }
  }

  /** The seat nearest to the point, at most `reach` away; -1 where there is none. */
  nearest(x: number, y: number, reach: number): number {
    let found = -1
    let best = reach * reach
    this.eachRun({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, (from, to) => {
      for (let i = from; i < to; i++) {
        const seat = this.items[i] as number
        const distance = ((this.#x[seat] as number) - x) ** 2 + ((this.#y[seat] as number) - y) ** 2
        if (distance <= best) {
          best = distance
          found = seat
        }
      }
    })
    return found
  }

  /**
   * The seat that lies next to this one in the direction (dx, dy), by eye: near, and not far off the line. -1 at the
   * map's edge.
   */
  towards(seat: number, dx: number, dy: number): number {
    const [x, y] = [this.#x[seat] ?? 0, this.#y[seat] ?? 0]
    for (let reach = CELL / 2; reach <= CELL * 64; reach *= 2) {
      const found = this.#towards(seat, x, y, dx, dy, reach)
      if (found >= 0) return found
    }
    return -1
  }

  #towards(seat: number, x: number, y: number, dx: number, dy: number, reach: number): number {
    let found = -1
    let best = Infinity
    this.eachRun({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, (from, to) => {
      for (let i = from; i < to; i++) {
        const other = this.items[i] as number
        const [ox, oy] = [(this.#x[other] as number) - x, (this.#y[other] as number) - y]
        const along = ox * dx + oy * dy
        const aside = Math.abs(ox * dy - oy * dx)
        // Further aside than ahead is another direction; beyond reach, a nearer one may not have been seen.
        if (other === seat || along <= aside || along > reach) continue
        const cost = along + 2 * aside
        if (cost < best) {
          best = cost
          found = other
        }
      }
    })
    return found
  }

  #fill(seats: Uint32Array): void {
    const cells = new Uint32Array(seats.length)
    for (const [i, seat] of seats.entries()) {
      const cell = this.#line(this.#y[seat] as number) * this.#columns + this.#column(this.#x[seat] as number)
      cells[i] = cell
      this.starts[cell + 1] = (this.starts[cell + 1] as number) + 1
    }
    for (let c = 1; c < this.starts.length; c++)
      this.starts[c] = (this.starts[c] as number) + (this.starts[c - 1] as number)
    const next = this.starts.slice()
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] as number
      this.items[next[cell] as number] = seats[i] as number
      next[cell] = (next[cell] as number) + 1
    }
  }

  #column(x: number): number {
    return Math.min(this.#columns - 1, Math.max(0, Math.floor((x - this.#left) / CELL)))
  }

  #line(y: number): number {
    return Math.min(this.#lines - 1, Math.max(0, Math.floor((y - this.#top) / CELL)))
  }
}
