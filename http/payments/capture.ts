/** Takes the money of a sale that stands in Postgres. Harmless when repeated; it never touches money that goes back. */
import { transaction } from '../../shared/postgres.ts'
import { lockBooking } from '../bookings/booking-store.ts'
import type { Sales } from '../bookings/sales.ts'
import { findPayment, lockPayment, type Payment, writePayment } from './payment-store.ts'
import { unsell } from './seats.ts'
import { settle } from './settle.ts'

/** Stripe could not do it now: try again. */
export class Later extends Error {
  override name = 'Later'
}

/** @throws Later */
export async function capture(sales: Sales, paymentId: string): Promise<void> {
  const { pool, step, stripe } = sales
  const payment = await step('capture.read', () => findPayment(pool, paymentId))
  if (payment?.status !== 'authorized' || payment.returnedFor !== null || payment.intentId === null) return
  const { intentId } = payment
  const captured = await step('capture.call', () => stripe.capture(intentId))
  if (captured.ok) {
    await settle(sales, captured.value)
    return
  }
  switch (captured.reason) {
    case 'busy':
    case 'failed':
    case 'limited':
    case 'away':
      throw new Later(`payment ${paymentId} is captured later: ${captured.reason}`)
    case 'state':
    case 'declined':
    case 'refused':
      return lookAgain(sales, payment, intentId)
    default:
      captured satisfies never
  }
}

/** It was captured or cancelled before, or never can be. */
async function lookAgain(sales: Sales, payment: Payment, intentId: string): Promise<void> {
  const { step, stripe } = sales
  const seen = await step('capture.look', () => stripe.retrieve(intentId))
  if (!seen.ok) throw new Later(`payment ${payment.id} could not be looked at`)
  switch (seen.value.status) {
    case 'succeeded':
    case 'canceled':
      await settle(sales, seen.value)
      return
    case 'requires_capture':
    case 'processing':
      // Stripe is not done with it, and may yet have the money.
      throw new Later(`payment ${payment.id} is captured later: it is ${seen.value.status}`)
    default:
      return lose(sales, payment)
  }
}

/** The authorisation is gone: the seats are on sale again, and the fan is told. */
async function lose({ pool, step, counts, log }: Sales, found: Payment): Promise<void> {
  log.error({ payment: found.id }, 'the money of a sale could not be had')
  counts.alarms.inc({ kind: 'capture_failed' })
  await step('capture.write', () =>
    transaction(pool, async client => {
      const booking = await lockBooking(client, found.bookingId)
      const payment = await lockPayment(client, found.id)
      if (booking === undefined || payment?.status !== 'authorized') return
      await writePayment(client, payment.id, 'void')
      await unsell(client, booking)
    }),
  )
}
