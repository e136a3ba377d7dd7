/** A visitor's own bookings, read. Somebody else's does not exist. */
import { Problem } from '../../shared/errors.ts'
import { type BookingId, UUID, type VisitorId } from '../../shared/ids.ts'
import { placeInPayQueue } from '../payments/pay-queue.ts'
import { paymentOf } from '../payments/payment-store.ts'
import { type Booking, findBooking, itemsOf, listBookings } from './booking-store.ts'
import { renewableUntil } from './hold-time.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
import { type BookingView, viewOf } from './view.ts'

/** @throws Problem booking_not_found */
export async function readOwn(sales: Sales, visitorId: VisitorId, id: string): Promise<Booking> {
  const booking = UUID.test(id)
    ? await sales.step('booking.read', () => findBooking(sales.pool, id as BookingId))
    : undefined
  if (booking === undefined || booking.visitorId !== visitorId)
    throw new Problem('booking_not_found', `You have no booking ${id.slice(0, 60)}.`)
  return booking
}

export async function viewNow(sales: Sales, booking: Booking): Promise<BookingView> {
  const { pool, step, config } = sales
  const event = await eventOf(sales, booking.eventId)
  const items = await step('booking.read', () => itemsOf(pool, [booking.id]))
  const paying = booking.status === 'paying'
  const payment = paying ? await step('booking.read', () => paymentOf(pool, booking.id)) : undefined
  const position = paying ? await step('booking.read', () => placeInPayQueue(pool, booking.id)) : undefined
  const payQueue =
    position === undefined ? undefined : { position, seconds: Math.ceil(position / config.STRIPE_RPS) }
  const renewable = renewableUntil(config, booking)
  return viewOf(
    booking,
    items.get(booking.id) ?? [],
    event,
    await redisNow(sales),
    renewable,
    payment,
    payQueue,
  )
}

export interface Page {
  page: number
  pageSize: number
}

export async function listOwn(
  sales: Sales,
  visitorId: VisitorId,
  page: Page,
): Promise<Page & { bookings: BookingView[]; total: number }> {
  const { pool, step } = sales
  const { bookings, total } = await step('booking.read', () => listBookings(pool, visitorId, page))
  const items = await step('booking.read', () =>
    itemsOf(
      pool,
      bookings.map(({ id }) => id),
    ),
  )
  const now = await redisNow(sales)
  const views: BookingView[] = []
  for (const booking of bookings) {
    const event = await eventOf(sales, booking.eventId)
    const renewable = renewableUntil(sales.config, booking)
    views.push(viewOf(booking, items.get(booking.id) ?? [], event, now, renewable))
  }
  return { bookings: views, ...page, total }
}
