/**
 * Money that goes back: of tickets that are returned, and of payments that bought nothing. A refund is a row before it
 * is a call, and its id is the idempotency key; what a payment captured is always the sum of its sold items and its
 * refunds.
 */
import { writeAudit } from '../../shared/audit-log.ts'
import type { BookingId } from '../../shared/ids.ts'
import { UUID } from '../../shared/ids.ts'
import { type Client, transaction } from '../../shared/postgres.ts'
import { type Booking, itemsOf, lockBooking, moveBooking } from '../bookings/booking-store.ts'
import { amountOf } from '../bookings/pricing.ts'
import type { Sales } from '../bookings/sales.ts'
import { lockUsed } from '../tickets/ticket-store.ts'
import { capture, Later } from './capture.ts'
import { addToOutbox } from './outbox.ts'
import { findPayment, lockPayment, type Payment, paymentOf, writePayment } from './payment-store.ts'
import {
  findByStripe,
  findRefund,
  insertRefund,
  noteRefund,
  type Refund,
  type RefundStatus,
  refundedOf,
} from './refund-store.ts'
import { returnItems } from './seats.ts'
import { settle } from './settle.ts'
import type { RefundWord } from './stripe.ts'

export type Returned =
  | { ok: true; refundId: string | undefined; amount: number; seats: number[] }
  | { ok: false; reason: 'not_confirmed' | 'nothing_to_return' }
  /** Somebody came in with these. */
  | { ok: false; reason: 'used'; seats: number[] }

/**
 * Returns these items of a confirmed booking, or all: the seats are on sale again at the commit, the money follows by a
 * job. The last item makes the booking `refunded`.
 */
export async function refundItems(
  sales: Sales,
  bookingId: BookingId,
  reason: string,
  itemIds?: number[],
  /** `operator`: whose act is audited. `evenUsed`: also tickets somebody came in with. */
  by: { operator?: string; evenUsed?: boolean } = {},
): Promise<Returned> {
  const { pool, step, chance } = sales
  return step('refund.write', () =>
    transaction(pool, async client => {
      const booking = await lockBooking(client, bookingId)
      if (booking?.status !== 'confirmed') return { ok: false, reason: 'not_confirmed' } as const
      const used = by.evenUsed ? [] : await lockUsed(client, bookingId, itemIds)
      if (used.length > 0) return { ok: false, reason: 'used', seats: used } as const
      const seats = await returnItems(client, booking, itemIds)
      if (seats.length === 0) return { ok: false, reason: 'nothing_to_return' } as const
      const items = (await itemsOf(client, [bookingId])).get(bookingId) ?? []
      const returned = items.filter(item => seats.includes(item.index))
      if (items.every(item => item.state === 'returned')) {
        await moveBooking(client, booking, 'refund_all', { reason: 'refunded' })
      }
      const amount = returned.reduce((sum, item) => sum + amountOf(item), 0)
      const refundId = amount === 0 ? undefined : chance.uuid()
      if (refundId !== undefined) {
        const ids = returned.map(item => item.id)
        await writeRefund(client, booking, { id: refundId, itemIds: ids, amount, reason })
      }
      if (by.operator !== undefined)
        await writeAudit(client, by.operator, 'booking.return', booking.eventId, {
          bookingId,
          reason,
          amount,
          seats,
          refundId,
        })
      await addToOutbox(client, [{ kind: 'show', eventId: booking.eventId, seats }])
      return { ok: true, refundId, amount, seats } as const
    }),
  )
}

async function writeRefund(
  client: Client,
  booking: Booking,
  refund: Pick<Refund, 'id' | 'itemIds' | 'amount' | 'reason'>,
): Promise<void> {
  const payment = await paymentOf(client, booking.id)
  if (payment === undefined) throw new Error(`booking ${booking.id} was sold without a payment`)
  await insertRefund(client, { ...refund, paymentId: payment.id, stripeId: null, status: 'creating' })
  await addToOutbox(client, [
    { kind: 'refund', refundId: refund.id },
    { kind: 'mail', bookingId: booking.id, refundId: refund.id },
  ])
}

/**
 * Makes a written refund at Stripe. `attempt` counts from 1, and a later one looks first. Another key is used only where
 * Stripe itself has failed under the one before, and replays that: a call without an answer may still be running, and
 * only its own key keeps it from being made twice. Each attempt goes through the same keys, and one further.
 * @throws Later
 */
