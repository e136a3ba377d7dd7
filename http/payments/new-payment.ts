/** What a payment asks of Stripe, as it is written before Stripe hears of it. */
import type Stripe from 'stripe'
import type { Config } from '../../shared/config.ts'
import { capturesManually, type PaymentMethod } from '../../shared/payment-methods.ts'
import type { Booking } from '../bookings/booking-store.ts'
import type { NewPayment } from './payment-store.ts'

/** Metadata values hold 500 characters; more seats than fit are in the booking. */
const METADATA_CHARS = 500

export function newPayment(
  booking: Pick<Booking, 'id' | 'eventId' | 'seats' | 'total' | 'currency'>,
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
      metadata: {
        onsale: INSTANCE,
        bookingId: booking.id,
        paymentId: id,
        eventId: booking.eventId,
        seats: booking.seats.join(',').slice(0, METADATA_CHARS),
      },
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
