/**
 * One attempt to pay a booking: makes its PaymentIntent where it has none, looks where it may have moved without
 * us, confirms it, and settles what Stripe answers.
 */
import type { Booking } from '../bookings/booking-store.ts'
import { findBooking } from '../bookings/booking-store.ts'
import type { Sales } from '../bookings/sales.ts'
import {
  failPayment,
  insertPayment,
  isLive,
  type NewPayment,
  openPayment,
  type Payment,
  paymentOf,
} from './payment-store.ts'
import { type Settled, settle } from './settle.ts'
import type { Intent, Refusal } from './stripe.ts'

export type Charged =
  /** Confirmed, or on its way: the booking says. */
  | { outcome: 'known' }
  | { outcome: 'declined'; declineCode: string }
  | { outcome: 'bad_method'; message: string }
  | { outcome: 'seats_lost' }
  /** The booking has ended meanwhile. */
  | { outcome: 'over' }
  /** The provider takes no more at the moment: nothing was done, and a later turn may do it. */
  | { outcome: 'limited' }
  | { outcome: 'away' }

export interface Attempt {
  paymentMethod: string
  returnUrl: string
  /** Its payment, where the caller has just written it. */
  payment?: Payment | undefined
  /** The payment to write where the one before can never be made. */
  next: () => Promise<NewPayment>
}

export async function charge(sales: Sales, booking: Booking, attempt: Attempt): Promise<Charged> {
  const payment = attempt.payment ?? (await livePayment(sales, booking, attempt))
  if (payment === undefined) return { outcome: 'away' }
  const wasOpen = payment.intentId !== null
  const made: Created =
    payment.intentId === null ? await create(sales, payment) : { ok: true, intentId: payment.intentId }
  if (!made.ok) return made.reason === 'busy' ? waitForOther(sales, payment) : { outcome: made.reason }
  const { intentId } = made
  if (wasOpen) {
    const seen = await look(sales, intentId, attempt.paymentMethod)
    if (seen !== 'confirm') return seen
  }
  const { paymentMethod, returnUrl } = attempt
  const key = sales.chance.uuid()
  const confirmed = await sales.step('pay.confirm', () =>
    sales.stripe.confirm(intentId, { paymentMethod, returnUrl, key }),
  )
  if (confirmed.ok) return told(sales, confirmed.value, true)
  return refused(sales, intentId, payment, confirmed)
}

async function livePayment(sales: Sales, booking: Booking, { next }: Attempt): Promise<Payment | undefined> {
  const { pool, step } = sales
  const found = await step('booking.read', () => paymentOf(pool, booking.id))
  if (found !== undefined && isLive(found)) return found
  // Two tabs may both try: the unique index lets one, and the other uses its.
  await step('pay.renew', async () => insertPayment(pool, await next())).catch(() => undefined)
  const made = await step('booking.read', () => paymentOf(pool, booking.id))
  return made !== undefined && isLive(made) ? made : undefined
}

export type Created =
  | { ok: true; intentId: string }
  /** Somebody else is making it now. */
  | { ok: false; reason: 'busy' }
  | { ok: false; reason: 'limited' }
  /** It could not be made now, or never can be under this key: then the payment has failed. */
  | { ok: false; reason: 'away' }

/** Makes the PaymentIntent; asked again under its key, Stripe names the one it made. */
export async function create(sales: Sales, payment: Payment): Promise<Created> {
  const { pool, step, stripe, log } = sales
  const made = await step('pay.create', () => stripe.create(payment))
  if (made.ok) {
    await step('pay.created', () => openPayment(pool, payment.id, made.value.id))
    return { ok: true, intentId: made.value.id }
  }
  switch (made.reason) {
    case 'away':
    case 'busy':
    case 'limited':
      return { ok: false, reason: made.reason }
    case 'failed':
    case 'refused':
    case 'declined':
    case 'state':
      // Under this key it would be refused for ever: the next attempt makes another.
      log.error({ payment: payment.id, refusal: made }, 'a payment could not be made')
      await step('pay.failed', () => failPayment(pool, payment.id))
      return { ok: false, reason: 'away' }
    default:
      return made satisfies never
  }
}

/** What became of an earlier attempt; `confirm` where another is due. */
async function look(sales: Sales, intentId: string, paymentMethod: string): Promise<Charged | 'confirm'> {
  const seen = await sales.step('pay.look', () => sales.stripe.retrieve(intentId))
  if (!seen.ok) return unseen(seen)
  const { status } = seen.value
  if (status === 'requires_payment_method' || status === 'requires_confirmation') return 'confirm'
  if (status === 'requires_action' && seen.value.paymentMethod !== paymentMethod) return 'confirm'
  return told(sales, seen.value, false)
}

async function told(sales: Sales, intent: Intent, attempted: boolean): Promise<Charged> {
  const settled = await settle(sales, intent)
  if (settled === 'open' && attempted && intent.status === 'requires_payment_method') {
    sales.counts.declined.inc()
    return { outcome: 'declined', declineCode: intent.declineCode ?? 'card_declined' }
  }
  return charged(settled)
}

function charged(settled: Settled): Charged {
  switch (settled) {
    case 'confirmed':
    case 'known':
    case 'open':
      return { outcome: 'known' }
    case 'seats_lost':
      return { outcome: 'seats_lost' }
    case 'too_late':
    case 'withdrawn':
    case 'ended':
      return { outcome: 'over' }
    case 'foreign':
    case 'quarantined':
      return { outcome: 'away' }
    default:
      return settled satisfies never
  }
}

async function refused(sales: Sales, intentId: string, payment: Payment, refusal: Refusal): Promise<Charged> {
  const { step, stripe, counts } = sales
  switch (refusal.reason) {
    case 'declined': {
      counts.declined.inc()
      if (refusal.intent !== undefined) await settle(sales, refusal.intent)
      return { outcome: 'declined', declineCode: refusal.declineCode }
    }
    case 'state': {
      const seen = await step('pay.look', () => stripe.retrieve(intentId))
      return seen.ok ? told(sales, seen.value, false) : unseen(seen)
    }
    case 'busy':
      return waitForOther(sales, payment)
    case 'refused':
      if (refusal.param === 'payment_method') return { outcome: 'bad_method', message: refusal.message }
      sales.log.error({ payment: payment.id, refusal }, 'Stripe refused to confirm a payment')
      return { outcome: 'away' }
    case 'limited':
      return { outcome: 'limited' }
    case 'failed':
    case 'away':
      return { outcome: 'away' }
    default:
      return refusal satisfies never
  }
}

function unseen({ reason }: Refusal): Charged {
  return { outcome: reason === 'limited' ? 'limited' : 'away' }
}

/** Another tab pays this very booking: its answer is ours, within the caller's patience. */
async function waitForOther(sales: Sales, payment: Payment): Promise<Charged> {
  const { step, clock, pool } = sales
  for (let polls = 0; polls < POLLS; polls++) {
    await step('pay.wait', () => clock.sleep(POLL_MS))
    const booking = await step('booking.read', () => findBooking(pool, payment.bookingId))
    if (booking?.status !== 'paying') return { outcome: booking?.status === 'confirmed' ? 'known' : 'over' }
  }
  return { outcome: 'known' }
}

const POLL_MS = 100
const POLLS = 60
