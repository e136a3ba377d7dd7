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
  const { config, redis, keys } = deps
  return createMiddleware<AppEnv>(async (c, next) => {
    const waitMs = await wait(redis, keys.rate(name, callerNetwork(c, config)), perMinute)
    if (waitMs > 0)
      throw new Problem(
        'too_many_requests',
        `At most ${perMinute} of these calls a minute from one network.`,
        {
          retryAfter: Math.ceil(waitMs / 1_000),
        },
      )
    await next()
  })
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
  return bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new Problem('payload_too_large', `A body may have at most ${BODY_BYTES} bytes.`)
    },
  })
}
