/** The house of an event file, from the operator's words to rows and labels: every fault told by place, nothing laid out yet. */

import { hint } from '../../shared/fault-words.ts'
import type { Side, SpokenArea, SpokenHouse, SpokenRow, SpokenSection } from '../../shared/seats/lay-out.ts'
import type { Place, Tell } from '../../shared/seats/map-faults.ts'
import { labelsOf, letters } from '../../shared/seats/spans.ts'
import { MOST_TICKETS, type RowFile, type SectionFile, type StandingFile } from './event-file.ts'

type Labels = NonNullable<SectionFile['seats']>

/** What could be read of the file; a part that has a wrong form is undefined, and told of elsewhere. */
export interface HouseWords {
  name: string
  stage: string
  sections: (SectionFile | undefined)[]
  standing: (StandingFile | undefined)[]
  /** As the prices name them, in their order. */
  categories: string[]
}

const COLOURS = ['#7b2d8b', '#c8374a', '#d97706', '#1f8a70', '#2563a8', '#a8447f', '#5b6472', '#8a6d1f']

/** The house as it is laid out: trusted only where no fault was told. */
export function houseOf(
  { name, stage, sections, standing, categories }: HouseWords,
  tell: Tell,
): SpokenHouse {
  const used = new Set<string>(categories)
  const size: Size = { seats: 0 }
  const spoken = sections.map((section, s) => section && sectionOf(section, ['sections', s], size, tell))
  for (const section of spoken) for (const row of section?.rows ?? []) used.add(row.category)
  for (const area of standing) if (area !== undefined) used.add(area.category)
  used.delete('')
  const ids = idsOf(used)
  const idOf = (category: string): string => ids.get(category) ?? category
  twice(sections, 'sections', 'section', tell)
  twice(standing, 'standing', 'standing area', tell)
  const sectionIds = idsOf(new Set(spoken.flatMap(section => (section === undefined ? [] : [section.name]))))
  const areaIds = idsOf(new Set(standing.flatMap(area => (area === undefined ? [] : [area.name]))))
  return {
    name,
    stage,
    categories: [...used].map((category, at) => ({
      id: idOf(category),
      name: category,
      colour: COLOURS[at % COLOURS.length] ?? '',
    })),
    sections: spoken.flatMap(section => {
      if (section === undefined) return []
      const rows = section.rows.map(row => ({ ...row, category: idOf(row.category) }))
      return [{ ...section, id: sectionIds.get(section.name) ?? section.name, rows }]
    }),
    areas: standing.flatMap((area): SpokenArea[] => {
      if (area === undefined) return []
      const { name, capacity, category, side = 'centre', behind = false } = area
      return [{ id: areaIds.get(name) ?? name, name, capacity, side, behind, category: idOf(category) }]
    }),
  }
}

/** Of the sections so far: few words may stand for a hundred million seats. */
interface Size {
  seats: number
}

function sectionOf(section: SectionFile, place: Place, size: Size, tell: Tell): SpokenSection {
  const at: Place = [...place, 'rows']
  const shared =
    section.seats === undefined ? undefined : seatLabels(section.seats, [...place, 'seats'], tell)
  const wanted = rowsOf(section, at, tell)
  const rows = wanted.flatMap(({ row, at }): SpokenRow[] => {
    const spoken = rowOf(section, row, shared, at, place, tell)
    return spoken === undefined ? [] : [spoken]
  })
  for (const { labels } of rows) size.seats += labels.length
  const named = new Set<string>()
  for (const [r, { name }] of rows.entries()) {
    if (named.has(name)) tell(Array.isArray(section.rows) ? [...at, r] : at, `row "${name}" twice`)
    named.add(name)
  }
  // A house that is too large is told so, and nothing is looked for in it; nor where rows or seats could not be read.
  if (size.seats <= MOST_TICKETS && rows.length > 0 && rows.length === wanted.length) {
    for (const kind of ['accessible', 'companion'] as const) mark(section, rows, kind, place, tell)
    view(section, rows, place, tell)
    aisleFaults(section, rows, place, tell)
  }
  const side: Side = section.side ?? 'centre'
  return { id: '', name: section.name, side, rows }
}

