/**
 * Deals with an event of Stripe's that the webhook stored. Events come twice, late and in any order: an end
 * (`succeeded`, `canceled`) is believed as signed, for everything else Stripe is asked for the present state.
 */
import type { Sales } from '../bookings/sales.ts'
import { Later } from './capture.ts'
import { findByIntent } from './payment-store.ts'
import { hearRefund } from './refunds.ts'
import { settle } from './settle.ts'
import type { RefundWord } from './stripe.ts'
import type { Word } from './webhook.ts'

interface Row {
  type: string
  object_id: string
  payload: Word
  done_at: Date | null
}

export async function handleInbox(sales: Sales, stripeEventId: string): Promise<void> {
  const { pool, step } = sales
  const { rows } = await step('inbox.read', () =>
    pool.query<Row>('select type, object_id, payload, done_at from inbox where stripe_event_id = $1', [
      stripeEventId,
    ]),
  )
  const row = rows[0]
  if (row === undefined || row.done_at !== null) return
  try {
    const fault = await handle(sales, row)
    await step('inbox.done', () =>
      pool.query('update inbox set done_at = now(), fault = $2 where stripe_event_id = $1', [
        stripeEventId,
        fault ?? null,
      ]),
    )
  } catch (error) {
    const told = error instanceof Error ? error.name : 'unknown'
    await step('inbox.fault', () =>
      pool.query('update inbox set attempts = attempts + 1, fault = $2 where stripe_event_id = $1', [
        stripeEventId,
        told,
      ]),
    ).catch(() => undefined)
    throw error
  }
}

/** Answers what is wrong with it, where nothing can be done. */
async function handle(
  sales: Sales,
  { type, payload, object_id: objectId }: Row,
): Promise<string | undefined> {
  switch (payload.object) {
    case 'intent':
      return handleIntent(sales, payload.intent, type)
    case 'refund':
      return handleRefund(sales, payload.refund)
    case 'dispute':
      return handleDispute(sales, objectId)
    default:
      return payload satisfies never
  }
}

async function handleIntent(
  sales: Sales,
  signed: Extract<Word, { object: 'intent' }>['intent'],
  type: string,
): Promise<string | undefined> {
  const { pool, step, stripe, config } = sales
  if (signed.metadata['onsale'] !== config.INSTANCE) return 'foreign'
  const isEnd = type === 'payment_intent.succeeded' || type === 'payment_intent.canceled'
  if (isEnd) return faultOf(await settle(sales, signed))
  const known = await step('settle.find', () => findByIntent(pool, signed.id, undefined))
  // Our own call was told already; its event would only ask Stripe once more.
  if (known?.status === 'authorized' || known?.status === 'captured') return undefined
  const seen = await step('inbox.look', () => stripe.retrieve(signed.id))
  if (!seen.ok) throw new Later(`${signed.id} could not be looked at: ${seen.reason}`)
  return faultOf(await settle(sales, seen.value))
}

function faultOf(outcome: string): string | undefined {
  return outcome === 'foreign' || outcome === 'quarantined' ? outcome : undefined
}

async function handleRefund(sales: Sales, refund: RefundWord): Promise<string | undefined> {
  const { pool, step } = sales
  const intent = refund.paymentIntent
  const payment =
    intent === undefined ? undefined : await step('settle.find', () => findByIntent(pool, intent, undefined))
  if (payment === undefined) return 'unknown_payment'
  await hearRefund(sales, refund, payment)
  return undefined
}

/** The booking is flagged; scanning it is a matter of policy, and nothing is refunded by itself. */
async function handleDispute(sales: Sales, intentId: string): Promise<string | undefined> {
  const { pool, step, log, counts } = sales
  const payment = await step('settle.find', () => findByIntent(pool, intentId, undefined))
  if (payment === undefined) return 'unknown_payment'
  log.error({ payment: payment.id, booking: payment.bookingId }, 'a payment is disputed')
  counts.alarms.inc({ kind: 'dispute' })
  await step('inbox.dispute', () =>
    pool.query('update bookings set disputed_at = coalesce(disputed_at, now()) where id = $1', [
      payment.bookingId,
    ]),
  )
  return undefined
}