export async function makeRefund(sales: Sales, refundId: string, attempt: number): Promise<void> {
  const { pool, step, stripe } = sales
  const refund = await step('refund.read', () => findRefund(pool, refundId))
  if (refund?.status !== 'creating') return
  const found = await step('refund.read', () => findPayment(pool, refund.paymentId))
  if (found?.status === 'authorized') await capture(sales, found.id)
  const payment = await step('refund.read', () => findPayment(pool, refund.paymentId))
  if (payment === undefined || payment.intentId === null) throw new Error(`refund ${refundId} has no payment`)
  if (payment.status === 'void' && payment.captured === 0) {
    // The money was never had: there is nothing to give back.
    await step('refund.note', () => noteRefund(pool, refundId, null, 'failed'))
    return
  }
  const { intentId } = payment
  for (let call = 1; ; call++) {
    const earlier = attempt > 1 || call > 1 ? await look(sales, intentId, refundId) : undefined
    if (earlier !== undefined) return note(sales, refund, earlier)
    const key = call > 1 ? `${refundId}-${call}` : refundId
    const order = { key, intent: intentId, amount: refund.amount, metadata: tags(sales, refundId, payment) }
    const made = await step('refund.call', () => stripe.refund(order))
    if (made.ok) return note(sales, refund, made.value)
    if (made.reason === 'refused' || made.reason === 'state') alarm(sales, refund, made.reason)
    if (made.reason !== 'failed' || call > attempt)
      throw new Later(`refund ${refundId} is made later: ${made.reason}`)
  }
}

function tags({ config }: Sales, refundId: string, payment: Payment): Record<string, string> {
  return { onsale: config.INSTANCE, refundId, paymentId: payment.id, bookingId: payment.bookingId }
}

async function look(
  { step, stripe }: Sales,
  intentId: string,
  refundId: string,
): Promise<RefundWord | undefined> {
  const all = await step('refund.look', () => stripe.refunds(intentId))
  if (!all.ok) throw new Later(`refund ${refundId} could not be looked for`)
  return all.value.find(refund => refund.metadata['refundId'] === refundId)
}

async function note(sales: Sales, refund: Refund, word: RefundWord): Promise<void> {
  const { pool, step } = sales
  const status = statusOf(word)
  const changed = await step('refund.note', () => noteRefund(pool, refund.id, word.id, status))
  if (changed && status === 'failed') alarm(sales, refund, 'refund_failed')
}

function statusOf({ status }: RefundWord): RefundStatus {
  switch (status) {
    case 'pending':
    case 'requires_action':
      return 'pending'
    case 'succeeded':
      return 'succeeded'
    case 'failed':
    case 'canceled':
      return 'failed'
    default:
      return status satisfies never
  }
}

function alarm({ log, counts }: Sales, refund: Refund, kind: string): void {
  log.error({ refund: refund.id, payment: refund.paymentId, kind }, 'a refund needs a person')
  counts.alarms.inc({ kind })
}

/** What Stripe says of a refund: one of ours, or one made by hand in its dashboard, which frees no seat. */
export async function hearRefund(sales: Sales, word: RefundWord, payment: Payment): Promise<void> {
  const { pool, step, chance } = sales
  const named = word.metadata['refundId']
  const id = named !== undefined && UUID.test(named) ? named : undefined
  const known = await step('refund.read', () => findByStripe(pool, word.id, id))
  if (known !== undefined) return note(sales, known, word)
  const refund: Refund = {
    id: chance.uuid(),
    paymentId: payment.id,
    itemIds: [],
    amount: word.amount,
    reason: 'dashboard',
    stripeId: word.id,
    status: statusOf(word),
  }
  await step('refund.note', () => insertRefund(pool, refund))
  alarm(sales, refund, 'dashboard_refund')
}

/** Takes back the money of a payment that bought nothing: a void where it was only authorised, else a refund. */
export async function giveBack(sales: Sales, paymentId: string): Promise<void> {
  const { pool, step, stripe } = sales
  const payment = await step('return.read', () => findPayment(pool, paymentId))
  if (payment === undefined || payment.returnedFor === null || payment.intentId === null) return
  const { intentId } = payment
  const seen = await step('return.look', () => stripe.retrieve(intentId))
  if (!seen.ok) throw new Later(`payment ${paymentId} could not be looked at`)
  switch (seen.value.status) {
    case 'canceled':
      await settle(sales, seen.value)
      return
    case 'succeeded':
      return refundRest(sales, payment, seen.value.amountReceived)
    case 'processing':
      throw new Later(`payment ${paymentId} is still processing`)
    default: {
      const cancelled = await step('return.void', () => stripe.cancel(intentId))
      if (!cancelled.ok) throw new Later(`payment ${paymentId} is voided later: ${cancelled.reason}`)
      await settle(sales, cancelled.value)
    }
  }
}

async function refundRest(sales: Sales, found: Payment, received: number): Promise<void> {
  const { pool, step, chance } = sales
  await step('return.write', () =>
    transaction(pool, async client => {
      const booking = await lockBooking(client, found.bookingId)
      const payment = await lockPayment(client, found.id)
      if (booking === undefined || payment === undefined) throw new Error(`payment ${found.id} is gone`)
      await writePayment(client, payment.id, 'captured', { captured: received })
      const amount = received - (await refundedOf(client, payment.id))
      if (amount <= 0) return
      const id = chance.uuid()
      const reason = payment.returnedFor ?? 'withdrawn'
      await insertRefund(client, {
        id,
        paymentId: payment.id,
        itemIds: [],
        amount,
        reason,
        stripeId: null,
        status: 'creating',
      })
      await addToOutbox(client, [{ kind: 'refund', refundId: id }])
    }),
  )
}
