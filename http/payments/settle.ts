/**
 * Acts on what Stripe says of a PaymentIntent, once, whoever heard it and however often: a confirm's answer, a
 * webhook, a job, the reconciler. Money that Stripe holds or has buys the booking's seats in one transaction, or goes
 * back; what has to follow is in that transaction's outbox.
 */
import { UUID } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'
import { type Client, sqlState, transaction } from '../../shared/postgres.ts'
import { type Booking, findBooking, lockBooking, moveBooking } from '../bookings/booking-store.ts'
import { activate } from '../bookings/hold.ts'
import { eventOf, redisNow, type Sales } from '../bookings/sales.ts'
import { addToOutbox } from './outbox.ts'
import {
  findByIntent,
  isLive,
  lockPayment,
  notePayment,
  type Payment,
  type ReturnReason,
  writePayment,
} from './payment-store.ts'
import { afterSale, capturePlainly, noteTold, type Sold, sellPlainly } from './sale-store.ts'
import { freeHold, payment, SeatsLost, sellSeats, unsell } from './seats.ts'
import { show } from './show.ts'
import type { Intent } from './stripe.ts'

export type Settled =
  | 'confirmed'
  /** Nothing new. */
  | 'known'
  /** Neither money nor an end of it: the payment goes on. */
  | 'open'
  /** The money goes back. */
  | ReturnReason
  /** Stripe will take no money for it. */
  | 'ended'
  /** Another installation's. */
  | 'foreign'
  /** Ours, but not as we made it: nothing is done, and an alarm raised. */
  | 'quarantined'

/** How long seats taken again for late money wait for the transaction. */
const LATE_HOLD_MS = 60 * SECOND
/** A booking changes its state a few times in its life; more is a bug. */
const ATTEMPTS = 5

export async function settle(sales: Sales, intent: Intent): Promise<Settled> {
  const outcome = await judge(sales, intent)
  sales.counts.settled.inc({ outcome })
  return outcome
}

async function judge(sales: Sales, intent: Intent): Promise<Settled> {
  const { pool, config, step } = sales
  const { onsale, paymentId } = intent.metadata
  if (onsale !== config.INSTANCE) return 'foreign'
  const ours = paymentId !== undefined && UUID.test(paymentId) ? paymentId : undefined
  const payment = await step('settle.find', () => findByIntent(pool, intent.id, ours))
  if (payment === undefined) return alarm(sales, intent, 'unknown_payment')
  if (intent.amount !== payment.amount || intent.currency !== payment.currency.toLowerCase())
    return alarm(sales, intent, 'another_amount')
  if (isWritten(payment, intent)) return 'known'
  switch (intent.status) {
    case 'requires_capture':
    case 'succeeded':
      return money(sales, payment, intent)
    case 'canceled':
      return end(sales, payment, intent)
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
    case 'processing':
      return note(sales, payment, intent)
    default:
      return intent.status satisfies never
  }
}

/** Stripe tells the same of a payment by the answer to our call and by a webhook or two: mostly it is written by then. */
function isWritten({ status, returnedFor, captured }: Payment, intent: Intent): boolean {
  if (returnedFor !== null) return false
  if (intent.status === 'requires_capture') return status === 'authorized' || status === 'captured'
  return intent.status === 'succeeded' && status === 'captured' && captured === intent.amountReceived
}

function alarm({ log, counts }: Sales, intent: Intent, kind: string): Settled {
  log.error({ intent: intent.id, status: intent.status, kind }, 'a payment needs a person')
  counts.alarms.inc({ kind })
  return 'quarantined'
}

async function note({ pool, step }: Sales, payment: Payment, intent: Intent): Promise<Settled> {
  const declineCode = intent.status === 'requires_payment_method' ? (intent.declineCode ?? null) : null
  const nextAction = intent.nextAction ?? null
  await step('pay.note', () => notePayment(pool, payment.id, { declineCode, nextAction }))
  return 'open'
}

