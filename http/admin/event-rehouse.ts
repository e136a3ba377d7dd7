/**
 * Whether an event's house may become another, and how. A ticket is named by its index alone, so one that anybody ever held, bought or
 * had blocked for them stays the same seat under its index. What a new house leaves out becomes a tombstone (shared/seats/tombstones.ts),
 * also while the event sells, where nobody holds, pays or has bought it: rows of seat_blocks, so that every reader of blocks heeds them.
 */
import { chunks } from '../../shared/chunks.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventStatus } from '../../shared/event-store.ts'
import { type EventId, ticketId } from '../../shared/ids.ts'
import type { Client, Queryable } from '../../shared/postgres.ts'
import { type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { withTombstones } from '../../shared/seats/tombstones.ts'
import { addToOutbox } from '../payments/outbox.ts'
import { lockBlocks } from './blocks.ts'

/** A message names so many; the rest is counted. */
const MOST_NAMED = 5
const MOST_LISTED = 100
/** So many keep others of Redis waiting for some milliseconds. */
export const SEATS_A_SCRIPT = 500

export interface Moved {
  index: number
  was: string
  /** Null where the new house ends before it. */
  becomes: string | null
  /** The house still has it, but counted under another number. */
  elsewhere: boolean
}

/** The house that takes the place of the `before`. */
export interface NewHouse {
  before: SeatPlan
  map: SeatMap
  plan: SeatPlan
  /** Indices that are other tickets in it: the seats are made anew. */
  moved: Moved[]
  /** Indices that become tombstones, and tombstones that are seats again. */
  leaves: number[]
  returns: number[]
}

/** Every index whose ticket is another in the new house: by section or area, row, seat, category or kind. */
export function movedTickets(before: SeatPlan, after: SeatPlan): Moved[] {
  const identities = (plan: SeatPlan) => Array.from({ length: plan.total }, (_, at) => identityOf(plan, at))
  const [old, is] = [identities(before), identities(after)]
  const still = new Set(is)
  const moved: Moved[] = []
  for (let index = 0; index < Math.max(old.length, is.length); index++) {
    if (old[index] === is[index]) continue
    const [was, becomes] = wordsOf(before, after, index)
    const elsewhere = still.has(old[index] ?? '')
    moved.push({ index, was: was ?? 'nothing', becomes: becomes ?? null, elsewhere })
  }
  return moved
}

/** What makes a ticket what it is. */
function identityOf(plan: SeatPlan, index: number): string {
  const { section, row, seat, category, kind } = plan.at(index)!
  return JSON.stringify([plan.areaOf(index)?.id ?? '', section, row, seat, category, kind])
}

/** Both by place; where that is the same, by what else makes them two. */
function wordsOf(before: SeatPlan, after: SeatPlan, index: number): (string | undefined)[] {
  const [was, becomes] = [ticketName(before, index), ticketName(after, index)]
  if (was === undefined || was !== becomes) return [was, becomes]
  return [before, after].map(plan => {
    const { category, kind } = plan.at(index)!
    const priced = plan.map.categories.find(({ id }) => id === category)?.name ?? category
    return `${was}, ${priced}${kind === 'seat' || kind === 'standing' ? '' : `, ${kind}`}`
  })
}

function ticketName(plan: SeatPlan, index: number): string | undefined {
  const ticket = plan.at(index)
  if (ticket === undefined) return undefined
  const { section, row, seat, kind } = ticket
  return kind === 'standing' ? `${section}, place ${seat}` : `${section}, row ${row}, seat ${seat}`
}

/** As the file has it where every ticket may be what it becomes there, else with tombstones. What may not be, `rehouse` refuses. */
export async function newHouse(
  db: Queryable,
  eventId: EventId,
  status: EventStatus,
  before: SeatPlan,
  after: SeatMap,
): Promise<NewHouse> {
  const plain = houseOf(before, after)
  if (plain.moved.length === 0) return plain
  if (status !== 'onsale' && lostOf(plain, await everUsed(db, eventId)).length === 0) return plain
  return houseOf(before, withTombstones(before.map, after))
}

function houseOf(before: SeatPlan, map: SeatMap): NewHouse {
  const plan = new SeatPlan(map)
  return {
    before,
    map,
    plan,
    moved: movedTickets(before, plan),
    leaves: [...plan.gone].filter(index => !before.gone.has(index)).sort((a, b) => a - b),
    returns: [...before.gone].filter(index => !plan.gone.has(index)).sort((a, b) => a - b),
  }
}

/**
 * Writes the new house's tombstones, with the event's row locked, so that nothing is recorded meanwhile.
 * @throws Problem map_in_use that names what would vanish or become another
 */
export async function rehouse(
  client: Client,
  eventId: EventId,
  status: EventStatus,
  house: NewHouse,
  actor: string,
): Promise<void> {
  await lockBlocks(client, eventId)
  await refuseOwned(client, eventId, house)
  if (house.moved.length > 0) {
    const lost = lostOf(house, await everUsed(client, eventId))
    if (lost.length > 0) throw wouldLose(eventId, lost)
    if (status === 'onsale')
      throw new Problem(
        'map_in_use',
        'The event is on sale, so seats can be left out, but none can come or become another. Take it off sale first: PUT {"status": "offsale"}; then change it; then PUT {"status": "onsale"}.',
        { members: { fields: ['mapHash'], eventStatus: status } },
      )
  }
  await writeTombstones(client, eventId, house.plan, actor)
  // Should this process not come to it, a worker shows them and the epoch: it looks at tickets that have a row.
  const seats = [...house.leaves, ...house.returns].sort((a, b) => a - b)
  await client.query(
    `insert into tickets (event_id, seat_index, status) select $1, seat, 'available' from unnest($2::int[]) as seat
     order by seat on conflict do nothing`,
    [eventId, seats],
  )
  // Of no seats one too: the epoch is another all the same.
  const parts = seats.length === 0 ? [[]] : [...chunks(seats, SEATS_A_SCRIPT)]
  await addToOutbox(
    client,
    parts.map(some => ({ kind: 'show', eventId, seats: some })),
  )
}

/** An operator's own block of such a seat stays: should the seat come back, it comes back blocked. */
export async function writeTombstones(
  client: Client,
  eventId: EventId,
  { gone }: SeatPlan,
  actor: string,
): Promise<void> {
  const values = [eventId, [...gone]]
  await client.query(
    'delete from seat_blocks where event_id = $1 and tombstone and not seat_index = any($2::int[])',
    values,
  )
  await client.query(
    `insert into seat_blocks (event_id, seat_index, actor, tombstone) select $1, seat, $3, true from unnest($2::int[]) as seat
     order by seat on conflict (event_id, seat_index) do nothing`,
    [...values, actor],
  )
}

/** @throws Problem map_in_use where somebody holds, pays or has bought what the house leaves out */
export async function refuseOwned(
  db: Queryable,
  eventId: EventId,
  { before, leaves }: NewHouse,
): Promise<void> {
  if (leaves.length === 0) return
  const { rows } = await db.query<{ index: number; state: string }>(OWNED, [eventId, leaves])
  if (rows.length > 0) throw wouldTakeAway(eventId, before, rows)
}

const OWNED = `
  select seat_index as index, 'sold' as state from tickets
  where event_id = $1 and status = 'sold' and seat_index = any($2::int[])
  union
  select seat, case status when 'in_progress' then 'held' else 'being paid' end
  from bookings, unnest(seats) as seat
  where event_id = $1 and (status in ('paying', 'closing') or status = 'in_progress' and expires_at > now())
    and seat = any($2::int[])
  order by 1, 2`

export function wouldTakeAway(
  eventId: EventId,
  before: SeatPlan,
  owned: { index: number; state: string }[],
): Problem {
  const seats = owned.map(({ index, state }) => ({ index, state, was: ticketName(before, index) ?? '' }))
  return refusal(
    eventId,
    'Seats that are held, being paid or sold cannot be left out',
    seats.map(({ was, state }) => `"${was}" is ${state}`),
    'Wait for the holds to end, or return the tickets first.',
    seats.map(({ index, was, state }) => ({ ticketId: ticketId(eventId, index), was, becomes: null, state })),
  )
}

function lostOf({ moved }: NewHouse, used: Set<number>): Moved[] {
  return moved.filter(({ index }) => used.has(index))
}

function wouldLose(eventId: EventId, lost: Moved[]): Problem {
  const counted = lost.some(({ elsewhere }) => elsewhere)
  return refusal(
    eventId,
    counted
      ? 'Tickets are numbered through sections, rows and seats and then standing areas, so that a new one moves all that come behind it; but those that were ever held, sold or blocked keep their numbers'
      : 'Tickets that were ever held, sold or blocked must stay what they are',
    lost.map(({ was, becomes }) => `"${was}" would ${becomes === null ? 'vanish' : `become "${becomes}"`}`),
    counted
      ? 'Add only behind the last of these; or bring another event, with an id of its own.'
      : 'Seats can be left out; to make them others, bring another event, with an id of its own.',
    lost.map(({ index, was, becomes }) => ({ ticketId: ticketId(eventId, index), was, becomes })),
  )
}

function refusal(eventId: EventId, what: string, each: string[], cure: string, tickets: object[]): Problem {
  const more = each.length > MOST_NAMED ? `; and ${each.length - MOST_NAMED} more` : ''
  return new Problem('map_in_use', `${what}: ${each.slice(0, MOST_NAMED).join('; ')}${more}. ${cure}`, {
    members: {
      eventId,
      fields: ['mapHash'],
      tickets: tickets.slice(0, MOST_LISTED),
      more: Math.max(0, tickets.length - MOST_LISTED),
    },
  })
}

/** A ticket's own row says nothing, nor does a tombstone: a seat that was only left out for a while was nobody's. */
async function everUsed(db: Queryable, eventId: EventId): Promise<Set<number>> {
  const { rows } = await db.query<{ seat_index: number }>(
    `select seat_index from booking_items where event_id = $1
     union select seat_index from tickets where event_id = $1 and status <> 'available'
     union select seat_index from seat_blocks where event_id = $1 and not tombstone
     union select unnest(seats) from bookings where event_id = $1`,
    [eventId],
  )
  return new Set(rows.map(({ seat_index }) => seat_index))
}
