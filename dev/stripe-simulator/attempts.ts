/**
 * What happens to a PaymentIntent once it is confirmed: the fan's bank asks, the money is authorised or declined, taken,
 * given up or lost to time. Every change of a PaymentIntent's money state is made here, with its events.
 */
import { type Account, seconds } from './account.ts'
import { asksForThreeDSecure, capturesManually } from './card-options.ts'
import { cardOf, type Decline } from './cards.ts'
import { beginChallenge, endChallenge } from './challenges.ts'
import { captureCharge, createCharge, releaseCharge, successfulCharge } from './charges.ts'
import { cancelDeadline, setDeadline } from './deadlines.ts'
import { awaitDispute } from './disputes.ts'
import { BY_ITSELF, type Origin } from './events.ts'
import { type ErrorBody, Refusal } from './refusal.ts'
import type { Payment, PaymentMethod } from './store.ts'

/** Starts an attempt with a payment method; a Refusal tells that it was declined. Nobody answers a bank while `absent`. */
export function attempt(
  account: Account,
  payment: Payment,
  method: PaymentMethod,
  { absent, origin }: { absent: boolean; origin: Origin },
): Refusal | null {
  const card = cardOf(method)
  endChallenge(payment)
  payment.intent.payment_method = method.method.id
  payment.intent.last_payment_error = null
  const challenged =
    card.threeDSecure === 'required' ||
    (card.threeDSecure === 'optional' && asksForThreeDSecure(payment.intent))
  if (!challenged) return settle(account, payment, method, false, origin)
  if (absent) return decline(account, payment, method, AUTHENTICATION_REQUIRED, false, origin)
  beginChallenge(account, payment)
  account.store.payments.put(payment.intent.id, payment)
  account.announce('payment_intent.requires_action', payment.intent, origin)
  return null
}

/** The fan passed or failed the challenge of their bank. Nothing happens to a payment that waits for none. */
export function finishChallenge(account: Account, payment: Payment, passed: boolean): void {
  const method = account.store.paymentMethods.get(String(payment.intent.payment_method))
  if (payment.challenge === null || method === undefined) return
  endChallenge(payment)
  if (passed) settle(account, payment, method, true, BY_ITSELF)
  else failAuthentication(account, payment, method)
}

/** A payment that was `processing` ends. */
export function finishProcessing(account: Account, id: string): void {
  const payment = account.store.payments.get(id)
  const method = account.store.paymentMethods.get(String(payment?.intent.payment_method))
  if (payment === undefined || payment.processing === null || method === undefined) return
  const { outcome, authenticated } = payment.processing
  payment.processing = null
  payment.intent.processing = null
  if (outcome === 'succeeds') authorize(account, payment, method, authenticated, BY_ITSELF)
  else decline(account, payment, method, LATE_FAILURE, authenticated, BY_ITSELF)
}

/** Takes the authorised money, or a part of it. */
export function capture(account: Account, payment: Payment, amount: number, origin: Origin): void {
  const { intent } = payment
  const charge = successfulCharge(account, payment)
  if (charge === undefined) throw new Error(`${intent.id} is to be captured and has no charge`)
  cancelDeadline(account, 'authorization', intent.id)
  captureCharge(account, charge, amount, origin)
  intent.status = 'succeeded'
  intent.amount_received = amount
  intent.amount_capturable = 0
  account.store.payments.put(intent.id, payment)
  account.announce('payment_intent.succeeded', intent, origin)
}

/** Cancels it, giving up an authorisation there is. */
export function cancel(account: Account, payment: Payment, reason: string | null, origin: Origin): void {
  if (payment.intent.status === 'requires_capture') {
    const charge = successfulCharge(account, payment)
    if (charge !== undefined) releaseCharge(account, charge, false, origin)
  }
  markCanceled(account, payment, reason, origin)
}

/** The bank waited long enough for the capture. */
export function expireAuthorization(account: Account, id: string): void {
  const payment = account.store.payments.get(id)
  if (payment === undefined || payment.intent.status !== 'requires_capture') return
  const charge = successfulCharge(account, payment)
  if (charge !== undefined) releaseCharge(account, charge, true, BY_ITSELF)
  markCanceled(account, payment, 'automatic', BY_ITSELF)
}

