/** What a PaymentIntent is made of, when it is created and when it is updated; not what happens to its money. */
import type Stripe from 'stripe'
import { z } from 'zod'
import { type Account, newId, seconds } from './account.ts'
import { fittingTypes } from './card-options.ts'
import { endChallenge } from './challenges.ts'
import { checkAmount, readCurrency } from './currencies.ts'
import { expand, flag, integer, listOf, mergeMetadata, metadata, oneOf, text } from './parameters.ts'
import { findPaymentMethod } from './payment-methods.ts'
import { badParameter, missing } from './refusal.ts'
import type { Payment, PaymentMethod } from './store.ts'
import { checkUpdatable } from './transitions.ts'

const lastingParameters = {
  amount: integer(1).optional(),
  currency: text.optional(),
  payment_method: text.optional(),
  /** Version 2026-09-30 put this in the place of payment_method_types. */
  allowed_payment_method_types: listOf(text, 200).optional(),
  payment_method_options: z
    .strictObject({
      card: z.strictObject({
        request_three_d_secure: oneOf(['any', 'automatic', 'challenge']).optional(),
        capture_method: oneOf(['manual']).optional(),
      }),
    })
    .optional(),
  capture_method: oneOf(['automatic', 'automatic_async', 'manual']).optional(),
  metadata: metadata.optional(),
  description: text.optional(),
  receipt_email: text.optional(),
  statement_descriptor_suffix: text.optional(),
  expand: expand.optional(),
}

export const updateParameters = z.strictObject(lastingParameters)

export const confirmParameters = {
  return_url: text.optional(),
  error_on_requires_action: flag.optional(),
  off_session: flag.optional(),
  use_stripe_sdk: flag.optional(),
}

export const createParameters = z.strictObject({
  ...lastingParameters,
  ...confirmParameters,
  amount: integer(1),
  currency: text,
  confirm: flag.optional(),
  confirmation_method: oneOf(['automatic']).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: flag, allow_redirects: oneOf(['always', 'never']).optional() })
    .optional(),
})

type Details = z.output<typeof updateParameters>

export function createPayment(account: Account, given: z.output<typeof createParameters>): Payment {
  const currency = readCurrency(given.currency)
  checkAmount(given.amount, currency)
  const payment: Payment = {
    intent: blank(account, given.amount, currency),
    chargeIds: [],
    returnUrl: null,
    challenge: null,
    processing: null,
  }
  const { intent } = payment
  const automatic = given.automatic_payment_methods ?? {
    enabled: given.allowed_payment_method_types === undefined,
  }
  if (automatic.enabled) {
    intent.automatic_payment_methods = {
      allow_redirects: automatic.allow_redirects ?? 'always',
      enabled: true,
    }
    intent.payment_method_configuration_details = { id: 'pmc_1Simulator', parent: null }
  }
  apply(account, payment, given)
  return payment
}

export function updatePayment(account: Account, payment: Payment, given: Details): void {
  const { intent } = payment
  const always = ['metadata', 'description', 'receipt_email', 'expand']
  const changed = Object.keys(given).find(name => !always.includes(name))
  if (changed !== undefined) checkUpdatable(payment, changed)
  const currency = given.currency === undefined ? intent.currency : readCurrency(given.currency)
  checkAmount(given.amount ?? intent.amount, currency)
  intent.currency = currency
  intent.amount = given.amount ?? intent.amount
  apply(account, payment, given)
}

/** What create and update have in common. */
function apply(account: Account, payment: Payment, given: Details): void {
  const { intent } = payment
  intent.metadata = mergeMetadata(intent.metadata, given.metadata)
  intent.capture_method = given.capture_method ?? intent.capture_method
  intent.description = given.description ?? intent.description
  intent.receipt_email = given.receipt_email ?? intent.receipt_email
  intent.statement_descriptor_suffix = given.statement_descriptor_suffix ?? intent.statement_descriptor_suffix
  intent.allowed_payment_method_types = allowedTypes(given) ?? intent.allowed_payment_method_types
  Object.assign(intent.payment_method_options?.card ?? {}, given.payment_method_options?.card)
  intent.payment_method_types = fittingTypes(intent)
  if (given.payment_method !== undefined) {
    intent.payment_method = findMethod(account, given.payment_method).method.id
    intent.status = 'requires_confirmation'
    endChallenge(payment)
  }
}

/** Only cards and iDEAL are played here. */
function allowedTypes({ allowed_payment_method_types: types }: Details): string[] | undefined {
  if (types !== undefined && !types.includes('card') && !types.includes('ideal')) {
    throw badParameter(
      `The simulator pays by card and by iDEAL only, not by ${types.join(', ')}.`,
      'allowed_payment_method_types',
    )
  }
  return types
}

/** Throws a Refusal for an id that is no payment method. */
export function findMethod(account: Account, id: string): PaymentMethod {
  const method = findPaymentMethod(account, id)
  if (method === undefined) throw missing('PaymentMethod', id, 'payment_method', 400)
  return method
}

function blank(account: Account, amount: number, currency: string): Stripe.PaymentIntent {
  const id = newId(account, 'pi_3')
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: newId(account, `${id}_secret_`),
    confirmation_method: 'automatic',
    created: seconds(account),
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  }
}
