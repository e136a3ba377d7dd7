/**
 * The plain sale, and the plain taking of its money, each in one statement: a booking that is being paid, its live payment, and seats that nobody else has. That is what
 * nearly every word of money comes to, and one way to Postgres instead of nine is some four times as many sales a second. What is
 * not plain is left to settle.ts, where each case has its words.
 */
import { isInTheWay, type Queryable, sqlState } from '../../shared/postgres.ts'
import type { Booking } from '../bookings/booking-store.ts'
import type { OutboxRow } from './outbox.ts'
import type { Payment } from './payment-store.ts'
import type { Intent } from './stripe.ts'

/** A seat lost: the booking's state would be null, or I1's index has it. Nothing was written. */
const LOST = new Set(['23502', '23505'])

/** A sale that is written: who wrote it tells it, else the job behind this row of the outbox, where it is known. */
export interface Sold {
  toldBy: number | undefined
}

/** Undefined where nothing was written and the case has to be looked at. */
export async function sellPlainly(
  db: Queryable,
  booking: Booking,
  payment: Payment,
  intent: Intent,
): Promise<Sold | undefined> {
  const isTaken = intent.status === 'succeeded'
  const follows: OutboxRow[] = [
    { kind: 'sold', bookingId: booking.id },
    { kind: 'capture', paymentId: payment.id },
    ...(isTaken ? [{ kind: 'mail' as const, bookingId: booking.id }] : []),
  ]
  try {
    const { rows } = await db.query<{ told_by: number }>({
      // Planned once a connection: planning it takes Postgres longer than running it.
      name: 'sell-plainly',
      text: SELL,
      values: [
        booking.id,
        payment.id,
        booking.eventId,
        booking.seats,
        isTaken ? 'captured' : 'authorized',
        intent.id,
        isTaken ? intent.amountReceived : null,
        follows.map(({ kind }) => kind),
        follows.map(({ kind: _, ...payload }) => JSON.stringify(payload)),
      ],
    })
    return rows[0] === undefined ? undefined : { toldBy: rows[0].told_by }
  } catch (error) {
    if (isInTheWay(error) || LOST.has(sqlState(error) ?? '')) return undefined
    throw error
  }
}

/** Everybody has been told: where the job is not under way yet, there is none. */
export async function noteTold(db: Queryable, outboxId: number): Promise<void> {
  await db.query('delete from outbox where id = $1', [outboxId])
}

/** The money of a sale that stands is had. False where it is not so plain, and nothing was written. */
export async function capturePlainly(db: Queryable, payment: Payment, intent: Intent): Promise<boolean> {
  const written = db.query(CAPTURE, [payment.id, payment.bookingId, intent.amountReceived])
  const { rowCount } = await written.catch(unlessInTheWay)
  return rowCount === 1
}

/** What asks for rows that others have may be tried in a transaction, which tries again. */
export function unlessInTheWay(error: unknown): { rowCount: number } {
  if (isInTheWay(error)) return { rowCount: 0 }
  throw error
}

/**
 * Locks in the order that all keep: booking, payment, tickets by seat. A booking one of whose seats was not to be had would get no
 * state, which its table refuses: so the statement fails, and nothing of it stays.
 */
const SELL = `
  with booking as materialized (
    select id from bookings where id = $1 and status = 'paying' and seats = $4::int[] for update
  ), payment as materialized (
    select p.id from payments p join booking on booking.id = p.booking_id
    where p.id = $2 and p.status in ('creating', 'open') and p.returned_for is null
    for update of p
  ), sold as (
    insert into tickets (event_id, seat_index, status, booking_id)
    select $3, seat, 'sold', booking.id from payment, booking, unnest($4::int[]) as seat order by seat
    on conflict (event_id, seat_index) do update
      set status = 'sold', booking_id = excluded.booking_id, changed_seq = nextval('tickets_changed')
      where tickets.status = 'available'
    returning seat_index
  ), items as (
    update booking_items i set state = 'sold' from payment, booking where i.booking_id = booking.id and i.state = 'held'
  ), paid as (
    update payments p set status = $5, pi_id = coalesce(p.pi_id, $6), captured = coalesce($7::bigint, p.captured),
      next_action = null, changed_at = now()
    from payment where p.id = payment.id
  ), follows as (
    insert into outbox (kind, payload)
    select follow.* from payment, unnest($8::text[], $9::text[]::jsonb[]) as follow
    returning id, kind
  )
  update bookings b
  set status = case when (select count(*) from sold) = cardinality(b.seats) then 'confirmed' end,
    reason = null, confirmed_at = now(), changed_at = now()
  from payment, booking where b.id = booking.id
  returning (select id from follows where kind = 'sold') as told_by`

const CAPTURE = `
  with booking as materialized (
    select id from bookings where id = $2 and status = 'confirmed' for update
  ), paid as (
    update payments p set status = 'captured', captured = $3, next_action = null, changed_at = now()
    from booking where p.id = $1 and p.booking_id = booking.id and p.status = 'authorized' and p.returned_for is null
    returning p.booking_id
  )
  insert into outbox (kind, payload) select 'mail', jsonb_build_object('bookingId', booking_id) from paid`
