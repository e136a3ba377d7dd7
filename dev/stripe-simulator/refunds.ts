/** Refunds: what was captured goes back, all at once or in parts. Some test cards let a refund fail or wait. */
import type Stripe from 'stripe'
import { z } from 'zod'
import type { Account } from './account.ts'
import { cardOf } from './cards.ts'
import { giveBack, successfulCharge } from './charges.ts'
import { formatAmount } from './currencies.ts'
import { setDeadline } from './deadlines.ts'
import { endpoint } from './endpoint.ts'
import { BY_ITSELF, type Origin } from './events.ts'
import { page } from './paging.ts'
import { expand, integer, mergeMetadata, metadata, oneOf, paging, text } from './parameters.ts'
import { badParameter, invalidRequest, missing } from './refusal.ts'
import type { Charge } from './store.ts'

const creating = z.strictObject({
  payment_intent: text.optional(),
  charge: text.optional(),
  amount: integer(1).optional(),
  reason: oneOf(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
  expand: expand.optional(),
})

type Creating = z.output<typeof creating>

export const refundEndpoints = [
  endpoint({
    method: 'POST',
    path: '/v1/refunds',
    parameters: creating,
    locks: parameters => parameters.payment_intent,
    run({ account, parameters, origin }) {
      const charge = chargeToRefund(account, parameters)
      return refund(account, charge, parameters, origin)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/refunds',
    parameters: z.strictObject({ ...paging, payment_intent: text.optional(), charge: text.optional() }),
    run({ account, parameters }) {
      const refunds = [...account.store.refunds.values()].filter(
        one =>
          (parameters.payment_intent ?? one.payment_intent) === one.payment_intent &&
          (parameters.charge ?? one.charge) === one.charge,
      )
      return page(refunds, parameters, 'refund', '/v1/refunds')
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/refunds/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run({ account, id }) {
      const found = account.store.refunds.get(id)
      if (found === undefined) throw missing('refund', id, 'refund')
      return found
    },
  }),
]

/** The bank's last word on a refund: it fails after it had succeeded, or succeeds after it had waited. */
export function settleRefund(account: Account, id: string): void {
  const found = account.store.refunds.get(id)
  if (found === undefined) return
  const charge = account.store.charges.get(String(found.charge))
  const fails = charge !== undefined && cardOf(charge).refund === 'fails'
  found.status = fails ? 'failed' : 'succeeded'
  if (fails) {
    found.failure_reason = 'expired_or_canceled_card'
    charge.charge.amount_refunded -= found.amount
    charge.charge.refunded = false
    account.store.charges.put(charge.charge.id, charge)
  }
  account.store.refunds.put(id, found)
  account.announce('refund.updated', found, BY_ITSELF)
  if (fails) account.announce('refund.failed', found, BY_ITSELF)
}

function chargeToRefund(account: Account, given: Creating): Charge {
  if (given.charge !== undefined) {
    const charge = account.store.charges.get(given.charge)
    if (charge === undefined) throw missing('charge', given.charge, 'id')
    if (given.payment_intent !== undefined && charge.charge.payment_intent !== given.payment_intent) {
      throw invalidRequest('The charge does not belong to the PaymentIntent.', { param: 'charge' })
    }
    return refundable(charge)
  }
  if (given.payment_intent === undefined) {
    const names = 'One of the following params should be provided for this request: payment_intent or charge.'
    throw badParameter(names, undefined, 'parameter_missing')
  }
  const payment = account.store.payments.get(given.payment_intent)
  if (payment === undefined) throw missing('payment_intent', given.payment_intent, 'payment_intent')
  const charge = payment.intent.status === 'canceled' ? undefined : successfulCharge(account, payment)
  if (charge === undefined) {
    throw invalidRequest(
      `This PaymentIntent (${payment.intent.id}) does not have a successful charge to refund.`,
      {
        param: 'payment_intent',
      },
    )
  }
  return refundable(charge)
}

function refundable(found: Charge): Charge {
  const { charge } = found
  if (!charge.captured) {
    throw invalidRequest(
      `This uncaptured Charge was created by a PaymentIntent (${String(charge.payment_intent)}). You must cancel the ` +
        'PaymentIntent to reverse the authorization instead of refunding the Charge directly.',
    )
  }
  if (charge.disputed) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    })
  }
  if (charge.refunded) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    })
  }
  return found
}

function refund(account: Account, found: Charge, given: Creating, origin: Origin): Stripe.Refund {
  const { charge } = found
  const left = charge.amount - charge.amount_refunded
  const amount = given.amount ?? left
  if (amount > left) {
    const [asked, unrefunded] = [amount, left].map(one => formatAmount(one, charge.currency))
    throw invalidRequest(
      `Refund amount (${asked}) is greater than unrefunded amount on charge (${unrefunded})`,
      {
        param: 'amount',
      },
    )
  }
  const manner = cardOf(found).refund
  const made = giveBack(account, found, amount, manner === 'waits' ? 'pending' : 'succeeded', {
    reason: given.reason,
    metadata: mergeMetadata({}, given.metadata),
  })
  if (made === undefined) throw new Error(`nothing left to refund of ${charge.id}`)
  if (manner !== 'succeeds') setDeadline(account, 'refund', made.id, account.knobs.now.refundMs)
  account.announce('refund.created', made, origin)
  account.announce('charge.refunded', charge, origin)
  return made
}
