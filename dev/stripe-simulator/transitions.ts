/** Which call a PaymentIntent allows in which state (https://docs.stripe.com/payments/paymentintents/lifecycle). */
import type Stripe from 'stripe'
import { invalidRequest, unexpectedState } from './refusal.ts'
import type { Payment } from './store.ts'

const OPEN = ['requires_payment_method', 'requires_confirmation', 'requires_action']
const CANCELABLE = ['requires_payment_method', 'requires_capture', 'requires_confirmation', 'requires_action']

/** Throws a Refusal. `parameter` is the one that would change. */
export function checkUpdatable({ intent }: Payment, parameter: string): void {
  if (OPEN.includes(intent.status)) return
  throw unexpectedState(
    `This PaymentIntent's ${parameter} could not be updated because it has a status of ${intent.status}. You may only ` +
      `update the ${parameter} of a PaymentIntent with one of the following statuses: ${OPEN.join(', ')}.`,
    intent,
  )
}

/** Throws a Refusal where this confirmation cannot be tried at all; nothing is changed by then. */
export function checkConfirmable(
  { intent }: Payment,
  given: { payment_method?: string | undefined; return_url?: string | undefined },
): void {
  if (intent.status === 'succeeded') {
    throw unexpectedState(
      'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
      intent,
    )
  }
  if (!OPEN.includes(intent.status)) {
    throw unexpectedState(
      `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one ` +
        'of the following statuses may be confirmed: requires_confirmation, requires_payment_method, requires_action.',
      intent,
    )
  }
  if (given.payment_method === undefined && intent.payment_method === null) {
    throw unexpectedState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the " +
        'PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.',
      intent,
    )
  }
  if (given.return_url !== undefined && !/^https?:$/.test(URL.parse(given.return_url)?.protocol ?? '')) {
    throw invalidRequest('Not a valid URL', { code: 'url_invalid', param: 'return_url' })
  }
  const mayRedirect = (intent.automatic_payment_methods?.allow_redirects ?? 'never') !== 'never'
  if (mayRedirect && given.return_url === undefined) {
    throw invalidRequest(
      'This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these ' +
        'payment methods might redirect your customer off of your page, you must provide a `return_url`. If you ' +
        "don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and " +
        '`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.',
      { payment_intent: intent },
    )
  }
}

/** Throws a Refusal. */
export function checkCapturable(intent: Stripe.PaymentIntent): void {
  if (intent.status === 'requires_capture') return
  throw unexpectedState(
    intent.status === 'succeeded'
      ? 'This PaymentIntent could not be captured because it has already been captured.'
      : `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent ` +
          'with one of the following statuses may be captured: requires_capture.',
    intent,
  )
}

/** Throws a Refusal. Stripe can cancel `processing` for some slow methods; cards are not among them. */
export function checkCancelable(intent: Stripe.PaymentIntent): void {
  if (CANCELABLE.includes(intent.status)) return
  throw unexpectedState(
    `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of ` +
      `the following statuses may be canceled: ${CANCELABLE.join(', ')}.`,
    intent,
  )
}
