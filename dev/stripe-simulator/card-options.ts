/** What a PaymentIntent asks of one way to pay: `payment_method_options[card]`, and which ways fit it at all. */
import type Stripe from 'stripe'
import type { TestCard } from './cards.ts'

/** Authorise only and capture later: asked for the whole PaymentIntent, or for cards. iDEAL cannot. */
export function capturesManually(intent: Stripe.PaymentIntent, { type }: Pick<TestCard, 'type'>): boolean {
  const ofCards = intent.payment_method_options?.card?.capture_method === 'manual'
  return type === 'card' && (intent.capture_method === 'manual' || ofCards)
}

/** Of the allowed ones: iDEAL takes euros, and at once. */
export function fittingTypes(intent: Stripe.PaymentIntent): string[] {
  const fits = (type: string) =>
    type === 'card' || (type === 'ideal' && intent.currency === 'eur' && intent.capture_method !== 'manual')
  return (intent.allowed_payment_method_types ?? ['card']).filter(fits)
}

/** Also of cards that would not need it. */
export function asksForThreeDSecure(intent: Stripe.PaymentIntent): boolean {
  const asked = intent.payment_method_options?.card?.request_three_d_secure
  return asked === 'any' || asked === 'challenge'
}
