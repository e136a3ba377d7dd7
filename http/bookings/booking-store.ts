/** Bookings and their items in Postgres: what is read and written of them, and nothing of why. */
import type { BookingId, EventId, VisitorId } from '../../shared/ids.ts'
import type { Client, Queryable } from '../../shared/postgres.ts'
import { type BookingEvent, type BookingState, next, type Reason } from './machine.ts'
import type { Priced } from './pricing.ts'

/** Times are ms since 1970. */
export interface Booking {
  id: BookingId
  eventId: EventId
  visitorId: VisitorId
  personId: string | null
  status: BookingState
  reason: Reason | null
  /** Sorted indices, units of standing areas among them. */
  seats: number[]
  total: number
  currency: string
  /** When the hold ends: while it is paid, the guard behind payUntil is in it. */
  expiresAt: number
  payUntil: number | null
  idemHash: string | null
  confirmedAt: number | null
  createdAt: number
  /** Another with every change of its row; undefined where it was not read. */
  version: string | undefined
}

export interface Item extends Priced {
  id: number
  state: 'held' | 'sold' | 'returned'
}

export const COLUMNS = `id, event_id, visitor_id, person_id, status, reason, seats, total, currency, expires_at, pay_until,
  idem_hash, confirmed_at, created_at, bookings.xmin::text as version`

export interface BookingRow {
  id: BookingId
  event_id: EventId
  visitor_id: VisitorId
  person_id: string | null
  status: BookingState
  reason: Reason | null
  seats: number[]
  total: number
  currency: string
  expires_at: Date
  pay_until: Date | null
  idem_hash: string | null
  confirmed_at: Date | null
  created_at: Date
  version: string
}

export function readBooking(row: BookingRow): Booking {
  return {
    id: row.id,
    eventId: row.event_id,
    visitorId: row.visitor_id,
    personId: row.person_id,
    status: row.status,
    reason: row.reason,
    seats: row.seats,
    total: row.total,
    currency: row.currency,
    expiresAt: row.expires_at.getTime(),
    payUntil: row.pay_until?.getTime() ?? null,
    idemHash: row.idem_hash,
    confirmedAt: row.confirmed_at?.getTime() ?? null,
    createdAt: row.created_at.getTime(),
    version: row.version,
  }
}

export async function findBooking(db: Queryable, id: BookingId): Promise<Booking | undefined> {
  const text = `select ${COLUMNS} from bookings where id = $1`
  const { rows } = await db.query<BookingRow>({ name: 'booking', text, values: [id] })
  return rows.map(readBooking)[0]
}

/** Held by this transaction until its end: lock a booking before its tickets, and those before the outbox. */
export async function lockBooking(client: Client, id: BookingId): Promise<Booking | undefined> {
  const text = `select ${COLUMNS} from bookings where id = $1 for update`
  const { rows } = await client.query<BookingRow>({ name: 'lock booking', text, values: [id] })
  return rows.map(readBooking)[0]
}

export interface Call {
  visitorId: VisitorId
  /** Idempotency-Key */
  key: string
}

/** What each of these calls has made, in their order. */
export async function findByKeys(db: Queryable, calls: readonly Call[]): Promise<(Booking | undefined)[]> {
  const values = [calls.map(({ visitorId }) => visitorId), calls.map(({ key }) => key)]
  const { rows } = await db.query<BookingRow & { nth: number }>({
    name: 'bookings by key',
    text: BY_KEYS,
    values,
  })
  const found = new Map(rows.map(row => [row.nth, readBooking(row)]))
  return calls.map((_, at) => found.get(at + 1))
}

const BY_KEYS = `
  select nth::int, ${COLUMNS}
  from unnest($1::uuid[], $2::text[]) with ordinality as call (visitor, key, nth)
  join bookings on visitor_id = visitor and idem_key = key`

