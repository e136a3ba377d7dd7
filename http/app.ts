/**
 * The HTTP tier as one application: what stands before every route, the routes, and what answers where none does.
 * It knows nothing of ports and processes (main.ts), so a test calls `app.request()`.
 */
import { except } from 'hono/combine'
import { adminAuditRoutes } from './admin/audit-routes.ts'
import { adminBlockRoutes } from './admin/block-routes.ts'
import { EVENT_FILE_PATHS, eventImportRoutes } from './admin/event-import-routes.ts'
import { adminOverviewRoutes } from './admin/overview-routes.ts'
import { adminQueueRoutes } from './admin/queue-routes.ts'
import { hold } from './bookings/hold.ts'
import { hotHold } from './bookings/hot-hold.ts'
import { BOOKING_PATH, viewNow } from './bookings/own.ts'
import { payDoor } from './bookings/pay-door.ts'
import { saleRoutes } from './bookings/routes.ts'
import { makeSales, type Sales } from './bookings/sales.ts'
import type { HttpDeps } from './deps.ts'
import { serveDocs } from './docs.ts'
import { eventRoutes } from './events/event-routes.ts'
import { hotSeats } from './events/hot-seats.ts'
import { mapRoutes } from './events/map-routes.ts'
import { SeatReads } from './events/seat-reads.ts'
import { seatRoutes } from './events/seat-routes.ts'
import { crossOrigin, head, requestSeconds } from './middleware/head.ts'
import { hotLook } from './middleware/hot-lane.ts'
import { emptyIsNone, limitBody } from './middleware/limits.ts'
import { onError, onNotFound } from './middleware/problems.ts'
import { PageHeads } from './page-heads.ts'
import { pageNotFound, pageRoutes, type Site } from './pages.ts'
import { adminPaymentRoutes } from './payments/admin-routes.ts'
import { drawRoutes } from './queue/draw-routes.ts'
import { queueRoutes } from './queue/routes.ts'
import { newRoutes, type Routes } from './routing.ts'
import { PostgresSearch } from './search/postgres-search.ts'
import { searchRoutes } from './search/routes.ts'
import type { SearchEngine } from './search/search.ts'
import { suggestRoutes } from './search/suggest.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { type ProcessState, systemRoutes } from './system-routes.ts'
import { ticketRoutes } from './tickets/routes.ts'

export interface Around {
  /** The built pages; without them the tier serves the API alone. */
  site?: Site
  process?: ProcessState
  /** Another engine than Postgres. */
  search?: SearchEngine
  sales?: Sales
}

export function httpApp(
  deps: HttpDeps,
  {
    site,
    process = { stopping: () => false },
    search = new PostgresSearch(deps.pool),
    sales = makeSales(deps),
  }: Around = {},
): Routes {
  const app = newRoutes()
  app.onError(onError(deps.log))
  const refuse = onNotFound(app)
  const page = site === undefined ? undefined : pageNotFound(site, deps.config)
  app.notFound(c => page?.(c) ?? refuse(c))
  const seconds = requestSeconds(deps.metrics)
  const seats = new SeatReads(deps)
  app.get('/events/:eventId/seats', hotSeats(deps, seats, seconds))
  app.post(
    '/bookings/:eventId',
    hotHold(deps, seconds, request => hold(sales, request)),
  )
  app.get(
    '/bookings/:bookingId',
    hotLook(deps, seconds, {
      path: BOOKING_PATH,
      route: '/bookings/:bookingId',
      work: (visitorId, id) => viewNow(sales, id, visitorId),
    }),
  )
  app.put('/bookings/:bookingId/confirm', payDoor(deps, seconds, sales))
  app.use(head(deps, seconds), crossOrigin(deps), except(EVENT_FILE_PATHS, limitBody(), emptyIsNone()))
  app.route('/', sessionRoutes(deps))
  // Before /events/:eventId, which would take `search` and `suggest` for ids.
  app.route('/', searchRoutes(deps, search))
  app.route('/', suggestRoutes(deps, search))
  app.route('/', eventRoutes(deps))
  app.route('/', seatRoutes(deps, seats))
  app.route('/', mapRoutes(deps))
  app.route('/', queueRoutes(deps))
  app.route('/', drawRoutes(deps))
  app.route('/', saleRoutes(deps, sales))
  app.route('/', adminPaymentRoutes(deps, sales))
  app.route('/', ticketRoutes(deps, sales))
  app.route('/', adminQueueRoutes(deps))
  app.route('/', adminBlockRoutes(deps))
  app.route('/', eventImportRoutes(deps))
  app.route('/', adminAuditRoutes(deps))
  app.route('/', adminOverviewRoutes(deps))
  app.route('/', systemRoutes(deps, process))
  serveDocs(app, deps.config)
  if (site !== undefined) app.route('/', pageRoutes(site, deps.config, new PageHeads(deps)))
  return app
}
