/** Payments in Postgres: written ahead of every call that moves money. */
import type Stripe from 'stripe'
import type { BookingId } from '../../shared/ids.ts'
import type { Client, Queryable } from '../../shared/postgres.ts'
import type { NextAction } from './stripe.ts'

export type PaymentStatus = 'creating' | 'open' | 'authorized' | 'captured' | 'void' | 'failed'

export type ReturnReason = 'seats_lost' | 'too_late' | 'withdrawn'

export interface Payment {
  /** The idempotency key of its creation. */
  id: string
  bookingId: BookingId
  /** Stripe's id, once we know it. */
  intentId: string | null
  params: Stripe.PaymentIntentCreateParams
  status: PaymentStatus
  amount: number
  /** As in our events: upper case. */
  currency: string
  captured: number
  declineCode: string | null
  nextAction: NextAction | null
  /** Set once, when it was decided that its money buys nothing and goes back. */
  returnedFor: ReturnReason | null
  createdAt: number
}

const COLUMNS = `id, booking_id, pi_id, params, status, amount, currency, captured, decline_code, next_action,
  returned_for, created_at`

interface Row {
  id: string
  booking_id: BookingId
  pi_id: string | null
  params: Stripe.PaymentIntentCreateParams
  status: PaymentStatus
  amount: number
  currency: string
  captured: number
  decline_code: string | null
  next_action: NextAction | null
  returned_for: ReturnReason | null
  created_at: Date
}

function readRow(row: Row): Payment {
  return {
    id: row.id,
    bookingId: row.booking_id,
    intentId: row.pi_id,
    params: row.params,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    captured: row.captured,
    declineCode: row.decline_code,
    nextAction: row.next_action,
    returnedFor: row.returned_for,
    createdAt: row.created_at.getTime(),
  }
}

export type NewPayment = Pick<Payment, 'id' | 'bookingId' | 'params' | 'amount' | 'currency'>

/** As it is when it has just been written. */
export function written(payment: NewPayment, now: number): Payment {
  return {
    ...payment,
    intentId: null,
    status: 'creating',
    captured: 0,
    declineCode: null,
    nextAction: null,
    returnedFor: null,
    createdAt: now,
  }
}

export async function insertPayment(db: Queryable, payment: NewPayment): Promise<void> {
  const text = `insert into payments (id, booking_id, params, capture_method, status, amount, currency)
     values ($1, $2, $3, $4, 'creating', $5, $6)`
  await db.query({
    name: 'insert payment',
    text,
    values: [
      payment.id,
      payment.bookingId,
      JSON.stringify(payment.params),
      payment.params.capture_method === 'automatic' ? 'automatic' : 'manual',
      payment.amount,
      payment.currency,
    ],
  })
}

export async function findPayment(db: Queryable, id: string): Promise<Payment | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from payments where id = $1`, [id])
  return rows.map(readRow)[0]
}

/** Lock its booking first. */
export async function lockPayment(client: Client, id: string): Promise<Payment | undefined> {
  const { rows } = await client.query<Row>(`select ${COLUMNS} from payments where id = $1 for update`, [id])
  return rows.map(readRow)[0]
}

/** By Stripe's id, else by the id we gave in metadata: a webhook may overtake the answer that told us Stripe's. */
export async function findByIntent(
  db: Queryable,
  intentId: string,
  paymentId: string | undefined,
): Promise<Payment | undefined> {
  const { rows } = await db.query<Row>({
    name: 'payment-by-intent',
    text: `select ${COLUMNS} from payments where pi_id = $1 or (id = $2 and pi_id is null) order by pi_id nulls last limit 1`,
    values: [intentId, paymentId ?? null],
  })
  return rows.map(readRow)[0]
}

/** The states of a live payment, as a list of SQL. */
export const LIVE = `'creating', 'open', 'authorized', 'captured'`
/** The live payment of a booking (there is at most one), else the newest: what a booking stands on. */
export const LIVE_FIRST = `status in (${LIVE}) desc, created_at desc`

/** The payment a booking stands on. */
export async function paymentOf(db: Queryable, bookingId: BookingId): Promise<Payment | undefined> {
  const text = `select ${COLUMNS} from payments where booking_id = $1
     order by ${LIVE_FIRST} limit 1`
  const { rows } = await db.query<Row>({ name: 'payment of booking', text, values: [bookingId] })
  return rows.map(readRow)[0]
}

export function isLive({ status }: Payment): boolean {
  return status !== 'void' && status !== 'failed'
}

/** Stripe has made the PaymentIntent. */
export async function openPayment(db: Queryable, id: string, intentId: string): Promise<void> {
  const text = `update payments set pi_id = $2, status = case status when 'creating' then 'open' else status end,
       changed_at = now()
     where id = $1 and pi_id is null`
  await db.query({ name: 'open payment', text, values: [id, intentId] })
}

/** It can never be made under this key. */
export async function failPayment(db: Queryable, id: string): Promise<void> {
  await db.query(
    `update payments set status = 'failed', changed_at = now() where id = $1 and status = 'creating'`,
    [id],
  )
}

/** What an open payment waits for, or why its last attempt was declined. */
export async function notePayment(
  db: Queryable,
  id: string,
  note: { declineCode: string | null; nextAction: NextAction | null },
): Promise<void> {
  await db.query(
    `update payments set decline_code = $2, next_action = $3, changed_at = now() where id = $1 and status = 'open'`,
    [id, note.declineCode, note.nextAction === null ? null : JSON.stringify(note.nextAction)],
  )
}

/** Only ever forward: what is captured stays so, and what had ended is never live again. */
export async function writePayment(
  db: Queryable,
  id: string,
  status: 'authorized' | 'captured' | 'void',
  change: { intentId?: string; captured?: number; returnedFor?: ReturnReason } = {},
): Promise<void> {
  await db.query(
    `update payments set status = case when status in ('void', 'failed') then status else $2 end, pi_id = coalesce(pi_id, $3), captured = coalesce($4, captured),
       returned_for = coalesce(returned_for, $5), next_action = null, changed_at = now()
     where id = $1 and not (status = 'captured' and $2 <> 'captured')`,
    [id, status, change.intentId ?? null, change.captured ?? null, change.returnedFor ?? null],
  )
}
