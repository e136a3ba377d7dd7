/**
 * The line of those who wait to pay, where more do than the payment provider takes: who comes into it, and its serving, by
 * every process of the http tier and every worker. What is kept of a payment that waits is in Postgres.
 */
import { Problem } from '../../shared/errors.ts'
import { PAY_EXTENSION_MS, PAY_GUARD_MS, PAY_LEAST_MS, SECOND } from '../../shared/limits.ts'
import { type Client, transaction } from '../../shared/postgres.ts'
import { beginTurnPlainly } from '../bookings/begin-store.ts'
import { type Booking, findBooking, lockBooking, moveBooking } from '../bookings/booking-store.ts'
import { activate } from '../bookings/hold.ts'
import { hardEnd } from '../bookings/hold-time.ts'
import { eventOf, onPayPool, redisNow, type Sales } from '../bookings/sales.ts'
import { charge } from './charge.ts'
import { paymentFor } from './new-payment.ts'
import { addToOutbox } from './outbox.ts'
import {
  backToPayQueue,
  callNext,
  dueInPayQueue,
  enterPayQueue,
  leavePayQueue,
  lengthOfPayQueue,
  type Waiting,
} from './pay-queue.ts'
import { insertPayment, isLive, notePayment, type Payment, paymentOf, written } from './payment-store.ts'
import { payment } from './seats.ts'
import { LATE_MOST_MS, PAUSE_MS } from './turns.ts'

/** Payments that one process has at Stripe at once from the line: some two seconds of the default rate. */
const HANDS = 32
/** Between two looks at the line; a look that finds nothing costs one index. */
export const SERVE_EVERY_MS = 100
/** Stripe was away: it is asked again after so long. */
const AWAY_PAUSE_MS = 5 * SECOND

/** True where nobody waits and the provider takes one more: then that one is counted. */
export async function mayPayNow({ pool, step, turns }: Sales): Promise<boolean> {
  const others = await step('pay.length', () => dueInPayQueue(pool, 1))
  return others === 0 && (await step('pay.turn', () => turns.payment()))
}

/** How long the seats are kept at most, from now; never less than the hold has left. */
export function limitOf({ config }: Sales, booking: Booking, now: number): number {
  return Math.max(booking.payUntil ?? booking.expiresAt, hardEnd(config, booking)) - now
}

/** @throws Problem where the line is so long that the seats could not be kept until its end */
export async function checkLine(sales: Sales, booking: Booking, now: number): Promise<void> {
  const { pool, step, config } = sales
  const length = await step('pay.length', () => lengthOfPayQueue(pool))
  // It may be slowed once in between; what it takes until it is fast again is within PAY_LEAST_MS.
  const waitMs = (length / config.STRIPE_RPS) * SECOND + LATE_MOST_MS
  if (waitMs + PAY_LEAST_MS <= limitOf(sales, booking, now)) return
  throw new Problem(
    'payments_unavailable',
    'More people pay at this moment than can be served before your hold ends; your seats are kept until then.',
    { retryAfter: 15, members: { bookingId: booking.id } },
  )
}

/** Puts a booking that is being paid into the line, its seats kept meanwhile. */
export async function waitToPay(sales: Sales, booking: Booking, waiting: Waiting): Promise<void> {
  const { pool, step } = sales
  const now = await redisNow(sales)
  await checkLine(sales, booking, now)
  const ms = limitOf(sales, booking, now)
  if (!(await prolong(sales, booking, ms))) return
  const payUntil = now + ms
  await step('pay.queue', () =>
    transaction(pool, async client => {
      if (!(await writeTimeToPay(client, booking, payUntil))) return
      await enterPayQueue(client, waiting)
    }),
  )
  await payment(sales, booking, payUntil)
}

async function prolong(sales: Sales, booking: Booking, ms: number): Promise<boolean> {
  const { stock } = await eventOf(sales, booking.eventId)
  return (await activate(sales, stock, booking, ms + PAY_GUARD_MS, 'pay.extend')).ok
}

/** False where it is not being paid any more. */
async function writeTimeToPay(client: Client, { id }: Booking, payUntil: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `update bookings set pay_until = $2, expires_at = $3, changed_at = now() where id = $1 and status = 'paying'`,
    [id, new Date(payUntil), new Date(payUntil + PAY_GUARD_MS)],
  )
  return rowCount === 1
}

