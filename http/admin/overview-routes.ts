/** The events an operator cares about, on one page: whose queue is or was on, the hot ones, and what is on sale soonest. */
import { createRoute, z } from '@hono/zod-openapi'
import type { EventStatus } from '../../shared/event-store.ts'
import { eventId as toEventId } from '../../shared/ids.ts'
import type { QueueInfo, QueueState } from '../../shared/wire/messages.ts'
import { queueToJson } from '../../shared/wire/queue-json.ts'
import type { HttpDeps } from '../deps.ts'
import { FreshReads } from '../events/fresh-reads.ts'
import { QueueView } from '../events/view.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'

const EVENTS_AT_MOST = 50

const Overview = z
  .object({
    events: z.array(
      z.object({
        eventId: z.string(),
        name: z.string(),
        venue: z.string(),
        startsAt: z.string(),
        status: z.enum(['onsale', 'offsale', 'postponed', 'rescheduled', 'canceled']),
        hot: z.boolean(),
        queue: QueueView,
        free: z.int().openapi({ description: 'Tickets that can be had.' }),
        sold: z.int(),
      }),
    ),
  })
  .openapi('AdminOverview')

export function adminOverviewRoutes(deps: HttpDeps): Routes {
  const look = createRoute({
    method: 'get',
    path: '/admin/events',
    tags: ['Admin'],
    summary: 'The events to look after',
    description: `At most ${EVENTS_AT_MOST}: queues that are on, then those ever set, hot events, and what starts soonest.`,
    security: byAdmin,
    middleware: [requireAdmin(deps)],
    responses: {
      200: { description: 'The events', content: { 'application/json': { schema: Overview } } },
      ...problems(...ADMIN_PROBLEMS, 'queue_unavailable', 'unavailable'),
    },
  })
  const reads = new FreshReads<z.infer<typeof Overview>>()
  return newRoutes().openapi(look, async c => {
    c.header('Cache-Control', 'no-store')
    return c.json(await reads.read('all', () => readOverview(deps)), 200)
  })
}

interface Row {
  id: string
  name: string
  venue: string
  starts_at: Date
  status: EventStatus
  hot: boolean
  state: QueueState
  /** Tickets and tombstones; a tombstone is blocked too. */
  indices: number
  sold: number
  blocked: number
}

/** One statement, one pipeline, and the queues that are on, which are kept for a second. */
async function readOverview({ pool, redis, keys, queue }: HttpDeps): Promise<z.infer<typeof Overview>> {
  const { rows } = await pool.query<Row>(OVERVIEW, [EVENTS_AT_MOST])
  const ids = rows.map(row => toEventId(row.id))
  const free = redis.pipeline()
  for (const id of ids) free.hget(keys.seats(id).meta, 'free')
  const off: QueueInfo = { state: 'off', waiting: 0, active: 0 }
  const [queues, frees] = await Promise.all([
    Promise.all(ids.map(async (id, i) => (rows[i]?.state === 'off' ? off : await queue.info(id)))),
    free.exec(),
  ])
  const events = rows.map(({ id, name, venue, starts_at, status, hot, indices, sold, blocked }, i) => {
    const [error, known] = frees?.[i] ?? [null, null]
    if (error !== null) throw error
    return {
      eventId: id,
      name,
      venue,
      startsAt: starts_at.toISOString(),
      status,
      hot,
      queue: queueToJson(queues[i] ?? off),
      // Nobody has looked at its seats yet: nothing is held.
      free: typeof known === 'string' ? Number(known) : indices - sold - blocked,
      sold,
    }
  })
  return { events }
}

const OVERVIEW = `
  with chosen as (
    select e.id, e.name, e.venue_id, e.starts_at, e.status, e.hot, e.map_hash, coalesce(q.state, 'off') as state,
      row_number() over (order by coalesce(q.state, 'off') <> 'off' desc, q.event_id is not null desc, e.hot desc,
        e.starts_at, e.id) as place
    from events e left join queue_settings q on q.event_id = e.id
    where q.state <> 'off' or (e.starts_at > now() - interval '12 hours'
      and (q.event_id is not null or e.hot or e.status = 'onsale'))
    order by place limit $1)
  select c.id, c.name, v.name as venue, c.starts_at, c.status, c.hot, c.state, m.seats + m.units as indices,
    (select count(*) from tickets t where t.event_id = c.id and t.status = 'sold') as sold,
    (select count(*) from seat_blocks b where b.event_id = c.id) as blocked
  from chosen c join venues v on v.id = c.venue_id join seat_maps m on m.hash = c.map_hash
  order by c.place`
