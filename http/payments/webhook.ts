/**
 * POST /webhooks/stripe: checks the signature on the body's very bytes, stores the event once, and answers. What it
 * means is found out by a job. Where it cannot be stored the answer is 503, and Stripe comes again.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type Stripe from 'stripe'
import { Problem } from '../../shared/errors.ts'
import type { Queryable } from '../../shared/postgres.ts'
import type { Sales } from '../bookings/sales.ts'
import { problems, type Routes } from '../routing.ts'
import { API_VERSION, type Intent, type RefundWord, readIntent, readRefund } from './stripe.ts'

/** What is kept of an event: ids, states and amounts, and nothing of a person. */
export type Word =
  | { object: 'intent'; intent: Intent }
  | { object: 'refund'; refund: RefundWord }
  | { object: 'dispute'; dispute: { id: string; status: string; amount: number; reason: string } }

export interface StoredEvent {
  id: string
  type: string
  /** Of the PaymentIntent it is about. */
  objectId: string
  word: Word
}

export function webhookRoute(routes: Routes, sales: Sales): void {
  const route = createRoute({
    method: 'post',
    path: '/webhooks/stripe',
    tags: ['Payments'],
    summary: "Stripe's events",
    description: 'For Stripe alone: signed with STRIPE_WEBHOOK_SECRET.',
    responses: {
      200: {
        description: 'Stored, now or earlier',
        content: { 'application/json': { schema: z.object({ received: z.literal(true) }) } },
      },
      ...problems('webhook_signature', 'payload_too_large', 'unavailable'),
    },
  })
  routes.openapi(route, async c => {
    const { stripe, clock, pool, step } = sales
    const event = stripe.verify(await c.req.text(), c.req.header('stripe-signature') ?? '', clock.now())
    if (event === null)
      throw new Problem(
        'webhook_signature',
        'The Stripe-Signature does not fit, or is older than five minutes.',
      )
    checkVersion(sales, event)
    const stored = cut(event)
    if (stored !== undefined) await step('webhook.store', () => storeEvents(pool, [stored]))
    return c.json({ received: true as const }, 200)
  })
}

/** Those that something depends on: no others need to be enabled. */
export const EVENT_TYPES = [
  'payment_intent.amount_capturable_updated',
  'payment_intent.succeeded',
  'payment_intent.canceled',
  'payment_intent.payment_failed',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
] as const satisfies Stripe.Event['type'][]

/** What is read here was written for one version; the endpoint may have been made for another. */
function checkVersion({ log, counts }: Sales, { id, api_version: version }: Stripe.Event): void {
  if (version === API_VERSION || version === null || version === undefined) return
  log.error({ event: id, version, wanted: API_VERSION }, 'the webhook endpoint has another API version')
  counts.alarms.inc({ kind: 'api_version' })
}

/** Undefined for events nothing depends on. */
export function cut(event: Stripe.Event): StoredEvent | undefined {
  const { id, type } = event
  switch (event.type) {
    case 'payment_intent.amount_capturable_updated':
    case 'payment_intent.succeeded':
    case 'payment_intent.canceled':
    case 'payment_intent.payment_failed':
    case 'payment_intent.processing':
    case 'payment_intent.requires_action': {
      const intent = withoutSecret(readIntent(event.data.object))
      return { id, type, objectId: intent.id, word: { object: 'intent', intent } }
    }
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed': {
      const refund = readRefund(event.data.object)
      return { id, type, objectId: refund.paymentIntent ?? refund.id, word: { object: 'refund', refund } }
    }
    case 'charge.dispute.created': {
      const { id: disputeId, status, amount, reason, payment_intent: intent } = event.data.object
      const objectId = typeof intent === 'string' ? intent : (intent?.id ?? disputeId)
      return {
        id,
        type,
        objectId,
        word: { object: 'dispute', dispute: { id: disputeId, status, amount, reason } },
      }
    }
    default:
      return undefined
  }
}

/** A next action is asked for anew where it is needed. */
function withoutSecret(intent: Intent): Intent {
  return { ...intent, nextAction: undefined }
}

/** Events and their jobs in one statement: an event that came before asks for nothing. Answers how many are new. */
export async function storeEvents(db: Queryable, events: StoredEvent[]): Promise<number> {
  const { rowCount } = await db.query(
    `with stored as (
       insert into inbox (stripe_event_id, type, object_id, payload)
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]::jsonb[]) as event
       on conflict do nothing returning stripe_event_id
     )
     insert into outbox (kind, payload)
     select 'inbox', jsonb_build_object('stripeEventId', stripe_event_id) from stored`,
    [
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ objectId }) => objectId),
      events.map(({ word }) => JSON.stringify(word)),
    ],
  )
  return rowCount ?? 0
}
