/**
 * A seat map laid out for drawing: where every seat stands, in typed arrays by seat index, and which row, section and
 * category it belongs to. Built once a map; it knows nothing of statuses, screens or colours.
 */
import {
  isRowGone,
  type Point,
  type Row,
  rowLength,
  type SeatMap,
  SeatPlan,
  type Section,
  type StandingArea,
  seatPoints,
} from '../../shared/seats/seat-map.ts'

export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

export interface LaidRow {
  /** Position in `sections`. */
  section: number
  row: Row
  first: number
  length: number
  /** Indices of those of its seats that the house has: tombstones are drawn nowhere. */
  seats: readonly number[]
  /** Position in the map's `categories`. */
  category: number
}

export interface LaidSection {
  section: Section
  box: Box
  centre: Point
  /** Side of a square as large as the section, cm: what a label has room for, however it is turned. */
  room: number
  /** Its seats' indices: first to first + seats - 1. */
  first: number
  seats: number
  /** Its rows: rows[firstRow] to rows[firstRow + section.rows.length - 1]. */
  firstRow: number
}

export interface LaidArea {
  area: StandingArea
  box: Box
  centre: Point
  category: number
}

export const KIND = { seat: 0, accessible: 1, companion: 2 } as const

/** Between seats where a map has no row of two. */
const USUAL_PITCH = 50

export class SeatLayout {
  readonly map: SeatMap
  readonly plan: SeatPlan
  /** Seat centres, cm. */
  readonly x: Float32Array
  readonly y: Float32Array
  /** Each seat's row, as its position in `rows`. */
  readonly rowOf: Uint32Array
  /** See KIND. */
  readonly kind: Uint8Array
  readonly rows: LaidRow[] = []
  readonly sections: LaidSection[] = []
  readonly areas: LaidArea[]
  /** Usual distance between neighbours in a row, cm. */
  readonly pitch: number
  /** Usual distance from row to row, cm. */
  readonly depth: number
  readonly box: Box

  constructor(map: SeatMap) {
    this.map = withoutGone(map)
    this.plan = new SeatPlan(map)
    this.x = new Float32Array(this.plan.seats)
    this.y = new Float32Array(this.plan.seats)
    this.rowOf = new Uint32Array(this.plan.seats)
    this.kind = new Uint8Array(this.plan.seats)
    for (const section of this.map.sections) this.#lay(section)
    this.areas = this.map.areas.map(area => ({
      area,
      box: boxOf(area.outline),
      centre: centreOf(area.outline),
      category: this.#category(area.category),
    }))
    this.pitch = usualPitch(map)
    this.depth = this.#usualDepth()
    this.box = { left: 0, top: 0, right: map.width, bottom: map.height }
  }

  get seats(): number {
    return this.plan.seats
  }

  row(index: number): LaidRow | undefined {
    return this.rows[this.rowOf[index] ?? -1]
  }

  section(index: number): LaidSection | undefined {
    return this.sections[this.row(index)?.section ?? -1]
  }

  /** Position in the map's `categories`. */
  category(index: number): number {
    return this.row(index)?.category ?? 0
  }

  /** The section whose outline holds the point. */
  sectionAt(x: number, y: number): number {
    return this.sections.findIndex(({ box, section }) => within(box, x, y) && inside(section.outline, x, y))
  }

  areaAt(x: number, y: number): number {
    return this.areas.findIndex(({ box, area }) => within(box, x, y) && inside(area.outline, x, y))
  }

