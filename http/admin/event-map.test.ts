/** A full map in an event file: taken as it is, or each of its faults told by place. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import { smallHouse } from '../../shared/seats/small-house.ts'
import { checkEventFile } from './event-check.ts'

const now = Date.parse('2026-11-23T00:00:00Z')
const theatre = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))
const linesOf = (raw: unknown): string[] => {
  const checked = checkEventFile(raw, { now })
  return checked.ok ? [] : checked.faults.map(({ place, message }) => `${place}: ${message}`)
}

const withMap = (patch: (map: SeatMap) => void) => {
  const { sections: _, standing: __, ...file } = structuredClone(theatre)
  const map = smallHouse()
  patch(map)
  return { ...file, map, prices: ['a', 'b', 'floor'].map(category => ({ category, price: 100 })) }
}
const row = (map: SeatMap) => map.sections[0]!.rows[1]!
const WRONG: [string, (map: SeatMap) => void, string[]][] = [
  [
    'a wrong first',
    map => (row(map).first = 11),
    ['map.sections[0].rows[1].first: is 11 and must be 10: seats are counted on'],
  ],
  [
    'a wrong first of an area',
    map => (map.areas[0]!.first = 39),
    ['map.areas[0].first: is 39 and must be 40: standing room is counted on behind the seats'],
  ],
  [
    'half a point',
    map => map.sections[0]!.outline.push(5),
    ['map.sections[0].outline: has 9 numbers: x and y come in pairs'],
  ],
  [
    'a seat outside',
    map => (row(map).xy[1] = 420),
    Array.from(
      { length: 10 },
      (_, i) => `map.sections[0].rows[1]: seat "${i + 1}" lies outside the outline of Left`,
    ).concat('x'),
  ],
  [
    'a seat on another',
    map => (row(map).xy[2] = 10),
    ['map.sections[0].rows[1]: seat "2" stands on seat "1" of the same row'],
  ],
  [
    'labels that do not fit',
    map => (row(map).labels = ['1']),
    ['map.sections[0].rows[1].labels: has 1 labels for 10 seats'],
  ],
  [
    'a label that is missing',
    map => (row(map).labels = ['', ...'234567890']),
    ['map.sections[0].rows[1].labels[0]: must not be empty'],
  ],
  [
    'two standing areas of one name',
    map =>
      map.areas.push({ ...map.areas[0]!, id: 'other', first: 50, outline: [700, 320, 900, 320, 900, 420] }),
    ['map.areas[1].name: standing area "Floor" twice'],
  ],
  [
    'a label twice',
    map => (row(map).labels = [...'1234567899']),
    ['map.sections[0].rows[1].labels[9]: seat "9" twice'],
  ],
  [
    'a position that is not',
    map => (row(map).accessible = [10]),
    ['map.sections[0].rows[1].accessible[0]: there is no position 10: the row has 0 to 9'],
  ],
  [
    'an unknown category',
    map => (row(map).category = 'c'),
    [
      'map.sections[0].rows[1].category: the map has no category "c"; it has "a", "b", "floor"',
      'map.sections[0].rows[1].category: "c" has no price',
    ],
  ],
  [
    'an outline off the sheet',
    map => (map.areas[0]!.outline[0] = -5),
    ['map.areas[0].outline[0]: -5 is off the sheet of 1600 x 600'],
  ],
  [
    'a focal point off the sheet',
    map => (map.focalPoint.y = 601),
    ['map.focalPoint: 600, 601 is off the sheet of 1600 x 600'],
  ],
  [
    'a position twice',
    map => (row(map).companion = [3, 3]),
    ['map.sections[0].rows[1].companion[1]: position "3" twice'],
  ],
  [
    'a view from nowhere, and one told twice',
    map => {
      row(map).views = [
        { note: 'A pillar', seats: [4, 10] },
        { note: 'Far left', seats: [4] },
      ]
    },
    [
      'map.sections[0].rows[1].views[0].seats[1]: there is no position 10: the row has 0 to 9',
      'map.sections[0].rows[1].views[1].seats[0]: position 4 has a view told already',
    ],
  ],
]
test.each(WRONG)('[E4] in a full map %s is told by its place', (name, patch, lines) => {
  const told = linesOf(withMap(patch))
  if (name === 'a seat outside') expect(told.slice(0, 2)).toEqual(lines.slice(0, 2))
  else expect(told).toEqual(lines)
})
test('[E32] sections and standing areas that lie on one another are told by their place, neighbours are not', () => {
  const onAnother = (patch: (map: SeatMap) => void) =>
    linesOf(withMap(patch)).filter(line => / lies on /.test(line))
  const move = (map: SeatMap, x: number) => {
    map.sections[1]!.outline = [x, 0, 1600, 0, 1600, 300, x, 300]
  }
  expect(onAnother(map => move(map, 600))).toEqual([])
  expect(onAnother(map => move(map, 590))).toEqual([])
  expect(onAnother(map => move(map, 500))).toEqual(['map.sections[1].outline: Right lies on Left'])
  expect(onAnother(map => (map.areas[0]!.outline = [...map.sections[0]!.outline]))).toEqual([
    'map.areas[0].outline: Floor lies on Left',
  ])
  // Across one another like a plus, no corner of one in the other.
  expect(onAnother(map => (map.areas[0]!.outline = [250, 0, 350, 0, 350, 420, 250, 420]))).toEqual([
    'map.areas[0].outline: Floor lies on Left',
  ])
})
test('[E4] a right map is taken as it is', () => {
  expect(
    checkEventFile(
      withMap(() => {}),
      { now },
    ),
  ).toMatchObject({ event: { map: smallHouse() } })
})
