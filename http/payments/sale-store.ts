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
  const follows = afterSale(booking, payment, intent)
  try {
    const { rows } = await db.query<{ id: number; kind: string }>({
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
    return rows.length === 0 ? undefined : { toldBy: rows.find(({ kind }) => kind === 'sold')?.id }
  } catch (error) {
    if (isInTheWay(error) || LOST.has(sqlState(error) ?? '')) return undefined
    throw error
  }
}

/** What follows a sale: it is told; then its money is taken, or, where Stripe has taken it, the tickets are issued and the buyer is written. */
export function afterSale(booking: Booking, payment: Payment, intent: Intent): OutboxRow[] {
  return [
    { kind: 'sold', bookingId: booking.id },
    intent.status === 'succeeded'
      ? { kind: 'mail', bookingId: booking.id }
      : { kind: 'capture', paymentId: payment.id },
  ]
}

/** Everybody has been told: where the job is not under way yet, there is none. A pump that has it in hand is not waited for. */
export async function noteTold(db: Queryable, outboxId: number): Promise<void> {
  await db.query(TOLD, [outboxId])
}

const TOLD = `delete from outbox where id = (select id from outbox where id = $1 for update skip locked)`

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
 * Locks in the order that all keep: booking, payment, tickets by seat. Where the payment is no longer live, or a seat not to be had, what
 * follows would get no kind, which its table refuses: so the statement fails, and nothing of it stays.
 */
const SELL = `
  with booking as (
    update bookings set status = 'confirmed', reason = null, confirmed_at = now(), changed_at = now()
    where id = $1 and status = 'paying' and seats = $4::int[]
    returning id
  ), paid as (
    update payments p set status = $5, pi_id = coalesce(p.pi_id, $6), captured = coalesce($7::bigint, p.captured),
      next_action = null, changed_at = now()
    from booking
    where p.id = $2 and p.booking_id = booking.id and p.status in ('creating', 'open') and p.returned_for is null
    returning p.booking_id as id
  ), sold as (
    insert into tickets (event_id, seat_index, status, booking_id)
    select $3, seat, 'sold', paid.id from paid, unnest($4::int[]) as seat order by seat
    on conflict (event_id, seat_index) do update
      set status = 'sold', booking_id = excluded.booking_id, changed_seq = nextval('tickets_changed')
      where tickets.status = 'available'
    returning seat_index
  ), items as (
    update booking_items i set state = 'sold' from paid where i.booking_id = paid.id and i.state = 'held'
  )
  insert into outbox (kind, payload)
  select case when (select count(*) from sold) = cardinality($4::int[]) then follow.kind end, follow.payload
  from booking, unnest($8::text[], $9::text[]::jsonb[]) as follow (kind, payload)
  returning id, kind`

const CAPTURE = `
  with booking as materialized (
    select id from bookings where id = $2 and status = 'confirmed' for update
  ), paid as (
    update payments p set status = 'captured', captured = $3, next_action = null, changed_at = now()
    from booking where p.id = $1 and p.booking_id = booking.id and p.status = 'authorized' and p.returned_for is null
    returning p.booking_id
  )
  insert into outbox (kind, payload) select 'mail', jsonb_build_object('bookingId', booking_id) from paid`
