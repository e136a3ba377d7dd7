/** The operator's door: one token from the environment, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createMiddleware } from 'hono/factory'
import { Problem } from '../../shared/errors.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'
import { bearerOf } from './session.ts'

/** Refuses with admin_required or admin_invalid, before the body is looked at. */
export function requireAdmin({ config }: Pick<HttpDeps, 'config'>) {
  const expected = digest(config.ADMIN_TOKEN)
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerOf(c)
    if (token === undefined)
      throw new Problem('admin_required', 'Send the ADMIN_TOKEN as Authorization: Bearer.')
    if (!timingSafeEqual(digest(token), expected))
      throw new Problem('admin_invalid', 'This is not the ADMIN_TOKEN.')
    await next()
  })
}

/** Equal lengths for the comparison, whatever came. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
