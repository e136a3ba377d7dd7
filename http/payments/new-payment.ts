/** What a payment asks of Stripe, as it is written before Stripe hears of it. */
import type Stripe from 'stripe'
import type { Config } from '../../shared/config.ts'
import { capturesManually, type PaymentMethod } from '../../shared/payment-methods.ts'
import type { Queryable } from '../../shared/postgres.ts'
import { type Booking, itemsOf } from '../bookings/booking-store.ts'
import type { Priced } from '../bookings/pricing.ts'
import type { NewPayment } from './payment-store.ts'
import { metadataOf } from './sale-metadata.ts'

/** Read together with the booking's items, which Stripe is told of. */
export async function paymentFor(
  db: Queryable,
  booking: Sold,
  id: string,
  config: Pick<Config, 'INSTANCE' | 'PAYMENT_METHODS'>,
): Promise<NewPayment> {
  const items = await itemsOf(db, [booking.id])
  return newPayment(booking, items.get(booking.id) ?? [], id, config)
}

type Sold = Pick<Booking, 'id' | 'eventId' | 'visitorId' | 'total' | 'currency'>

export function newPayment(
  booking: Sold,
  items: Priced[],
  id: string,
  { INSTANCE, PAYMENT_METHODS }: Pick<Config, 'INSTANCE' | 'PAYMENT_METHODS'>,
): NewPayment {
  return {
    id,
    bookingId: booking.id,
    amount: booking.total,
    currency: booking.currency,
    params: {
      amount: booking.total,
      currency: booking.currency.toLowerCase(),
      ...captureBy(PAYMENT_METHODS),
      allowed_payment_method_types: PAYMENT_METHODS,
      metadata: metadataOf(booking, items, id, INSTANCE),
    },
  }
}

/**
 * Authorise, secure the seats, then capture: lost seats cost a void, not a refund. Where a way to pay that cannot wait is
 * among them, the PaymentIntent captures by itself, and each of the others says that it waits.
 */
function captureBy(
  methods: PaymentMethod[],
): Pick<Stripe.PaymentIntentCreateParams, 'capture_method' | 'payment_method_options'> {
  const waiting = methods.filter(capturesManually)
  if (waiting.length === methods.length) return { capture_method: 'manual' }
  const options = waiting.map(method => [method, { capture_method: 'manual' }])
  return {
    capture_method: 'automatic',
    ...(options.length === 0 ? {} : { payment_method_options: Object.fromEntries(options) }),
  }
}
