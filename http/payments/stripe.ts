/**
 * Stripe as the flows see it: calls whose expected outcomes are values. It owns the SDK, its deadlines and the
 * reading of its errors; it decides nothing about bookings. The same code talks to Stripe and to the payment
 * simulator: only the host differs.
 *
 * Calls carry no retries of the SDK's own: a request has a fan waiting, and a job is tried again as a whole,
 * after looking first.
 */
import Stripe from 'stripe'
import type { Config } from '../../shared/config.ts'
import { STRIPE_TIMEOUT_MS } from '../../shared/limits.ts'

/** Pinned here and at the webhook endpoint: what we read was written by this version. */
export const API_VERSION = '2026-10-28.endive'

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled'

/** What of a PaymentIntent is acted on; nothing of a person. */
export interface Intent {
  id: string
  status: IntentStatus
  amount: number
  amountReceived: number
  amountCapturable: number
  /** Lower case, as Stripe writes it. */
  currency: string
  metadata: Record<string, string>
  paymentMethod: string | undefined
  nextAction: NextAction | undefined
  /** Why the last attempt was declined. */
  declineCode: string | undefined
}

/** What the fan has to do: go to a page, or let Stripe.js do it. */
export type NextAction =
  | { type: 'redirect'; url: string }
  | { type: 'use_stripe_sdk'; clientSecret: string | null }

export interface RefundWord {
  id: string
  status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'
  amount: number
  paymentIntent: string | undefined
  metadata: Record<string, string>
}

export type Refusal =
  /** The bank said no; the PaymentIntent takes another attempt. */
  | { ok: false; reason: 'declined'; declineCode: string; message: string; intent: Intent | undefined }
  /** The PaymentIntent is past that: its present state. */
  | { ok: false; reason: 'state'; intent: Intent | undefined }
  /** Another call with this key or on this PaymentIntent is under way. */
  | { ok: false; reason: 'busy' }
  /** Stripe refuses the call itself. */
  | { ok: false; reason: 'refused'; param: string | undefined; code: string | undefined; message: string }
  /** Stripe failed, and will say so again under this idempotency key. */
  | { ok: false; reason: 'failed' }
  /** Too many calls at the moment: it took no effect. */
  | { ok: false; reason: 'limited' }
  /** Not reached, or not in time: nobody knows whether it took effect. */
  | { ok: false; reason: 'away' }

export type Called<T> = { ok: true; value: T } | Refusal

export interface EventList {
  types: Stripe.Event['type'][]
  /** Seconds since 1970. */
  since: number
  after: string | undefined
}

export interface EventPage {
  events: Stripe.Event[]
  more: boolean
}

/** A payment as it is written before Stripe hears of it: its id is the idempotency key, params go out as they are. */
export interface IntentOrder {
  id: string
  params: Stripe.PaymentIntentCreateParams
}

export interface Gateway {
  create(order: IntentOrder): Promise<Called<Intent>>
  confirm(id: string, how: { paymentMethod: string; returnUrl: string; key: string }): Promise<Called<Intent>>
  retrieve(id: string): Promise<Called<Intent>>
  capture(id: string): Promise<Called<Intent>>
  cancel(id: string): Promise<Called<Intent>>
  refund(order: {
    key: string
    intent: string
    amount: number
    metadata: Record<string, string>
  }): Promise<Called<RefundWord>>
  /** The newest hundred of a PaymentIntent; more than a booking has tickets. */
  refunds(intent: string): Promise<Called<RefundWord[]>>
  /** A page of the account's events since then, newest first, or of those before the event `after`. */
  events(list: EventList): Promise<Called<EventPage>>
  /** Stripe's word in an event's body, if one of these secrets signed it within the tolerance; null otherwise. */
  verify(body: string, signature: string, now: number): Stripe.Event | null
}

/** Stripe's own advice, against replays. */
const TOLERANCE_SECONDS = 300

