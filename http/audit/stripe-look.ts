/**
 * Stripe against Postgres, both ways: what was made there within the last days and is ours by its metadata, and what Postgres says
 * was made. Stripe's lists are read first, so a payment under way looks like a fault, once; the audit looks twice.
 */
import { UUID } from '../../shared/ids.ts'
import type { Payment } from '../payments/payment-store.ts'
import type { Refund } from '../payments/refund-store.ts'
import type { Intent, RefundWord } from '../payments/stripe.ts'
import type { AuditParts } from './audit.ts'
import type { Fault } from './fault.ts'
import { inSnapshot, MOST_OF_A_KIND, type Snapshot } from './snapshot.ts'
import type { StripeList } from './stripe-list.ts'

type OurPayment = Pick<Payment, 'id' | 'amount' | 'captured' | 'status'> & { intent: string | null }
type OurRefund = Pick<Refund, 'id' | 'amount' | 'status'> & { stripe: string | null; intent: string | null }

export interface StripeLooked {
  faults: Fault[]
  intents: number
  refunds: number
}

export async function stripeLook(parts: AuditParts, stripe: StripeList, days: number): Promise<StripeLooked> {
  const since = Math.floor(parts.clock.now() / 1_000) - days * 86_400
  const faults: Fault[] = []
  /** What the lists have named: intents and refunds. */
  const seen = new Set<string>()
  const given = new Map<string, string[]>()
  const received = new Map<string, number>()
  let [intents, refunds] = [0, 0]
  for await (const page of stripe.intents(since)) {
    const own = page.filter(intent => intent.metadata['onsale'] === parts.instance)
    intents += own.length
    for (const { id, amountReceived } of own) received.set(id, amountReceived)
    for (const { id } of own) seen.add(id)
    const ids = own.flatMap(({ metadata }) =>
      UUID.test(metadata['paymentId'] ?? '') ? [metadata['paymentId']] : [],
    )
    const known = await inSnapshot(parts.pool, snapshot => paymentsIn(snapshot, ids))
    for (const intent of own)
      faults.push(...intentFaults(intent, known.get(intent.metadata['paymentId'] ?? '')))
  }
  for await (const page of stripe.refunds(since)) {
    const known = await inSnapshot(parts.pool, snapshot => refundsIn(snapshot, page))
    for (const word of page) {
      seen.add(word.id)
      const intent = word.paymentIntent ?? ''
      const isOurs = word.metadata['onsale'] === parts.instance || known.intents.has(intent)
      if (!isOurs) continue
      const refund = known.refunds.get(word.id)
      // An authorisation that is cancelled leaves a refund behind, of money that nobody ever had.
      if (refund === undefined && word.metadata['refundId'] === undefined) {
        received.set(intent, received.get(intent) ?? (await stripe.intent(intent))?.amountReceived ?? 0)
        if (received.get(intent) === 0) continue
      }
      refunds++
      faults.push(...refundFaults(word, refund))
      const named = word.metadata['refundId']
      if (named !== undefined && word.status !== 'failed' && word.status !== 'canceled')
        given.set(named, [...(given.get(named) ?? []), word.id])
    }
  }
  for (const [id, made] of given)
    if (made.length > 1) faults.push({ kind: 'stripe_twice', place: id, detail: made.toSorted().join(', ') })
  faults.push(...(await missingAtStripe(parts, stripe, since, seen)))
  return { faults, intents, refunds }
}

function intentFaults(intent: Intent, payment: OurPayment | undefined): Fault[] {
  const { id, status, amount, amountReceived: received } = intent
  if (payment === undefined)
    return [
      {
        kind: 'stripe_unknown',
        place: id,
        detail: `${status}, ${amount}, payment ${intent.metadata['paymentId']}`,
      },
    ]
  const told = `Stripe: ${id} ${status}, ${amount}, received ${received}; Postgres: ${payment.status}, ${payment.amount}, captured ${payment.captured}`
  const isSame =
    payment.amount === amount && payment.captured === received && FITTING[status].has(payment.status)
  if (isSame && (payment.intent === null || payment.intent === id)) return []
  const job = { kind: 'reconcile', paymentId: payment.id } as const
  return [{ kind: 'stripe_differs', place: payment.id, detail: told, repair: { do: 'ask', job } }]
}