  #lay(section: Section): void {
    const number = this.sections.length
    const firstRow = this.rows.length
    const first = section.rows[0]?.first ?? 0
    let seats = 0
    for (const row of section.rows) {
      const length = rowLength(row)
      const at = this.rows.length
      this.rows.push({
        section: number,
        row,
        first: row.first,
        length,
        seats: Array.from({ length }, (_, offset) => row.first + offset).filter(
          seat => !this.plan.gone.has(seat),
        ),
        category: this.#category(row.category),
      })
      for (const [offset, point] of seatPoints(row).entries()) {
        this.x[row.first + offset] = point.x
        this.y[row.first + offset] = point.y
      }
      this.rowOf.fill(at, row.first, row.first + length)
      for (const offset of row.accessible ?? []) this.kind[row.first + offset] = KIND.accessible
      for (const offset of row.companion ?? []) this.kind[row.first + offset] = KIND.companion
      seats += length
    }
    const box = boxOf(section.outline)
    this.sections.push({
      section,
      box,
      centre: centreOf(section.outline),
      room: Math.sqrt(areaOf(section.outline)),
      first,
      seats,
      firstRow,
    })
  }

  /** The median over neighbouring rows of how far their middles are apart. */
  #usualDepth(): number {
    const depths: number[] = []
    for (let r = 1; r < this.rows.length; r++) {
      const [a, b] = [this.rows[r - 1] as LaidRow, this.rows[r] as LaidRow]
      if (a.section !== b.section) continue
      const [i, j] = [a.first + (a.length >> 1), b.first + (b.length >> 1)]
      depths.push(Math.hypot((this.x[i] ?? 0) - (this.x[j] ?? 0), (this.y[i] ?? 0) - (this.y[j] ?? 0)))
    }
    depths.sort((a, b) => a - b)
    return depths[depths.length >> 1] ?? this.pitch * 1.6
  }

  #category(id: string): number {
    return Math.max(
      0,
      this.map.categories.findIndex(category => category.id === id),
    )
  }
}

/** What the house has no more keeps its position in the lists, and has no outline. */
function withoutGone(map: SeatMap): SeatMap {
  return {
    ...map,
    sections: map.sections.map(one => (one.rows.every(isRowGone) ? { ...one, outline: [] } : one)),
    areas: map.areas.map(one => (one.gone === one.capacity ? { ...one, outline: [] } : one)),
  }
}

export function boxOf(outline: readonly number[]): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (let i = 0; i + 1 < outline.length; i += 2) {
    const [x = 0, y = 0] = [outline[i], outline[i + 1]]
    box.left = Math.min(box.left, x)
    box.right = Math.max(box.right, x)
    box.top = Math.min(box.top, y)
    box.bottom = Math.max(box.bottom, y)
  }
  return box
}

/** Of the polygon, in square cm. */
export function areaOf(outline: readonly number[]): number {
  let twice = 0
  for (let i = 0, before = outline.length - 2; i + 1 < outline.length; before = i, i += 2)
    twice += (outline[before] ?? 0) * (outline[i + 1] ?? 0) - (outline[i] ?? 0) * (outline[before + 1] ?? 0)
  return Math.abs(twice) / 2
}

export function within(box: Box, x: number, y: number): boolean {
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom
}

/** Even-odd rule. */
export function inside(outline: readonly number[], x: number, y: number): boolean {
  let odd = false
  for (let i = 0, before = outline.length - 2; i + 1 < outline.length; before = i, i += 2) {
    const [ax = 0, ay = 0] = [outline[i], outline[i + 1]]
    const [bx = 0, by = 0] = [outline[before], outline[before + 1]]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd
  }
  return odd
}

/** The centre of gravity of the outline's area: where a label stands. */
export function centreOf(outline: readonly number[]): Point {
  let [area, x, y] = [0, 0, 0]
  for (let i = 0, before = outline.length - 2; i + 1 < outline.length; before = i, i += 2) {
    const [ax = 0, ay = 0] = [outline[before], outline[before + 1]]
    const [bx = 0, by = 0] = [outline[i], outline[i + 1]]
    const cross = ax * by - bx * ay
    area += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  if (Math.abs(area) > 1) return { x: x / (3 * area), y: y / (3 * area) }
  const box = boxOf(outline)
  return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }
}

/** The median over rows of the distance of the first two seats: platforms and boxes do not count for much. */
function usualPitch(map: SeatMap): number {
  const pitches: number[] = []
  for (const { rows } of map.sections) {
    for (const { xy } of rows) if (xy.length >= 4) pitches.push(Math.hypot(xy[2] ?? 0, xy[3] ?? 0))
  }
  pitches.sort((a, b) => a - b)
  return pitches[pitches.length >> 1] ?? USUAL_PITCH
}
