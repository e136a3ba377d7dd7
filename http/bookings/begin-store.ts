/**
 * The plain beginning of a payment, in one statement: the booking is as it was read, so all that was checked of it holds. What is
 * not plain is left to pay.ts.
 */
import type { Queryable } from '../../shared/postgres.ts'
import type { Waiting } from '../payments/pay-queue.ts'
import type { NewPayment } from '../payments/payment-store.ts'
import { unlessInTheWay } from '../payments/sale-store.ts'
import type { Booking } from './booking-store.ts'
import { next } from './machine.ts'

export interface Beginning {
  personId: string
  buyer: { name: string; email: string }
  /** Ms, as is the next: when the hold ends, the guard in it. */
  payUntil: number
  expiresAt: number
  /** Where it has to wait in the line of those who pay. */
  waiting: Waiting | undefined
}

/** False where the booking is not as it was read, and nothing was written. */
export async function beginPlainly(
  db: Queryable,
  booking: Booking,
  { personId, buyer, payUntil, expiresAt, waiting }: Beginning,
  payment: NewPayment | undefined,
): Promise<boolean> {
  const status = next(booking.status, 'pay')
  if (status === undefined || booking.version === undefined) return false
  const written = db.query(BEGIN, [
    booking.id,
    booking.version,
    status,
    personId,
    buyer.name,
    buyer.email,
    new Date(payUntil),
    new Date(expiresAt),
    payment?.id ?? null,
    payment === undefined ? null : JSON.stringify(payment.params),
    payment?.params.capture_method === 'automatic' ? 'automatic' : 'manual',
    waiting?.paymentMethod ?? null,
    waiting?.returnUrl ?? null,
  ])
  const { rowCount } = await written.catch(unlessInTheWay)
  return rowCount === 1
}

const BEGIN = `
  with booking as materialized (
    select id, total, currency from bookings where id = $1 and xmin::text = $2 for update
  ), person as (
    insert into people (id, name, email) select $4::uuid, $5::text, $6::text from booking
    on conflict (id) do update set name = excluded.name, email = excluded.email
  ), payment as (
    insert into payments (id, booking_id, params, capture_method, status, amount, currency)
    select $9::uuid, id, $10::jsonb, $11::text, 'creating', total, currency from booking where $9::uuid is not null
  ), waiting as (
    insert into pay_queue (booking_id, payment_method, return_url)
    select id, $12::text, $13::text from booking where $12::text is not null
    on conflict (booking_id) do nothing
  )
  update bookings b
  set status = $3, person_id = $4::uuid, pay_until = $7, expires_at = $8, extended = true, changed_at = now()
  from booking where b.id = booking.id`
