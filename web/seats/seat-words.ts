/** Seats, statuses and losses in words: the same in tooltip, tray, list, notices and for the ear. Pure. */
import type { SeatKind } from '../../shared/seats/seat-map.ts'
import type { SeatStatus } from '../../shared/wire/seat-state.ts'

export interface Place {
  section: string
  row: string
  seat: string
  kind: SeatKind
}

/** "Section 103", "Stalls left" */
export function sectionName(section: string): string {
  return /^\d/.test(section) ? `Section ${section}` : section
}

/** "Section 103, row 12, seat 4"; of a standing area its name alone. */
export function placeName({ section, row, seat, kind }: Place): string {
  if (kind === 'standing') return section
  return `${sectionName(section)}, row ${row}, seat ${seat}`
}

/** What is special about it; undefined for most. */
export function kindName(kind: SeatKind): string | undefined {
  if (kind === 'accessible') return 'wheelchair place'
  if (kind === 'companion') return 'companion seat'
  return undefined
}

/** The same with what is to be known of the view. */
export function specialName({
  kind,
  view,
}: {
  kind: SeatKind
  view?: string | undefined
}): string | undefined {
  return [kindName(kind), view].filter(part => part !== undefined).join(' · ') || undefined
}

export function statusName(status: SeatStatus | undefined, own: 'chosen' | 'mine' | undefined): string {
  if (own === 'mine') return 'yours'
  if (own === 'chosen') return 'chosen'
  if (status === 0) return 'available'
  if (status === 1) return 'held by somebody'
  if (status === 2) return 'sold'
  return 'not for sale'
}

/** "Section 103, row 12, seats 4 and 5": seats of one row are named together. */
export function placesName(places: readonly Place[]): string {
  const rows = new Map<string, Place[]>()
  for (const place of places) {
    const key = `${place.section}\n${place.row}`
    rows.set(key, [...(rows.get(key) ?? []), place])
  }
  return [...rows.values()].map(rowName).join('; ')
}

function rowName(places: Place[]): string {
  const [first] = places
  if (first === undefined) return ''
  if (places.length === 1 || first.kind === 'standing') return placeName(first)
  const seats = places.map(place => place.seat)
  const last = seats.pop()
  return `${sectionName(first.section)}, row ${first.row}, seats ${seats.join(', ')} and ${last}`
}

/** Why seats have left a selection. */
export function lostText(places: readonly Place[]): string {
  const one = places.length === 1
  return `${placesName(places)} ${one ? 'was' : 'were'} just taken by somebody else and ${one ? 'is' : 'are'} no longer in your selection.`
}
