/** The PaymentIntent's endpoints: what each call takes and does; transitions.ts judges the state, attempts.ts moves the money. */
import { z } from 'zod'
import type { Account } from './account.ts'
import { attempt, cancel, capture } from './attempts.ts'
import { endpoint } from './endpoint.ts'
import type { Origin } from './events.ts'
import { page } from './paging.ts'
import { expand, integer, mergeMetadata, metadata, oneOf, paging, text } from './parameters.ts'
import {
  confirmParameters,
  createParameters,
  createPayment,
  findMethod,
  updateParameters,
  updatePayment,
} from './payment-details.ts'
import { badParameter, invalidRequest, missing } from './refusal.ts'
import type { Payment } from './store.ts'
import { checkCancelable, checkCapturable, checkConfirmable } from './transitions.ts'

const confirming = z.strictObject({
  ...confirmParameters,
  payment_method: text.optional(),
  receipt_email: text.optional(),
  expand: expand.optional(),
})

type Confirming = z.output<typeof confirming>

const byId = (_: unknown, id: string) => id

export const paymentIntentEndpoints = [
  endpoint({
    method: 'POST',
    path: '/v1/payment_intents',
    parameters: createParameters,
    run({ account, parameters, origin }) {
      const payment = createPayment(account, parameters)
      const { intent } = payment
      if (parameters.confirm === true) checkConfirmable(payment, parameters)
      else if (parameters.return_url !== undefined) {
        throw badParameter(
          'You can only use `return_url` when confirming: set `confirm` to true.',
          'return_url',
        )
      }
      account.store.payments.put(intent.id, payment)
      account.announce('payment_intent.created', intent, origin)
      if (parameters.confirm === true) confirm(account, payment, parameters, origin)
      return intent
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/payment_intents',
    parameters: z.strictObject(paging),
    run({ account, parameters }) {
      const intents = [...account.store.payments.values()].map(({ intent }) => intent)
      return page(intents, parameters, 'payment_intent', '/v1/payment_intents')
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/payment_intents/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run: ({ account, id }) => find(account, id).intent,
  }),
  endpoint({
    method: 'POST',
    path: '/v1/payment_intents/:id',
    parameters: updateParameters,
    locks: byId,
    run({ account, id, parameters }) {
      const payment = find(account, id)
      updatePayment(account, payment, parameters)
      account.store.payments.put(id, payment)
      return payment.intent
    },
  }),
  endpoint({
    method: 'POST',
    path: '/v1/payment_intents/:id/confirm',
    parameters: confirming,
    locks: byId,
    run({ account, id, parameters, origin }) {
      const payment = find(account, id)
      checkConfirmable(payment, parameters)
      confirm(account, payment, parameters, origin)
      return payment.intent
    },
  }),
  endpoint({
    method: 'POST',
    path: '/v1/payment_intents/:id/capture',
    parameters: z.strictObject({
      amount_to_capture: integer(1).optional(),
      metadata: metadata.optional(),
      statement_descriptor_suffix: text.optional(),
      expand: expand.optional(),
    }),
    locks: byId,
    run({ account, id, parameters, origin }) {
      const payment = find(account, id)
      const { intent } = payment
      checkCapturable(intent)
      const amount = parameters.amount_to_capture ?? intent.amount_capturable
      if (amount > intent.amount_capturable) {
        throw invalidRequest(
          'The amount to capture must be less than or equal to the amount that can be captured.',
          { code: 'amount_too_large', param: 'amount_to_capture', payment_intent: intent },
        )
      }
      intent.metadata = mergeMetadata(intent.metadata, parameters.metadata)
      capture(account, payment, amount, origin)
      return intent
    },
  }),
  endpoint({
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    parameters: z.strictObject({
      cancellation_reason: oneOf([
        'duplicate',
        'fraudulent',
        'requested_by_customer',
        'abandoned',
      ]).optional(),
      expand: expand.optional(),
    }),
    locks: byId,
    run({ account, id, parameters, origin }) {
      const payment = find(account, id)
      checkCancelable(payment.intent)
      cancel(account, payment, parameters.cancellation_reason ?? null, origin)
      return payment.intent
    },
  }),
]

function find(account: Account, id: string): Payment {
  const payment = account.store.payments.get(id)
  if (payment === undefined) throw missing('payment_intent', id, 'intent')
  return payment
}

/** Throws the Refusal of a decline, after its effects. */
function confirm(account: Account, payment: Payment, given: Confirming, origin: Origin): void {
  const { intent } = payment
  const method = findMethod(account, given.payment_method ?? String(intent.payment_method))
  const { type } = method.method
  if (!intent.payment_method_types.includes(type)) {
    throw invalidRequest(
      `The PaymentMethod provided (${type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the ` +
        `following types: ${intent.payment_method_types.join(', ')}.`,
      { param: 'payment_method', payment_intent: intent },
    )
  }
  if (method.usedBy !== null && method.usedBy !== intent.id) {
    throw invalidRequest(
      'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and ' +
        'may not be used again.',
      { param: 'payment_method', payment_intent: intent },
    )
  }
  intent.receipt_email = given.receipt_email ?? intent.receipt_email
  payment.returnUrl = given.return_url ?? null
  const absent = given.off_session === true || given.error_on_requires_action === true
  const declined = attempt(account, payment, method, { absent, origin })
  if (declined !== null) throw declined
}
