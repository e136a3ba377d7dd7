/**
 * A seat map as those who choose among seats read it: typed arrays by seat index, and rows cut into stretches, the
 * seats one can sit in side by side with no aisle between. Built once a map; pure, for server and page.
 */
import { type Row, rowLength, type SeatMap, seatPoints } from './seat-map.ts'

export const KINDS = { seat: 0, accessible: 1, companion: 2 } as const

/** A gap this many times the row's usual one is an aisle. */
const AISLE = 1.6
/** Rows further apart than this are no neighbours: a gangway or a balcony's edge lies between, cm. */
const NEAR_ROW = 250

export class Stretches {
  readonly seats: number
  /** Where each stretch begins; one more at the end. Stretch s has the seats firsts[s] to firsts[s + 1] - 1. */
  readonly firsts: Uint32Array
  /** Of each stretch: its row, counted through the house, and positions in the map's `sections` and `categories`. */
  readonly row: Uint32Array
  readonly section: Uint32Array
  readonly category: Uint32Array
  /** Of each seat. */
  readonly stretchOf: Uint32Array
  readonly kind: Uint8Array
  /** cm */
  readonly x: Float32Array
  readonly y: Float32Array
  /** From the focal point, cm; summed up: the seats a to b - 1 have farSum[b] - farSum[a]. */
  readonly farSum: Float64Array
  /** The seat nearest to each in the next row of its section; -1 where none is near. */
  readonly behind: Int32Array

  constructor(map: SeatMap) {
    const rows = map.sections.flatMap((section, s) => section.rows.map(row => ({ row, section: s })))
    this.seats = rows.reduce((sum, { row }) => sum + rowLength(row), 0)
    this.stretchOf = new Uint32Array(this.seats)
    this.kind = new Uint8Array(this.seats)
    this.x = new Float32Array(this.seats)
    this.y = new Float32Array(this.seats)
    this.farSum = new Float64Array(this.seats + 1)
    this.behind = new Int32Array(this.seats).fill(-1)
    const firsts: number[] = []
    const [rowOf, section, category]: number[][] = [[], [], []]
    const categories = new Map(map.categories.map(({ id }, at) => [id, at]))
    const points = rows.map(({ row }) => seatPoints(row))
    for (const [at, entry] of rows.entries()) {
      const aisles = aislesOf(entry.row)
      for (const [offset, point] of points[at]!.entries()) {
        const index = entry.row.first + offset
        if (offset === 0 || aisles.has(offset)) {
          firsts.push(index)
          rowOf!.push(at)
          section!.push(entry.section)
          category!.push(categories.get(entry.row.category) ?? 0)
        }
        this.stretchOf[index] = firsts.length - 1
        this.x[index] = point.x
        this.y[index] = point.y
        const far = Math.hypot(point.x - map.focalPoint.x, point.y - map.focalPoint.y)
        this.farSum[index + 1] = this.farSum[index]! + far
      }
      for (const offset of entry.row.accessible ?? []) this.kind[entry.row.first + offset] = KINDS.accessible
      for (const offset of entry.row.companion ?? []) this.kind[entry.row.first + offset] = KINDS.companion
      const next = rows[at + 1]
      if (next?.section === entry.section)
        this.#join(entry.row.first, points[at]!, next.row.first, points[at + 1]!)
    }
    firsts.push(this.seats)
    this.firsts = Uint32Array.from(firsts)
    this.row = Uint32Array.from(rowOf!)
    this.section = Uint32Array.from(section!)
    this.category = Uint32Array.from(category!)
  }

  /** Rows run one way, so the nearest of the next seat is not before the nearest of this one; else it is looked for anew. */
  #join(first: number, points: Spot[], nextFirst: number, nexts: Spot[]): void {
    let near = 0
    for (const [offset, point] of points.entries()) {
      const far = (at: number) => Math.hypot(nexts[at]!.x - point.x, nexts[at]!.y - point.y)
      if (offset === 0) for (let at = 1; at < nexts.length; at++) if (far(at) < far(near)) near = at
      while (near + 1 < nexts.length && far(near + 1) < far(near)) near++
      while (near > 0 && far(near - 1) < far(near)) near--
      if (nexts.length > 0 && far(near) <= NEAR_ROW) this.behind[first + offset] = nextFirst + near
    }
  }

  /** The stretches of the seat's row: from, and up to but not with. */
  rowStretches(stretch: number): [number, number] {
    let [from, to] = [stretch, stretch + 1]
    while (from > 0 && this.row[from - 1] === this.row[stretch]) from--
    while (to < this.row.length && this.row[to] === this.row[stretch]) to++
    return [from, to]
  }
}

interface Spot {
  x: number
  y: number
}

/** Offsets of the seats that an aisle lies before. */
function aislesOf({ xy }: Row): Set<number> {
  const gaps: number[] = []
  for (let at = 2; at + 1 < xy.length; at += 2) gaps.push(Math.hypot(xy[at]!, xy[at + 1]!))
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0
  return new Set(gaps.flatMap((gap, at) => (gap > AISLE * usual ? [at + 1] : [])))
}

/** 1 for each seat that can be had, of a state of 2 bits a seat, most significant first. */
export function freeSeats(state: Uint8Array, seats: number): Uint8Array {
  const free = new Uint8Array(4 * Math.ceil(seats / 4))
  for (let at = 0; 4 * at < seats; at++) {
    const four = state[at]!
    free[4 * at] = (four & 0xc0) === 0 ? 1 : 0
    free[4 * at + 1] = (four & 0x30) === 0 ? 1 : 0
    free[4 * at + 2] = (four & 0x0c) === 0 ? 1 : 0
    free[4 * at + 3] = (four & 0x03) === 0 ? 1 : 0
  }
  return free.subarray(0, seats)
}
