/** Charges: one for each attempt to take money, with its capture and its release. */
import type Stripe from 'stripe'
import { z } from 'zod'
import { type Account, newId, seconds } from './account.ts'
import { cardOf, type Decline, type TestCard } from './cards.ts'
import { awaitDispute } from './disputes.ts'
import { endpoint } from './endpoint.ts'
import type { Origin } from './events.ts'
import { page } from './paging.ts'
import { expand, paging, text } from './parameters.ts'
import { missing } from './refusal.ts'
import type { Charge, Payment, PaymentMethod } from './store.ts'

export const chargeEndpoints = [
  endpoint({
    method: 'GET',
    path: '/v1/charges',
    parameters: z.strictObject({ ...paging, payment_intent: text.optional() }),
    run({ account, parameters }) {
      const charges = [...account.store.charges.values()]
        .map(({ charge }) => charge)
        .filter(one => (parameters.payment_intent ?? one.payment_intent) === one.payment_intent)
      return page(charges, parameters, 'charge', '/v1/charges')
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/charges/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run({ account, id }) {
      const found = account.store.charges.get(id)
      if (found === undefined) throw missing('charge', id, 'id')
      return found.charge
    },
  }),
]

/** Stores a charge of the whole amount: failed with `decline`, else authorised, and captured unless `manual`. */
export function createCharge(
  account: Account,
  payment: Payment,
  method: PaymentMethod,
  how: { decline: Decline | null; manual: boolean; authenticated: boolean },
): Charge {
  const card = cardOf(method)
  const made: Charge = {
    charge: describe(account, payment.intent, method.method, card, how),
    refundIds: [],
    card: card.id,
    disputeId: null,
  }
  payment.chargeIds.push(made.charge.id)
  account.store.charges.put(made.charge.id, made)
  return made
}

/** The charge that holds or took the money; undefined where the last attempt failed or there was none. */
export function successfulCharge(account: Account, payment: Payment): Charge | undefined {
  const last = account.store.charges.get(payment.chargeIds.at(-1) ?? '')
  return last?.charge.status === 'succeeded' ? last : undefined
}

/** Takes `amount` of what was authorised; the rest goes back to the card, which shows as refunded. */
export function captureCharge(account: Account, held: Charge, amount: number, origin: Origin): void {
  const { charge } = held
  charge.captured = true
  charge.amount_captured = amount
  giveBack(account, held, charge.amount - amount, 'succeeded')
  account.store.charges.put(charge.id, held)
  account.announce('charge.captured', charge, origin)
  awaitDispute(account, held)
}

/** Gives up an authorisation. Stripe shows that as a refund of an uncaptured charge. */
export function releaseCharge(account: Account, held: Charge, expired: boolean, origin: Origin): void {
  const { charge } = held
  giveBack(account, held, charge.amount, 'succeeded', expired ? { reason: 'expired_uncaptured_charge' } : {})
  account.announce(expired ? 'charge.expired' : 'charge.refunded', charge, origin)
}

/** Stores a refund and counts it; undefined for an amount of 0. Announces nothing. */
export function giveBack(
  account: Account,
  held: Charge,
  amount: number,
  status: 'succeeded' | 'pending',
  more: { reason?: string | undefined; metadata?: Record<string, string> } = {},
): Stripe.Refund | undefined {
  if (amount === 0) return undefined
  const { charge } = held
  const refund: Stripe.Refund = {
    id: newId(account, 're_3'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: seconds(account),
    currency: charge.currency,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: more.metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: more.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
    customer: null,
    customer_account: null,
  }
  held.refundIds.push(refund.id)
  charge.amount_refunded += amount
  charge.refunded = charge.amount_refunded === charge.amount
  account.store.refunds.put(refund.id, refund)
  account.store.charges.put(charge.id, held)
  return refund
}

function describe(
  account: Account,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  card: TestCard,
  { decline, manual, authenticated }: { decline: Decline | null; manual: boolean; authenticated: boolean },
): Stripe.Charge {
  const captured = decline === null && !manual
  return {
    id: newId(account, 'ch_3'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'SIMULATOR',
    captured,
    created: seconds(account),
    currency: intent.currency,
    customer: null,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: outcome(decline),
    paid: decline === null,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details:
      card.type === 'ideal'
        ? { ideal: IDEAL_DETAILS, type: 'ideal' }
        : { card: cardDetails(account, intent, card, method, authenticated, captured), type: 'card' },
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: decline === null ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
    radar_options: {},
  }
}

const IDEAL_DETAILS: Stripe.Charge.PaymentMethodDetails.Ideal = {
  bank: null,
  bic: null,
  generated_sepa_debit: null,
  generated_sepa_debit_mandate: null,
  iban_last4: null,
  transaction_id: null,
  verified_name: null,
}

function outcome(decline: Decline | null): Stripe.Charge.Outcome {
  const common = {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    risk_level: 'normal',
  }
  if (decline === null) {
    return {
      ...common,
      network_status: 'approved_by_network',
      reason: null,
      seller_message: 'Payment complete.',
      type: 'authorized',
    }
  }
  return {
    ...common,
    network_status: 'declined_by_network',
    reason: decline.declineCode,
    seller_message: 'The bank did not return any further details with this decline.',
    type: 'issuer_declined',
  }
}

function cardDetails(
  account: Account,
  intent: Stripe.PaymentIntent,
  card: TestCard,
  { card: shown }: Stripe.PaymentMethod,
  authenticated: boolean,
  captured: boolean,
): Stripe.Charge.PaymentMethodDetails.Card {
  return {
    amount_authorized: intent.amount,
    authorization_code: '123456',
    brand: card.brand,
    ...(captured
      ? {}
      : { capture_before: seconds(account) + Math.floor(account.knobs.now.authorizationMs / 1000) }),
    checks: shown?.checks ?? null,
    country: 'US',
    electronic_commerce_indicator: null,
    exp_month: shown?.exp_month ?? 12,
    exp_year: shown?.exp_year ?? 2030,
    fingerprint: shown?.fingerprint ?? null,
    funding: 'credit',
    installments: null,
    last4: card.number.slice(-4),
    mandate: null,
    network: card.brand,
    network_transaction_id: null,
    regulated_status: 'unregulated',
    three_d_secure: authenticated
      ? {
          authentication_flow: 'challenge',
          electronic_commerce_indicator: '05',
          exemption_indicator: null,
          result: 'authenticated',
          result_reason: null,
          transaction_id: null,
          version: '2.2.0',
        }
      : null,
    transaction_link_id: null,
    wallet: null,
  }
}
