/**
 * Paying: the hold is extended once, booking and payment are written, then Stripe is asked, in two calls. Whatever
 * breaks in between, the hold stands until its time, and the same call may be made again.
 */
import { paymentsOf } from '../../shared/config.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId, type VisitorId } from '../../shared/ids.ts'
import { CONFIRM_WAIT_MS, PAY_EXTENSION_MS, PAY_GUARD_MS, SECOND } from '../../shared/limits.ts'
import { type Pool, transaction } from '../../shared/postgres.ts'
import { type Charged, charge } from '../payments/charge.ts'
import { paymentFor } from '../payments/new-payment.ts'
import { addToOutbox } from '../payments/outbox.ts'
import { checkLine, limitOf, mayPayNow, waitToPay } from '../payments/pay-in-turn.ts'
import { changeCard, enterPayQueue, type Waiting } from '../payments/pay-queue.ts'
import { insertPayment, type Payment, written } from '../payments/payment-store.ts'
import { freeHold, payment, SeatsLost, sellSeats } from '../payments/seats.ts'
import { announce } from '../payments/settle.ts'
import { type Beginning, beginPlainly } from './begin-store.ts'
import { type Booking, lockBooking, moveBooking, writePerson } from './booking-store.ts'
import { activate } from './hold.ts'
import { isOver } from './machine.ts'
import { readOwn, viewNow } from './own.ts'
import { AGAIN_MOST_SECONDS, type Leave } from './pay-room.ts'
import { eventOf, onPayPool, redisNow, type Sales } from './sales.ts'
import type { BookingView } from './view.ts'

export interface PayRequest {
  visitorId: VisitorId
  bookingId: string
  paymentMethodId: string | undefined
  buyer: { name: string; email: string }
  /** The price the fan saw, in minor units. */
  amount: number | undefined
  /** Where 3-D Secure sends the fan back to. */
  returnUrl: string
}

/** For room, where holds are late: the rest of CONFIRM_WAIT_MS is for what then has to be done. */
const ROOM_WAIT_MS = 4 * SECOND
/** Where they are not, the line takes whom there is no room for: nobody's hold should end while they wait to stand in it. */
const OPENING_WAIT_MS = SECOND

/** Without room it waits in the line, as do those whom the provider does not take yet. */
type Try = PayRequest & { hasRoom: boolean }

/**
 * The booking, `confirmed` where that is known within five seconds; else `paying`, and the work goes on.
 * @throws Problem
 */
export async function pay(all: Sales, request: PayRequest): Promise<BookingView> {
  const sales = onPayPool(all)
  const hangUp = sales.payRoom.call()
  if (hangUp === undefined) throw tooMany(sales)
  const began = sales.clock.now()
  try {
    const room = await roomFor(sales)
    return await payInTime(sales, request, room, CONFIRM_WAIT_MS - (sales.clock.now() - began))
  } finally {
    hangUp()
  }
}

interface Room {
  /** Else it waits in the line of payments. */
  hasRoom: boolean
  leave: Leave | undefined
}

/** Where holds are late whoever pays waits for a turn, even to stand in the line: whatever is written takes time from them. */
async function roomFor(sales: Sales): Promise<Room> {
  const { payRoom, step } = sales
  const waitMs = payRoom.isNarrow() ? ROOM_WAIT_MS : OPENING_WAIT_MS
  const leave = payRoom.isFull() ? undefined : await step('pay.wait', () => payRoom.wait(waitMs))
  const isNarrow = payRoom.isNarrow()
  if (isNarrow && leave === undefined) throw tooMany(sales)
  return { hasRoom: leave !== undefined && !isNarrow, leave }
}

async function payInTime(
  sales: Sales,
  request: PayRequest,
  { hasRoom, leave }: Room,
  waitMs: number,
): Promise<BookingView> {
  const over = new AbortController()
  const booking = await readOwn(sales, request.visitorId, request.bookingId).catch((error: unknown) => {
    leave?.()
    throw error
  })
  const work = toTheEnd(sales, { ...request, hasRoom }, booking).finally(() => {
    leave?.()
    over.abort()
  })
  const inTime = await Promise.race([
    work.then(() => true),
    sales.step('pay.wait', () => sales.clock.sleep(waitMs, over.signal)).then(() => false),
  ])
  // Nobody waits for it any more, and whatever it comes to is in the booking.
  if (!inTime)
    work.catch((err: unknown) => sales.log.warn({ err, booking: booking.id }, 'a slow payment failed'))
  return viewNow(sales, request.bookingId, request.visitorId)
}