const BEFORE = new Set(['creating', 'open', 'failed'])
/** What a payment may be in Postgres where Stripe says this; `void` and `failed` stay so, whatever comes after all. */
const FITTING: Record<Intent['status'], Set<string>> = {
  requires_payment_method: BEFORE,
  requires_confirmation: BEFORE,
  requires_action: BEFORE,
  processing: new Set([...BEFORE, 'authorized']),
  requires_capture: new Set(['authorized']),
  succeeded: new Set(['captured', 'void', 'failed']),
  canceled: new Set(['void', 'failed']),
}

function refundFaults(word: RefundWord, refund: OurRefund | undefined): Fault[] {
  const failed = word.status === 'failed' || word.status === 'canceled'
  if (refund === undefined)
    return [{ kind: 'stripe_unknown', place: word.id, detail: `refund of ${word.amount}, ${word.status}` }]
  const isOver = refund.status === 'failed'
  const fits =
    failed === isOver &&
    refund.amount === word.amount &&
    (word.status !== 'succeeded' || refund.status === 'succeeded')
  if (fits) return []
  const told = `refund ${word.id}: ${word.amount}, ${word.status}; Postgres: ${refund.amount}, ${refund.status}`
  return [{ kind: 'stripe_differs', place: refund.id, detail: told }]
}

async function paymentsIn({ rows }: Snapshot, ids: (string | undefined)[]): Promise<Map<string, OurPayment>> {
  const found = await rows<OurPayment>(
    'select id, pi_id as intent, amount, captured, status from payments where id = any($1::uuid[])',
    [ids],
  )
  return new Map(found.map(payment => [payment.id, payment]))
}

async function refundsIn(
  { rows }: Snapshot,
  words: RefundWord[],
): Promise<{ refunds: Map<string, OurRefund>; intents: Set<string> }> {
  const found = await rows<OurRefund>(
    `select r.id, r.stripe_id as stripe, r.amount, r.status, p.pi_id as intent from refunds r join payments p on p.id = r.payment_id
     where r.stripe_id = any($1::text[])`,
    [words.map(({ id }) => id)],
  )
  const ours = await rows<{ intent: string }>(
    'select pi_id as intent from payments where pi_id = any($1::text[])',
    [words.flatMap(({ paymentIntent }) => paymentIntent ?? [])],
  )
  return {
    refunds: new Map(found.flatMap(refund => (refund.stripe === null ? [] : [[refund.stripe, refund]]))),
    intents: new Set(ours.map(({ intent }) => intent)),
  }
}

/** Payments and refunds of ours, made within the time, that the lists did not name: asked for one by one. */
async function missingAtStripe(
  { pool }: AuditParts,
  stripe: StripeList,
  since: number,
  seen: Set<string>,
): Promise<Fault[]> {
  const ours = await inSnapshot(pool, async ({ rows }) => ({
    payments: await rows<OurPayment>(
      `select id, pi_id as intent, amount, captured, status from payments
       where pi_id is not null and created_at > to_timestamp($1) and not pi_id = any($2::text[]) order by id limit ${MOST_OF_A_KIND}`,
      [since, [...seen]],
    ),
    nameless: await rows<{ id: string; status: string }>(
      `select id, status from payments where pi_id is null and status in ('authorized', 'captured') order by id limit ${MOST_OF_A_KIND}`,
    ),
    refunds: await rows<OurRefund>(
      `select r.id, r.stripe_id as stripe, r.amount, r.status, null as intent from refunds r
       where r.status in ('pending', 'succeeded') and r.stripe_id is not null and r.created_at > to_timestamp($1)
         and not r.stripe_id = any($2::text[]) order by r.id limit ${MOST_OF_A_KIND}`,
      [since, [...seen]],
    ),
  }))
  const faults = ours.nameless.map(
    ({ id, status }): Fault => ({
      kind: 'stripe_missing',
      place: id,
      detail: `${status} without a PaymentIntent`,
    }),
  )
  for (const payment of ours.payments) {
    const intent = await stripe.intent(payment.intent ?? '')
    if (intent === undefined)
      faults.push({
        kind: 'stripe_missing',
        place: payment.id,
        detail: `${payment.intent}, ${payment.status}`,
      })
    else faults.push(...intentFaults(intent, payment))
  }
  for (const refund of ours.refunds) {
    if ((await stripe.refund(refund.stripe ?? '')) === undefined)
      faults.push({
        kind: 'stripe_missing',
        place: refund.id,
        detail: `refund ${refund.stripe}, ${refund.status}`,
      })
  }
  return faults
}
