/** What a test or an audit wants to see of the simulator: counts, and what became of each payment's money. */
import type { Account } from './account.ts'
import type { Calls } from './call.ts'
import { successfulCharge } from './charges.ts'
import type { Payment } from './store.ts'
import type { WebhookCounts, Webhooks } from './webhooks.ts'

const DEFAULT_LIMIT = 1_000

export interface PaymentState {
  id: string
  status: string
  amount: number
  currency: string
  /** Taken from the card, before refunds. */
  captured: number
  /** Given back of that, without what failed. */
  refunded: number
  disputed: boolean
  /** How often money was asked for. */
  charges: number
  metadata: Record<string, string>
}

export interface SimulatorState {
  /** By status. */
  paymentIntents: Record<string, number>
  charges: number
  refunds: number
  disputes: number
  events: number
  undeliveredEvents: number
  idempotencyKeys: number
  /** Answers sent, by status. */
  answers: Record<string, number>
  /** Calls that came, by endpoint. */
  asked: Record<string, number>
  webhooks: WebhookCounts
  /** The newest, newest first. */
  payments: PaymentState[]
}

export function describeState(
  account: Account,
  calls: Calls,
  webhooks: Webhooks,
  limit = DEFAULT_LIMIT,
): SimulatorState {
  const { store } = account
  const payments = [...store.payments.values()]
  const paymentIntents: Record<string, number> = {}
  for (const { intent } of payments) paymentIntents[intent.status] = (paymentIntents[intent.status] ?? 0) + 1
  return {
    paymentIntents,
    charges: store.charges.size,
    refunds: store.refunds.size,
    disputes: store.disputes.size,
    events: store.events.size,
    undeliveredEvents: [...store.events.values()].filter(({ pending }) => pending).length,
    idempotencyKeys: store.answers.size,
    answers: { ...calls.counts },
    asked: { ...calls.asked },
    webhooks: webhooks.counts,
    payments: payments
      .toReversed()
      .slice(0, limit)
      .map(payment => describePayment(account, payment)),
  }
}

function describePayment(account: Account, payment: Payment): PaymentState {
  const { id, status, amount, currency, metadata, amount_received: captured } = payment.intent
  const charge = successfulCharge(account, payment)?.charge
  // What was authorised and never taken shows as refunded on the charge, and is none of ours.
  const untaken = charge === undefined ? 0 : charge.amount - captured
  return {
    id,
    status,
    amount,
    currency,
    captured,
    refunded: captured === 0 || charge === undefined ? 0 : charge.amount_refunded - untaken,
    disputed: charge?.disputed ?? false,
    charges: payment.chargeIds.length,
    metadata,
  }
}
