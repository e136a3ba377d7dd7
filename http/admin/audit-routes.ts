/** The audit log, to read: who changed what, and when; newest first, in pages. */
import { createRoute, z } from '@hono/zod-openapi'
import type { EventId } from '../../shared/ids.ts'
import type { Queryable } from '../../shared/postgres.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'

const PAGE_AT_MOST = 200

const Query = z.strictObject({
  eventId: z.string().optional().openapi({ description: 'Acts on this event alone.' }),
  before: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .openapi({ description: 'The `next` of the page before.' }),
  limit: z.coerce.number().int().min(1).max(PAGE_AT_MOST).default(50),
})

const Entry = z
  .object({
    id: z.int(),
    at: z.string(),
    actor: z.string().openapi({ description: '`admin`, or the name of an operator’s own token.' }),
    act: z.string().openapi({ example: 'queue.configure' }),
    eventId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).openapi({ description: 'What it was before and after.' }),
  })
  .openapi('AuditEntry')

const Page = z
  .object({
    entries: z.array(Entry),
    next: z.int().nullable().openapi({ description: 'Ask for what came before; null at the end.' }),
  })
  .openapi('AuditPage')

export function adminAuditRoutes(deps: HttpDeps): Routes {
  const look = createRoute({
    method: 'get',
    path: '/admin/audit',
    tags: ['Admin'],
    summary: 'Who changed what, newest first',
    security: byAdmin,
    middleware: [requireAdmin(deps)],
    request: { query: Query },
    responses: {
      200: { description: 'A page', content: { 'application/json': { schema: Page } } },
      ...problems(...ADMIN_PROBLEMS, 'event_not_found', 'invalid_request'),
    },
  })
  return newRoutes().openapi(look, async c => {
    const { eventId, before, limit } = c.req.valid('query')
    const event = eventId === undefined ? undefined : (await findEvent(deps, eventId)).eventId
    const entries = await readAudit(deps.pool, { event, before, limit: limit + 1 })
    const more = entries.length > limit
    const page = entries.slice(0, limit)
    c.header('Cache-Control', 'no-store')
    return c.json({ entries: page, next: more ? (page.at(-1)?.id ?? null) : null }, 200)
  })
}

interface Asked {
  event: EventId | undefined
  before: number | undefined
  limit: number
}

interface Row {
  id: number
  at: Date
  actor: string
  act: string
  event_id: string | null
  detail: Record<string, unknown>
}

async function readAudit(db: Queryable, { event, before, limit }: Asked): Promise<z.infer<typeof Entry>[]> {
  const of = event === undefined ? '' : 'and event_id = $3'
  const { rows } = await db.query<Row>(
    `select id, at, actor, act, event_id, detail from audit_log where id < $1 ${of} order by id desc limit $2`,
    [before ?? Number.MAX_SAFE_INTEGER, limit, ...(event === undefined ? [] : [event])],
  )
  return rows.map(({ id, at, actor, act, event_id, detail }) => ({
    id,
    at: at.toISOString(),
    actor,
    act,
    eventId: event_id,
    detail,
  }))
}
