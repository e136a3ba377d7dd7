import { describe, expect, it } from 'vitest'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import { SeatState } from '../../shared/wire/seat-state.ts'
import { RowCounts } from './row-counts.ts'
import { SeatGrid } from './seat-grid.ts'
import { KIND, SeatLayout } from './seat-layout.ts'

/** Two sections of straight rows, one above the other, and a square to stand on. */
const MAP: SeatMap = {
  format: 1,
  name: 'Hall',
  width: 2_000,
  height: 2_000,
  focalPoint: { x: 500, y: 0 },
  stage: { label: 'Stage', outline: [0, 0, 900, 0, 900, 50, 0, 50] },
  categories: [
    { id: 'near', name: 'Near', colour: '#112233' },
    { id: 'far', name: 'Far', colour: '#332211' },
  ],
  sections: [
    {
      id: 'front',
      name: 'Front',
      outline: [0, 60, 700, 60, 700, 260, 0, 260],
      rows: [
        { name: 'A', category: 'near', first: 0, xy: [100, 100, 50, 0, 50, 0, 50, 0] },
        {
          name: 'B',
          category: 'near',
          first: 4,
          xy: [100, 180, 50, 0, 50, 0, 50, 0],
          accessible: [0],
          companion: [1],
        },
      ],
    },
    {
      id: 'back',
      name: 'Back',
      outline: [0, 300, 700, 300, 700, 500, 0, 500],
      rows: [{ name: 'A', category: 'far', first: 8, xy: [125, 400, 50, 0] }],
    },
  ],
  areas: [
    {
      id: 'floor',
      name: 'Floor',
      category: 'far',
      first: 10,
      capacity: 30,
      outline: [1000, 0, 1200, 0, 1200, 200, 1000, 200],
    },
  ],
}
const layout = new SeatLayout(MAP)
const grid = new SeatGrid(layout.x, layout.y)

describe('a laid out map', () => {
  it('[V11] knows the place, row, section, category and kind of every seat', () => {
    expect(layout.seats).toBe(10)
    expect([layout.x[6], layout.y[6]]).toEqual([200, 180])
    expect(layout.row(6)?.row.name).toBe('B')
    expect(layout.section(8)?.section.name).toBe('Back')
    expect([layout.category(7), layout.category(8)]).toEqual([0, 1])
    expect([...layout.kind]).toEqual([0, 0, 0, 0, KIND.accessible, KIND.companion, 0, 0, 0, 0])
    expect(layout.pitch).toBe(50)
  })

  it('[V11] knows the section and the area at a point', () => {
    expect(layout.sectionAt(10, 70)).toBe(0)
    expect(layout.sectionAt(10, 320)).toBe(1)
    expect(layout.sectionAt(10, 280)).toBe(-1)
    expect(layout.areaAt(1100, 100)).toBe(0)
    expect(layout.areaAt(900, 100)).toBe(-1)
  })
})

describe('a house that was redrawn', () => {
  it('[S191] a tombstone is in no list and met by no point or arrow; what is wholly gone has no outline', () => {
    const map = structuredClone(MAP)
    map.sections[0]!.rows[0]!.gone = [1]
    map.sections[1]!.rows[0]!.gone = [0, 1]
    map.areas[0]!.gone = map.areas[0]!.capacity
    const redrawn = new SeatLayout(map)
    const seats = new SeatGrid(redrawn.x, redrawn.y, redrawn.plan.gone)
    expect(redrawn.rows.map(row => row.seats)).toEqual([[0, 2, 3], [4, 5, 6, 7], []])
    expect(seats.nearest(150, 100, 20)).toBe(-1)
    expect(seats.towards(0, 1, 0)).toBe(2)
    expect(seats.towards(5, 0, 1)).toBe(-1)
    expect([redrawn.sectionAt(10, 320), redrawn.areaAt(1100, 100)]).toEqual([-1, -1])
    const met = new Set<number>()
    seats.eachRun(redrawn.box, (from, to) => {
      for (let i = from; i < to; i++) met.add(seats.items[i]!)
    })
    expect([...met].sort((a, b) => a - b)).toEqual([0, 2, 3, 4, 5, 6, 7])
  })
})

describe('finding seats', () => {
  it('[V12] a point meets the nearest seat within reach, or none', () => {
    expect(grid.nearest(170, 110, 30)).toBe(1)
    expect(grid.nearest(176, 110, 30)).toBe(2)
    expect(grid.nearest(600, 600, 30)).toBe(-1)
  })

  it('[V12] a point finds the same seat as looking at them all', () => {
    const x = Float32Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 9_001)
    const y = Float32Array.from({ length: 5_000 }, (_, i) => (i * 104_729) % 7_001)
    const many = new SeatGrid(x, y)
    for (let i = 0; i < 500; i++) {
      const [px, py] = [(i * 613) % 9_500, (i * 1_013) % 7_500]
      let best = 90 ** 2
      for (let s = 0; s < x.length; s++) best = Math.min(best, (x[s]! - px) ** 2 + (y[s]! - py) ** 2)
      const found = many.nearest(px, py, 90)
      if (found < 0) expect(best).toBe(90 ** 2)
      else expect((x[found]! - px) ** 2 + (y[found]! - py) ** 2).toBe(best)
    }
  })

  it('[V12] a box meets every seat in it', () => {
    const met = new Set<number>()
    grid.eachRun({ left: 90, top: 90, right: 260, bottom: 190 }, (from, to) => {
      for (let i = from; i < to; i++) met.add(grid.items[i]!)
    })
    for (const seat of [0, 1, 2, 3, 4, 5, 6, 7]) expect(met).toContain(seat)
  })

  it('[V13] arrows go along the row, and to the row before and behind', () => {
    expect(grid.towards(1, 1, 0)).toBe(2)
    expect(grid.towards(1, -1, 0)).toBe(0)
    expect(grid.towards(1, 0, 1)).toBe(5)
    expect(grid.towards(5, 0, -1)).toBe(1)
  })

  it('[V13] arrows cross from section to section, and stop at the edge', () => {
    expect(grid.towards(5, 0, 1)).toBe(8)
    expect(grid.towards(0, 0, -1)).toBe(-1)
    expect(grid.towards(9, 0, 1)).toBe(-1)
  })
})

describe('shading from far', () => {
  it('[V10] counts the free seats of rows and sections, change by change, and none twice', () => {
    const state = new SeatState()
    state.snapshot({ epoch: 1, seq: 1, seats: 10, state: new Uint8Array(3), areas: [30] })
    const counts = new RowCounts(layout)
    counts.reset(state)
    expect([counts.row(0), counts.row(1), counts.section(0), counts.section(1)]).toEqual([4, 4, 8, 2])
    state.diff({ epoch: 1, seq: 2, now: 0, changes: [5, 1, 8, 2], areas: [] })
    counts.change([5, 8, 5], state)
    expect([counts.row(1), counts.section(0), counts.section(1)]).toEqual([3, 7, 1])
    state.diff({ epoch: 1, seq: 3, now: 0, changes: [5, 0], areas: [] })
    counts.change([5], state)
    expect(counts.section(0)).toBe(8)
  })
})
