/** Which seats a fan takes: everybody wants to sit close to what they came for, and beside their friends. Pure. */
import { rowLength, type SeatMap, seatPoints } from '../../shared/seats/seat-map.ts'
import type { SeatState } from '../../shared/wire/seat-state.ts'

export interface Row {
  /** Index of its first seat. */
  first: number
  length: number
}

/** The larger, the more of them want the best rows. */
const CROWDING = 3.5
const FREE = 0

/** The rows, the closest to the stage or pitch first. */
export function bestRows(map: SeatMap): Row[] {
  return map.sections
    .flatMap(({ rows }) => rows)
    .map(row => {
      const points = seatPoints(row)
      const middle = points[points.length >> 1] ?? map.focalPoint
      const distance = Math.hypot(middle.x - map.focalPoint.x, middle.y - map.focalPoint.y)
      return { first: row.first, length: rowLength(row), distance }
    })
    .sort((a, b) => a.distance - b.distance)
}

/** So many free seats beside each other in one row; fewer where there are none; none where nothing is free. */
export function chooseSeats(rows: Row[], seats: SeatState, wanted: number, random: () => number): number[] {
  const from = Math.floor(rows.length * random() ** CROWDING)
  for (let together = wanted; together > 0; together--) {
    for (let step = 0; step < rows.length; step++) {
      const row = rows[(from + step) % rows.length]
      const runs = row === undefined ? [] : freeRuns(row, seats, together)
      if (runs.length === 0) continue
      const first = runs[Math.floor(runs.length * random())] ?? 0
      return Array.from({ length: together }, (_, i) => first + i)
    }
  }
  return []
}

/** First seats of all runs of this length. */
function freeRuns({ first, length }: Row, seats: SeatState, together: number): number[] {
  const runs: number[] = []
  let free = 0
  for (let index = first; index < first + length; index++) {
    free = seats.get(index) === FREE ? free + 1 : 0
    if (free >= together) runs.push(index - together + 1)
  }
  return runs
}
