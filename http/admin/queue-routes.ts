/** The operator's switch: what an event's queue is set to, and changing it. Each change is audited. */
import { createRoute, z } from '@hono/zod-openapi'
import type { QueueChange, QueueSettings } from '../../queue/queue.ts'
import type { EventId } from '../../shared/ids.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { QueueView } from '../events/view.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'

const rate = z
  .number()
  .min(0)
  .max(100_000)
  .openapi({ description: 'Admissions per second; fractions are allowed.' })
const cap = z.int().min(0).max(10_000_000).openapi({ description: 'Most active visitors at once.' })
const burst = z
  .number()
  .min(1)
  .max(100_000)
  .openapi({ description: "Admissions at once after quiet; null: a second's worth of rate." })
const factor = z.number().min(0.01).max(1_000).openapi({ description: 'Visitors let in per free seat.' })
const passSeconds = z.int().min(5).max(86_400).openapi({ description: 'How long a slot lasts.' })
const graceSeconds = z
  .int()
  .min(5)
  .max(86_400)
  .openapi({ description: 'How long a place is kept without a socket or a poll.' })
const message = z.string().max(500).openapi({ description: 'A word to those who wait.' })

const Change = z
  .strictObject({
    state: z.enum(['off', 'open', 'paused']).optional(),
    rate: rate.optional(),
    cap: cap.optional(),
    burst: burst.nullable().optional(),
    factor: factor.optional(),
    passSeconds: passSeconds.optional(),
    graceSeconds: graceSeconds.optional(),
    message: message.optional(),
  })
  .openapi('QueueChange', { description: 'What is left out stays as it is.' })

const Settings = z
  .object({
    eventId: z.string(),
    state: QueueView.shape.state,
    rate,
    cap,
    burst,
    factor,
    passSeconds,
    graceSeconds,
    message,
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
  return newRoutes()
    .openapi(look, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      return c.json(await view(deps, eventId, await queue.settings(eventId)), 200)
    })
    .openapi(change, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const settings = await queue.configure(eventId, given(c.req.valid('json')), c.get('operator'))
      return c.json(await view(deps, eventId, settings), 200)
    })
}

/** JSON has no undefined: what is not given is not there. */
function given(change: z.infer<typeof Change>): QueueChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

async function view(
  { queue }: HttpDeps,
  eventId: EventId,
  settings: QueueSettings,
): Promise<z.infer<typeof Settings>> {
  const { state, rate, cap, burst, factor, passSeconds, graceSeconds, message, generation } = settings
  const now = await queue.info(eventId)
  return {
    eventId,
    state,
    rate,
    cap,
    burst,
    factor,
    passSeconds,
    graceSeconds,
    message,
    generation,
    queue: now,
  }
}
