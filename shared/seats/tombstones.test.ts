import { expect, test } from 'vitest'
import { mapFaults } from './map-faults.ts'
import { textOf } from './map-text.ts'
import { type SeatMap, SeatPlan } from './seat-map.ts'
import { smallHouse } from './small-house.ts'
import { withTombstones } from './tombstones.ts'

const changed = (change: (map: SeatMap) => void, from = smallHouse()): SeatMap => {
  const map = structuredClone(from)
  change(map)
  let first = 0
  for (const row of map.sections.flatMap(({ rows }) => rows)) {
    row.first = first
    first += row.xy.length / 2
  }
  for (const area of map.areas) {
    area.first = first
    first += area.capacity
  }
  return map
}
const names = (map: SeatMap) => {
  const plan = new SeatPlan(map)
  return Array.from({ length: plan.total }, (_, index) => plan.at(index))
}
/** Seats 3, 4 and 5 of the first row out: the others keep their names, and each its place. */
const fewer = changed(map => {
  map.sections[0]!.rows[0] = {
    ...map.sections[0]!.rows[0]!,
    labels: ['1', '2', '6', '7', '8', '9', '10'],
    xy: [30, 60, 60, 0, 240, 0, 60, 0, 60, 0, 60, 0, 60, 0],
  }
})

test('[S180] a seat that a new house leaves out keeps its index as a tombstone, and every other seat its own', () => {
  const made = withTombstones(smallHouse(), fewer)
  expect([...new SeatPlan(made).gone]).toEqual([2, 3, 4])
  expect([new SeatPlan(made).total, new SeatPlan(made).tickets]).toEqual([50, 47])
  expect(names(made)).toEqual(names(smallHouse()))
  expect(made.sections[0]!.rows[0]!.xy).toEqual(smallHouse().sections[0]!.rows[0]!.xy)
  const faults: string[] = []
  mapFaults(made, (place, message) => faults.push(`${place.join('.')}: ${message}`))
  expect(faults).toEqual([])
})

test('[S180] so do whole rows, sections and standing areas, and the last places of an area; their categories stay known', () => {
  const small = changed(map => {
    map.sections.splice(1, 1)
    map.sections[0]!.rows.pop()
    map.categories.splice(1, 1)
    map.areas[0]!.capacity = 6
  })
  const made = withTombstones(smallHouse(), small)
  const gone = [...Array.from({ length: 30 }, (_, i) => 10 + i), 46, 47, 48, 49]
  expect([...new SeatPlan(made).gone].sort((a, b) => a - b)).toEqual(gone)
  expect(names(made)).toEqual(names(smallHouse()))
  expect(made.areas[0]).toMatchObject({ first: 40, capacity: 10, gone: 4 })
  expect(made.categories.map(({ id }) => id)).toEqual(['a', 'floor', 'b'])
  const seated = withTombstones(
    smallHouse(),
    changed(map => (map.areas = [])),
  )
  expect(new SeatPlan(seated).tickets).toBe(40)
})

test('[S181] a seat that comes back takes its old index; the same two houses give the same map, byte by byte', () => {
  const made = withTombstones(smallHouse(), fewer)
  expect(textOf(withTombstones(made, fewer))).toBe(textOf(made))
  expect(textOf(withTombstones(made, made))).toBe(textOf(made))
  const back = withTombstones(made, smallHouse())
  expect([...new SeatPlan(back).gone]).toEqual([])
  expect(names(back)).toEqual(names(smallHouse()))
  const some = withTombstones(
    made,
    changed(map => {
      map.sections[0]!.rows[0] = {
        ...map.sections[0]!.rows[0]!,
        labels: ['1', '2', '4', '6', '7', '8', '9', '10'],
        xy: [30, 60, 60, 0, 120, 0, 120, 0, 60, 0, 60, 0, 60, 0, 60, 0],
      }
    }),
  )
  expect([...new SeatPlan(some).gone]).toEqual([2, 4])
})

test('[S182] what is wholly new goes to the end of its row, section or house', () => {
  const larger = changed(map => {
    const row = map.sections[1]!.rows[1]!
    map.sections[1]!.rows.push({ ...row, name: 'C', xy: [row.xy[0]!, 260, 60, 0] })
  })
  const made = withTombstones(withTombstones(smallHouse(), fewer), larger)
  expect(names(made).slice(0, 40)).toEqual(names(smallHouse()).slice(0, 40))
  expect(names(made)[41]).toMatchObject({ section: 'Right', row: 'C', seat: '2' })
  expect(made.areas[0]!.first).toBe(42)
})

test('[S183] a map with tombstones is taken as others are: nothing stands or lies where they were, and a wrong one is told by place', () => {
  const moved = withTombstones(
    smallHouse(),
    changed(map => {
      map.sections.splice(0, 1)
      map.sections[0]!.outline = [...smallHouse().sections[0]!.outline]
      for (const row of map.sections[0]!.rows) row.xy[0] = 30
    }),
  )
  const faultsOf = (map: SeatMap) => {
    const faults: string[] = []
    mapFaults(map, (place, message) => faults.push(`${place.join('.')}: ${message}`))
    return faults
  }
  expect(faultsOf(moved)).toEqual([])
  moved.sections[0]!.rows[0]!.gone = [10, 1, 1]
  moved.areas[0]!.gone = 11
  expect(faultsOf(moved)).toEqual(
    expect.arrayContaining([
      'sections.0.rows.0.gone.0: there is no position 10: the row has 0 to 9',
      'sections.0.rows.0.gone.2: position "1" twice',
      'areas.0.gone: is more than the capacity of 10',
    ]),
  )
})
