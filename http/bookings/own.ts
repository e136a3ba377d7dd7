/** A visitor's own bookings, read. Somebody else's does not exist. */
import { Problem } from '../../shared/errors.ts'
import { type BookingId, UUID, type VisitorId } from '../../shared/ids.ts'
import { type Booking, findBooking, itemsOf, listBookings } from './booking-store.ts'
import { renewableUntil } from './hold-time.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
import { type BookingView, viewOf } from './view.ts'
import { findTold } from './view-store.ts'

/** Of one of them. */
export const BOOKING_PATH = /^\/bookings\/([0-9a-f-]{36})$/

/** @throws Problem booking_not_found */
export async function readOwn(sales: Sales, visitorId: VisitorId, id: string): Promise<Booking> {
  const booking = UUID.test(id)
    ? await sales.step('booking.read', () => findBooking(sales.pool, id as BookingId))
    : undefined
  if (booking === undefined || booking.visitorId !== visitorId) throw none(id, visitorId)
  return booking
}

function none(id: string, visitorId: VisitorId | undefined): Problem {
  const told = visitorId === undefined ? 'There is' : 'You have'
  return new Problem('booking_not_found', `${told} no booking ${id.slice(0, 60)}.`)
}

/**
 * As it is told to its visitor; or, where none is named, to an operator.
 * @throws Problem booking_not_found
 */
export async function viewNow(
  sales: Sales,
  id: string,
  visitorId: VisitorId | undefined,
): Promise<BookingView> {
  const { pool, step, config, lineSpeed } = sales
  const told = UUID.test(id) ? await step('booking.read', () => findTold(pool, id as BookingId)) : undefined
  if (told === undefined || (visitorId !== undefined && told.booking.visitorId !== visitorId))
    throw none(id, visitorId)
  const { booking, items, payment, inLine } = told
  const event = await eventOf(sales, booking.eventId)
  const payQueue = inLine && {
    position: inLine.place,
    seconds: lineSpeed.secondsFor(inLine.place, inLine.first),
  }
  const renewable = renewableUntil(config, booking)
  return viewOf(booking, items, event, await redisNow(sales), renewable, payment, payQueue)
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