function rowsOf({ rows }: SectionFile, place: Place, tell: Tell): { row: RowFile; at: Place }[] {
  if (typeof rows === 'number') return letters(rows).map(name => ({ row: { name }, at: place }))
  if (typeof rows !== 'string')
    return rows.map((row, r) => ({ row: typeof row === 'object' ? row : { name: row }, at: [...place, r] }))
  const names = labelsOf(rows)
  if (Array.isArray(names)) return names.map(name => ({ row: { name }, at: place }))
  tell(place, names.fault)
  return []
}

function rowOf(
  section: SectionFile,
  row: RowFile,
  /** The labels of rows without seats of their own; undefined where the section has none, or faulty ones. */
  shared: string[] | undefined,
  at: Place,
  above: Place,
  tell: Tell,
): SpokenRow | undefined {
  const category = row.category ?? section.category
  if (category === undefined) tell([...above, 'category'], 'is missing, and not every row has one of its own')
  if (row.seats === undefined && section.seats === undefined)
    tell([...above, 'seats'], 'is missing, and not every row has its own')
  const labels = row.seats === undefined ? shared : seatLabels(row.seats, [...at, 'seats'], tell)
  if (labels === undefined) return undefined
  const positionsOf = (wanted: (string | number)[], place: Place): number[] =>
    wanted.flatMap((label, i) => {
      const position = labels.indexOf(String(label))
      if (position < 0) tell([...place, i], `row "${row.name}" has no seat "${label}"`)
      return position < 0 ? [] : [position]
    })
  const accessible = positionsOf(row.accessible ?? [], [...at, 'accessible'])
  const companion = positionsOf(row.companion ?? [], [...at, 'companion'])
  if (companion.some(position => accessible.includes(position)))
    tell([...at, 'companion'], 'names a seat that is accessible already')
  const wanted = (row.aislesAfter ?? section.aislesAfter ?? []).map(String)
  if (row.aislesAfter !== undefined)
    for (const [i, label] of wanted.entries())
      if (!labels.includes(label)) tell([...at, 'aislesAfter', i], `row "${row.name}" has no seat "${label}"`)
  const aisles = wanted.map(label => labels.indexOf(label)).filter(position => position >= 0)
  const views = (row.views ?? []).map(({ note, seats }, v) => ({
    note,
    seats: seats === undefined ? labels.map((_, i) => i) : positionsOf(seats, [...at, 'views', v, 'seats']),
  }))
  twiceViewed({ name: String(row.name), labels, views }, [...at, 'views'], tell)
  return { name: String(row.name), category: category ?? '', labels, aisles, accessible, companion, views }
}

/** A seat has one note; of two nobody knows which is meant. */
function twiceViewed(
  { name, labels, views }: Pick<SpokenRow, 'name' | 'labels' | 'views'>,
  at: Place,
  tell: Tell,
): void {
  const seen = new Set<number>()
  for (const position of views.flatMap(({ seats }) => seats)) {
    if (seen.has(position)) tell(at, `seat "${labels[position]}" of row "${name}" has two views`)
    seen.add(position)
  }
}

function seatLabels(seats: Labels, place: Place, tell: Tell): string[] | undefined {
  if (typeof seats === 'number') return Array.from({ length: seats }, (_, i) => String(i + 1))
  const labels = typeof seats === 'string' ? labelsOf(seats) : seats.map(String)
  if (!Array.isArray(labels)) {
    tell(place, labels.fault)
    return undefined
  }
  const seen = new Set<string>()
  for (const label of labels) {
    if (seen.has(label)) tell(place, `seat "${label}" twice`)
    seen.add(label)
  }
  return labels
}

/** A section's "H1": row H, seat 1. */
function mark(
  section: SectionFile,
  rows: SpokenRow[],
  kind: 'accessible' | 'companion',
  place: Place,
  tell: Tell,
): void {
  for (const { at, label, row, position } of seatsNamed(section[kind] ?? [], rows, [...place, kind], tell))
    if ([...row.accessible, ...row.companion].includes(position)) tell(at, `"${label}" is named already`)
    else row[kind].push(position)
}

