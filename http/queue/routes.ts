/**
 * The waiting room over HTTP: join, look, leave. The same line as over a socket, for programs and for networks that block
 * WebSockets; a poll is what keeps the place.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Problem } from '../../shared/errors.ts'
import type { EventId, VisitorId } from '../../shared/ids.ts'
import { requireLine } from '../../shared/on-sale.ts'
import type { PlaceInfo } from '../../shared/wire/messages.ts'
import { placeToJson, queueToJson } from '../../shared/wire/queue-json.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { QueueView } from '../events/view.ts'
import { callerNetwork, rateLimit } from '../middleware/limits.ts'
import { requireSession } from '../middleware/session.ts'
import { type AppEnv, bySession, newRoutes, problems, type Routes } from '../routing.ts'
import { dropPass, setPass } from './pass-cookie.ts'
import { plainWaitingRoom } from './plain-page.ts'
import { PollPace } from './poll-pace.ts'

const WaitTime = z.object({ p50: z.int(), p90: z.int() }).openapi('WaitTime', {
  description: 'Seconds: half of those at this place wait less than p50, nine in ten less than p90.',
})

const Place = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('none') }),
    z.object({
      state: z.literal('waiting'),
      position: z
        .int()
        .nullable()
        .openapi({ description: 'Places ahead; null while the draw is still to come.' }),
      score: z.number().openapi({ description: 'Orders places; the arrival in microseconds.' }),
      receipt: z
        .string()
        .openapi({ description: 'Keep it, and send it when joining again: it proves the place.' }),
      generation: z.int(),
      wait: WaitTime.nullable(),
      phase: z
        .literal('pre')
        .optional()
        .openapi({ description: 'The draw is still to come: there is no position yet.' }),
      entry: z.string().optional().openapi({
        description: 'Your name among the entrants of the draw: see GET /events/{eventId}/queue/draw.',
      }),
    }),
    z.object({
      state: z.literal('admitted'),
      pass: z.string().openapi({
        description: 'Send it as X-Onsale-Pass; it is also set as the cookie onsale_pass_{eventId}.',
      }),
      until: z.iso.datetime().openapi({ description: 'When it ends.' }),
    }),
  ])
  .openapi('Place')

const Answer = z
  .object({
    eventId: z.string(),
    queue: QueueView,
    place: Place,
    state: z.enum(['none', 'waiting', 'admitted']).openapi({ description: "The place's." }),
    position: z.int().nullable().openapi({ description: 'Places ahead; null where one does not wait.' }),
    usersAhead: z.int().nullable(),
    waitTime: WaitTime.nullable(),
    refreshIntervalSeconds: z
      .int()
      .openapi({ description: 'When to ask again; also Retry-After while waiting.' }),
    lastUpdated: z.iso.datetime(),
  })
  .openapi('QueuePlace')

const Joining = z
  .strictObject({
    receipt: z
      .string()
      .max(2_000)
      .optional()
      .openapi({ description: 'Of a place one had: it counts where Redis was lost.' }),
  })
  .openapi('QueueJoin')

const PATH = '/events/{eventId}/queue'
const params = z.object({ eventId: z.string() })
const answers = {
  200: { description: 'Where the visitor stands', content: { 'application/json': { schema: Answer } } },
  ...problems('invalid_request', 'event_not_found', 'session_required', 'session_invalid', 'session_expired'),
  ...problems('too_many_requests', 'queue_unavailable'),
}

export function queueRoutes(deps: HttpDeps): Routes {
  const { queue, config } = deps
  const pace = new PollPace(deps)
  // Of their own: who has joined may look at once.
  const joins = new PollPace(deps)
  const shared = { path: PATH, tags: ['Queue'], security: bySession, middleware: [requireSession(deps)] }
  const join = createRoute({
    ...shared,
    method: 'post',
    summary: 'Take a place in the line, or find the one you have',
    middleware: [...shared.middleware, rateLimit(deps, 'joins', config.JOINS_PER_MINUTE)],
    description:
      'Idempotent: a visitor has one place, whatever the number of tabs and repeats. A place of `none`: the queue is off.',
    request: { params, body: { required: false, content: { 'application/json': { schema: Joining } } } },
    responses: { ...answers, ...problems('not_on_sale', 'queue_closed', 'too_many_places') },
  })
  const look = createRoute({
    ...shared,
    method: 'get',
    summary: 'Where you stand',
    description: 'Without a socket, asking is what keeps the place: ask again after refreshIntervalSeconds.',
    request: { params },
    responses: answers,
  })
  const leave = createRoute({
    ...shared,
    method: 'delete',
    summary: 'Give up your place or turn',
    // Counted by itself: a network whose joins are used up still leaves.
    middleware: [...shared.middleware, rateLimit(deps, 'leaves', config.JOINS_PER_MINUTE)],
    request: { params },
    responses: { ...answers, 204: { description: 'Given up, or there was none' } },
  })
  return newRoutes()
    .openapi(join, async c => {
      const event = await findEvent(deps, c.req.valid('param').eventId)
      const { eventId } = event
      // Hono's validator leaves an absent body as an empty object.
      const { receipt } = c.req.valid('json')
      const visitor = c.get('visitorId')
      refuseEarly(joins, eventId, visitor)
      await requireLine(event, deps.clock.now(), () => queue.status(eventId, visitor))
      const place = await queue.join(eventId, visitor, { receipt, network: callerNetwork(c, config) })
      joins.next(eventId, visitor, 0, (await queue.settings(eventId)).graceSeconds)
      return c.json(await tell(deps, pace, c, { eventId, visitor, place }), 200)
    })
    .openapi(look, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const visitor = c.get('visitorId')
      refuseEarly(pace, eventId, visitor)
      const place = await queue.status(eventId, visitor)
      return c.json(await tell(deps, pace, c, { eventId, visitor, place }), 200)
    })
    .openapi(leave, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const visitor = c.get('visitorId')
      await queue.leave(eventId, visitor)
      pace.forget(eventId, visitor)
      joins.forget(eventId, visitor)
      dropPass(c, eventId)
      return c.body(null, 204)
    })
    .route('/', plainWaitingRoom(deps, pace))
}

/** @throws Problem too_many_requests */
function refuseEarly(pace: PollPace, event: EventId, visitor: VisitorId): void {
  const retryAfter = pace.early(event, visitor)
  if (retryAfter === 0) return
  const detail = 'Ask again when refreshIntervalSeconds are over: your place is kept.'
  throw new Problem('too_many_requests', detail, { retryAfter })
}

async function tell(
  deps: HttpDeps,
  pace: PollPace,
  c: Context<AppEnv>,
  { eventId, visitor, place }: { eventId: EventId; visitor: VisitorId; place: PlaceInfo },
): Promise<z.infer<typeof Answer>> {
  const { queue, clock } = deps
  const [info, { graceSeconds }] = await Promise.all([queue.info(eventId, place), queue.settings(eventId)])
  const position = place.state === 'waiting' ? place.position : null
  const refresh = pace.next(eventId, visitor, position ?? 0, graceSeconds)
  c.header('Cache-Control', 'private, no-store')
  if (place.state === 'waiting') c.header('Retry-After', String(refresh))
  if (place.state === 'admitted') setPass(deps, c, eventId, place)
  return {
    eventId,
    queue: queueToJson(info),
    place: placeToJson(place),
    state: place.state,
    position,
    usersAhead: position,
    waitTime: place.state === 'waiting' ? place.wait : null,
    refreshIntervalSeconds: refresh,
    lastUpdated: new Date(clock.now()).toISOString(),
  }
}
