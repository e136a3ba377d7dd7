/** Which seats an operator means by section, row and labels, and those kept back, told together. Pure. */
import { type Row, rowLength, type SeatPlan, seatLabel } from '../../shared/seats/seat-map.ts'

/** GET /admin/events/:eventId/blocks */
export interface Block {
  ticketId: string
  reason: string
  actor: string
  /** RFC 3339 */
  createdAt: string
}

/** As typed. */
export interface Choice {
  /** Id of a section or a standing area. */
  part: string
  /** Position of the row in its section; empty: every row. */
  row: string
  /** Labels in that row, such as "1-14, 17"; empty: every seat. */
  seats: string
  /** Of a standing area: how many places. */
  places: string
}

export type Meant =
  /** Those that are kept back already are not among them. `spare`: of a standing area, others that do as well. */
  { ok: true; indices: number[]; spare?: number[] } | { ok: false; field: 'seats' | 'places'; fault: string }

export const NO_CHOICE: Choice = { part: '', row: '', seats: '', places: '' }

export function meantBy({ map, gone }: SeatPlan, choice: Choice, blocked: ReadonlySet<number>): Meant {
  const free = (indices: number[]) => indices.filter(index => !gone.has(index) && !blocked.has(index))
  const area = map.areas.find(({ id }) => id === choice.part)
  if (area !== undefined) {
    const left = free(Array.from({ length: area.capacity }, (_, at) => area.first + at))
    const places = Number(choice.places)
    if (!/^\d+$/.test(choice.places.trim()) || places < 1 || places > left.length)
      return { ok: false, field: 'places', fault: `A number from 1 to ${left.length}.` }
    // The last ones: fans are given the first.
    return { ok: true, indices: left.slice(-places), spare: left.slice(0, -places) }
  }
  const section = map.sections.find(({ id }) => id === choice.part)
  if (section === undefined) return { ok: true, indices: [] }
  const row = choice.row === '' ? undefined : section.rows[Number(choice.row)]
  if (row === undefined) return { ok: true, indices: free(section.rows.flatMap(every)) }
  if (choice.seats.trim() === '') return { ok: true, indices: free(every(row)) }
  const named = positionsOf(row, choice.seats)
  if (typeof named === 'string')
    return { ok: false, field: 'seats', fault: `Row ${row.name} has no seat “${named}”.` }
  return { ok: true, indices: free(named.map(at => row.first + at)) }
}

function every(row: Row): number[] {
  return Array.from({ length: rowLength(row) }, (_, at) => row.first + at)
}

/** Positions in the row, or the label that it has not. */
function positionsOf(row: Row, text: string): number[] | string {
  const labels = every(row).map((_, at) => seatLabel(row, at))
  const found = new Set<number>()
  for (const part of text.split(/[,;]/).map(one => one.trim())) {
    if (part === '') continue
    const whole = labels.indexOf(part)
    const [, from = '', to = ''] = /^(.+?)\s*[-–]\s*(.+)$/.exec(part) ?? []
    const ends = whole >= 0 ? [whole, whole] : [labels.indexOf(from), labels.indexOf(to)]
    const [first, last] = [Math.min(...ends), Math.max(...ends)]
    if (first < 0) return part
    for (let at = first; at <= last; at++) found.add(at)
  }
  return [...found].sort((a, b) => a - b)
}

/** Seats of a row, or places of a standing area, that one operator kept back for one reason. */
export interface KeptBack {
  key: string
  section: string
  /** Empty for a standing area. */
  row: string
  /** "1–14, 17"; of a standing area how many. */
  seats: string
  reason: string
  actor: string
  /** Of the first of them, RFC 3339. */
  since: string
  ticketIds: string[]
}

/** In the order of the house. */
export function together(plan: SeatPlan, blocks: readonly Block[]): KeptBack[] {
  const groups = new Map<string, { blocks: Block[]; indices: number[] }>()
  for (const block of blocks) {
    const index = indexOf(block.ticketId)
    const place = plan.at(index)
    if (place === undefined) continue
    const key = JSON.stringify([place.section, place.row, block.reason, block.actor])
    const group = groups.get(key) ?? { blocks: [], indices: [] }
    group.blocks.push(block)
    group.indices.push(index)
    groups.set(key, group)
  }
  return [...groups].map(([key, { blocks: own, indices }]) => {
    const place = plan.at(indices[0] ?? 0)
    return {
      key,
      section: place?.section ?? '',
      row: place?.row ?? '',
      seats: place?.kind === 'standing' ? String(indices.length) : spans(plan, indices),
      reason: own[0]?.reason ?? '',
      actor: own[0]?.actor ?? '',
      since: own.map(({ createdAt }) => createdAt).sort()[0] ?? '',
      ticketIds: own.map(({ ticketId }) => ticketId),
    }
  })
}

/** The last number of a ticket's id. */
export function indexOf(ticketId: string): number {
  return Number(ticketId.slice(ticketId.lastIndexOf('-') + 1))
}

/** Labels of ascending indices of one row. */
function spans(plan: SeatPlan, indices: number[]): string {
  const runs: number[][] = []
  for (const index of indices) {
    const run = runs.at(-1)
    if (run !== undefined && run.at(-1) === index - 1) run.push(index)
    else runs.push([index])
  }
  const label = (index: number | undefined) => (index === undefined ? '' : plan.at(index)?.seat)
  return runs
    .map(run => (run.length === 1 ? label(run[0]) : `${label(run[0])}–${label(run.at(-1))}`))
    .join(', ')
}