/** Stripe holds or has the money. */
async function money(sales: Sales, payment: Payment, intent: Intent): Promise<Settled> {
  const { pool, step } = sales
  if (payment.status === 'authorized' && intent.status === 'succeeded') {
    if (await step('settle.write', () => capturePlainly(pool, payment, intent))) return 'known'
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const booking = await step('booking.read', () => findBooking(pool, payment.bookingId))
    if (booking === undefined) return alarm(sales, intent, 'unknown_booking')
    // Late money: the seats are asked for first, as somebody may hold them by now.
    const late = payment.returnedFor === null && (await isLate(sales, booking))
    if (late && !(await holdAgain(sales, booking))) return giveUp(sales, payment, intent, 'too_late')
    const outcome = await buy(sales, booking, payment, intent, late)
    if (outcome === 'lost') return giveUp(sales, payment, intent, 'seats_lost')
    if (outcome === 'again') continue
    if (typeof outcome === 'object') {
      await announce(sales, booking, outcome)
      return 'confirmed'
    }
    if (outcome === 'withdrawn') await freeHold(sales, booking)
    return outcome
  }
  throw new Error(`booking ${payment.bookingId} does not come to rest`)
}

/** The hold is over, whether somebody has written that down yet or not. */
async function isLate(sales: Sales, { status, expiresAt }: Booking): Promise<boolean> {
  if (status === 'expired') return true
  return (status === 'paying' || status === 'closing') && expiresAt <= (await redisNow(sales))
}

async function holdAgain(sales: Sales, booking: Booking): Promise<boolean> {
  const { stock } = await eventOf(sales, booking.eventId)
  return (await activate(sales, stock, booking, LATE_HOLD_MS, 'settle.extend')).ok
}

type Bought = Sold | 'known' | 'again' | 'lost' | ReturnReason

async function buy(
  { pool, step }: Sales,
  booking: Booking,
  payment: Payment,
  intent: Intent,
  reacquired: boolean,
): Promise<Bought> {
  try {
    return await step('settle.write', async () => {
      const sold = booking.status === 'paying' ? await sellPlainly(pool, booking, payment, intent) : undefined
      return sold ?? transaction(pool, client => buyIn(client, payment, intent, reacquired))
    })
  } catch (error) {
    // 23505: the unique index had the last word (I1).
    if (error instanceof SeatsLost || sqlState(error) === '23505') return 'lost'
    throw error
  }
}

async function buyIn(client: Client, found: Payment, intent: Intent, reacquired: boolean): Promise<Bought> {
  const { booking, payment } = await lock(client, found)
  if (payment.returnedFor !== null) return returnIn(client, payment, intent, payment.returnedFor)
  if (!isLive(payment)) return returnIn(client, payment, intent, 'withdrawn')
  switch (booking.status) {
    case 'confirmed':
    case 'refunded':
      await writeMoney(client, payment, intent)
      if (booking.status === 'confirmed' && payment.status !== 'captured' && intent.status === 'succeeded')
        await addToOutbox(client, [{ kind: 'mail', bookingId: booking.id }])
      return 'known'
    case 'cancelled':
      return returnIn(client, payment, intent, 'withdrawn')
    case 'expired':
      if (!reacquired) return 'again'
      break
    case 'closing':
      if (booking.reason !== 'by_fan') break
      await moveBooking(client, booking, 'withdraw')
      return returnIn(client, payment, intent, 'withdrawn')
    case 'paying':
      break
    case 'in_progress':
      throw new Error(`booking ${booking.id} has money before it is paid`)
    default:
      booking.status satisfies never
  }
  await sellSeats(client, booking)
  await moveBooking(client, booking, booking.status === 'expired' ? 'late_money' : 'money')
  await writeMoney(client, payment, intent)
  await addToOutbox(client, afterSale(booking, payment, intent))
  return { toldBy: undefined }
}

/** The seats cannot be had: the booking ends, unless another path has just confirmed it. */
async function giveUp(sales: Sales, found: Payment, intent: Intent, why: ReturnReason): Promise<Settled> {
  const { pool, step } = sales
  const { outcome, booking } = await step('settle.return', () =>
    transaction(pool, async client => {
      const { booking, payment } = await lock(client, found)
      if (booking.status === 'confirmed') return { outcome: 'known' as const, booking }
      await moveBooking(client, booking, 'seats_lost', { reason: 'seats_lost' })
      return { outcome: await returnIn(client, payment, intent, why), booking }
    }),
  )
  if (outcome !== 'known') await freeHold(sales, booking)
  if (outcome === 'seats_lost') await show(sales, booking.eventId, booking.seats).catch(later(sales, booking))
  return outcome
}

