/** The operator's switch: what an event's queue is set to, and changing it. Each change is audited. */
import { createRoute, z } from '@hono/zod-openapi'
import type { QueueSettings } from '../../queue/queue.ts'
import { type EventId, visitorId as toVisitorId } from '../../shared/ids.ts'
import { queueToJson } from '../../shared/wire/queue-json.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { QueueView } from '../events/view.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'
import { Change, changeOf, SETTINGS } from './queue-change.ts'

const Settings = z
  .object({
    eventId: z.string(),
    state: QueueView.shape.state.openapi({ description: 'What it is now, as in `queue`.' }),
    setTo: QueueView.shape.state.openapi({
      description:
        'What an operator has set: a plan (`scheduled`, `pre_queue`) moves on by itself, at `preQueueAt` and `opensAt`.',
    }),
    ...SETTINGS,
    burst: z.number(),
    generation: z.int().openapi({ description: 'Counts the lines of this event, and the losses of Redis.' }),
    queue: QueueView,
  })
  .openapi('QueueSettings')

const PATH = '/admin/events/{eventId}/queue'
const params = z.object({ eventId: z.string() })
const answers = {
  200: {
    description: 'The settings, and the queue now',
    content: { 'application/json': { schema: Settings } },
  },
  ...problems(...ADMIN_PROBLEMS, 'event_not_found', 'invalid_request', 'queue_unavailable'),
}

export function adminQueueRoutes(deps: HttpDeps): Routes {
  const { queue } = deps
  const shared = { path: PATH, tags: ['Admin'], security: byAdmin, middleware: [requireAdmin(deps)] }
  const look = createRoute({
    ...shared,
    method: 'get',
    summary: "An event's queue and its settings",
    request: { params },
    responses: answers,
  })
  const change = createRoute({
    ...shared,
    method: 'put',
    summary: 'Switch and tune the queue, live',
    description:
      'In effect everywhere within a second. A lowered cap ejects nobody. `off` ends the line and opens the gates; `open` after ' +
      '`off` begins a new line. A stored change that Redis cannot be told now answers 503 and takes effect when it is back.',
    request: { params, body: { required: true, content: { 'application/json': { schema: Change } } } },
    responses: answers,
  })
  const eject = createRoute({
    ...shared,
    method: 'delete',
    path: `${PATH}/visitors/{visitorId}`,
    summary: 'Eject a visitor: place, turn and pass end at once',
    description:
      'What they hold or pay stays theirs. They may join again, at the tail. Harmless when repeated.',
    request: { params: params.extend({ visitorId: z.uuid() }) },
    responses: {
      204: { description: 'They have no place' },
      ...problems(...ADMIN_PROBLEMS, 'event_not_found', 'invalid_request', 'queue_unavailable'),
    },
  })
  return newRoutes()
    .openapi(eject, async c => {
      const { visitorId } = c.req.valid('param')
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      await queue.eject(eventId, toVisitorId(visitorId), c.get('operator'))
      return c.body(null, 204)
    })
    .openapi(look, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      return c.json(await view(deps, eventId, await queue.settings(eventId)), 200)
    })
    .openapi(change, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const settings = await queue.configure(eventId, changeOf(c.req.valid('json')), c.get('operator'))
      return c.json(await view(deps, eventId, settings), 200)
    })
}

async function view(
  { queue }: HttpDeps,
  eventId: EventId,
  settings: QueueSettings,
): Promise<z.infer<typeof Settings>> {
  const { preQueueAt, opensAt, state: setTo } = settings
  const now = queueToJson(await queue.info(eventId))
  const { state } = now
  return {
    // Only what the schema names goes out.
    ...Settings.omit({ queue: true, preQueueAt: true, opensAt: true }).parse({
      ...settings,
      eventId,
      state,
      setTo,
    }),
    preQueueAt: inText(preQueueAt),
    opensAt: inText(opensAt),
    queue: now,
  }
}

function inText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
