import { describe, expect, it } from 'vitest'
import { hashOf, textOf } from '../../../shared/seats/map-text.ts'
import { type SeatMap, SeatPlan, seatLabel, seatPoints } from '../../../shared/seats/seat-map.ts'
import { arena } from './arena.ts'
import { club } from './club.ts'
import { stadium } from './stadium.ts'
import { theatre } from './theatre.ts'

const MAPS = [
  { make: theatre, seats: 1_500, units: 0, hash: 'b9374cbe2da2b96950ec72a15c17e437' },
  { make: arena, seats: 14_000, units: 4_000, hash: '2eeff793fe138e51feda397d419d6040' },
  { make: stadium, seats: 82_000, units: 0, hash: '45aa1384655125a85291b3d1bbb77198' },
]

it('[C1] the club has no seat, and room for 1,200 in two standing areas', () => {
  const plan = new SeatPlan(club())
  expect([plan.seats, plan.units, plan.map.areas.length]).toEqual([0, 1_200, 2])
  expect(hashOf(club())).toBe('644aecdd07f66964eff9caaae6952b8a')
})

describe.each(MAPS)('the $make.name', ({ make, seats, units, hash }) => {
  const map = make()

  it('[C1] holds exactly what it promises', () => {
    const plan = new SeatPlan(map)
    expect([plan.seats, plan.units]).toEqual([seats, units])
  })

  it('[C2] numbers seats and then standing units without a gap', () => {
    let next = 0
    for (const { row } of rowsOf(map)) {
      expect(row.first).toBe(next)
      next += row.xy.length / 2
    }
    for (const area of map.areas) {
      expect(area.first).toBe(next)
      next += area.capacity
    }
    expect(next).toBe(seats + units)
  })

  it('[C3] names every seat once in its section, and every section once', () => {
    expect(new Set(map.sections.map(({ id }) => id)).size).toBe(map.sections.length)
    expect(new Set(map.sections.map(({ name }) => name)).size).toBe(map.sections.length)
    for (const section of map.sections) {
      const labels = section.rows.flatMap(row =>
        seatPoints(row).map((_, i) => `${row.name}/${seatLabel(row, i)}`),
      )
      expect(new Set(labels).size).toBe(labels.length)
      expect(labels.length).toBeGreaterThan(0)
    }
  })

  it('[C4] sets no two seats closer than 45 cm', () => {
    expect(closest(map)).toBeGreaterThanOrEqual(45)
  })

  it('[C5] keeps each seat inside the outline of its own section alone, and everything on the sheet', () => {
    const outlines = map.sections.map(({ outline }) => ({ outline, box: boxOf(outline) }))
    for (const { box } of [...outlines, ...map.areas.map(({ outline }) => ({ box: boxOf(outline) }))]) {
      expect(box.left >= 0 && box.top >= 0 && box.right <= map.width && box.bottom <= map.height).toBe(true)
    }
    for (const [own, section] of map.sections.entries()) {
      for (const { x, y } of section.rows.flatMap(seatPoints)) {
        const around = outlines.flatMap(({ outline, box }, i) =>
          x >= box.left && x <= box.right && y >= box.top && y <= box.bottom && inside(outline, x, y)
            ? [i]
            : [],
        )
        if (around.length !== 1 || around[0] !== own)
          expect(around, `${section.id} at ${x}, ${y}`).toEqual([own])
      }
    }
  })

  it('[C6] sets a companion seat beside each accessible one, a wheelchair apart from the next', () => {
    let accessible = 0
    for (const { row } of rowsOf(map)) {
      const companions = new Set(row.companion)
      const points = seatPoints(row)
      for (const at of row.accessible ?? []) {
        accessible++
        expect(companions.has(at - 1) || companions.has(at + 1)).toBe(true)
        for (const beside of [points[at - 1], points[at + 1]]) {
          if (beside !== undefined) expect(distance(beside, points[at]!)).toBeGreaterThan(90)
        }
      }
      expect(row.companion?.length).toBe(row.accessible?.length)
    }
    expect(accessible).toBeGreaterThanOrEqual(seats * 0.0025)
  })

  it('[C7] prices rows by their distance from the focal point, in three to six categories', () => {
    expect(map.categories.length).toBeGreaterThanOrEqual(3)
    expect(map.categories.length).toBeLessThanOrEqual(6)
    const used = new Set([...rowsOf(map).map(({ row }) => row.category), ...map.areas.map(a => a.category)])
    expect([...used].sort()).toEqual(map.categories.map(({ id }) => id).sort())
    const rank = new Map(map.categories.map(({ id }, i) => [id, i]))
    const rows = rowsOf(map).map(({ row }) => {
      const points = seatPoints(row)
      return { rank: rank.get(row.category)!, away: distance(points[points.length >> 1]!, map.focalPoint) }
    })
    const byDistance = rows.toSorted((a, b) => a.away - b.away || a.rank - b.rank).map(row => row.rank)
    expect(byDistance).toEqual(byDistance.toSorted((a, b) => a - b))
  })

  it('[C8] is the same bytes each time, and another map whenever they change', () => {
    expect(textOf(make())).toBe(textOf(map))
    expect(hashOf(map)).toBe(hash)
  })
})

function rowsOf(map: SeatMap) {
  return map.sections.flatMap(section => section.rows.map(row => ({ section, row })))
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/** The least distance between any two seats, looked for in a grid of half-metre cells. */
function closest(map: SeatMap): number {
  const cells = new Map<string, { x: number; y: number }[]>()
  let least = Infinity
  for (const point of rowsOf(map).flatMap(({ row }) => seatPoints(row))) {
    const [column, line] = [Math.floor(point.x / 50), Math.floor(point.y / 50)]
    for (let c = column - 1; c <= column + 1; c++) {
      for (let l = line - 1; l <= line + 1; l++) {
        for (const other of cells.get(`${c},${l}`) ?? []) least = Math.min(least, distance(point, other))
      }
    }
    const key = `${column},${line}`
    cells.set(key, [...(cells.get(key) ?? []), point])
  }
  return least
}

function boxOf(outline: number[]) {
  const xs = outline.filter((_, i) => i % 2 === 0)
  const ys = outline.filter((_, i) => i % 2 === 1)
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}

/** Even-odd rule. */
function inside(outline: number[], x: number, y: number): boolean {
  let within = false
  const corners = outline.length / 2
  for (let i = 0, j = corners - 1; i < corners; j = i++) {
    const [xi, yi, xj, yj] = [outline[2 * i]!, outline[2 * i + 1]!, outline[2 * j]!, outline[2 * j + 1]!]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within
  }
  return within
}
