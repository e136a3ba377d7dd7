/** Disputes: a payment by one of the disputing test cards is disputed once its money has come. Nobody can answer one here. */
import type Stripe from 'stripe'
import { z } from 'zod'
import { type Account, newId, seconds } from './account.ts'
import { cardOf } from './cards.ts'
import { setDeadline } from './deadlines.ts'
import { endpoint } from './endpoint.ts'
import { BY_ITSELF } from './events.ts'
import { expand } from './parameters.ts'
import { missing } from './refusal.ts'
import type { Charge } from './store.ts'

const EVIDENCE_DAYS = 9
const DAY_S = 24 * 3_600

export const disputeEndpoints = [
  endpoint({
    method: 'GET',
    path: '/v1/disputes/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run({ account, id }) {
      const dispute = account.store.disputes.get(id)
      if (dispute === undefined) throw missing('dispute', id, 'dispute')
      return dispute
    },
  }),
]

/** Once money has come, a card of disputes is disputed. */
export function awaitDispute(account: Account, { charge, card }: Charge): void {
  if (cardOf({ card }).dispute !== null)
    setDeadline(account, 'dispute', charge.id, account.knobs.now.disputeMs)
}

/** The dispute arrives. */
export function openDispute(account: Account, chargeId: string): void {
  const disputed = account.store.charges.get(chargeId)
  const reason = disputed === undefined ? null : cardOf(disputed).dispute
  if (disputed === undefined || reason === null) return
  const dispute = describeDispute(account, disputed.charge, reason)
  disputed.charge.disputed = true
  disputed.disputeId = dispute.id
  account.store.disputes.put(dispute.id, dispute)
  account.store.charges.put(chargeId, disputed)
  account.announce('charge.dispute.created', dispute, BY_ITSELF)
}

function describeDispute(account: Account, charge: Stripe.Charge, reason: string): Stripe.Dispute {
  return {
    id: newId(account, 'du_1'),
    object: 'dispute',
    amount: charge.amount_captured,
    balance_transactions: [],
    charge: charge.id,
    created: seconds(account),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    // Nobody answers a dispute here, so its evidence is left out.
    evidence: {} as Stripe.Dispute.Evidence,
    evidence_details: {
      due_by: seconds(account) + EVIDENCE_DAYS * DAY_S,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason,
    status: 'needs_response',
  }
}