async function toTheEnd(sales: Sales, request: Try, found: Booking): Promise<void> {
  const { pool, step } = sales
  let booking = found
  if (booking.status === 'in_progress') {
    checkAmount(booking, request.amount)
    const begun = await begin(sales, booking, request)
    if (begun === 'in_line') return
    if (begun !== 'before') return payNow(sales, booking, request, begun)
    booking = await readOwn(sales, request.visitorId, request.bookingId)
  }
  switch (booking.status) {
    case 'confirmed':
      return
    case 'paying':
      break
    case 'in_progress':
    case 'expired':
      throw expired()
    case 'closing':
      throw booking.reason === 'by_fan' ? past(booking) : expired()
    case 'cancelled':
    case 'refunded':
      throw past(booking)
    default:
      booking.status satisfies never
  }
  checkAmount(booking, request.amount)
  if ((booking.payUntil ?? 0) <= (await redisNow(sales))) throw expired()
  const waiting = waitingOf(booking, request)
  await writeBuyer(sales, booking, request)
  if (await step('pay.queue', () => changeCard(pool, waiting))) return
  if (!request.hasRoom || !(await mayPayNow(sales))) return waitToPay(sales, booking, waiting)
  return payNow(sales, booking, request)
}

function waitingOf({ id: bookingId }: Booking, { paymentMethodId, returnUrl }: PayRequest): Waiting {
  if (paymentMethodId === undefined) throw methodMissing()
  return { bookingId, paymentMethod: paymentMethodId, returnUrl }
}

/** `payment`: its own, where it has just been written. */
async function payNow(sales: Sales, booking: Booking, request: PayRequest, payment?: Payment): Promise<void> {
  const { pool, step, chance, config, turns } = sales
  const waiting = waitingOf(booking, request)
  const result = await charge(sales, booking, {
    ...waiting,
    payment,
    next: () => paymentFor(pool, booking, chance.uuid(), config),
  })
  if (result.outcome === 'limited') {
    await step('pay.turn', () => turns.pause())
    return waitToPay(sales, booking, waiting)
  }
  const problem = await problemOf(sales, booking, result)
  if (problem !== undefined) throw problem
}

/** Who pays in a later try is the buyer, until the booking is bought: the tickets go to them. */
async function writeBuyer({ pool, step }: Sales, { id }: Booking, { buyer }: PayRequest): Promise<void> {
  await step('pay.buyer', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, id)
      if (current?.status === 'paying' && current.personId !== null)
        await writePerson(client, current.personId, buyer)
    }),
  )
}

/** What the fan is told of a try that did not simply go on. */
async function problemOf(
  sales: Sales,
  booking: Booking,
  result: Exclude<Charged, { outcome: 'limited' }>,
): Promise<Problem | undefined> {
  switch (result.outcome) {
    case 'known':
      return undefined
    case 'declined':
      return declined(booking, result.declineCode)
    case 'bad_method':
      return new Problem('invalid_request', `paymentMethodId: ${result.message}`, {
        errors: [{ field: 'paymentMethodId', message: result.message }],
      })
    case 'seats_lost':
      return lost(await eventOf(sales, booking.eventId), booking)
    case 'over':
      return expired()
    case 'away':
      return new Problem(
        'payments_unavailable',
        'Payments cannot be reached; your seats are kept meanwhile.',
        {
          retryAfter: 2,
          members: { bookingId: booking.id },
        },
      )
    default:
      return result satisfies never
  }
}

/** Whose turn a payment is, once its booking is `paying`: this call's, the line's, or that of whoever began it before. */
type Begun = Payment | 'in_line' | 'before'

/** Moves the booking from in_progress to paying, or, where nothing is to be paid, to confirmed. */
async function begin(sales: Sales, booking: Booking, request: Try): Promise<Begun> {
  const { pool, step, chance, config } = sales
  const event = await eventOf(sales, booking.eventId)
  const now = await redisNow(sales)
  if (booking.expiresAt <= now) throw expired()
  // Before anything is written: the fan keeps the form and may give the seats back.
  checkPayable(config, booking, request)
  const waits = booking.total > 0 && !(request.hasRoom && (await mayPayNow(sales)))
  if (waits) await checkLine(sales, booking, now)
  // Never less than the hold had left; once, as a booking that pays is in_progress no more. Who waits is kept until the
  // limit, and given this time when their turn comes.
  const left = Math.max(booking.expiresAt - now, PAY_EXTENSION_MS)
  const payMs = waits ? limitOf(sales, booking, now) : Math.min(left, limitOf(sales, booking, now))
  const extended = await activate(sales, event.stock, booking, payMs + PAY_GUARD_MS, 'pay.extend')
  if (!extended.ok) throw expired()
  const payUntil = extended.now + payMs
  const beginning = {
    personId: booking.personId ?? chance.uuid(),
    buyer: request.buyer,
    payUntil,
    expiresAt: payUntil + PAY_GUARD_MS,
    waiting: waits ? waitingOf(booking, request) : undefined,
  }
  const begun = await step('pay.begin', () => write(pool, sales, booking, beginning, request)).catch(
    (error: unknown) => {
      throw error instanceof SeatsLost ? lost(event, booking) : error
    },
  )
  if (begun === 'in_line' || typeof begun === 'object') {
    await keep(sales, event, booking, payMs + PAY_GUARD_MS)
    await payment(sales, booking, payUntil)
    return begun
  }
  if (begun === 'sold') await announce(sales, booking)
  // Given back or ended in this very moment: what was extended, or taken again, goes back too.
  else if (isOver(begun)) await freeHold(sales, booking)
  return 'before'
}

