/**
 * Gives a house told in words (sections, rows, seats, standing areas) its geometry: a stage on top, rows as gentle arcs
 * around one centre behind it, what is told first nearest to the stage. Nothing overlaps, whatever the sizes. Pure:
 * the same words always make the same map.
 */
import type { Point, PriceCategory, Row, SeatMap, Section, StandingArea } from './seat-map.ts'

export type Side = 'left' | 'centre' | 'right'

export interface SpokenRow {
  name: string
  category: string
  labels: string[]
  /** Positions after which an aisle comes. */
  aisles: number[]
  accessible: number[]
  companion: number[]
  views: { note: string; seats: number[] }[]
}

export interface SpokenSection {
  id: string
  name: string
  side: Side
  rows: SpokenRow[]
}

export interface SpokenArea {
  id: string
  name: string
  side: Side
  /** Behind the seats instead of before them. */
  behind: boolean
  category: string
  capacity: number
}

export interface SpokenHouse {
  name: string
  stage: string
  categories: PriceCategory[]
  sections: SpokenSection[]
  areas: SpokenArea[]
}

/** Centimetres. */
const SEAT = 55
/** From a wheelchair to either neighbour. */
const WHEELCHAIR = 100
const ROW = 95
/** What an aisle adds between two seats. */
const AISLE = 110
/** From the outermost seats to the outline. */
const MARGIN = 45
/** Between blocks side by side, and one behind the other. */
const GANGWAY = 130
const CROSS_AISLE = 160
const TO_STAGE = 300
const SHEET_MARGIN = 150
/** Three people stand on a square metre. */
const STANDING = 10_000 / 3
/** Half of the angle that the widest tier takes: some 26 degrees to either side. */
const HALF_ANGLE = 0.45
/** A house of ten seats stands on a circle of this radius. */
const LEAST_RADIUS = 1_400
/** How far a drawn outline may leave its arc. */
const SAGITTA = 10

interface Block {
  side: Side
  /** Along the arc. */
  width: number
  depth: number
  section?: SpokenSection
  area?: SpokenArea
}

interface Placed extends Block {
  /** Of the outline's front. */
  radius: number
  /** Radians from straight down; growing to the right. */
  middle: number
  half: number
}

export function layOut(house: SpokenHouse): SeatMap {
  const standing = house.areas.map(area => ({ area, block: areaBlock(area) }))
  const tiers = [
    ...tiersOf(standing.filter(({ area }) => !area.behind).map(({ block }) => block)),
    ...tiersOf(house.sections.map(sectionBlock)),
    ...tiersOf(standing.filter(({ area }) => area.behind).map(({ block }) => block)),
  ]
  const widest = Math.max(...tiers.map(widthOf))
  const radius = Math.round(Math.max(LEAST_RADIUS, widest / (2 * HALF_ANGLE)))
  const placed = place(tiers, radius)
  const half = Math.round(Math.min(900, Math.max(250, widest * 0.3)))
  const stage = stageOf(radius - TO_STAGE, half)
  const shift = sheetOf([...placed.flatMap(outlineOf), ...stage])
  const move = ({ x, y }: Point): Point => ({ x: Math.round(x + shift.x), y: Math.round(y + shift.y) })
  return {
    format: 1,
    name: house.name,
    width: shift.width,
    height: shift.height,
    focalPoint: move({ x: 0, y: stage[2]?.y ?? 0 }),
    stage: { label: house.stage, outline: flat(stage.map(move)) },
    categories: house.categories,
    ...numbered(house, placed, move),
  }
}

function sectionBlock(section: SpokenSection): Block {
  const width = Math.max(...section.rows.map(row => offsetsOf(row).at(-1) ?? 0)) + 2 * MARGIN
  return { side: section.side, width, depth: (section.rows.length - 1) * ROW + 2 * MARGIN, section }
}

/** Twice as wide as deep. */
function areaBlock(area: SpokenArea): Block {
  const width = Math.max(500, Math.sqrt(2 * area.capacity * STANDING))
  return { side: area.side, width, depth: Math.max(250, (area.capacity * STANDING) / width), area }
}

/** Who stands on a side that is taken already stands behind. */
function tiersOf(blocks: Block[]): Block[][] {
  const tiers: Block[][] = []
  for (const block of blocks) {
    const last = tiers.at(-1)
    if (last === undefined || last.some(({ side }) => side === block.side)) tiers.push([block])
    else last.push(block)
  }
  const order: Side[] = ['left', 'centre', 'right']
  return tiers.map(tier => tier.toSorted((a, b) => order.indexOf(a.side) - order.indexOf(b.side)))
}

function widthOf(tier: Block[]): number {
  return tier.reduce((sum, { width }) => sum + width, 0) + (tier.length - 1) * GANGWAY
}

