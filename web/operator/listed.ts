/** The rows of the first page: what search finds, with what the desk knows of it now. Pure. */
import type { FoundEvent } from '../shop.ts'
import type { DeskEvent } from './desk.ts'

export interface Row {
  eventId: string
  name: string
  startsAt: string
  status: string
  hot: boolean
  venue: string
  /** Undefined where the desk names an event that search has not found. */
  timeZone: string | undefined
  state: string
  waiting: number | undefined
  active: number | undefined
  free: number | undefined
  sold: number | undefined
}

/** Where something is going on first, then what will be stormed, then what is on sale; the rest only where it is searched for. */
export function listed(found: readonly FoundEvent[], desk: readonly DeskEvent[], searched: boolean): Row[] {
  const known = new Map(desk.map(event => [event.eventId, event]))
  const rows = found.map(event => rowOf(event, known.get(event.eventId)))
  const names = new Set(found.map(({ eventId }) => eventId))
  const others = searched ? [] : desk.filter(({ eventId }) => !names.has(eventId))
  return [...rows, ...others.map(event => rowOf(undefined, event))]
    .filter(row => searched || urgency(row) < REST)
    .toSorted((a, b) => urgency(a) - urgency(b))
}

function rowOf(found: FoundEvent | undefined, desk: DeskEvent | undefined): Row {
  const { eventId, name, startsAt, status, hot } = (desk ?? found) as DeskEvent | FoundEvent
  return {
    eventId,
    name,
    startsAt,
    status,
    hot,
    venue: found === undefined ? (desk?.venue ?? '') : `${found.venue.name}, ${found.venue.city}`,
    timeZone: found?.venue.timeZone,
    state: (desk ?? found)?.queue?.state ?? 'off',
    waiting: desk?.queue.waiting,
    active: desk?.queue.active,
    free: desk?.free,
    sold: desk?.sold,
  }
}

const REST = 3

function urgency({ state, hot, status }: Row): number {
  if (state !== 'off') return 0
  if (hot) return 1
  return status === 'onsale' ? 2 : REST
}
