/** GET /events/:eventId: what everybody may know of an event, with what is free and how its queue stands. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { EVENT_ID, eventId } from '../../shared/ids.ts'
import { requireOnSale } from '../../shared/on-sale.ts'
import type { HttpDeps } from '../deps.ts'
import { optionalSession, PassHeader, passOf, visitorOf } from '../middleware/session.ts'
import { orUndefined } from '../patience.ts'
import { refusalAtGate } from '../queue/gate.ts'
import { type AppEnv, newRoutes, problems, type Routes } from '../routing.ts'
import { compressed } from './compressed.ts'
import { ticketStream } from './ticket-list.ts'
import { EventView, type Live, viewOf } from './view.ts'

/** An event page must come also while Redis is away (I7): past it the live numbers are left out. */
const LIVE_MS = 250
/** How old the number of free tickets may be. */
const FREE_TTL_MS = 500
const FREE_KEPT = 2_000

const Ticket = z
  .object({
    ticketId: z.string(),
    section: z.string(),
    row: z.string(),
    seat: z.string(),
    type: z.string().nullable(),
    category: z.string(),
    price: z.int().nullable(),
    status: z.enum(['available', 'held', 'sold', 'blocked']),
    accessible: z.literal(true).optional().openapi({ description: 'With room for a wheelchair.' }),
    companion: z.literal(true).optional().openapi({ description: 'Kept for those who come along.' }),
  })
  .openapi('Ticket')

export const TicketList = z.array(Ticket)

export function eventRoutes(deps: HttpDeps): Routes {
  const { config, inventory, queue } = deps
  const free = new LRUCache<string, { free: number }, EventRecord>({
    max: FREE_KEPT,
    ttl: FREE_TTL_MS,
    fetchMethod: async (_id, _old, { context }) => ({ free: (await inventory.counts(context.stock)).free }),
  })
  const live = async (event: EventRecord): Promise<Live> => {
    const onSale = event.status === 'onsale'
    const [count, info] = await Promise.all([
      onSale ? orUndefined(deps, LIVE_MS, free.fetch(event.eventId, { context: event })) : undefined,
      orUndefined(deps, LIVE_MS, queue.info(event.eventId)),
    ])
    return { free: count?.free, queue: info }
  }
  const route = createRoute({
    method: 'get',
    path: '/events/{eventId}',
    tags: ['Events'],
    summary: 'An event',
    description:
      'With `include=tickets` also every seat and its state, which the waiting room guards as it does /seats.',
    security: [{}, { session: [] }],
    middleware: [optionalSession(deps)],
    request: {
      params: z.object({ eventId: z.string() }),
      headers: PassHeader,
      query: z.strictObject({ include: z.enum(['tickets']).optional() }),
    },
    responses: {
      200: {
        description: 'The event',
        content: {
          'application/json': {
            schema: EventView.extend({ tickets: TicketList.optional() }).openapi('EventWithTickets'),
          },
        },
      },
      ...problems(
        'invalid_request',
        'event_not_found',
        'not_on_sale',
        'waiting_room_required',
        'unavailable',
      ),
      ...problems('pass_invalid', 'pass_expired', 'pass_foreign'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const event = await findEvent(deps, c.req.valid('param').eventId)
    if (c.req.valid('query').include === 'tickets') {
      await mayWatch(deps, c, event)
      const snapshot = await inventory.snapshot(event.stock)
      const view = viewOf(event, await live(event), config)
      const { epoch, seq } = snapshot
      const before = `${JSON.stringify({ ...view, epoch, seq }).slice(0, -1)},"tickets":`
      c.header('Cache-Control', 'private, no-store')
      return compressed(c, ticketStream(event, snapshot, before, '}'))
    }
    const view = viewOf(event, await live(event), config)
    c.header('Cache-Control', view.queue?.state === 'off' ? 'public, max-age=1' : 'private, no-store')
    return c.json(view, 200)
  })
}

export async function findEvent({ events }: HttpDeps, id: string): Promise<EventRecord> {
  const event = EVENT_ID.test(id) ? await events.find(eventId(id)) : undefined
  if (event === undefined)
    throw new Problem('event_not_found', `There is no event ${JSON.stringify(id.slice(0, 60))}.`)
  return event
}

/** The seats of an event are shown while it is on sale, and while the queue is on only to those it has admitted. */
export async function mayWatch(deps: HttpDeps, c: Context<AppEnv>, event: EventRecord): Promise<void> {
  requireOnSale(event, deps.clock.now())
  const refusal = await refusalAtGate(deps.queue, event.eventId, visitorOf(c), passOf(c, event.eventId))
  if (refusal !== undefined) throw refusal
}
