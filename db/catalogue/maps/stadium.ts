/** A modelled stadium of exactly 82,000 seats: three tiers around a pitch, with round corners. */
import type { SeatMap } from '../../../shared/seats/seat-map.ts'
import { bowl } from './bowl.ts'
import { buildMap, flat } from './build.ts'
import { ring } from './curves.ts'

const SEATS = 82_000
const WIDTH = 26_400
const HEIGHT = 22_700
const MIDDLE = { x: WIDTH / 2, y: HEIGHT / 2 }
/** A pitch by the rules: 105 m by 68 m. */
const PITCH = { x: 10_500, y: 6_800 }
/** From the touch lines to the front row. */
const RUN_OFF = 950
const CORNER = 1_400
const ROW = 80
const SEAT = 50
const GANGWAY = 120

const LOWER = { number: 101, offset: 0, rows: 30 }
const MIDDLE_TIER = { number: 201, offset: 30 * ROW + 300, rows: 12 }
const UPPER = { number: 301, offset: 42 * ROW + 600, rows: 34 }

export function stadium(): SeatMap {
  const [straightX, straightY] = [PITCH.x + 2 * RUN_OFF - 2 * CORNER, PITCH.y + 2 * RUN_OFF - 2 * CORNER]
  const front = ring(MIDDLE, straightX, straightY, CORNER)
  const common = { rowDepth: ROW, pitch: SEAT, gangway: GANGWAY }
  return buildMap({
    name: 'Stadium',
    width: WIDTH,
    height: HEIGHT,
    focalPoint: MIDDLE,
    stage: { label: 'Pitch', outline: rectangle(PITCH.x, PITCH.y) },
    blocks: [
      // The lower tier's back row is the platform: people in wheelchairs see over whoever stands up in front.
      ...bowl(front, { ...LOWER, ...common, blocks: { top: 8, left: 5, corner: 3 }, platform: 29 }),
      ...bowl(front, { ...MIDDLE_TIER, ...common, blocks: { top: 8, left: 5, corner: 4 } }),
      ...bowl(front, { ...UPPER, ...common, blocks: { top: 8, left: 5, corner: 6 } }),
    ],
    zones: [
      { within: 6_600, category: { id: 'premium', name: 'Premium', colour: '#7b2d8b' } },
      { within: 8_000, category: { id: 'cat1', name: 'Category 1', colour: '#c8374a' } },
      { within: 9_300, category: { id: 'cat2', name: 'Category 2', colour: '#d97706' } },
      { within: 10_800, category: { id: 'cat3', name: 'Category 3', colour: '#1f8a70' } },
      { within: Infinity, category: { id: 'cat4', name: 'Category 4', colour: '#2563a8' } },
    ],
    areas: [],
    seats: SEATS,
    trim: block => block.id.startsWith('3'),
  })
}

function rectangle(width: number, height: number): number[] {
  const [x, y] = [width / 2, height / 2]
  return flat([
    { x: MIDDLE.x - x, y: MIDDLE.y - y },
    { x: MIDDLE.x + x, y: MIDDLE.y - y },
    { x: MIDDLE.x + x, y: MIDDLE.y + y },
    { x: MIDDLE.x - x, y: MIDDLE.y + y },
  ])
}
