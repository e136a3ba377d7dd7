/**
 * Asks Stripe about payments nobody told us of: webhooks get lost, processes die between a call and its answer. A
 * payment is asked about again after ever longer pauses, until it has come to its end. So is a refund that its job has
 * given up, or is slow with. Leaderless and bounded.
 */
import { SECOND } from '../../shared/limits.ts'
import { findBooking } from '../bookings/booking-store.ts'
import type { Sales } from '../bookings/sales.ts'
import { capture, Later } from './capture.ts'
import { endPayment } from './close.ts'
import { findPayment, type Payment } from './payment-store.ts'
import { giveBack, makeRefund } from './refunds.ts'
import { settle } from './settle.ts'

export const RECONCILE_EVERY_MS = 5 * SECOND
/** Calls to Stripe of one round; two a second leave the limit of 100 to those who pay. */
const BATCH = 10
/** A payment is left in peace so long after its last change: webhooks mostly come within a second. */
const QUIET_SECONDS = 15

/** A refund's job has tried some seven times by then. */
const REFUND_QUIET_SECONDS = 600
/** As many as the queue gives a job: the keys of all of them are gone through, and one further. */
const REFUND_ATTEMPT = 25

/** Answers how many payments it looked at. */
export async function reconcile(sales: Sales, quietSeconds = QUIET_SECONDS): Promise<number> {
  await reconcileRefunds(sales)
  return reconcilePayments(sales, quietSeconds)
}

async function reconcilePayments(sales: Sales, quietSeconds: number): Promise<number> {
  const { pool, step, log } = sales
  const { rows } = await step('reconcile.find', () =>
    pool.query<{ id: string }>(STUCK, [quietSeconds, BATCH]),
  )
  for (const { id } of rows) {
    await reconcileOne(sales, id).catch((err: unknown) => {
      if (!(err instanceof Later)) log.error({ err, payment: id }, 'a payment could not be reconciled')
    })
  }
  return rows.length
}

/** Pauses double with the payment's age, from a quarter minute to an hour. */
const STUCK = `
  update payments set checked_at = now()
  where id in (
    select id from payments
    where status in ('creating', 'open', 'authorized')
      and greatest(checked_at, changed_at) < now() - make_interval(secs =>
        least(3600, greatest($1::float8, extract(epoch from greatest(checked_at, changed_at) - created_at))))
    order by checked_at limit $2 for update skip locked
  )
  returning id`

export async function reconcileOne(sales: Sales, id: string): Promise<void> {
  const { pool, step } = sales
  const payment = await step('reconcile.find', () => findPayment(pool, id))
  const booking =
    payment === undefined ? undefined : await step('booking.read', () => findBooking(pool, payment.bookingId))
  if (payment === undefined || booking === undefined) return
  if (payment.returnedFor !== null) return giveBack(sales, id)
  if (booking.status === 'confirmed' || booking.status === 'refunded') return capture(sales, id)
  if (booking.status !== 'paying') return void (await endPayment(sales, payment))
  return look(sales, payment)
}

/** While the fan may still pay nothing is cancelled. */
async function look(sales: Sales, { intentId }: Payment): Promise<void> {
  if (intentId === null) return
  const seen = await sales.step('reconcile.look', () => sales.stripe.retrieve(intentId))
  if (seen.ok) await settle(sales, seen.value)
}

/** Each that still cannot be made is told: the fan waits for the money. */
async function reconcileRefunds(sales: Sales): Promise<void> {
  const { pool, step, log, counts } = sales
  const { rows } = await step('reconcile.refunds', () =>
    pool.query<{ id: string }>(UNMADE, [REFUND_QUIET_SECONDS, BATCH]),
  )
  for (const { id } of rows) {
    await makeRefund(sales, id, REFUND_ATTEMPT).catch((err: unknown) => {
      log.error({ err, refund: id }, 'a refund is still not made')
      counts.alarms.inc({ kind: 'refund_not_made' })
    })
  }
}

/** Nothing else changes a refund before it is made: its last change is our last look. Pauses double, up to an hour. */
const UNMADE = `
  update refunds set changed_at = now()
  where id in (
    select id from refunds
    where status = 'creating' and changed_at < now() - make_interval(secs =>
      least(3600, greatest($1::float8, extract(epoch from changed_at - created_at))))
    order by changed_at limit $2 for update skip locked
  )
  returning id`
