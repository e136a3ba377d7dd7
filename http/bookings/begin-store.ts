/**
 * The plain beginning of a payment, and that of a turn in the line, each in one statement: the booking is as it was read, so all that
 * was checked of it holds. What is not plain is left to pay.ts and pay-in-turn.ts.
 */
import { isInTheWay, type Queryable, sqlState } from '../../shared/postgres.ts'
import type { Waiting } from '../payments/pay-queue.ts'
import { LIVE, type NewPayment } from '../payments/payment-store.ts'
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
    ...paymentValues(payment),
    waiting?.paymentMethod ?? null,
    waiting?.returnUrl ?? null,
  ])
  const { rowCount } = await written.catch(unlessInTheWay)
  return rowCount === 1
}

/** Its time to pay begins now. Whether its payment was written, or stood already; undefined where the booking is not as it was read, and nothing was written. */
export async function beginTurnPlainly(
  db: Queryable,
  { id, version }: Booking,
  { payUntil, expiresAt }: Pick<Beginning, 'payUntil' | 'expiresAt'>,
  payment: NewPayment,
): Promise<'written' | 'stood' | undefined> {
  if (version === undefined) return undefined
  const values = [id, version, new Date(payUntil), new Date(expiresAt), ...paymentValues(payment)]
  const written = db.query<{ written: boolean }>({ name: 'begin-turn', text: BEGIN_TURN, values })
  const { rows } = await written.catch((error: unknown) => {
    // 23505: another tab has just written one.
    if (isInTheWay(error) || sqlState(error) === '23505') return { rows: [] }
    throw error
  })
  const [row] = rows
  if (row === undefined) return undefined
  return row.written ? 'written' : 'stood'
}

/** Id, params, and how its money is taken. */
function paymentValues(payment: NewPayment | undefined): [string | null, string | null, string] {
  return [
    payment?.id ?? null,
    payment === undefined ? null : JSON.stringify(payment.params),
    payment?.params.capture_method === 'automatic' ? 'automatic' : 'manual',
  ]
}

const BEGIN = `
  with booking as (
    update bookings set status = $3, person_id = $4::uuid, pay_until = $7, expires_at = $8, extended = true, changed_at = now()
    where id = $1 and xmin::text = $2
    returning id, total, currency
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
  select id from booking`

const BEGIN_TURN = `
  with booking as (
    update bookings set pay_until = $3, expires_at = $4, changed_at = now()
    where id = $1 and xmin::text = $2
    returning id, total, currency
  ), payment as (
    insert into payments (id, booking_id, params, capture_method, status, amount, currency)
    select $5::uuid, id, $6::jsonb, $7::text, 'creating', total, currency from booking
    where not exists (select from payments p where p.booking_id = $1 and p.status in (${LIVE}))
    returning id
  )
  select exists (select from payment) as written from booking`
