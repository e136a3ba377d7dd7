/**
 * Makes a payment that should bring nothing end: cancelled at Stripe, or, where it brought money all the same,
 * settled. Called when the time to pay is over, when the fan cancels, and by the reconciler until it succeeds.
 */
import type { BookingId } from '../../shared/ids.ts'
import { transaction } from '../../shared/postgres.ts'
import { findBooking, lockBooking } from '../bookings/booking-store.ts'
import type { Sales } from '../bookings/sales.ts'
import { type Created, create } from './charge.ts'
import { leavePayQueue } from './pay-queue.ts'
import { isLive, type Payment, paymentOf } from './payment-store.ts'
import { freeHold } from './seats.ts'
import { endBooking, settle } from './settle.ts'

/** `later`: Stripe cannot be reached, or cannot cancel yet; ask again. */
export type Closed = 'closed' | 'later'

export async function close(sales: Sales, id: BookingId): Promise<Closed> {
  const { pool, step } = sales
  const booking = await step('close.read', () => findBooking(pool, id))
  if (booking?.status !== 'closing') return 'closed'
  const payment = await step('close.read', () => paymentOf(pool, id))
  if (payment !== undefined && isLive(payment)) return endPayment(sales, payment)
  const ended = await step('close.write', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, id)
      if (current?.status !== 'closing') return current
      await endBooking(client, current)
      await leavePayQueue(client, id)
      return current
    }),
  )
  if (ended !== undefined) await freeHold(sales, ended)
  return 'closed'
}

export async function endPayment(sales: Sales, payment: Payment): Promise<Closed> {
  const { step, stripe } = sales
  // A creation whose answer was lost: asked again under its key, Stripe names the same PaymentIntent.
  const made: Created =
    payment.intentId === null ? await create(sales, payment) : { ok: true, intentId: payment.intentId }
  if (!made.ok) return 'later'
  const { intentId } = made
  const seen = await step('close.look', () => stripe.retrieve(intentId))
  if (!seen.ok) return 'later'
  switch (seen.value.status) {
    case 'requires_capture':
    case 'succeeded':
    case 'canceled':
      await settle(sales, seen.value)
      return 'closed'
    case 'processing':
      return 'later'
    default: {
      const cancelled = await step('close.cancel', () => stripe.cancel(intentId))
      // Past that: it was paid in between, and the next round settles it.
      if (!cancelled.ok) return 'later'
      await settle(sales, cancelled.value)
      return 'closed'
    }
  }
}
