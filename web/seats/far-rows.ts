/**
 * The map from far: every row as a band in its category's colour, the fainter the fewer seats are free. Drawn into a
 * picture of its own, which pan and zoom only copy; it is drawn again a few times a second at most.
 */

import { type MapTheme, tone } from './map-theme.ts'
import type { SeatLayout } from './seat-layout.ts'

/** The picture's longer side. 2,000 x 2,000 pixels take 16 MB. */
const LONGEST = 2_000
const LEVELS = 6
/** Points of a row that are kept: more than a curve over a third of a bowl needs. */
const CORNERS = 8

export interface Availability {
  /** Free seats of each row of the layout. */
  free(row: number): number
  shown(category: number): boolean
}

export class FarRows {
  readonly canvas = document.createElement('canvas')
  readonly #layout: SeatLayout
  readonly #scale: number
  readonly #lines: Float32Array[]

  constructor(layout: SeatLayout) {
    this.#layout = layout
    const { width, height } = layout.map
    this.#scale = LONGEST / Math.max(width, height, 1)
    this.canvas.width = Math.max(1, Math.ceil(width * this.#scale))
    this.canvas.height = Math.max(1, Math.ceil(height * this.#scale))
    this.#lines = layout.rows.map(row => cornersOf(layout, row.seats))
  }

  draw(availability: Availability, theme: MapTheme): void {
    const pen = this.canvas.getContext('2d')
    if (pen === null) return
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height)
    pen.setTransform(this.#scale, 0, 0, this.#scale, 0, 0)
    pen.lineCap = 'butt'
    pen.lineJoin = 'round'
    pen.lineWidth = this.#layout.depth
    const { categories } = this.#layout.map
    // One path for each category and level: some thirty strokes instead of thousands.
    const paths = new Map<number, Path2D>()
    for (const [i, row] of this.#layout.rows.entries()) {
      const level = availability.shown(row.category)
        ? Math.ceil((availability.free(i) / Math.max(1, row.seats.length)) * LEVELS)
        : 0
      const key = level === 0 ? 0 : row.category * (LEVELS + 1) + level
      let path = paths.get(key)
      if (path === undefined) {
        path = new Path2D()
        paths.set(key, path)
      }
      trace(path, this.#lines[i] as Float32Array, this.#layout.pitch)
    }
    for (const [key, path] of paths) {
      const level = key % (LEVELS + 1)
      const category = categories[Math.floor(key / (LEVELS + 1))]
      pen.globalAlpha = level === 0 ? 0.35 : 0.3 + (0.7 * level) / LEVELS
      pen.strokeStyle = level === 0 || category === undefined ? theme.gone : tone(category.colour, theme.dark)
      pen.stroke(path)
    }
    pen.globalAlpha = 1
  }
}

function cornersOf(layout: SeatLayout, seats: readonly number[]): Float32Array {
  const { length } = seats
  const kept = Math.min(length, CORNERS)
  const corners = new Float32Array(2 * kept)
  for (let i = 0; i < kept; i++) {
    const seat = seats[kept === 1 ? 0 : Math.round((i * (length - 1)) / (kept - 1))] ?? 0
    corners[2 * i] = layout.x[seat] ?? 0
    corners[2 * i + 1] = layout.y[seat] ?? 0
  }
  return corners
}

/** From half a seat before the first to half a seat past the last. */
function trace(path: Path2D, corners: Float32Array, pitch: number): void {
  const n = corners.length / 2
  const x = (i: number) => corners[2 * i] ?? 0
  const y = (i: number) => corners[2 * i + 1] ?? 0
  if (n === 0) return
  if (n === 1) {
    path.moveTo(x(0) - pitch / 2, y(0))
    path.lineTo(x(0) + pitch / 2, y(0))
    return
  }
  const past = (from: number, to: number) => {
    const length = Math.hypot(x(to) - x(from), y(to) - y(from)) || 1
    const by = 1 + pitch / 2 / length
    return [x(from) + (x(to) - x(from)) * by, y(from) + (y(to) - y(from)) * by] as const
  }
  path.moveTo(...past(1, 0))
  for (let i = 1; i < n - 1; i++) path.lineTo(x(i), y(i))
  path.lineTo(...past(n - 2, n - 1))
}
