/**
 * Paying: the hold is extended once, booking and payment are written, then Stripe is asked, in two calls. Whatever
 * breaks in between, the hold stands until its time, and the same call may be made again.
 */
import { paymentsOf } from '../../shared/config.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId, type VisitorId } from '../../shared/ids.ts'
import { CONFIRM_WAIT_MS, PAY_EXTENSION_MS, PAY_GUARD_MS } from '../../shared/limits.ts'
import { transaction } from '../../shared/postgres.ts'
import { charge } from '../payments/charge.ts'
import { addToOutbox } from '../payments/outbox.ts'
import { insertPayment, type NewPayment } from '../payments/payment-store.ts'
import { freeHold, payment, SeatsLost, sellSeats } from '../payments/seats.ts'
import { announce } from '../payments/settle.ts'
import { type Booking, lockBooking, moveBooking, writePerson } from './booking-store.ts'
import { activate } from './hold.ts'
import { isOver } from './machine.ts'
import { readOwn, viewNow } from './own.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
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

/**
 * The booking, `confirmed` where that is known within five seconds; else `paying`, and the work goes on.
 * @throws Problem
 */
export async function pay(sales: Sales, request: PayRequest): Promise<BookingView> {
  const booking = await readOwn(sales, request.visitorId, request.bookingId)
  const over = new AbortController()
  const work = toTheEnd(sales, request, booking).finally(() => over.abort())
  const inTime = await Promise.race([
    work.then(() => true),
    sales.step('pay.wait', () => sales.clock.sleep(CONFIRM_WAIT_MS, over.signal)).then(() => false),
  ])
  // Nobody waits for it any more, and whatever it comes to is in the booking.
  if (!inTime)
    work.catch((err: unknown) => sales.log.warn({ err, booking: booking.id }, 'a slow payment failed'))
  return viewNow(sales, await readOwn(sales, request.visitorId, request.bookingId))
}

async function toTheEnd(sales: Sales, request: PayRequest, found: Booking): Promise<void> {
  let booking = found
  if (booking.status === 'in_progress') {
    checkAmount(booking, request.amount)
    await begin(sales, booking, request)
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
  const { paymentMethodId, returnUrl } = request
  if (paymentMethodId === undefined) throw methodMissing()
  const event = await eventOf(sales, booking.eventId)
  const result = await charge(sales, booking, {
    paymentMethod: paymentMethodId,
    returnUrl,
    next: () => newPayment(booking, sales.chance.uuid(), sales.config.INSTANCE),
  })
  switch (result.outcome) {
    case 'known':
      return
    case 'declined':
      throw declined(booking, result.declineCode)
    case 'bad_method':
      throw new Problem('invalid_request', `paymentMethodId: ${result.message}`, {
        errors: [{ field: 'paymentMethodId', message: result.message }],
      })
    case 'seats_lost':
      throw lost(event, booking)
    case 'over':
      throw expired()
    case 'away':
      throw new Problem(
        'payments_unavailable',
        'Payments cannot be reached; your seats are kept meanwhile.',
        {
          retryAfter: 2,
          members: { bookingId: booking.id },
        },
      )
    default:
      result satisfies never
  }
}

/** Moves the booking from in_progress to paying, or, where nothing is to be paid, to confirmed. */
async function begin(sales: Sales, booking: Booking, request: PayRequest): Promise<void> {
  const { pool, step, chance, config } = sales
  const event = await eventOf(sales, booking.eventId)
  const now = await redisNow(sales)
  if (booking.expiresAt <= now) throw expired()
  // Before anything is written: the fan keeps the form and may give the seats back.
  if (booking.total > 0 && paymentsOf(config) === 'none') throw notSetUp(booking)
  if (booking.total > 0 && request.paymentMethodId === undefined) throw methodMissing()
  // Never less than the hold had left; once, as a booking that pays is in_progress no more.
  const payMs = Math.max(booking.expiresAt - now, PAY_EXTENSION_MS)
  const extended = await activate(sales, event.stock, booking, payMs + PAY_GUARD_MS, 'pay.extend')
  if (!extended.ok) throw expired()
  const payUntil = extended.now + payMs
  const personId = booking.personId ?? chance.uuid()
  const begun = await step('pay.begin', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, booking.id)
      if (current?.status !== 'in_progress') return current?.status ?? 'cancelled'
      await writePerson(client, personId, request.buyer)
      if (current.total > 0) {
        await moveBooking(client, current, 'pay', { personId, payUntil, expiresAt: payUntil + PAY_GUARD_MS })
        await insertPayment(client, newPayment(current, chance.uuid(), config.INSTANCE))
        return 'paying'
      }
      await sellSeats(client, current)
      await moveBooking(client, current, 'confirm_free', { personId })
      await addToOutbox(client, [{ kind: 'sold', bookingId: current.id }])
      return 'sold'
    }),
  ).catch((error: unknown) => {
    throw error instanceof SeatsLost ? lost(event, booking) : error
  })
  if (begun === 'paying') {
    await keep(sales, event, booking, payMs + PAY_GUARD_MS)
    await payment(sales, booking, payUntil)
  } else if (begun === 'sold') await announce(sales, booking)
  // Given back or ended in this very moment: what was extended, or taken again, goes back too.
  else if (isOver(begun)) await freeHold(sales, booking)
}

/**
 * A rebuild of Redis that read Postgres before that commit has given the hold its old end. Never taken anew: the booking
 * may have ended again by now. What fails here is left to the next rebuild, which knows the new end.
 */
async function keep(
  { inventory, step, log }: Sales,
  { stock }: EventRecord,
  { id }: Booking,
  ttlMs: number,
): Promise<void> {
  await step('pay.keep', () => inventory.extend(stock, id, ttlMs)).catch((err: unknown) =>
    log.warn({ err, booking: id }, 'a hold could not be given its time to pay once more'),
  )
}

/** Metadata values hold 500 characters; more seats than fit are in the booking. */
const METADATA_CHARS = 500

export function newPayment(
  booking: Pick<Booking, 'id' | 'eventId' | 'seats' | 'total' | 'currency'>,
  id: string,
  instance: string,
): NewPayment {
  return {
    id,
    bookingId: booking.id,
    amount: booking.total,
    currency: booking.currency,
    params: {
      amount: booking.total,
      currency: booking.currency.toLowerCase(),
      // Authorise, secure the seats, then capture: lost seats cost a void, not a refund.
      capture_method: 'manual',
      allowed_payment_method_types: ['card'],
      metadata: {
        onsale: instance,
        bookingId: booking.id,
        paymentId: id,
        eventId: booking.eventId,
        seats: booking.seats.join(',').slice(0, METADATA_CHARS),
      },
    },
  }
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
    members: { status: booking.status },
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
