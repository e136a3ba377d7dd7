/**
 * A sale as it stands in its PaymentIntent's metadata, so that Stripe can tell what Postgres has lost: ids, seats, ticket types
 * and amounts, and nothing of a person.
 */
import type { Booking } from '../bookings/booking-store.ts'
import type { Priced } from '../bookings/pricing.ts'

/** Stripe's bound on a value. */
const VALUE_CHARS = 500
/** Some twenty items a value: more than any booking has. */
const MOST_VALUES = 10

/** `seat:type:price:fee:discount`, with commas, over as many values as it takes. */
export function metadataOf(
  booking: Pick<Booking, 'id' | 'eventId' | 'visitorId'>,
  items: Priced[],
  paymentId: string,
  instance: string,
): Record<string, string> {
  const told = { onsale: instance, bookingId: booking.id, paymentId, eventId: booking.eventId }
  const values: string[] = []
  for (const { index, ticketType, price, fee, discount } of items) {
    const item = [index, ticketType, price, fee, discount].join(':')
    const last = values.at(-1)
    if (last !== undefined && last.length + 1 + item.length <= VALUE_CHARS)
      values[values.length - 1] = `${last},${item}`
    else values.push(item)
  }
  // Never a part: half a sale would be made again as a whole one.
  const whole = values.length <= MOST_VALUES && values.every(value => value.length <= VALUE_CHARS)
  const parts = whole ? values.map((value, at) => [`items${at}`, value]) : []
  return { ...told, visitorId: booking.visitorId, ...Object.fromEntries(parts) }
}

/** Undefined where it does not say them, or not all. */
export function itemsIn(metadata: Record<string, string>): Priced[] | undefined {
  const items: Priced[] = []
  for (let at = 0; metadata[`items${at}`] !== undefined && at < MOST_VALUES; at++) {
    for (const item of (metadata[`items${at}`] ?? '').split(',')) {
      const match = /^(\d+):([^:,]*):(\d+):(\d+):(\d+)$/.exec(item)
      if (match === null) return undefined
      const [, index, ticketType = '', price, fee, discount] = match
      items.push({
        index: Number(index),
        ticketType,
        price: Number(price),
        fee: Number(fee),
        feeShare: 0,
        discount: Number(discount),
      })
    }
  }
  return items.length === 0 ? undefined : items.sort((a, b) => a.index - b.index)
}
