/**
 * The waiting room over HTTP: join, look, leave. The same line as over a socket, for programs and for networks that block
 * WebSockets; a poll is what keeps the place.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import type { EventId } from '../../shared/ids.ts'
import type { PlaceInfo } from '../../shared/wire/messages.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { QueueView } from '../events/view.ts'
import { requireSession } from '../middleware/session.ts'
import { type AppEnv, bySession, newRoutes, problems, type Routes } from '../routing.ts'

const WaitTime = z.object({ p50: z.int(), p90: z.int() }).openapi('WaitTime', {
  description: 'Seconds: half of those at this place wait less than p50, nine in ten less than p90.',
})

const Place = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('none') }),
    z.object({
      state: z.literal('waiting'),
      position: z.int().openapi({ description: 'Places ahead.' }),
      score: z.number().openapi({ description: 'Orders places; the arrival in microseconds.' }),
      receipt: z
        .string()
        .openapi({ description: 'Keep it, and send it when joining again: it proves the place.' }),
      generation: z.int(),
      wait: WaitTime.nullable(),
    }),
    z.object({
      state: z.literal('admitted'),
      pass: z
        .string()
        .openapi({ description: 'Send it as X-Onsale-Pass; it is also set as the cookie onsale_pass.' }),
      until: z.number().openapi({ description: 'When it ends, ms since 1970.' }),
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
  ...problems('queue_unavailable'),
}

export function queueRoutes(deps: HttpDeps): Routes {
  const { queue } = deps
  const shared = { path: PATH, tags: ['Queue'], security: bySession, middleware: [requireSession(deps)] }
  const join = createRoute({
    ...shared,
    method: 'post',
    summary: 'Take a place in the line, or find the one you have',
    description:
      'Idempotent: a visitor has one place, whatever the number of tabs and repeats. A place of `none`: the queue is off.',
    request: { params, body: { required: false, content: { 'application/json': { schema: Joining } } } },
    responses: answers,
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
    request: { params },
    responses: { ...answers, 204: { description: 'Given up, or there was none' } },
  })
  return newRoutes()
    .openapi(join, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      // Hono's validator leaves an absent body as an empty object.
      const { receipt } = c.req.valid('json')
      return c.json(await tell(deps, c, eventId, await queue.join(eventId, c.get('visitorId'), { receipt })), 200)
    })
    .openapi(look, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      return c.json(await tell(deps, c, eventId, await queue.status(eventId, c.get('visitorId'))), 200)
    })
    .openapi(leave, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      await queue.leave(eventId, c.get('visitorId'))
      deleteCookie(c, PASS_COOKIE, { path: '/' })
      return c.body(null, 204)
    })
}

const PASS_COOKIE = 'onsale_pass'

async function tell(
  deps: HttpDeps,
  c: Context<AppEnv>,
  eventId: EventId,
  place: PlaceInfo,
): Promise<z.infer<typeof Answer>> {
  const { queue, clock } = deps
  const [info, { graceSeconds }] = await Promise.all([queue.info(eventId), queue.settings(eventId)])
  const position = place.state === 'waiting' ? place.position : null
  const refresh = askAgainAfter(position ?? 0, graceSeconds)
  c.header('Cache-Control', 'private, no-store')
  if (place.state === 'waiting') c.header('Retry-After', String(refresh))
  if (place.state === 'admitted') setPass(deps, c, place)
  return {
    eventId,
    queue: info,
    place,
    state: place.state,
    position,
    usersAhead: position,
    waitTime: place.state === 'waiting' ? place.wait : null,
    refreshIntervalSeconds: refresh,
    lastUpdated: new Date(clock.now()).toISOString(),
  }
}

function setPass(
  { config, clock }: HttpDeps,
  c: Context<AppEnv>,
  { pass, until }: { pass: string; until: number },
): void {
  const maxAge = Math.max(0, Math.floor((until - clock.now()) / 1_000))
  const secure = config.HTTP_PUBLIC_URL.startsWith('https:')
  setCookie(c, PASS_COOKIE, pass, { httpOnly: true, sameSite: 'Lax', path: '/', maxAge, secure })
}

/** Seconds: often where one's turn may come any moment, seldom far behind, and always three times a grace. */
function askAgainAfter(position: number, graceSeconds: number): number {
  const wished = position < 100 ? 2 : position < 1_000 ? 5 : position < 10_000 ? 10 : 20
  return Math.max(1, Math.min(wished, Math.floor(graceSeconds / 3)))
}
