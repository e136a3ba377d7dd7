/** `payment_method_options[card]`: what a PaymentIntent asks of cards alone. */
import type Stripe from 'stripe'

/** Authorise only and capture later: asked for the whole PaymentIntent, or for cards. */
export function capturesManually(intent: Stripe.PaymentIntent): boolean {
  return (
    intent.capture_method === 'manual' || intent.payment_method_options?.card?.capture_method === 'manual'
  )
}

/** Also of cards that would not need it. */
export function asksForThreeDSecure(intent: Stripe.PaymentIntent): boolean {
  const asked = intent.payment_method_options?.card?.request_three_d_secure
  return asked === 'any' || asked === 'challenge'
}
