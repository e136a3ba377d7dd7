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

export type RequestSeconds = ReturnType<typeof requestSeconds>

/** Of every request. */
export function requestSeconds(metrics: HttpDeps['metrics']) {
  return metrics.histogram('http_request_seconds', "Time to an answer's head, by route", [
    'method',
    'route',
    'status',
  ])
}

/** A proxy's X-Request-Id, or a new one. */
export function requestId(given: string | string[] | undefined, chance: Pick<HttpDeps['chance'], 'uuid'>) {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : chance.uuid()
}

export const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Frame-Options': 'DENY',
} as const

/** Names the request and times it by its route. */
export function head({ chance }: Pick<HttpDeps, 'chance'>, seconds: RequestSeconds) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const stop = seconds.startTimer()
    const id = requestId(c.req.header('x-request-id'), chance)
    c.set('requestId', id)
    c.header('X-Request-Id', id)
    for (const [name, value] of Object.entries(SAFE_HEADERS)) c.header(name, value)
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

/** What `crossOrigin` answers, for a handler that builds its answer itself. */
export function originHeaders(
  config: HttpDeps['config'],
): (origin: string | undefined) => Record<string, string> {
  const allowed = allowedOrigins(config)
  const own = { Vary: 'Origin' }
  const others = {
    ...own,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': EXPOSED.join(),
  }
  return origin => {
    if (origin === undefined) return own
    return allowed.has(origin) ? { ...others, 'Access-Control-Allow-Origin': origin } : others
  }
}

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
