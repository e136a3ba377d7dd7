/**
 * What every answer carries: a request id, security headers, and leave for the origins that may call us; and what
 * every request is counted by. Headers are set before the route runs: set afterwards they would cost the fast path
 * of node-server two thirds of its throughput.
 */
import { cors } from 'hono/cors'
import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import { allowedOrigins } from '../../shared/origins.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Takes a proxy's X-Request-Id, or makes one; and times the request by its route. */
export function head({ chance, metrics }: Pick<HttpDeps, 'chance' | 'metrics'>) {
  const seconds = metrics.histogram('http_request_seconds', "Time to an answer's head, by route", [
    'method',
    'route',
    'status',
  ])
  return createMiddleware<AppEnv>(async (c, next) => {
    const stop = seconds.startTimer()
    const given = c.req.header('x-request-id')
    const id = given !== undefined && REQUEST_ID.test(given) ? given : chance.uuid()
    c.set('requestId', id)
    c.header('X-Request-Id', id)
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'strict-origin-when-cross-origin')
    c.header('X-Frame-Options', 'DENY')
    await next()
    stop({ method: c.req.method, route: routePath(c), status: String(c.res.status) })
  })
}

const EXPOSED = [
  'ETag',
  'Retry-After',
  'Location',
  'X-Request-Id',
  'Idempotency-Replayed',
  'X-Onsale-Event',
  'X-Onsale-Degraded',
]
const ASKED = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'X-Onsale-Pass',
  'If-None-Match',
  'X-Request-Id',
]

/** Our own pages and ALLOWED_ORIGINS may call from a browser, with the pass's cookie. */
export function crossOrigin({ config }: Pick<HttpDeps, 'config'>) {
  const allowed = allowedOrigins(config)
  const answer = cors({
    origin: origin => (allowed.has(origin) ? origin : null),
    credentials: true,
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ASKED,
    exposeHeaders: EXPOSED,
    maxAge: 600,
  })
  return createMiddleware<AppEnv>(async (c, next) => {
    // A shared cache must keep what one origin may read apart from the rest.
    if (c.req.header('origin') !== undefined) return answer(c, next)
    c.header('Vary', 'Origin')
    await next()
  })
}
