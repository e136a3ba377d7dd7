/**
 * A new house for an event that has sold tickets of the old one. A ticket is named by its index alone, so every seat of the old
 * house keeps its index: what the new one leaves out stays behind as a tombstone, which nobody sees and nobody can have, and is
 * itself again where a later house has it again. Pure.
 */
import {
  type PriceCategory,
  type Row,
  type SeatMap,
  type Section,
  type StandingArea,
  seatLabel,
  seatPoints,
} from './seat-map.ts'

/**
 * The new house on the indices of the old: seats are the same by section, row and label, standing areas by id. What is wholly new
 * goes to the end of its row, section or house. The same two houses give the same map, byte by byte.
 */
export function withTombstones(before: SeatMap, after: SeatMap): SeatMap {
  let first = 0
  const ids = new Set(after.sections.map(({ id }) => id))
  const sections = paired(before.sections, after.sections, ({ name }) => name).map(
    ({ was, is, last }): Section => {
      const { id, name, outline } = last
      const rows = paired(was?.rows ?? [], is?.rows ?? [], row => row.name).map(row => {
        const made = rowOf(row, first)
        first += made.xy.length / 2
        return made
      })
      return { id: is === undefined ? unused(id, ids) : id, name, outline, rows }
    },
  )
  const areas = paired(before.areas, after.areas, ({ id }) => id).map((area): StandingArea => {
    const made = areaOf(area, first)
    first += made.capacity
    return made
  })
  const used = new Set([...sections.flatMap(({ rows }) => rows), ...areas].map(({ category }) => category))
  return { ...after, categories: categoriesOf(before, after, used), sections, areas }
}

interface Pair<T> {
  was: T | undefined
  is: T | undefined
  /** What it is now, else what it was. */
  last: T
}

/** In the order of the old; the new ones follow. */
function paired<T>(before: T[], after: T[], key: (one: T) => string): Pair<T>[] {
  const news = new Map(after.map(one => [key(one), one]))
  const pairs: Pair<T>[] = before.map(was => {
    const is = news.get(key(was))
    return { was, is, last: is ?? was }
  })
  for (const was of before) news.delete(key(was))
  return [...pairs, ...[...news.values()].map(is => ({ was: undefined, is, last: is }))]
}

interface Place {
  label: string
  x: number
  y: number
  kind: 'accessible' | 'companion' | undefined
  view: string | undefined
  gone: boolean
}

function rowOf({ was, is, last }: Pair<Row>, first: number): Row {
  const { name, category } = last
  const wanted = placesOf(is).filter(({ gone }) => !gone)
  const places = paired(placesOf(was), wanted, ({ label }) => label).map(
    (place): Place => ({ ...place.last, gone: place.is === undefined }),
  )
  const at = (what: (place: Place) => boolean): number[] => [...places.keys()].filter(i => what(places[i]!))
  const views = [...Map.groupBy(places.keys(), i => places[i]!.view)].flatMap(([note, seats]) =>
    note === undefined ? [] : [{ note, seats }],
  )
  const named = places.some(({ label }, i) => label !== String(i + 1))
  return {
    name,
    category,
    first,
    ...(named ? { labels: places.map(({ label }) => label) } : {}),
    xy: places.flatMap(({ x, y }, i) => [x - (places[i - 1]?.x ?? 0), y - (places[i - 1]?.y ?? 0)]),
    ...someOf(
      'accessible',
      at(({ kind }) => kind === 'accessible'),
    ),
    ...someOf(
      'companion',
      at(({ kind }) => kind === 'companion'),
    ),
    ...someOf('views', views),
    ...someOf(
      'gone',
      at(({ gone }) => gone),
    ),
  }
}

function placesOf(row: Row | undefined): Place[] {
  if (row === undefined) return []
  return seatPoints(row).map((point, i) => ({
    ...point,
    label: seatLabel(row, i),
    kind: row.accessible?.includes(i) ? 'accessible' : row.companion?.includes(i) ? 'companion' : undefined,
    view: row.views?.find(({ seats }) => seats.includes(i))?.note,
    gone: row.gone?.includes(i) === true,
  }))
}

/** Of fewer places the last are tombstones: they are given out last. */
function areaOf({ was, is, last }: Pair<StandingArea>, first: number): StandingArea {
  const { id, name, category, outline } = last
  const places = is === undefined ? 0 : is.capacity - (is.gone ?? 0)
  const capacity = Math.max(was?.capacity ?? 0, places)
  const gone = capacity - places
  return { id, name, category, first, capacity, outline, ...(gone > 0 ? { gone } : {}) }
}

/** Those of the new house, and what tombstones alone still have. */
function categoriesOf(before: SeatMap, after: SeatMap, used: Set<string>): PriceCategory[] {
  const known = new Set(after.categories.map(({ id }) => id))
  return [...after.categories, ...before.categories.filter(({ id }) => used.has(id) && !known.has(id))]
}

function someOf<Key extends string, T>(key: Key, list: T[]): { [K in Key]?: T[] } {
  return list.length === 0 ? {} : ({ [key]: list } as { [K in Key]?: T[] })
}

function unused(id: string, ids: Set<string>): string {
  let free = id
  while (ids.has(free)) free += '-gone'
  ids.add(free)
  return free
}