function view({ views = [] }: SectionFile, rows: SpokenRow[], place: Place, tell: Tell): void {
  for (const [v, { note, seats }] of views.entries()) {
    const at = [...place, 'views', v, 'seats']
    const named = seats === undefined ? undefined : seatsNamed(seats, rows, at, tell)
    for (const row of rows) {
      const own = named?.filter(one => one.row === row).map(({ position }) => position)
      const positions = own ?? row.labels.map((_, i) => i)
      if (positions.length > 0) row.views.push({ note, seats: positions })
    }
  }
  if (views.length > 0) for (const row of rows) twiceViewed(row, [...place, 'views'], tell)
}

interface Named {
  at: Place
  label: string | number
  row: SpokenRow
  position: number
}

/** The section's seats by "H1". */
function seatsNamed(wanted: (string | number)[], rows: SpokenRow[], place: Place, tell: Tell): Named[] {
  if (wanted.length === 0) return []
  const seats = new Map<string, { row: SpokenRow; position: number }[]>()
  for (const row of rows)
    for (const [position, label] of row.labels.entries()) {
      const key = `${row.name}${label}`
      seats.set(key, [...(seats.get(key) ?? []), { row, position }])
    }
  return wanted.flatMap((label, i): Named[] => {
    const at = [...place, i]
    const found = seats.get(String(label).replace(/[\s-]+/g, '')) ?? []
    const [first, second] = found
    if (first === undefined) tell(at, `there is no seat "${label}" here: write row and seat, such as "A1"`)
    else if (second !== undefined && second.row !== first.row)
      tell(
        at,
        `"${label}" is row "${first.row.name}" or row "${second.row.name}": write it in the row itself`,
      )
    else return [{ at, label, ...first }]
    return []
  })
}

function aisleFaults(section: SectionFile, rows: SpokenRow[], place: Place, tell: Tell): void {
  for (const [i, label] of (section.aislesAfter ?? []).entries()) {
    if (rows.length > 0 && !rows.some(({ labels }) => labels.includes(String(label))))
      tell([...place, 'aislesAfter', i], `no row has a seat "${label}"`)
  }
}

function twice(parts: ({ name: string } | undefined)[], key: string, what: string, tell: Tell): void {
  const seen = new Set<string>()
  for (const [at, part] of parts.entries()) {
    if (part === undefined) continue
    if (seen.has(part.name)) tell([key, at, 'name'], `${what} "${part.name}" twice`)
    seen.add(part.name)
  }
}

/** Small letters, digits and dashes; a number behind what would be there twice. */
export function idsOf(names: Iterable<string>): Map<string, string> {
  const ids = new Map<string, string>()
  const taken = new Set<string>()
  for (const name of names) {
    const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
    const base =
      plain
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 60) || 'x'
    let id = base
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`
    taken.add(id)
    ids.set(name, id)
  }
  return ids
}

/** With more categories the words that may have been meant are not looked for: that takes the square of them. */
const MOST_HINTED = 200

/** What of the file could be read. */
interface Known {
  /** All of the house's categories. */
  house: boolean
  /** Prices of which nobody knows what they are for: as many categories may have one of those. */
  prices: number
}

/** A category that nothing costs, or a price for which there is nothing: where that is no mere echo of another fault. */
export function tariffFaults(
  used: Map<string, Place>,
  priced: Map<string, Place>,
  tell: Tell,
  known: Known,
): void {
  const meant = (word: string, first: Map<string, Place>, other: Map<string, Place>): string =>
    used.size > MOST_HINTED ? '' : hint(word, unmet(first, other)) || hint(word, first.keys())
  const bare = [...used].filter(([category]) => !priced.has(category))
  for (const [category, place] of bare.length > known.prices ? bare : [])
    tell(place, `"${category}" has no price${meant(category, priced, used)}`)
  for (const [category, place] of known.house ? priced : [])
    if (!used.has(category))
      tell(place, `nothing is in the category "${category}"${meant(category, used, priced)}`)
}

function unmet(one: Map<string, Place>, other: Map<string, Place>): string[] {
  return [...one.keys()].filter(key => !other.has(key))
}