/** Decided once: this money buys nothing. A job takes it back. */
async function returnIn(
  client: Client,
  payment: Payment,
  intent: Intent,
  why: ReturnReason,
): Promise<ReturnReason> {
  await writeMoney(client, payment, intent, why)
  await addToOutbox(client, [
    { kind: 'give_back', paymentId: payment.id },
    { kind: 'release', bookingId: payment.bookingId },
  ])
  return why
}

async function writeMoney(
  client: Client,
  payment: Payment,
  intent: Intent,
  returnedFor?: ReturnReason,
): Promise<void> {
  const change = { intentId: intent.id, ...(returnedFor === undefined ? {} : { returnedFor }) }
  if (intent.status === 'succeeded')
    await writePayment(client, payment.id, 'captured', { ...change, captured: intent.amountReceived })
  else await writePayment(client, payment.id, 'authorized', change)
}

/** Stripe will take no money: the seats of whoever was paying are free, and a sale whose money lapsed is undone. */
async function end(sales: Sales, found: Payment, intent: Intent): Promise<Settled> {
  const { pool, step } = sales
  const { booking, ended } = await step('settle.void', () =>
    transaction(pool, async client => {
      const { booking, payment } = await lock(client, found)
      if (!isLive(payment) || payment.status === 'captured') return { booking, ended: false }
      await writePayment(client, payment.id, 'void', { intentId: intent.id })
      if (booking.status === 'confirmed') await unsell(client, booking)
      else await endBooking(client, booking)
      return { booking, ended: true }
    }),
  )
  if (!ended) return 'known'
  await freeHold(sales, booking)
  return 'ended'
}

/** A booking whose payment can bring nothing any more. Whoever frees its seats after the commit may die before: a job does it too. */
export async function endBooking(client: Client, booking: Booking): Promise<void> {
  if (booking.status === 'paying') await moveBooking(client, booking, 'void', { reason: 'payment_canceled' })
  else await moveBooking(client, booking, booking.reason === 'by_fan' ? 'withdraw' : 'void')
  await addToOutbox(client, [{ kind: 'release', bookingId: booking.id }])
}

async function lock(client: Client, found: Payment): Promise<{ booking: Booking; payment: Payment }> {
  const booking = await lockBooking(client, found.bookingId)
  const payment = await lockPayment(client, found.id)
  if (booking === undefined || payment === undefined) throw new Error(`payment ${found.id} is gone`)
  return { booking, payment }
}

/** After the commit, at once; what fails here is left to the job that repeats it, which is there no more where all went well. */
export async function announce(
  sales: Sales,
  booking: Booking,
  { toldBy }: Partial<Sold> = {},
): Promise<void> {
  const { pool, step } = sales
  const told = [
    await show(sales, booking.eventId, booking.seats, booking.id).then(done, later(sales, booking)),
    await leaveQueue(sales, booking).then(done, later(sales, booking)),
  ]
  await payment(sales, booking)
  if (toldBy !== undefined && told.every(Boolean))
    await step('settle.told', () => noteTold(pool, toldBy)).catch(later(sales, booking))
}

const done = () => true

/** The slot the buyer had comes back at once; a place in the line, or a slot since the sale, stays theirs. */
export async function leaveQueue(sales: Sales, booking: Booking): Promise<void> {
  const { eventId, visitorId, confirmedAt } = booking
  // Read before its sale, a booking does not know the time of it: that is now.
  const boughtAt = confirmedAt ?? (await redisNow(sales))
  await sales.step('settle.leave', () => sales.queue.end(eventId, visitorId, 'purchased', boughtAt))
}

function later({ log }: Sales, booking: Booking): (err: unknown) => false {
  return err => {
    log.warn({ err, booking: booking.id }, 'left to a job')
    return false
  }
}
