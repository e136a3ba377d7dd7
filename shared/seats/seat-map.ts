/**
 * The geometry of a venue: sections, rows, seats and standing areas. Pure data and pure functions, so that
 * server, client and pages read one map in one way. It knows nothing of prices or of who holds what.
 *
 * Every seat has an index, counted from 0 without gaps in the order of sections, rows and seats; the units
 * of standing areas follow. Indices are the only names of tickets in Redis and Postgres, so a map is never
 * edited: a changed map is another map with another hash.
 */

export interface SeatMap {
  format: 1
  name: string
  /** Centimetres; y grows downwards, as on a screen. */
  width: number
  height: number
  /** What everyone came to look at: the middle of the stage or pitch. */
  focalPoint: Point
  stage: { label: string; outline: number[] }
  categories: PriceCategory[]
  sections: Section[]
  areas: StandingArea[]
}

export interface Point {
  x: number
  y: number
}

/** Seats of one price; the event says which price. */
export interface PriceCategory {
  id: string
  name: string
  /** #rrggbb */
  colour: string
}

export interface Section {
  id: string
  name: string
  /** Polygon: x0, y0, x1, y1, ... in cm. */
  outline: number[]
  rows: Row[]
}

export interface Row {
  name: string
  category: string
  /** Index of the row's first seat; the others follow. */
  first: number
  /** Seat labels in order. Absent: "1", "2", ... as many as `xy` has points. */
  labels?: string[]
  /** x, y of the first seat, then dx, dy from each seat to the next, in whole cm. */
  xy: number[]
  /** Positions in the row (0 = first) of seats with room for a wheelchair. */
  accessible?: number[]
  /** Positions in the row of seats kept for those who come along. */
  companion?: number[]
  /** What who sits at these positions should know of the view. */
  views?: { note: string; seats: number[] }[]
  /** Positions of seats that the house has no more: see tombstones.ts. */
  gone?: number[]
}

export interface StandingArea {
  id: string
  name: string
  category: string
  /** Index of the first unit; one unit is one ticket. */
  first: number
  capacity: number
  outline: number[]
  /** So many of its last units the house has no more: see tombstones.ts. */
  gone?: number
}

export type SeatKind = 'seat' | 'accessible' | 'companion' | 'standing'

export interface Seat {
  index: number
  section: string
  row: string
  seat: string
  category: string
  kind: SeatKind
  /** What is to be known of the view; absent where it is as anywhere. */
  view?: string | undefined
}

/** A map with its look-ups made: built once per map and shared. */
export class SeatPlan {
  readonly map: SeatMap
  /** Seats with a place of their own; their indices are 0 to seats - 1. */
  readonly seats: number
  /** Units of standing areas; their indices are seats to seats + units - 1. */
  readonly units: number
  /** Indices of tombstones: seats and units that an earlier house had and this one has not. Nobody sees or gets them. */
  readonly gone: ReadonlySet<number>
  readonly #rows: { section: Section; row: Row }[] = []
  readonly #firsts: number[] = []

  constructor(map: SeatMap) {
    this.map = map
    for (const section of map.sections) {
      for (const row of section.rows) {
        this.#rows.push({ section, row })
        this.#firsts.push(row.first)
      }
    }
    this.seats = map.sections.reduce((sum, s) => sum + s.rows.reduce((n, r) => n + rowLength(r), 0), 0)
    this.units = map.areas.reduce((sum, a) => sum + a.capacity, 0)
    this.gone = goneOf(map)
  }

  /** Indices in use: tickets and tombstones. */
  get total(): number {
    return this.seats + this.units
  }

  /** Seats and units that the house has. */
  get tickets(): number {
    return this.total - this.gone.size
  }

  /** The seat or unit at an index; undefined outside 0 to total - 1. */
  at(index: number): Seat | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.total) return undefined
    if (index >= this.seats) return this.#unit(index)
    const found = this.#rows[lastAtOrBelow(this.#firsts, index)]
    if (found === undefined) return undefined
    const { section, row } = found
    const offset = index - row.first
    const kind = row.accessible?.includes(offset)
      ? 'accessible'
      : row.companion?.includes(offset)
        ? 'companion'
        : 'seat'
    const seat = seatLabel(row, offset)
    const view = row.views?.find(({ seats }) => seats.includes(offset))?.note
    return { index, section: section.name, row: row.name, seat, category: row.category, kind, view }
  }

  area(areaId: string): StandingArea | undefined {
    return this.map.areas.find(area => area.id === areaId)
  }

  /** The standing area that a unit's index belongs to; undefined for seats. */
  areaOf(index: number): StandingArea | undefined {
    return this.map.areas.find(area => index >= area.first && index < area.first + area.capacity)
  }

  /** Every seat in index order, units of standing areas not among them. */
  *eachSeat(): Generator<Seat> {
    for (let index = 0; index < this.seats; index++) yield this.at(index) as Seat
  }

  #unit(index: number): Seat | undefined {
    const area = this.areaOf(index)
    if (area === undefined) return undefined
    const seat = String(index - area.first + 1)
    return { index, section: area.name, row: '', seat, category: area.category, kind: 'standing' }
  }
}

function goneOf(map: SeatMap): Set<number> {
  const gone = new Set<number>()
  for (const { rows } of map.sections)
    for (const row of rows) for (const offset of row.gone ?? []) gone.add(row.first + offset)
  for (const area of map.areas)
    for (let last = 1; last <= (area.gone ?? 0); last++) gone.add(area.first + area.capacity - last)
  return gone
}

/** Whether the house has any of the row's seats. */
export function isRowGone(row: Row): boolean {
  return row.gone?.length === rowLength(row)
}

export function rowLength(row: Row): number {
  return row.xy.length / 2
}

export function seatLabel(row: Row, offset: number): string {
  return row.labels?.[offset] ?? String(offset + 1)
}

/** The row's seat centres, deltas summed up, in cm. */
export function seatPoints(row: Row): Point[] {
  const points: Point[] = []
  let x = 0
  let y = 0
  for (let i = 0; i < row.xy.length; i += 2) {
    x += row.xy[i] ?? 0
    y += row.xy[i + 1] ?? 0
    points.push({ x, y })
  }
  return points
}

/** Position of the last entry of an ascending list that is <= value; -1 where none is. */
function lastAtOrBelow(ascending: number[], value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