/** Angles are counted at a tier's front: its rows behind are longer in cm, and no seat comes nearer to the next block. */
function place(tiers: Block[][], from: number): Placed[] {
  let radius = from
  return tiers.flatMap(tier => {
    const front = radius
    let angle = -widthOf(tier) / front / 2
    const placed = tier.map((block): Placed => {
      const half = block.width / front / 2
      angle += 2 * half + GANGWAY / front
      return { ...block, radius: front, middle: angle - half - GANGWAY / front, half }
    })
    radius += Math.max(...tier.map(({ depth }) => depth)) + CROSS_AISLE
    return placed
  })
}

/** From the first seat's middle to each seat's. */
function offsetsOf({ labels, aisles, accessible }: SpokenRow): number[] {
  let at = 0
  const [wide, open] = [new Set(accessible), new Set(aisles)]
  return labels.map((_, i) => {
    if (i > 0) at += (wide.has(i) || wide.has(i - 1) ? WHEELCHAIR : SEAT) + (open.has(i - 1) ? AISLE : 0)
    return at
  })
}

function numbered(
  { areas }: SpokenHouse,
  placed: Placed[],
  move: (point: Point) => Point,
): Pick<SeatMap, 'sections' | 'areas'> {
  let first = 0
  const sections = placed.flatMap((block): Section[] => {
    const { section } = block
    if (section === undefined) return []
    const rows = section.rows.map((row, position): Row => {
      const points = seatsOf(block, row, block.radius + MARGIN + position * ROW).map(move)
      first += points.length
      return rowOf(row, first - points.length, points)
    })
    return [{ id: section.id, name: section.name, outline: flat(outlineOf(block).map(move)), rows }]
  })
  const places = new Map(placed.map(block => [block.area, block]))
  const standing = areas.flatMap((area): StandingArea[] => {
    const block = places.get(area)
    if (block === undefined) return []
    const { id, name, category, capacity } = area
    first += capacity
    return [
      { id, name, category, first: first - capacity, capacity, outline: flat(outlineOf(block).map(move)) },
    ]
  })
  return { sections, areas: standing }
}

function seatsOf({ middle }: Placed, row: SpokenRow, radius: number): Point[] {
  const offsets = offsetsOf(row)
  const length = offsets.at(-1) ?? 0
  return offsets.map(offset => onArc(radius, middle + (offset - length / 2) / radius))
}

function rowOf(
  { name, category, labels, accessible, companion, views }: SpokenRow,
  first: number,
  points: Point[],
): Row {
  const counted = labels.every((label, i) => label === String(i + 1))
  const xy = points.flatMap(({ x, y }, i) => {
    const before = points[i - 1]
    return before === undefined ? [x, y] : [x - before.x, y - before.y]
  })
  return {
    name,
    category,
    first,
    ...(counted ? {} : { labels }),
    xy,
    ...(accessible.length === 0 ? {} : { accessible }),
    ...(companion.length === 0 ? {} : { companion }),
    ...(views.length === 0 ? {} : { views }),
  }
}

/** A piece of a ring, in pieces so short that no seat comes to lie outside. */
function outlineOf(block: Placed): Point[] {
  const back = block.radius + block.depth
  return [...trace(block, block.radius), ...trace(block, back).reverse()]
}

function trace({ middle, half }: Placed, radius: number): Point[] {
  const step = Math.min(Math.PI / 60, Math.sqrt((8 * SAGITTA) / radius))
  const pieces = Math.max(1, Math.ceil((2 * half) / step))
  return Array.from({ length: pieces + 1 }, (_, i) => onArc(radius, middle - half + (2 * half * i) / pieces))
}

/** A trapezium whose front corners keep their distance from the first row. */
function stageOf(reach: number, half: number): Point[] {
  const front = Math.sqrt(reach * reach - half * half)
  const back = front - Math.max(300, half * 0.7)
  return [
    { x: -half * 0.8, y: back },
    { x: half * 0.8, y: back },
    { x: half, y: front },
    { x: -half, y: front },
  ]
}

function onArc(radius: number, angle: number): Point {
  return { x: radius * Math.sin(angle), y: radius * Math.cos(angle) }
}

/** How to move everything onto a sheet that begins at 0, 0, and the sheet's size. */
function sheetOf(points: Point[]): { x: number; y: number; width: number; height: number } {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x)
    box.right = Math.max(box.right, x)
    box.top = Math.min(box.top, y)
    box.bottom = Math.max(box.bottom, y)
  }
  return {
    x: SHEET_MARGIN - box.left,
    y: SHEET_MARGIN - box.top,
    width: Math.ceil(box.right - box.left) + 2 * SHEET_MARGIN,
    height: Math.ceil(box.bottom - box.top) + 2 * SHEET_MARGIN,
  }
}

function flat(points: Point[]): number[] {
  return points.flatMap(({ x, y }) => [x, y])
}
