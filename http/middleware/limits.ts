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
import { Script } from '../../shared/lua.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'
import { networkOf } from './network.ts'
import { isRedisAway } from './problems.ts'

const countCall = new Script(import.meta.url, './rate-limit.lua')

/** Refuses with too_many_requests and an exact Retry-After. `name` tells one limit's counts from another's. */
export function rateLimit(
  deps: Pick<HttpDeps, 'config' | 'redis' | 'keys'>,
  name: string,
  perMinute: number,
) {
  const { config, redis, keys } = deps
  return createMiddleware<AppEnv>(async (c, next) => {
    const key = keys.rate(
      name,
      networkOf(socketAddress(c), c.req.header('x-forwarded-for'), config.TRUSTED_PROXIES),
    )
    const waitMs = await wait(redis, key, perMinute)
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
    return Number(await countCall.run(redis, [key], [perMinute]))
  } catch (error) {
    if (isRedisAway(error)) return 0
    throw error
  }
}

function socketAddress(c: Context<AppEnv>): string | undefined {
  return c.env?.incoming?.socket.remoteAddress
}

export function limitBody() {
  return bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new Problem('payload_too_large', `A body may have at most ${BODY_BYTES} bytes.`)
    },
  })
}
