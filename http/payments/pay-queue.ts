/**
 * Who waits to pay, in Postgres: the line is whole after the death of any process, and whoever has hands serves it. A row is
 * gone for some seconds while it is served, and there again, at its place, where nothing came of that.
 */
import type { BookingId } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Queryable } from '../../shared/postgres.ts'

/** What is to be paid with, when its turn comes. */
export interface Waiting {
  bookingId: BookingId
  paymentMethod: string
  /** Where 3-D Secure sends the fan back to. */
  returnUrl: string
}

/** Whoever serves it is dead past that: longer than the calls of one payment with their deadlines. */
const SERVED_SECONDS = 40

/** Last in the line, unless it stands there already. */
export async function enterPayQueue(db: Queryable, waiting: Waiting): Promise<void> {
  await db.query(
    `insert into pay_queue (booking_id, payment_method, return_url) values ($1, $2, $3)
     on conflict (booking_id) do nothing`,
    [waiting.bookingId, waiting.paymentMethod, waiting.returnUrl],
  )
}

/** Another card at the same place. False where it does not stand in the line. */
export async function changeCard(db: Queryable, waiting: Waiting): Promise<boolean> {
  const { rowCount } = await db.query(
    'update pay_queue set payment_method = $2, return_url = $3 where booking_id = $1',
    [waiting.bookingId, waiting.paymentMethod, waiting.returnUrl],
  )
  return rowCount === 1
}

/** How many wait, or a few more: who left the line may be counted on. */
export async function lengthOfPayQueue(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ length: number }>(
    'select coalesce(max(seq) - min(seq) + 1, 0)::bigint as length from pay_queue',
  )
  return rows[0]?.length ?? 0
}

/** How many of the first `most` could be served now. */
export async function dueInPayQueue(db: Queryable, most: number): Promise<number> {
  const { rows } = await db.query<{ due: number }>(
    `select count(*)::int as due from (select from pay_queue where due_at <= now() order by seq limit $1) as first`,
    [most],
  )
  return rows[0]?.due ?? 0
}

/** SQL expressions: the number of this booking in the line, and that of who is first there. None where it does not wait, or is served just now. */
export const NUMBER_OF = (bookingId: string): string =>
  `select seq from pay_queue where booking_id = ${bookingId} and due_at <= now()`
export const FIRST = 'select seq from pay_queue where due_at <= now() order by seq limit 1'

/** The first of the line, each to be served by the caller alone for the next seconds. */
export async function callNext(db: Queryable, most: number): Promise<Waiting[]> {
  const { rows } = await db.query<{ booking_id: BookingId; payment_method: string; return_url: string }>(
    `update pay_queue set due_at = now() + make_interval(secs => $2)
     where seq in (select seq from pay_queue where due_at <= now() order by seq limit $1 for update skip locked)
     returning booking_id, payment_method, return_url`,
    [most, SERVED_SECONDS],
  )
  return rows.map(row => ({
    bookingId: row.booking_id,
    paymentMethod: row.payment_method,
    returnUrl: row.return_url,
  }))
}

export async function leavePayQueue(db: Queryable, bookingId: BookingId): Promise<void> {
  await db.query('delete from pay_queue where booking_id = $1', [bookingId])
}

/** Nothing came of it: it is served again at its place, after a pause. */
export async function backToPayQueue(db: Queryable, bookingId: BookingId, pauseMs: number): Promise<void> {
  await db.query('update pay_queue set due_at = now() + make_interval(secs => $2) where booking_id = $1', [
    bookingId,
    pauseMs / SECOND,
  ])
}
