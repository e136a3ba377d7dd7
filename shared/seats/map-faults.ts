/**
 * Everything that is wrong with a seat map, by place: what its types cannot say. Pure, and its cost grows with the number
 * of seats: neighbours are looked for in a grid.
 */
import { boxOf, inside, overlapping } from './map-outlines.ts'
import { isRowGone, type Row, type SeatMap, seatLabel, seatPoints } from './seat-map.ts'

export type Place = (string | number)[]
export type Tell = (place: Place, message: string) => void

/** Centimetres from one seat's middle to the next: nobody sits on less. */
const LEAST_APART = 30

export function mapFaults(map: SeatMap, tell: Tell): void {
  unique(
    map.categories.map(({ id }) => id),
    at => ['categories', at, 'id'],
    'category',
    tell,
  )
  unique(
    map.sections.map(({ id }) => id),
    at => ['sections', at, 'id'],
    'section id',
    tell,
  )
  unique(
    map.sections.map(({ name }) => name),
    at => ['sections', at, 'name'],
    'section',
    tell,
  )
  unique(
    map.areas.map(({ id }) => id),
    at => ['areas', at, 'id'],
    'standing area',
    tell,
  )
  unique(
    map.areas.map(({ name }) => name),
    at => ['areas', at, 'name'],
    'standing area',
    tell,
  )
  outlineFaults(map.stage.outline, map, ['stage', 'outline'], tell)
  const { x, y } = map.focalPoint
  if (x > map.width || y > map.height)
    tell(['focalPoint'], `${x}, ${y} is off the sheet of ${map.width} x ${map.height}`)
  const known = new Set(map.categories.map(({ id }) => id))
  const shown = map.categories.map(({ id }) => `"${id}"`).join(', ')
  const category = (id: string, place: Place): void => {
    if (!known.has(id))
      tell([...place, 'category'], `the map has no category "${id}"; it has ${shown || 'none'}`)
  }
  let next = 0
  for (const [s, section] of map.sections.entries()) {
    const place: Place = ['sections', s]
    outlineFaults(section.outline, map, [...place, 'outline'], tell)
    unique(
      section.rows.map(({ name }) => name),
      at => [...place, 'rows', at, 'name'],
      'row',
      tell,
    )
    for (const [r, row] of section.rows.entries()) {
      const at: Place = [...place, 'rows', r]
      category(row.category, at)
      if (row.first !== next)
        tell([...at, 'first'], `is ${row.first} and must be ${next}: seats are counted on`)
      next += Math.floor(row.xy.length / 2)
      rowFaults(row, at, tell)
    }
  }
  for (const [a, area] of map.areas.entries()) {
    const at: Place = ['areas', a]
    category(area.category, at)
    if (area.first !== next)
      tell(
        [...at, 'first'],
        `is ${area.first} and must be ${next}: standing room is counted on behind the seats`,
      )
    next += area.capacity
    if ((area.gone ?? 0) > area.capacity)
      tell([...at, 'gone'], `is more than the capacity of ${area.capacity}`)
    outlineFaults(area.outline, map, [...at, 'outline'], tell)
  }
  standFaults(map, tell)
  overlapFaults(map, tell)
}

function overlapFaults({ sections, areas }: SeatMap, tell: Tell): void {
  const all = [
    ...sections.map((one, s) => ({
      ...one,
      isGone: one.rows.every(isRowGone),
      place: ['sections', s, 'outline'],
    })),
    ...areas.map((one, a) => ({ ...one, isGone: one.gone === one.capacity, place: ['areas', a, 'outline'] })),
  ].filter(({ isGone }) => !isGone)
  const pairs = overlapping(all.map(({ outline }) => outline))
  if (pairs === undefined)
    tell(
      ['sections'],
      'have outlines of so many corners that nobody can tell whether they overlap: take fewer',
    )
  for (const [a, b] of pairs ?? []) tell(all[b]!.place, `${all[b]!.name} lies on ${all[a]!.name}`)
}

