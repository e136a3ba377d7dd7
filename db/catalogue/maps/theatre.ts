/** A modelled theatre of 1,500 seats: stalls, circle and balcony around an apron stage, and eight boxes. */
import type { SeatMap } from '../../../shared/seats/seat-map.ts'
import { type Block, buildMap, flat, list } from './build.ts'
import { arc, line } from './curves.ts'

const SEATS = 1500
const WIDTH = 5400
const HEIGHT = 4800
const MIDDLE = WIDTH / 2
/** All rows are arcs around this point, far behind the stage. */
const CENTRE = { x: MIDDLE, y: -700 }
const HALF_ANGLE = (26.2 * Math.PI) / 180
const BOX_ANGLE = (31 * Math.PI) / 180
const ROW = 95
const SEAT = 55
const GANGWAY = 120
const FRONT = 1950
const DOWN = Math.PI / 2

/** Left, centre and right, as fractions of an arc. */
const WEDGES = [
  { id: 'left', name: 'left', from: 0, to: 0.27 },
  { id: 'centre', name: 'centre', from: 0.27, to: 0.73 },
  { id: 'right', name: 'right', from: 0.73, to: 1 },
]

/** One floor of the house: `rows` arcs from a radius on, in three blocks. */
function tier(id: string, name: string, radius: number, rows: number, platform?: number): Block[] {
  const curve = arc(CENTRE, radius, DOWN + HALF_ANGLE, DOWN - HALF_ANGLE)
  return WEDGES.map(wedge => ({
    id: `${id}-${wedge.id}`,
    name: `${name} ${wedge.name}`,
    curve,
    from: wedge.from,
    to: wedge.to,
    offsets: list(rows, row => row * ROW),
    rowNames: list(rows, letter),
    pitch: SEAT,
    gangway: GANGWAY,
    ...(platform === undefined ? {} : { platform }),
  }))
}

/** Four boxes of five on either side, along the walls from the stage backwards. */
function boxes(): Block[] {
  return ['left', 'right'].flatMap((side, s) => {
    const angle = s === 0 ? DOWN + BOX_ANGLE : DOWN - BOX_ANGLE
    const at = (r: number) => ({ x: CENTRE.x + r * Math.cos(angle), y: CENTRE.y + r * Math.sin(angle) })
    const [near, far] = [at(2000), at(3400)]
    const wall = s === 0 ? line(near, far) : line(far, near)
    return list(4, i => ({
      id: `box-${side}-${i + 1}`,
      name: `Box ${side} ${i + 1}`,
      curve: wall,
      from: (s === 0 ? i : 3 - i) / 4,
      to: (s === 0 ? i + 1 : 4 - i) / 4,
      offsets: [0],
      rowNames: ['1'],
      pitch: SEAT,
      gangway: 70,
    }))
  })
}

function letter(row: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + row)
}

export function theatre(): SeatMap {
  return buildMap({
    name: 'Theatre',
    width: WIDTH,
    height: HEIGHT,
    focalPoint: { x: MIDDLE, y: 600 },
    stage: {
      label: 'Stage',
      outline: flat([
        { x: MIDDLE - 900, y: 150 },
        { x: MIDDLE + 900, y: 150 },
        { x: MIDDLE + 650, y: 900 },
        { x: MIDDLE, y: 1000 },
        { x: MIDDLE - 650, y: 900 },
      ]),
    },
    blocks: [
      ...tier('stalls', 'Stalls', FRONT, 17, 16),
      ...tier('circle', 'Circle', FRONT + 18 * ROW + 160, 6),
      ...tier('balcony', 'Balcony', FRONT + 25 * ROW + 320, 7),
      ...boxes(),
    ],
    zones: [
      { within: 1300, category: { id: 'premium', name: 'Premium', colour: '#7b2d8b' } },
      { within: 1950, category: { id: 'cat1', name: 'Category 1', colour: '#c8374a' } },
      { within: 2700, category: { id: 'cat2', name: 'Category 2', colour: '#d97706' } },
      { within: 3450, category: { id: 'cat3', name: 'Category 3', colour: '#1f8a70' } },
      { within: Infinity, category: { id: 'cat4', name: 'Category 4', colour: '#2563a8' } },
    ],
    areas: [],
    seats: SEATS,
    trim: block => block.id.startsWith('balcony'),
  })
}
