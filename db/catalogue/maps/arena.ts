/** A modelled arena for concerts, 18,000 in all: a standing floor for 4,000 before the stage, and two tiers of an oval. */
import type { SeatMap } from '../../../shared/seats/seat-map.ts'
import { bowl } from './bowl.ts'
import { type Block, buildMap, flat, type Plan } from './build.ts'
import { type Ring, ring, trace } from './curves.ts'

const SEATS = 14_000
const FRONT_STANDING = 1_000
const STANDING = 3_000
const WIDTH = 10_600
const HEIGHT = 11_800
/** The floor's: a straight of 40 m, closed by half circles. The tiers leave the stage's end open. */
const MIDDLE = { x: WIDTH / 2, y: 4_500 }
const STRAIGHT = 4_000
const RADIUS = 1_700
const ROW = 80
const SEAT = 50
const GANGWAY = 110
const STAGE = { width: 2_400, top: MIDDLE.y - STRAIGHT / 2 - 900, bottom: MIDDLE.y - STRAIGHT / 2 + 300 }
/** Between the stage and those who stand, and between the two standing areas. */
const BARRIER = 200

export function arena(): SeatMap {
  const oval = ring(MIDDLE, 0, STRAIGHT, RADIUS)
  const common = { rowDepth: ROW, pitch: SEAT, gangway: GANGWAY, blocks: { top: 0, left: 6, corner: 4 } }
  const blocks = [
    ...bowl(oval, { ...common, number: 101, offset: 150, rows: 18, platform: 17 }),
    ...bowl(oval, { ...common, number: 201, offset: 150 + 18 * ROW + 250, rows: 20 }),
  ].filter(block => !behindStage(block))
  return buildMap({
    name: 'Arena',
    width: WIDTH,
    height: HEIGHT,
    focalPoint: { x: MIDDLE.x, y: STAGE.bottom },
    stage: { label: 'Stage', outline: rectangle(STAGE.width, STAGE.top, STAGE.bottom) },
    blocks,
    zones: [
      { within: 3_200, category: { id: 'cat1', name: 'Category 1', colour: '#c8374a' } },
      { within: 4_500, category: { id: 'cat2', name: 'Category 2', colour: '#d97706' } },
      { within: 6_000, category: { id: 'cat3', name: 'Category 3', colour: '#1f8a70' } },
      { within: Infinity, category: { id: 'cat4', name: 'Category 4', colour: '#2563a8' } },
    ],
    areas: floor(oval),
    seats: SEATS,
    trim: block => block.id.startsWith('2'),
  })
}

/** Whether the middle of a block's front row is further upstage than the stage is deep. */
function behindStage({ curve, from, to, offsets }: Block): boolean {
  const offset = offsets[0] ?? 0
  return curve.at(offset, ((from + to) / 2) * curve.length(offset)).y < STAGE.top
}

/** Two standing areas: one along the stage, the other over the rest of the floor and its round end. */
function floor(oval: Ring): Plan['areas'] {
  const top = STAGE.bottom + BARRIER
  const depth = 1_000
  const inside = -100
  const end = [oval.bottomLeft, oval.bottomRight].flatMap(curve => trace(curve, inside, 0, 1, 0))
  const half = RADIUS + inside
  const sides = [
    { x: MIDDLE.x + half, y: top + depth + BARRIER },
    { x: MIDDLE.x - half, y: top + depth + BARRIER },
  ]
  return [
    {
      area: {
        id: 'front-standing',
        name: 'Front standing',
        capacity: FRONT_STANDING,
        outline: rectangle(2 * half, top, top + depth),
      },
      category: { id: 'front', name: 'Front standing', colour: '#7b2d8b' },
    },
    {
      area: { id: 'standing', name: 'Standing', capacity: STANDING, outline: flat([...sides, ...end]) },
      category: { id: 'standing', name: 'Standing', colour: '#a8447f' },
    },
  ]
}

function rectangle(width: number, top: number, bottom: number): number[] {
  const [left, right] = [MIDDLE.x - width / 2, MIDDLE.x + width / 2]
  return [left, top, right, top, right, bottom, left, bottom]
}