function rowFaults(row: Row, at: Place, tell: Tell): void {
  if (row.xy.length % 2 !== 0) tell([...at, 'xy'], `has ${row.xy.length} numbers: x and y come in pairs`)
  const seats = Math.floor(row.xy.length / 2)
  if (row.labels !== undefined && row.labels.length !== seats)
    tell([...at, 'labels'], `has ${row.labels.length} labels for ${seats} seats`)
  unique(row.labels ?? [], position => [...at, 'labels', position], 'seat', tell)
  for (const kind of ['accessible', 'companion', 'gone'] as const) {
    for (const [i, position] of (row[kind] ?? []).entries())
      if (position >= seats) tell([...at, kind, i], noPosition(position, seats))
    unique((row[kind] ?? []).map(String), i => [...at, kind, i], 'position', tell)
  }
  const viewed = new Set<number>()
  for (const [v, { seats: noted }] of (row.views ?? []).entries()) {
    for (const [i, position] of noted.entries()) {
      const place = [...at, 'views', v, 'seats', i]
      if (position >= seats) tell(place, noPosition(position, seats))
      if (viewed.has(position)) tell(place, `position ${position} has a view told already`)
      viewed.add(position)
    }
  }
  const both = (row.companion ?? []).findIndex(position => row.accessible?.includes(position))
  if (both >= 0) tell([...at, 'companion', both], 'is an accessible seat already')
}

function noPosition(position: number, seats: number): string {
  return `there is no position ${position}: the row has 0 to ${seats - 1}`
}

function outlineFaults(outline: number[], { width, height }: SeatMap, place: Place, tell: Tell): void {
  if (outline.length % 2 !== 0) tell(place, `has ${outline.length} numbers: x and y come in pairs`)
  if (outline.length < 6) tell(place, 'needs three corners or more')
  const off = outline.findIndex((value, i) => value < 0 || value > (i % 2 === 0 ? width : height))
  if (off >= 0) tell([...place, off], `${outline[off]} is off the sheet of ${width} x ${height}`)
}

interface Stood {
  x: number
  y: number
  place: Place
  label: string
}

/** Seats outside their section, inside a standing area, or on another seat. Tombstones stand nowhere. */
function standFaults(map: SeatMap, tell: Tell): void {
  const standing = map.areas.filter(({ gone, capacity }) => gone !== capacity)
  const areas = standing.map(({ outline, name }) => ({ outline, name, box: boxOf(outline) }))
  const grid = new Map<number, Stood[]>()
  for (const [s, { outline, name, rows }] of map.sections.entries()) {
    for (const [r, row] of rows.entries()) {
      const place: Place = ['sections', s, 'rows', r]
      const gone = new Set(row.gone)
      for (const [i, { x, y }] of seatPoints(row).entries()) {
        if (gone.has(i)) continue
        const seat = { x, y, place, label: seatLabel(row, i) }
        if (!inside(outline, x, y)) tell(place, `seat "${seat.label}" lies outside the outline of ${name}`)
        for (const area of areas) {
          const { left, right, top, bottom } = area.box
          if (x >= left && x <= right && y >= top && y <= bottom && inside(area.outline, x, y))
            tell(place, `seat "${seat.label}" lies in the standing area ${area.name}`)
        }
        const near = nearest(grid, seat)
        if (near !== undefined)
          tell(place, `seat "${seat.label}" stands on seat "${near.label}" of ${told(near.place, place)}`)
        const cell = cellOf(x, y, 0, 0)
        const there = grid.get(cell)
        if (there === undefined) grid.set(cell, [seat])
        // One neighbour a cell is enough to tell of; so that a thousand seats in one place cost no million comparisons.
        else if (there.length < 4) there.push(seat)
      }
    }
  }
}

function told(other: Place, own: Place): string {
  if (other.join() === own.join()) return 'the same row'
  return `sections[${other[1]}].rows[${other[3]}]`
}

function nearest(grid: Map<number, Stood[]>, { x, y }: Stood): Stood | undefined {
  for (let dx = -1; dx <= 1; dx++) {
    for (let dy = -1; dy <= 1; dy++) {
      const found = grid
        .get(cellOf(x, y, dx, dy))
        ?.find(other => Math.hypot(other.x - x, other.y - y) < LEAST_APART)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function cellOf(x: number, y: number, dx: number, dy: number): number {
  return (Math.floor(x / LEAST_APART) + dx) * 1_000_003 + Math.floor(y / LEAST_APART) + dy
}

function unique(names: string[], place: (at: number) => Place, what: string, tell: Tell): void {
  const seen = new Set<string>()
  for (const [at, name] of names.entries()) {
    if (seen.has(name)) tell(place(at), `${what} "${name}" twice`)
    seen.add(name)
  }
}
