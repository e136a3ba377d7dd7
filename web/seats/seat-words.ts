/** Seats, statuses and losses in words: the same in tooltip, tray, list, notices and for the ear. Pure. */
import type { LostSeat } from '../../client/seats.ts'
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

/** Which of a fan's seats are lost, and why: a sentence for each reason. */
export function lostTexts(
  lost: readonly LostSeat[],
  placeOf: (index: number) => Place | undefined,
): string[] {
  const reasons = new Map<string, Place[]>()
  for (const { index, was, why } of lost) {
    const place = placeOf(index)
    if (place === undefined) continue
    const reason = REASONS[was][why]
    reasons.set(reason, [...(reasons.get(reason) ?? []), place])
  }
  return [...reasons].map(([reason, places]) => {
    const [was, is] = places.length === 1 ? (['was', 'is'] as const) : (['were', 'are'] as const)
    return `${placesName(places)} ${reason.replace(/\bwas\b/, was).replace(/\bis\b/, is)}.`
  })
}

const GONE = 'and is no longer in your selection'
/** Of one seat. A chosen one does not end, and one held is sold to nobody else: said all the same, should it ever be. */
const REASONS: Record<LostSeat['was'], Record<LostSeat['why'], string>> = {
  chosen: {
    held: `was just taken by somebody else ${GONE}`,
    sold: `was just sold to somebody else ${GONE}`,
    blocked: `was just taken off sale by the organiser ${GONE}`,
    ended: `was just given back ${GONE}`,
  },
  held: {
    held: 'was taken by somebody else, as your time was over',
    sold: 'was sold to somebody else, as your time was over',
    blocked: 'was taken off sale by the organiser and is no longer yours',
    ended: 'is no longer yours, as your hold has ended',
  },
}
