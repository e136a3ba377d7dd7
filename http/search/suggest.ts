/** GET /events/suggest: what a search box offers while one types: names from memory, and the closest events from the engine. */
import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import type { HttpDeps } from '../deps.ts'
import { rateLimit } from '../middleware/limits.ts'
import { orUndefined } from '../patience.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'
import { Names } from './names.ts'
import { text } from './parameters.ts'
import type { FoundEvent, SearchEngine } from './search.ts'

/** Later the next letter is typed already. */
const PATIENCE_MS = 400
/** As many as a list on a phone shows beside the keyboard. */
const NAMES_MOST = { performer: 3, city: 2, venue: 2 }
const EVENTS_MOST = 3

const events = z.int().openapi({ description: 'How many are to come.' })

const Suggestion = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('performer'), performerId: z.string(), name: z.string(), events }),
    z.object({ kind: z.literal('city'), name: z.string(), country: z.string(), events }),
    z.object({
      kind: z.literal('venue'),
      venueId: z.string(),
      name: z.string(),
      city: z.string(),
      country: z.string(),
      events,
    }),
    z.object({
      kind: z.literal('event'),
      eventId: z.string(),
      name: z.string(),
      startsAt: z.iso.datetime(),
      city: z.string(),
      timeZone: z.string(),
    }),
  ])
  .openapi('Suggestion')
type Suggestion = z.infer<typeof Suggestion>

export function suggestRoutes(deps: HttpDeps, engine: SearchEngine): Routes {
  const names = new Names(deps.pool)
  const route = createRoute({
    method: 'get',
    path: '/events/suggest',
    tags: ['Events'],
    summary: 'Suggest while one types',
    description:
      'Performers, cities and venues with events to come, and events: those that have every word typed as a beginning, or ' +
      'where there is none, with a typing error forgiven. Where a part of it cannot be told in time, the rest is.',
    middleware: [rateLimit(deps, 'search', deps.config.SEARCHES_PER_MINUTE)],
    request: { query: z.strictObject({ q: text.openapi({ description: 'What has been typed.' }) }) },
    responses: {
      200: {
        description: 'Best first within each kind',
        content: { 'application/json': { schema: z.object({ suggestions: z.array(Suggestion) }) } },
      },
      ...problems('invalid_request', 'too_many_requests', 'search_unavailable'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const { q } = c.req.valid('query')
    c.header('Cache-Control', 'public, max-age=10')
    if (q === undefined) return c.json({ suggestions: [] }, 200)
    const [found, closest] = await Promise.all([
      orUndefined(deps, PATIENCE_MS, names.find(q, NAMES_MOST)),
      orUndefined(deps, PATIENCE_MS, closestEvents(engine, q, deps.clock.now())),
    ])
    if (found === undefined && closest === undefined)
      throw new Problem('search_unavailable', 'Nothing can be suggested now.', { retryAfter: 2 })
    const suggestions: Suggestion[] = [...(found ?? []), ...(closest ?? []).map(eventSuggestion)]
    return c.json({ suggestions }, 200)
  })
}

async function closestEvents(engine: SearchEngine, keyword: string, now: number): Promise<FoundEvent[]> {
  const { events } = await engine.search({
    keyword,
    from: { moment: new Date(now) },
    types: [],
    statuses: [],
    sort: { by: 'relevance', descending: false },
    page: 1,
    pageSize: EVENTS_MOST,
  })
  return events
}

function eventSuggestion({ eventId, name, startsAt, venue }: FoundEvent): Suggestion {
  const { city, timeZone } = venue
  return { kind: 'event', eventId, name, startsAt: new Date(startsAt).toISOString(), city, timeZone }
}