const AUTHENTICATION_REQUIRED: Decline = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
}

const LATE_FAILURE: Decline = {
  code: 'card_declined',
  declineCode: 'generic_decline',
  message: 'Your card was declined.',
}

function settle(
  account: Account,
  payment: Payment,
  method: PaymentMethod,
  authenticated: boolean,
  origin: Origin,
): Refusal | null {
  const { decline: declined } = cardOf(method)
  if (declined !== null) return decline(account, payment, method, declined, authenticated, origin)
  const { processing } = account.knobs.now
  if (processing === null) {
    authorize(account, payment, method, authenticated, origin)
    return null
  }
  const { intent } = payment
  payment.processing = { outcome: processing.outcome, authenticated }
  intent.status = 'processing'
  intent.processing = { type: 'card', card: {} }
  setDeadline(account, 'processing', intent.id, processing.ms)
  account.store.payments.put(intent.id, payment)
  account.announce('payment_intent.processing', intent, origin)
  return null
}

function authorize(
  account: Account,
  payment: Payment,
  method: PaymentMethod,
  authenticated: boolean,
  origin: Origin,
): void {
  const { intent } = payment
  const manual = capturesManually(intent, cardOf(method))
  const charge = createCharge(account, payment, method, { decline: null, manual, authenticated })
  method.usedBy = intent.id
  account.store.paymentMethods.put(method.method.id, method)
  intent.latest_charge = charge.charge.id
  intent.status = manual ? 'requires_capture' : 'succeeded'
  intent.amount_capturable = manual ? intent.amount : 0
  intent.amount_received = manual ? 0 : intent.amount
  account.store.payments.put(intent.id, payment)
  account.announce('charge.succeeded', charge.charge, origin)
  if (manual) {
    setDeadline(account, 'authorization', intent.id, account.knobs.now.authorizationMs)
    account.announce('payment_intent.amount_capturable_updated', intent, origin)
  } else {
    account.announce('payment_intent.succeeded', intent, origin)
    awaitDispute(account, charge)
  }
}

/** 402 as Stripe tells it: also kept as the PaymentIntent's last_payment_error. */
function decline(
  account: Account,
  payment: Payment,
  method: PaymentMethod,
  why: Decline,
  authenticated: boolean,
  origin: Origin,
): Refusal {
  const { intent } = payment
  const { charge } = createCharge(account, payment, method, {
    decline: why,
    manual: capturesManually(intent, cardOf(method)),
    authenticated,
  })
  intent.latest_charge = charge.id
  const refusal = new Refusal(402, {
    type: 'card_error',
    code: why.code,
    decline_code: why.declineCode,
    message: why.message,
    charge: charge.id,
    payment_method: method.method,
  })
  account.announce('charge.failed', charge, origin)
  fail(account, payment, refusal.body, origin)
  return new Refusal(402, { ...refusal.body, payment_intent: intent })
}

function failAuthentication(account: Account, payment: Payment, method: PaymentMethod): void {
  const { body } = new Refusal(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_authentication_failure',
    message:
      'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
    payment_method: method.method,
  })
  fail(account, payment, body, BY_ITSELF)
}

function fail(account: Account, payment: Payment, why: ErrorBody, origin: Origin): void {
  const { intent } = payment
  intent.status = 'requires_payment_method'
  intent.payment_method = null
  intent.last_payment_error = why
  account.store.payments.put(intent.id, payment)
  account.announce('payment_intent.payment_failed', intent, origin)
}

function markCanceled(account: Account, payment: Payment, reason: string | null, origin: Origin): void {
  const { intent } = payment
  cancelDeadline(account, 'authorization', intent.id)
  endChallenge(payment)
  intent.status = 'canceled'
  intent.canceled_at = seconds(account)
  intent.cancellation_reason = reason
  intent.amount_capturable = 0
  account.store.payments.put(intent.id, payment)
  account.announce('payment_intent.canceled', intent, origin)
}