/** A round of one process: takes as many turns as it has hands for, and serves them beside the next rounds. */
export function payQueueRound(all: Sales): { work: () => Promise<boolean>; idle: () => Promise<void> } {
  const sales = onPayPool(all)
  const { pool, step, turns, payRoom, log } = sales
  const serving = new Set<Promise<void>>()
  const work = async () => {
    await step('pay.turn', () => turns.tell(payRoom.holds()))
    const due = await step('pay.length', () =>
      dueInPayQueue(pool, Math.min(HANDS - serving.size, payRoom.left())),
    )
    let taken = 0
    while (taken < due && (await step('pay.turn', () => turns.payment()))) taken++
    if (taken === 0) return false
    for (const waiting of await step('pay.call', () => callNext(pool, taken))) {
      const leaveRoom = payRoom.enter()
      const served = payInTurn(sales, waiting)
        .catch((err: unknown) => log.warn({ err, booking: waiting.bookingId }, 'a payment is tried again'))
        .finally(() => {
          leaveRoom?.()
          serving.delete(served)
        })
      serving.add(served)
    }
    return taken < due
  }
  return { work, idle: async () => void (await Promise.all(serving)) }
}

async function payInTurn(sales: Sales, waiting: Waiting): Promise<void> {
  const { pool, step, config, chance, turns } = sales
  const { bookingId, paymentMethod, returnUrl } = waiting
  const leave = () => step('pay.leave', () => leavePayQueue(pool, bookingId))
  const again = (pauseMs: number) => step('pay.back', () => backToPayQueue(pool, bookingId, pauseMs))
  const turn = await beginTurn(sales, waiting)
  if (turn === undefined) return leave()
  const { booking, payment: made } = turn
  const result = await charge(sales, booking, {
    paymentMethod,
    returnUrl,
    payment: made,
    next: () => paymentFor(pool, booking, chance.uuid(), config),
  })
  switch (result.outcome) {
    case 'known':
    case 'declined':
    case 'seats_lost':
    case 'over':
      return leave()
    case 'bad_method':
      await noteBadMethod(sales, booking)
      return leave()
    case 'limited':
      await step('pay.turn', () => turns.pause())
      return again(PAUSE_MS)
    case 'away':
      return again(AWAY_PAUSE_MS)
    default:
      result satisfies never
  }
}

interface Turn {
  booking: Booking
  /** Where it has just been written. */
  payment?: Payment
}

/** Its time to pay begins now. Undefined where it is not to be paid any more. */
async function beginTurn(sales: Sales, { bookingId }: Waiting): Promise<Turn | undefined> {
  const { pool, step, config, chance, clock } = sales
  const booking = await step('booking.read', () => findBooking(pool, bookingId))
  if (booking?.status !== 'paying') return undefined
  const now = await redisNow(sales)
  const held = booking.createdAt + config.HOLD_SECONDS * SECOND - now
  const ms = Math.min(Math.max(held, PAY_EXTENSION_MS), limitOf(sales, booking, now))
  const kept = await prolong(sales, booking, ms)
  const [payUntil, expiresAt] = [now + ms, now + ms + PAY_GUARD_MS]
  const turn = { booking: { ...booking, payUntil, expiresAt } }
  const wanted = await step('booking.read', () => paymentFor(pool, booking, chance.uuid(), config))
  const begun = await step('pay.called', async () => {
    const plainly = kept && (await beginTurnPlainly(pool, booking, { payUntil, expiresAt }, wanted))
    if (plainly === 'written') return { ...turn, payment: written(wanted, clock.now()) }
    if (plainly === 'stood') return turn
    return (await writeTurn(sales, booking, payUntil, kept)) ? turn : undefined
  })
  if (begun !== undefined) await payment(sales, booking, payUntil)
  return begun
}

async function writeTurn(
  { pool: db, chance, config }: Sales,
  { id }: Booking,
  payUntil: number,
  kept: boolean,
): Promise<boolean> {
  return transaction(db, async client => {
    const current = await lockBooking(client, id)
    if (current?.status !== 'paying') return false
    if (!kept) {
      // Somebody else has the seats: no money is asked for them.
      await moveBooking(client, current, 'pay_until', { reason: 'seats_lost' })
      await addToOutbox(client, [{ kind: 'close', bookingId: id }])
      return false
    }
    await writeTimeToPay(client, current, payUntil)
    const last = await paymentOf(client, id)
    if (last === undefined || !isLive(last))
      await insertPayment(client, await paymentFor(client, current, chance.uuid(), config))
    return true
  })
}

/** Nobody waits for the answer: the booking tells it, as it tells a decline. */
async function noteBadMethod({ pool, step }: Sales, { id }: Booking): Promise<void> {
  const last = await step('booking.read', () => paymentOf(pool, id))
  if (last === undefined) return
  await step('pay.note', () =>
    notePayment(pool, last.id, { declineCode: 'invalid_payment_method', nextAction: null }),
  )
}
