/**
 * The HTTP tier as one application: what stands before every route, the routes, and what answers where none does.
 * It knows nothing of ports and processes (main.ts), so a test calls `app.request()`.
 */
import type { HttpDeps } from './deps.ts'
import { crossOrigin, head } from './middleware/head.ts'
import { limitBody } from './middleware/limits.ts'
import { onError, onNotFound } from './middleware/problems.ts'
import { newRoutes, type Routes } from './routing.ts'
import { sessionRoutes } from './sessions/routes.ts'

export function httpApp(deps: HttpDeps): Routes {
  const app = newRoutes()
  app.onError(onError(deps.log))
  app.notFound(onNotFound(app))
  app.use(head(deps), crossOrigin(deps), limitBody())
  app.route('/', sessionRoutes(deps))
  return app
}
