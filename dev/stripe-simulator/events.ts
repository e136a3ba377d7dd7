/**
 * The account's events: what happened, with the object as it was at that moment. Kept for the events list, handed to the
 * webhook for delivery.
 */
import { z } from 'zod'
import { type Account, newId, seconds } from './account.ts'
import { endpoint } from './endpoint.ts'
import { page } from './paging.ts'
import { expand, flag, listOf, paging, text } from './parameters.ts'
import { badParameter, missing } from './refusal.ts'
import type { StoredEvent } from './store.ts'

/** The version the stripe SDK 23.1.0 pins, and the shape of every object here. */
export const API_VERSION = '2026-10-28.endive'

/** How long Stripe lists an event (https://docs.stripe.com/api/events/list). */
export const EVENT_KEPT_MS = 30 * 24 * 3_600_000

export type EventType =
  | `payment_intent.${'created' | 'requires_action' | 'processing' | 'amount_capturable_updated' | 'succeeded' | 'payment_failed' | 'canceled'}`
  | `charge.${'succeeded' | 'failed' | 'captured' | 'refunded' | 'expired' | 'dispute.created'}`
  | `refund.${'created' | 'updated' | 'failed'}`

/** The call an event comes from; both null for what happens by itself. */
export interface Origin {
  id: string | null
  idempotency_key: string | null
}

export const BY_ITSELF: Origin = { id: null, idempotency_key: null }

export function recordEvent(
  account: Omit<Account, 'announce'>,
  type: EventType,
  object: object,
  origin: Origin,
  pending: boolean,
): StoredEvent {
  const event = {
    id: newId(account, 'evt_3'),
    object: 'event',
    api_version: API_VERSION,
    created: seconds(account),
    data: { object },
    livemode: false,
    pending_webhooks: pending ? 1 : 0,
    request: origin,
    type,
  }
  const stored = { id: event.id, type, created: event.created, json: JSON.stringify(event), pending }
  account.store.events.put(stored.id, stored)
  return stored
}

/** The event as the API shows it now. */
function shown(event: StoredEvent): object {
  return { ...(JSON.parse(event.json) as object), pending_webhooks: event.pending ? 1 : 0 }
}

function isListed(account: Account, event: StoredEvent): boolean {
  return event.created * 1000 > account.clock.now() - EVENT_KEPT_MS
}

export const eventEndpoints = [
  endpoint({
    method: 'GET',
    path: '/v1/events',
    parameters: z.strictObject({
      ...paging,
      type: text.optional(),
      types: listOf(text).optional(),
      delivery_success: flag.optional(),
    }),
    run({ account, parameters }) {
      if (parameters.type !== undefined && parameters.types !== undefined) {
        throw badParameter('You may only specify one of these parameters: type, types.', 'type')
      }
      const wanted = parameters.types ?? (parameters.type === undefined ? undefined : [parameters.type])
      const events = [...account.store.events.values()].filter(
        event =>
          isListed(account, event) &&
          (wanted === undefined || wanted.some(pattern => typeMatches(pattern, event.type))) &&
          (parameters.delivery_success === undefined || parameters.delivery_success !== event.pending),
      )
      const { data, ...list } = page(events, parameters, 'event', '/v1/events')
      return { ...list, data: data.map(shown) }
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/events/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run({ account, id }) {
      const event = account.store.events.get(id)
      if (event === undefined || !isListed(account, event)) throw missing('event', id, 'id')
      return shown(event)
    },
  }),
]

/** `charge.*` stands for every type that begins so. */
function typeMatches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}
