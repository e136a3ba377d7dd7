/** A booking as its owner sees it. */
import { z } from '@hono/zod-openapi'
import type { EventRecord } from '../../shared/event-store.ts'
import type { Payment } from '../payments/payment-store.ts'
import type { Booking, Item } from './booking-store.ts'
import { isOver, STATES } from './machine.ts'
import { PlaceView, placeOf } from './place-view.ts'
import { bookingFee, feeShares, priceParts, priceView } from './price-view.ts'
import type { Priced } from './pricing.ts'

const time = z.iso.datetime()
const money = z.int().openapi({ description: "In the currency's minor units." })

const TicketView = PlaceView.extend({
  type: z.string(),
  ...priceParts,
  state: z.enum(['held', 'sold', 'returned', 'released']).openapi({
    description: '`released`: the booking ended without being bought, and has this place no more.',
  }),
})

export const NextActionView = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('redirect'), url: z.string() }),
    z.object({ type: z.literal('use_stripe_sdk'), clientSecret: z.string().nullable() }),
  ])
  .openapi({ description: 'What the fan has to do for the payment to go on, such as 3-D Secure.' })

export const BookingView = z
  .object({
    bookingId: z.uuid(),
    eventId: z.string(),
    status: z.enum(STATES),
    reason: z.string().optional().openapi({ description: 'Why it is closing or over.' }),
    expiresAt: time.openapi({ description: 'When the hold ends, or, while it is paid, the time to pay.' }),
    renewableUntil: time
      .optional()
      .openapi({ description: 'When the hold ends at the latest, however often it is renewed.' }),
    serverTime: time.openapi({ description: 'By the clock that ends holds.' }),
    amount: money,
    currency: z.string(),
    bookingFee,
    tickets: z.array(TicketView),
    nextAction: NextActionView.optional(),
    payQueue: z.object({ position: z.int(), seconds: z.int() }).optional().openapi({
      description:
        'More pay at this moment than the payment provider takes: the place in line, and about how long it takes. The tickets are kept, and the payment goes on by itself.',
    }),
    declineCode: z.string().optional().openapi({ description: 'Why the last attempt to pay was declined.' }),
    createdAt: time,
    confirmedAt: time.optional(),
  })
  .openapi('Booking')

export type BookingView = z.infer<typeof BookingView>

export function viewOf(
  booking: Booking,
  items: (Priced & Partial<Pick<Item, 'state'>>)[],
  event: EventRecord,
  now: number,
  /** When a hold in progress ends at the latest, ms. */
  renewable: number,
  payment?: Shown,
  payQueue?: BookingView['payQueue'],
): BookingView {
  const ended = booking.status === 'in_progress' && booking.expiresAt <= now
  const status = ended ? 'expired' : booking.status
  const reason = ended ? 'hold_ended' : booking.reason
  return {
    bookingId: booking.id,
    eventId: booking.eventId,
    status,
    ...(reason === null ? {} : { reason }),
    expiresAt: iso(booking.payUntil ?? booking.expiresAt),
    ...(status === 'in_progress' ? { renewableUntil: iso(renewable) } : {}),
    serverTime: iso(now),
    amount: booking.total,
    currency: booking.currency,
    bookingFee: feeShares(items),
    tickets: items.map(item => ticketView(event, item, status)),
    ...(status === 'paying' ? needs(payment, payQueue) : {}),
    createdAt: iso(booking.createdAt),
    ...(booking.confirmedAt === null ? {} : { confirmedAt: iso(booking.confirmedAt) }),
  }
}

function ticketView(
  event: EventRecord,
  item: Priced & Partial<Pick<Item, 'state'>>,
  status: BookingView['status'],
): BookingView['tickets'][number] {
  const { state = 'held' } = item
  return {
    ...placeOf(event, item.index),
    type: item.ticketType,
    ...priceView(item),
    state: state === 'held' && isOver(status) ? 'released' : state,
  }
}

/** What is told of a payment. */
type Shown = Pick<Payment, 'declineCode' | 'nextAction'>

/** Who waits for another try has nothing else to do. */
function needs(
  payment: Shown | undefined,
  payQueue: BookingView['payQueue'],
): Pick<BookingView, 'nextAction' | 'declineCode' | 'payQueue'> {
  if (payQueue !== undefined) return { payQueue }
  if (payment === undefined) return {}
  const { nextAction, declineCode } = payment
  return {
    ...(nextAction === null ? {} : { nextAction }),
    ...(declineCode === null ? {} : { declineCode }),
  }
}

/** RFC 3339, in UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
