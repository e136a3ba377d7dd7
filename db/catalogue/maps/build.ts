/**
 * Turns a plan of blocks into a SeatMap: seats along curved rows, an outline around them, price categories by
 * distance from the focal point, an exact total, contiguous indices. The three maps beside it only say where their
 * blocks stand. Everything is a function of its arguments: the same code always makes the same bytes.
 */
import type {
  Point,
  PriceCategory,
  Row,
  SeatMap,
  Section,
  StandingArea,
} from '../../../shared/seats/seat-map.ts'
import { type Curve, trace } from './curves.ts'

/** A block of rows between two gangways. Lengths in cm. */
export interface Block {
  id: string
  name: string
  curve: Curve
  /** The part of the curve that is the block's, as fractions. */
  from: number
  to: number
  /** Offset of each row from the curve, front to back. */
  offsets: number[]
  rowNames: string[]
  /** From seat to seat. */
  pitch: number
  /** Half of it is kept free at either end of a row. */
  gangway: number
  /** The row, if any, that is a platform for wheelchairs: accessible and companion places in turn. */
  platform?: number
}

/** Rows whose middle is within this many cm of the focal point have this category; the last has no limit. */
export interface PriceZone {
  within: number
  category: PriceCategory
}

export interface Plan {
  name: string
  width: number
  height: number
  focalPoint: Point
  stage: SeatMap['stage']
  blocks: Block[]
  /** By distance, nearest first. */
  zones: PriceZone[]
  areas: { area: Omit<StandingArea, 'first' | 'category'>; category: PriceCategory }[]
  /** Seats wanted; the blocks must hold a few more, and what is over is left out of `trim`'s last rows. */
  seats: number
  trim: (block: Block) => boolean
}

interface DraftRow {
  name: string
  points: Point[]
  platform: boolean
}

interface DraftSection {
  block: Block
  rows: DraftRow[]
}

/** A place for a wheelchair is 90 cm wide; its neighbour's chair takes the other 10. */
const PLATFORM_PITCH = 100
/** The outline goes this far past the middle of the outermost seats. */
const MARGIN = 35

export function buildMap(plan: Plan): SeatMap {
  const drafts = plan.blocks.map(draft)
  leaveOut(drafts, plan)
  let first = 0
  const sections = drafts.map(({ block, rows }): Section => {
    return {
      id: block.id,
      name: block.name,
      outline: outlineOf(block),
      rows: rows.map(({ name, points, platform }): Row => {
        const row: Row = { name, category: categoryOf(points, plan), first, xy: deltas(points) }
        if (platform) {
          row.accessible = every(points.length, 0)
          row.companion = every(points.length, 1)
        }
        first += points.length
        return row
      }),
    }
  })
  const areas = plan.areas.map(({ area, category }): StandingArea => {
    const { id, name, capacity, outline } = area
    first += capacity
    return { id, name, category: category.id, first: first - capacity, capacity, outline }
  })
  const { name, width, height, focalPoint, stage } = plan
  const categories = [
    ...plan.areas.map(({ category }) => category),
    ...plan.zones.map(({ category }) => category),
  ]
  return { format: 1, name, width, height, focalPoint, stage, categories, sections, areas }
}

/** `count` offsets or names, by position. */
export function list<T>(count: number, at: (position: number) => T): T[] {
  return Array.from({ length: count }, (_, position) => at(position))
}

/** A polygon of [x, y] corners as a map stores it: one flat list of whole cm. */
export function flat(points: Point[]): number[] {
  return points.flatMap(({ x, y }) => [Math.round(x), Math.round(y)])
}

function draft(block: Block): DraftSection {
  const rows = block.offsets.map((offset, position): DraftRow => {
    const platform = position === block.platform
    const points = seatsAlong(block, offset, platform ? PLATFORM_PITCH : block.pitch, platform)
    return { name: block.rowNames[position] ?? String(position + 1), points, platform }
  })
  return { block, rows }
}

/** As many seats as fit between the gangways, in the middle of what is there; an even number on a platform. */
function seatsAlong(block: Block, offset: number, pitch: number, even: boolean): Point[] {
  const length = block.curve.length(offset)
  const room = (block.to - block.from) * length - block.gangway
  const fit = Math.max(0, Math.floor(room / pitch))
  const count = even ? fit - (fit % 2) : fit
  const start = ((block.from + block.to) / 2) * length - ((count - 1) * pitch) / 2
  return list(count, i => {
    const { x, y } = block.curve.at(offset, start + i * pitch)
    return { x: Math.round(x), y: Math.round(y) }
  })
}

/** Leaves what is over the wanted total out of the back rows of the named blocks, the same number in each, or one more. */
function leaveOut(drafts: DraftSection[], plan: Plan): void {
  const total = drafts.reduce(
    (sum, { rows }) => sum + rows.reduce((n, { points }) => n + points.length, 0),
    0,
  )
  const backs = drafts.filter(({ block }) => plan.trim(block)).map(({ rows }) => rows.at(-1))
  const over = total - plan.seats
  if (over < 0) throw new Error(`${plan.name} holds ${total} seats, ${plan.seats} are wanted`)
  backs.forEach((row, i) => {
    const share = Math.floor(over / backs.length) + (i < over % backs.length ? 1 : 0)
    if (row === undefined || row.platform || share >= row.points.length)
      throw new Error(`${plan.name} is ${over} seats over, more than its back rows can leave out`)
    row.points.splice(row.points.length - Math.floor(share / 2))
    row.points.splice(0, Math.ceil(share / 2))
  })
}

function outlineOf({ curve, from, to, offsets, gangway }: Block): number[] {
  const front = (offsets[0] ?? 0) - MARGIN
  const back = (offsets.at(-1) ?? 0) + MARGIN
  const margin = gangway / 2 - 10
  return flat([...trace(curve, front, from, to, margin), ...trace(curve, back, from, to, margin).reverse()])
}

function categoryOf(points: Point[], { focalPoint, zones }: Plan): string {
  const middle = points[Math.floor(points.length / 2)]
  if (middle === undefined) throw new Error('a row without seats')
  const distance = Math.hypot(middle.x - focalPoint.x, middle.y - focalPoint.y)
  const zone = zones.find(({ within }) => distance <= within) ?? zones.at(-1)
  if (zone === undefined) throw new Error('a plan without price categories')
  return zone.category.id
}

function deltas(points: Point[]): number[] {
  return points.flatMap(({ x, y }, i) => {
    const before = points[i - 1]
    return before === undefined ? [x, y] : [x - before.x, y - before.y]
  })
}

function every(length: number, start: number): number[] {
  return list(Math.floor((length - start + 1) / 2), i => start + 2 * i)
}