/** Answers the payment or the place in the line, `sold`, or the state in which another tab has left it. */
async function write(
  db: Pool,
  { chance, clock, config }: Sales,
  booking: Booking,
  beginning: Beginning,
  request: Try,
): Promise<Payment | 'in_line' | 'sold' | Booking['status']> {
  const { personId, buyer, payUntil, expiresAt, waiting } = beginning
  if (booking.total > 0) {
    const payment = waiting === undefined ? await paymentFor(db, booking, chance.uuid(), config) : undefined
    if (await beginPlainly(db, booking, beginning, payment))
      return payment === undefined ? 'in_line' : written(payment, clock.now())
  }
  return transaction(db, async client => {
    const current = await lockBooking(client, booking.id)
    if (current?.status !== 'in_progress') return current?.status ?? 'cancelled'
    // Another tab may have changed it since it was read. Its hold in Redis ends with the booking all the same.
    checkAmount(current, request.amount)
    checkPayable(config, current, request)
    await writePerson(client, personId, buyer)
    if (current.total > 0) {
      await moveBooking(client, current, 'pay', { personId, payUntil, expiresAt })
      if (waiting !== undefined) {
        await enterPayQueue(client, waiting)
        return 'in_line'
      }
      const payment = await paymentFor(client, current, chance.uuid(), config)
      await insertPayment(client, payment)
      return written(payment, clock.now())
    }
    await sellSeats(client, current)
    await moveBooking(client, current, 'confirm_free', { personId })
    await addToOutbox(client, [
      { kind: 'sold', bookingId: current.id },
      { kind: 'mail', bookingId: current.id },
    ])
    return 'sold'
  })
}

/**
 * A rebuild of Redis that read Postgres before that commit has given the hold its old end. Never taken anew: the booking
 * may have ended again by now. What fails here is left to the next rebuild, which knows the new end.
 */
async function keep(
  { inventory, step, log }: Sales,
  { stock }: EventRecord,
  { id, seats: indices, visitorId: visitor }: Booking,
  ttlMs: number,
): Promise<void> {
  await step('pay.keep', () => inventory.extend(stock, id, ttlMs, { indices, visitor })).catch(
    (err: unknown) => log.warn({ err, booking: id }, 'a hold could not be given its time to pay once more'),
  )
}

/** So many pay at once that this one has to come again. */
export function tooMany({ chance, payRoom }: Pick<Sales, 'chance' | 'payRoom'>): Problem {
  const spread = 0.75 + chance.fraction() / 2
  return new Problem(
    'too_many_requests',
    'So many pay at this moment that yours has to wait: try again. Your hold goes on to its time.',
    { retryAfter: Math.min(AGAIN_MOST_SECONDS, Math.ceil(payRoom.refuse() * spread)) },
  )
}

function checkPayable(config: Sales['config'], booking: Booking, { paymentMethodId }: PayRequest): void {
  if (booking.total === 0) return
  if (paymentsOf(config) === 'none') throw notSetUp(booking)
  if (!paymentMethodId) throw methodMissing()
}

function notSetUp(booking: Booking): Problem {
  return new Problem('payments_unavailable', 'Payments are not set up here; your seats are kept meanwhile.', {
    retryAfter: 60,
    members: { bookingId: booking.id },
  })
}

function checkAmount(booking: Booking, amount: number | undefined): void {
  if (amount === undefined || amount === booking.total) return
  throw new Problem('price_mismatch', `The price is ${booking.total}, not ${amount}.`, {
    members: { amount: booking.total, currency: booking.currency },
  })
}

function methodMissing(): Problem {
  return new Problem('invalid_request', 'paymentMethodId: is needed', {
    errors: [{ field: 'paymentMethodId', message: 'is needed' }],
  })
}

function expired(): Problem {
  return new Problem('booking_expired', 'The seats were held until now, and are free again.')
}

function past(booking: Booking): Problem {
  return new Problem('booking_state', `The booking is ${booking.status}.`, {
    members: { bookingStatus: booking.status },
  })
}

function declined(booking: Booking, declineCode: string): Problem {
  return new Problem('card_declined', 'The bank declined the card. Your seats are kept: try another.', {
    members: { declineCode, bookingId: booking.id },
  })
}

function lost(event: EventRecord, booking: Booking): Problem {
  const tickets = booking.seats.map(index => ticketId(event.eventId, index))
  return new Problem('hold_conflict', 'The seats were lost; no money is taken.', { members: { tickets } })
}
