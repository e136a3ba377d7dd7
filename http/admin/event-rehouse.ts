/**
 * Whether an event's house may become another. A ticket is named by its index alone, so one that anybody ever held, bought or had
 * blocked for them must stay the same seat under its index; the drawing, and what nobody ever had, may change.
 */
import { Problem } from '../../shared/errors.ts'
import type { EventId } from '../../shared/ids.ts'
import type { Client } from '../../shared/postgres.ts'
import { type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'

/** A message names so many; the rest is counted. */
const MOST_NAMED = 5
const MOST_LISTED = 100

export interface Moved {
  index: number
  was: string
  /** Null where the new house ends before it. */
  becomes: string | null
}

/** Every index whose ticket is another in the new house: by section or area, row, seat, category or kind. */
export function movedTickets(before: SeatPlan, after: SeatPlan): Moved[] {
  const moved: Moved[] = []
  for (let index = 0; index < Math.max(before.total, after.total); index++) {
    const [was, becomes] = [ticketName(before, index), ticketName(after, index)]
    if (was !== becomes) moved.push({ index, was: was ?? 'nothing', becomes: becomes ?? null })
  }
  return moved
}

function ticketName(plan: SeatPlan, index: number): string | undefined {
  const seat = plan.at(index)
  if (seat === undefined) return undefined
  const { section, row, category, kind } = seat
  const area = plan.areaOf(index)
  if (area !== undefined) return `${section} (${area.id}), place ${seat.seat}, ${category}`
  return `${section}, row ${row}, seat ${seat.seat}, ${category}${kind === 'seat' ? '' : `, ${kind}`}`
}

/**
 * `drawing`: every ticket is what it was, so nothing but the drawing changes, also while seats are sold. `tickets`: some become
 * others that nobody ever had. The event's row is locked, so that nothing is held or blocked meanwhile.
 * @throws Problem map_in_use that names what would vanish or become another
 */
export async function rehouse(
  client: Client,
  eventId: EventId,
  status: string,
  hashes: { before: string; after: string },
): Promise<'drawing' | 'tickets'> {
  const before = await planOf(client, hashes.before)
  const after = await planOf(client, hashes.after)
  const moved = movedTickets(before, after)
  if (moved.length === 0) return 'drawing'
  const used = await everUsed(client, eventId)
  const lost = moved.filter(({ index }) => used.has(index))
  if (lost.length > 0) throw wouldLose(eventId, lost)
  if (status === 'onsale')
    throw new Problem(
      'map_in_use',
      'The event is on sale, so no seat can become another. Take it off sale first: PUT {"status": "offsale"}; then change it; then PUT {"status": "onsale"}.',
      { members: { fields: ['mapHash'], eventStatus: status } },
    )
  return 'tickets'
}

function wouldLose(eventId: EventId, lost: Moved[]): Problem {
  const named = lost
    .slice(0, MOST_NAMED)
    .map(({ was, becomes }) => `"${was}" would ${becomes === null ? 'vanish' : `become "${becomes}"`}`)
  const more = lost.length > MOST_NAMED ? `; and ${lost.length - MOST_NAMED} more` : ''
  return new Problem(
    'map_in_use',
    `Seats that were held, sold or blocked must stay what they are: ${named.join('; ')}${more}. Keep the order of seats before them and block what is not to be sold, or bring another event, with an id of its own.`,
    {
      members: {
        fields: ['mapHash'],
        tickets: lost.slice(0, MOST_LISTED).map(({ index, was, becomes }) => ({
          ticketId: `${eventId}-${index}`,
          was,
          becomes,
        })),
        more: Math.max(0, lost.length - MOST_LISTED),
      },
    },
  )
}

async function planOf(client: Client, hash: string): Promise<SeatPlan> {
  const { rows } = await client.query<{ geometry: string }>(
    'select geometry from seat_maps where hash = $1',
    [hash],
  )
  return new SeatPlan(JSON.parse(rows[0]?.geometry ?? '') as SeatMap)
}

async function everUsed(client: Client, eventId: EventId): Promise<Set<number>> {
  const { rows } = await client.query<{ seat_index: number }>(
    `select seat_index from booking_items where event_id = $1 union select seat_index from tickets where event_id = $1
     union select seat_index from seat_blocks where event_id = $1
     union select unnest(seats) from bookings where event_id = $1`,
    [eventId],
  )
  return new Set(rows.map(({ seat_index }) => seat_index))
}