/** The visitor's, newest first, but for those they were never told of. */
export async function listBookings(
  db: Queryable,
  visitorId: VisitorId,
  { page, pageSize }: { page: number; pageSize: number },
): Promise<{ bookings: Booking[]; total: number }> {
  const { rows } = await db.query<BookingRow>(
    `select ${COLUMNS} from bookings where visitor_id = $1 and reason is distinct from 'abandoned'
     order by created_at desc, id limit $2 offset $3`,
    [visitorId, pageSize, (page - 1) * pageSize],
  )
  const counted = await db.query<{ total: number }>(
    `select count(*)::int as total from bookings where visitor_id = $1 and reason is distinct from 'abandoned'`,
    [visitorId],
  )
  return { bookings: rows.map(readBooking), total: counted.rows[0]?.total ?? 0 }
}

/** Of each of these bookings, by seat. */
export async function itemsOf(db: Queryable, ids: BookingId[]): Promise<Map<BookingId, Item[]>> {
  const text = `select id, booking_id, seat_index, ticket_type, price, fee, fee_share, discount, state
     from booking_items where booking_id = any($1::uuid[]) order by seat_index`
  const { rows } = await db.query<ItemRow>({ name: 'items', text, values: [ids] })
  const items = new Map<BookingId, Item[]>(ids.map(id => [id, []]))
  for (const row of rows) {
    const {
      id,
      seat_index: index,
      ticket_type: ticketType,
      price,
      fee,
      fee_share: feeShare,
      discount,
      state,
    } = row
    items.get(row.booking_id)?.push({ id, index, ticketType, price, fee, feeShare, discount, state })
  }
  return items
}

interface ItemRow {
  id: number
  booking_id: BookingId
  seat_index: number
  ticket_type: string
  price: number
  fee: number
  fee_share: number
  discount: number
  state: Item['state']
}

export interface Move {
  reason?: Reason
  personId?: string
  expiresAt?: number
  payUntil?: number
}

/**
 * Moves a locked booking as the machine allows, and answers its new state; undefined where the event means
 * nothing in its state, and then nothing is written.
 */
export async function moveBooking(
  client: Queryable,
  booking: Booking,
  event: BookingEvent,
  move: Move = {},
): Promise<BookingState | undefined> {
  const status = next(booking.status, event)
  if (status === undefined) return undefined
  const text = `update bookings set status = $2,
       reason = case when $2 = 'confirmed' then null else coalesce($3, reason) end, person_id = coalesce($4, person_id),
       expires_at = coalesce($5, expires_at), pay_until = coalesce($6, pay_until), extended = extended or $7,
       confirmed_at = case when $2 = 'confirmed' then now() else confirmed_at end, changed_at = now()
     where id = $1`
  await client.query({
    name: 'move booking',
    text,
    values: [
      booking.id,
      status,
      move.reason ?? null,
      move.personId ?? null,
      move.expiresAt === undefined ? null : new Date(move.expiresAt),
      move.payUntil === undefined ? null : new Date(move.payUntil),
      event === 'pay',
    ],
  })
  return status
}

/** A booking whose 201 was never sent: its key is free again. Where its seats are not, a job frees them. */
export async function abandonBooking(db: Queryable, id: BookingId, freed: boolean): Promise<void> {
  await db.query(
    `with ended as (
       update bookings set status = 'cancelled', reason = 'abandoned', idem_key = null, idem_hash = null,
         changed_at = now()
       where id = $1 and status = 'in_progress' returning id
     )
     insert into outbox (kind, payload)
     select 'release', jsonb_build_object('bookingId', id) from ended where not $2`,
    [id, freed],
  )
}

export async function writePerson(
  db: Queryable,
  id: string,
  person: { name: string; email: string },
): Promise<void> {
  const text = `insert into people (id, name, email) values ($1, $2, $3)
     on conflict (id) do update set name = excluded.name, email = excluded.email`
  await db.query({ name: 'person', text, values: [id, person.name, person.email] })
}