/** `told` hears why each call came to nothing. */
export function stripeGateway(config: Config, told: (reason: Refusal['reason']) => void): Gateway {
  const client = connect(config)
  const call = async <T>(work: (stripe: Stripe) => Promise<T>): Promise<Called<T>> => {
    if (client === undefined) return { ok: false, reason: 'away' }
    try {
      return { ok: true, value: await work(client) }
    } catch (error) {
      const refusal = refusalOf(error)
      told(refusal.reason)
      return refusal
    }
  }
  return {
    create: order =>
      call(async stripe =>
        readIntent(await stripe.paymentIntents.create(order.params, { idempotencyKey: order.id })),
      ),
    confirm: (id, { paymentMethod, returnUrl, key }) =>
      call(async stripe =>
        readIntent(
          await stripe.paymentIntents.confirm(
            id,
            { payment_method: paymentMethod, return_url: returnUrl },
            { idempotencyKey: key },
          ),
        ),
      ),
    retrieve: id => call(async stripe => readIntent(await stripe.paymentIntents.retrieve(id))),
    // Both change nothing the second time, and a key would only replay a failure.
    capture: id => call(async stripe => readIntent(await stripe.paymentIntents.capture(id))),
    cancel: id => call(async stripe => readIntent(await stripe.paymentIntents.cancel(id))),
    refund: ({ key, intent, amount, metadata }) =>
      call(async stripe =>
        readRefund(
          await stripe.refunds.create({ payment_intent: intent, amount, metadata }, { idempotencyKey: key }),
        ),
      ),
    refunds: intent =>
      call(async stripe => {
        const page = await stripe.refunds.list({ payment_intent: intent, limit: 100 })
        return page.data.map(readRefund)
      }),
    events: ({ types, since, after }) =>
      call(async stripe => {
        const { data, has_more: more } = await stripe.events.list({
          types,
          created: { gte: since },
          limit: 100,
          ...(after === undefined ? {} : { starting_after: after }),
        })
        return { events: data, more }
      }),
    verify: (body, signature, now) => verify(config.STRIPE_WEBHOOK_SECRET, body, signature, now),
  }
}

export function connect({
  STRIPE_SECRET_KEY,
  STRIPE_API_BASE,
}: Pick<Config, 'STRIPE_SECRET_KEY' | 'STRIPE_API_BASE'>): Stripe | undefined {
  if (STRIPE_SECRET_KEY === undefined) return undefined
  const base = STRIPE_API_BASE === undefined ? undefined : new URL(STRIPE_API_BASE)
  return new Stripe(STRIPE_SECRET_KEY, {
    apiVersion: API_VERSION,
    timeout: STRIPE_TIMEOUT_MS,
    maxNetworkRetries: 0,
    telemetry: false,
    ...(base === undefined
      ? {}
      : {
          host: base.hostname,
          port: base.port || (base.protocol === 'http:' ? 80 : 443),
          protocol: base.protocol === 'http:' ? 'http' : 'https',
        }),
  })
}

function verify(secrets: string[], body: string, signature: string, now: number): Stripe.Event | null {
  for (const secret of secrets) {
    try {
      return Stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS, undefined, now)
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error
    }
  }
  return null
}

export function readIntent(intent: Stripe.PaymentIntent): Intent {
  return {
    id: intent.id,
    status: intent.status as IntentStatus,
    amount: intent.amount,
    amountReceived: intent.amount_received,
    amountCapturable: intent.amount_capturable,
    currency: intent.currency,
    metadata: intent.metadata,
    paymentMethod: idOf(intent.payment_method),
    nextAction: nextActionOf(intent),
    declineCode: intent.last_payment_error?.decline_code ?? intent.last_payment_error?.code,
  }
}

function nextActionOf(intent: Stripe.PaymentIntent): NextAction | undefined {
  const action = intent.next_action
  if (intent.status !== 'requires_action' || action === null) return undefined
  const url = action.redirect_to_url?.url
  if (typeof url === 'string') return { type: 'redirect', url }
  return { type: 'use_stripe_sdk', clientSecret: intent.client_secret }
}

export function readRefund(refund: Stripe.Refund): RefundWord {
  return {
    id: refund.id,
    status: refund.status as RefundWord['status'],
    amount: refund.amount,
    paymentIntent: idOf(refund.payment_intent),
    metadata: refund.metadata ?? {},
  }
}

function idOf(value: string | { id: string } | null): string | undefined {
  return typeof value === 'string' ? value : value?.id
}

const BUSY = new Set(['lock_timeout', 'idempotency_key_in_use'])
const PAST_THAT = new Set(['payment_intent_unexpected_state', 'charge_already_refunded'])

function refusalOf(error: unknown): Refusal {
  const { errors } = Stripe
  if (!(error instanceof errors.StripeError)) throw error
  const intent = error.payment_intent === undefined ? undefined : readIntent(error.payment_intent)
  if (error.code !== undefined && BUSY.has(error.code)) return { ok: false, reason: 'busy' }
  if (error.code !== undefined && PAST_THAT.has(error.code)) return { ok: false, reason: 'state', intent }
  if (error instanceof errors.StripeCardError) {
    const declineCode = error.decline_code ?? error.code ?? 'card_declined'
    return { ok: false, reason: 'declined', declineCode, message: error.message, intent }
  }
  if (error instanceof errors.StripeRateLimitError) return { ok: false, reason: 'limited' }
  if (error instanceof errors.StripeConnectionError) return { ok: false, reason: 'away' }
  if ((error.statusCode ?? 0) >= 500) return { ok: false, reason: 'failed' }
  const { param, code, message } = error
  return { ok: false, reason: 'refused', param, code, message }
}
