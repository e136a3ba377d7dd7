import { expect, test } from 'vitest'
import { heatOf } from './heat.ts'
import { type Row, type SeatMap, SeatPlan } from './seat-map.ts'

/** Sections of so many rows of so many seats, and standing areas. */
function house(sections: [rows: number, seats: number][], areas: number[]): SeatPlan {
  let first = 0
  const made = sections.map(([rows, seats], s) => ({
    id: `s${s}`,
    name: `Section ${s}`,
    outline: [],
    rows: Array.from({ length: rows }, (_, r): Row => {
      const row = { name: `${r}`, category: 'a', first, xy: Array.from({ length: 2 * seats }, () => 50) }
      first += seats
      return row
    }),
  }))
  const standing = areas.map((capacity, a) => {
    const area = { id: `a${a}`, name: `Area ${a}`, category: 'a', first, capacity, outline: [] }
    first += capacity
    return area
  })
  const map: SeatMap = {
    format: 1,
    name: 'house',
    width: 1,
    height: 1,
    focalPoint: { x: 0, y: 0 },
    stage: { label: '', outline: [] },
    categories: [],
    sections: made,
    areas: standing,
  }
  return new SeatPlan(map)
}

function stateOf(seats: number, status: (index: number) => number): Buffer {
  const state = Buffer.alloc(Math.ceil(seats / 4))
  for (let i = 0; i < seats; i++) state[i >> 2]! |= status(i) << (6 - 2 * (i & 3))
  return state
}

test('[W74] heat counts held and sold tickets of each section and standing area, in the order of the map', () => {
  const plan = house(
    [
      [2, 3],
      [1, 5],
    ],
    [20, 10],
  )
  // Seats 0 to 5, then 6 to 10: held, sold and blocked ones on both sides of a byte's edge.
  const statuses = new Map([
    [0, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [6, 1],
    [10, 2],
  ])
  const state = stateOf(11, index => statuses.get(index) ?? 0)
  const units = [
    { sold: 4, blocked: 2 },
    { sold: 10, blocked: 0 },
  ]
  expect(heatOf(plan, { state, areas: [9, 1] }, units)).toEqual([
    { section: 's0', name: 'Section 0', total: 5, held: 1, sold: 2 },
    { section: 's1', name: 'Section 1', total: 5, held: 1, sold: 1 },
    { section: 'a0', name: 'Area 0', total: 18, held: 5, sold: 4 },
    { section: 'a1', name: 'Area 1', total: 10, held: 0, sold: 10 },
  ])
})

test('[W75] heat of 82,000 seats takes less than 3 ms', () => {
  const plan = house(
    Array.from({ length: 82 }, () => [40, 25] as [number, number]),
    [],
  )
  const state = stateOf(plan.seats, index => index % 4)
  const times = Array.from({ length: 30 }, () => {
    const from = performance.now()
    heatOf(plan, { state, areas: [] }, [])
    return performance.now() - from
  })
  // A neighbour of this process may take a turn; it takes none of the quickest.
  expect(Math.min(...times)).toBeLessThan(3)
})
