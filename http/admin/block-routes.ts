/** Seats that operators keep back: rows in Postgres, of which Redis and every map show a copy. Each change is audited. */
import { createRoute, z } from '@hono/zod-openapi'
import type { EventRecord } from '../../shared/event-store.ts'
import { splitTicketId, TICKET_ID, ticketId } from '../../shared/ids.ts'
import { refuseUnknown } from '../bookings/order.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'
import { textOrNone } from '../texts.ts'
import { block, listBlocks, unblock } from './blocks.ts'

/** One section of a stadium, of a call. */
const MOST = 2_000

const Tickets = z.array(z.string().regex(TICKET_ID, 'must be a ticket id, such as hot1-17')).min(1).max(MOST)

const Blocks = z
  .object({
    eventId: z.string(),
    blocks: z.array(
      z.object({ ticketId: z.string(), reason: z.string(), actor: z.string(), createdAt: z.iso.datetime() }),
    ),
  })
  .openapi('Blocks')

const Changed = z
  .object({
    eventId: z.string(),
    changed: z.int().openapi({ description: 'Those that were not so before.' }),
  })
  .openapi('BlocksChanged')

export function adminBlockRoutes(deps: HttpDeps): Routes {
  const shared = {
    path: '/admin/events/{eventId}/blocks',
    tags: ['Admin'],
    security: byAdmin,
    middleware: [requireAdmin(deps)],
  }
  const params = z.object({ eventId: z.string() })
  const bodyOf = <Body extends z.ZodType>(schema: Body) => ({
    params,
    body: { required: true, content: { 'application/json': { schema } } },
  })
  const changed = { description: 'Shown on every map', content: { 'application/json': { schema: Changed } } }
  const faults = [
    ...ADMIN_PROBLEMS,
    'invalid_request',
    'foreign_tickets',
    'event_not_found',
    'ticket_not_found',
    'recovering',
    'unavailable',
  ] as const
  const look = createRoute({
    ...shared,
    method: 'get',
    summary: 'The seats kept back',
    request: { params },
    responses: {
      200: { description: 'By seat', content: { 'application/json': { schema: Blocks } } },
      ...problems(...ADMIN_PROBLEMS, 'event_not_found', 'unavailable'),
    },
  })
  const keepBack = createRoute({
    ...shared,
    method: 'put',
    summary: 'Keep seats back, all of them or none',
    description:
      'Seats that a fan holds or has bought are named, and nothing changes. Harmless when repeated.',
    request: bodyOf(
      z.strictObject({ ticketIds: Tickets, reason: textOrNone(200).default('') }).openapi('Block'),
    ),
    responses: { 200: changed, ...problems(...faults, 'hold_conflict') },
  })
  const giveBack = createRoute({
    ...shared,
    method: 'delete',
    summary: 'Put seats that were kept back on sale again',
    description: 'Those that are not blocked stay as they are. Harmless when repeated.',
    request: bodyOf(z.strictObject({ ticketIds: Tickets }).openapi('Unblock')),
    responses: { 200: changed, ...problems(...faults) },
  })
  return newRoutes()
    .openapi(look, async c => {
      const event = await findEvent(deps, c.req.valid('param').eventId)
      const rows = await listBlocks(deps.pool, event.eventId)
      const blocks = rows.map(({ index, createdAt, ...row }) => ({
        ticketId: ticketId(event.eventId, index),
        ...row,
        createdAt: createdAt.toISOString(),
      }))
      c.header('Cache-Control', 'no-store')
      return c.json({ eventId: event.eventId, blocks }, 200)
    })
    .openapi(keepBack, async c => {
      const event = await findEvent(deps, c.req.valid('param').eventId)
      const { ticketIds, reason } = c.req.valid('json')
      const change = await block(deps, event, indicesOf(event, ticketIds), reason, c.get('operator'))
      return c.json({ eventId: event.eventId, changed: change }, 200)
    })
    .openapi(giveBack, async c => {
      const event = await findEvent(deps, c.req.valid('param').eventId)
      const change = await unblock(
        deps,
        event,
        indicesOf(event, c.req.valid('json').ticketIds),
        c.get('operator'),
      )
      return c.json({ eventId: event.eventId, changed: change }, 200)
    })
}

function indicesOf(event: EventRecord, ticketIds: string[]): number[] {
  refuseUnknown(event, ticketIds)
  const indices = ticketIds.map(id => splitTicketId(id)?.index ?? -1)
  return [...new Set(indices)].sort((a, b) => a - b)
}
