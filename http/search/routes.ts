/** GET /events/search. The engine finds; here its answer gets what changes by the second: the state of the queues. */
import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import { isAway } from '../../shared/postgres.ts'
import type { HttpDeps } from '../deps.ts'
import { PerformerView, VenueView } from '../events/view.ts'
import { rateLimit } from '../middleware/limits.ts'
import { orUndefined } from '../patience.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'
import { SearchParameters, searchOf } from './parameters.ts'
import { EVENT_STATUSES, EVENT_TYPES, FACET_VALUES, type FoundEvent, type SearchEngine } from './search.ts'

const QUEUE_STATES = ['off', 'scheduled', 'pre_queue', 'open', 'paused', 'recovering', 'closing'] as const
/** The states are a nicety: past this the answer goes out without them. */
const QUEUES_MS = 250

const FoundEventView = z
  .object({
    eventId: z.string(),
    name: z.string(),
    type: z.enum(EVENT_TYPES),
    status: z.enum(EVENT_STATUSES),
    startsAt: z.iso.datetime(),
    onSaleAt: z.iso.datetime(),
    competition: z.string().nullable(),
    modelled: z.boolean().openapi({ description: 'Made up for the demonstration.' }),
    hot: z.boolean().openapi({ description: 'A rush is expected.' }),
    venue: VenueView,
    performers: z.array(PerformerView),
    priceRange: z.object({ min: z.int(), max: z.int(), currency: z.string() }).nullable().openapi({
      description: "What the first ticket type costs, fees included, in the currency's minor units.",
    }),
    distanceKm: z.number().optional().openapi({ description: 'Where the search has a point.' }),
    queue: z
      .object({ state: z.enum(QUEUE_STATES) })
      .nullable()
      .openapi({ description: 'null where it cannot be told now, or the event is not on sale.' }),
    url: z.string().openapi({ description: "The event's page." }),
  })
  .openapi('FoundEvent')

const FacetView = z.object({ value: z.string(), events: z.int() })

const Found = z
  .object({
    events: z.array(FoundEventView),
    page: z.int(),
    pageSize: z.int(),
    total: z.int().openapi({ description: 'On all pages.' }),
    facets: z
      .object({ types: z.array(FacetView), cities: z.array(FacetView), countries: z.array(FacetView) })
      .optional()
      .openapi({ description: `Of all that were found; of each the ${FACET_VALUES} most frequent.` }),
    degraded: z.literal(true).optional().openapi({
      description: 'Elasticsearch is away and Postgres answered; X-Onsale-Degraded: search says so too.',
    }),
  })
  .openapi('SearchResult')

export function searchRoutes(deps: HttpDeps, engine: SearchEngine): Routes {
  const { clock, config } = deps
  const route = createRoute({
    method: 'get',
    path: '/events/search',
    tags: ['Events'],
    summary: 'Find events',
    description:
      'Every condition given must hold. Words are found whole or by their beginning, whatever their case and accents, with ' +
      'one typing error forgiven in a word that no event has. Without a keyword, events on sale come first, the hot ones before the others, then by date.',
    middleware: [rateLimit(deps, 'search', config.SEARCHES_PER_MINUTE)],
    request: { query: SearchParameters },
    responses: {
      200: { description: 'A page of events', content: { 'application/json': { schema: Found } } },
      ...problems('invalid_request', 'too_many_requests', 'search_unavailable'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const search = searchOf(c.req.valid('query'), clock.now())
    const { events, total, facets, degraded } = await engine.search(search).catch(unavailable)
    const states = await queueStates(deps, events)
    c.header('Cache-Control', 'public, max-age=1')
    if (degraded) c.header('X-Onsale-Degraded', 'search')
    const shown = events.map((event, i) => viewOf(event, states[i], config.HTTP_PUBLIC_URL))
    const beside = { ...(facets && { facets }), ...(degraded && { degraded }) }
    return c.json({ events: shown, page: search.page, pageSize: search.pageSize, total, ...beside }, 200)
  })
}

type State = (typeof QUEUE_STATES)[number]

/** Search stays up while Redis is away (I7): then the states are left out. */
function queueStates(deps: HttpDeps, events: FoundEvent[]): Promise<(State | undefined)[]> {
  return Promise.all(
    events.map(async ({ eventId, status }) => {
      if (status !== 'onsale') return undefined
      const settings = await orUndefined(deps, QUEUES_MS, deps.queue.settings(eventId))
      return settings?.state
    }),
  )
}

/** The engine cannot be reached: the other routes may well answer. */
function unavailable(error: unknown): never {
  if (!isAway(error)) throw error
  throw new Problem(
    'search_unavailable',
    'Search cannot be reached; try again shortly.',
    { retryAfter: 2 },
    { cause: error },
  )
}

function viewOf(event: FoundEvent, state: State | undefined, site: string): z.infer<typeof FoundEventView> {
  return {
    ...event,
    startsAt: new Date(event.startsAt).toISOString(),
    onSaleAt: new Date(event.onSaleAt).toISOString(),
    queue: state === undefined ? null : { state },
    url: new URL(`/e/${event.eventId}`, site).href,
  }
}
