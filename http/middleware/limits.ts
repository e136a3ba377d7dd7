/**
 * What one caller may ask of us: calls a minute from one network, and bytes of one body. The counts live in Redis,
 * so that every node counts together; while Redis is away the call passes, as views and search must stay up (I7)
 * and bookings refuse by themselves.
 */
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { Problem } from '../../shared/errors.ts'
import { BODY_BYTES } from '../../shared/limits.ts'
import { networkOf } from '../../shared/network.ts'
import { waitOf } from '../../shared/rate-limit.ts'
import { isRedisAway } from '../../shared/redis.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'

/** Refuses with too_many_requests and an exact Retry-After. `name` tells one limit's counts from another's. */
export function rateLimit(
  deps: Pick<HttpDeps, 'config' | 'redis' | 'keys'>,
  name: string,
  perMinute: number,
) {
  const limit = passLimit(deps, name, perMinute)
  return createMiddleware<AppEnv>(async (c, next) => {
    await limit(c.env?.incoming?.socket.remoteAddress, c.req.header('x-forwarded-for'))
    await next()
  })
}

/** The same for a call that comes from this address, as these proxies say. */
export function passLimit(
  { config, redis, keys }: Pick<HttpDeps, 'config' | 'redis' | 'keys'>,
  name: string,
  perMinute: number,
) {
  return async (address: string | undefined, forwarded: string | string[] | undefined): Promise<void> => {
    const network = networkOf(address, forwarded?.toString(), config.TRUSTED_PROXIES)
    const waitMs = await wait(redis, keys.rate(name, network), perMinute)
    if (waitMs === 0) return
    throw new Problem('too_many_requests', `At most ${perMinute} of these calls a minute from one network.`, {
      retryAfter: Math.ceil(waitMs / 1_000),
    })
  }
}

async function wait(redis: HttpDeps['redis'], key: string, perMinute: number): Promise<number> {
  try {
    return await waitOf(redis, key, perMinute)
  } catch (error) {
    if (isRedisAway(error)) return 0
    throw error
  }
}

export function callerNetwork(
  c: Context<AppEnv>,
  config: Pick<HttpDeps['config'], 'TRUSTED_PROXIES'>,
): string {
  const address = c.env?.incoming?.socket.remoteAddress
  return networkOf(address, c.req.header('x-forwarded-for'), config.TRUSTED_PROXIES)
}

export function limitBody() {
  const tooLarge = () => {
    throw new Problem('payload_too_large', `A body may have at most ${BODY_BYTES} bytes.`)
  }
  const counting = bodyLimit({ maxSize: BODY_BYTES, onError: tooLarge })
  return createMiddleware<AppEnv>(async (c, next) => {
    const headers = c.env?.incoming?.headers
    // To look at a body makes a web Request of it, a tenth of a call's cost: over a connection its length is told, or there is none.
    if (headers === undefined || headers['transfer-encoding'] !== undefined) return counting(c, next)
    if (Number(headers['content-length'] ?? 0) > BODY_BYTES) tooLarge()
    await next()
  })
}

/** A body of no bytes that is said to be JSON is `{}`: many clients name the type of every call. */
export function emptyIsNone() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const incoming = c.env?.incoming?.headers
    const length = incoming === undefined ? c.req.header('content-length') : incoming['content-length']
    const isSent = Number(length ?? 0) > 0 || incoming?.['transfer-encoding'] !== undefined
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || isSent) return next()
    if (/json/i.test(c.req.header('content-type') ?? '') && (await c.req.text()) === '') {
      const { url, method, raw } = c.req
      c.req.bodyCache = {}
      c.req.raw = new Request(url, { method, headers: raw.headers, body: '{}' })
    }
    await next()
  })
}
