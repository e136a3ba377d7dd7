/** The operators' door over HTTP. Sets `operator`, the audit log's actor. */
import { createMiddleware } from 'hono/factory'
import { AdminDoor, type AdminDoorParts } from '../../shared/admin-door.ts'
import type { AdminKeys } from '../../shared/admin-tokens.ts'
import type { Config } from '../../shared/config.ts'
import type { AppEnv } from '../routing.ts'
import { callerNetwork } from './limits.ts'
import { bearerOf } from './session.ts'

interface Parts extends AdminDoorParts {
  config: AdminKeys & Pick<Config, 'TRUSTED_PROXIES'>
}

/** Refuses with ADMIN_PROBLEMS, before the body is looked at. */
export function requireAdmin(parts: Parts) {
  const door = new AdminDoor(parts)
  return createMiddleware<AppEnv>(async (c, next) => {
    const { name } = await door.admit(bearerOf(c), callerNetwork(c, parts.config))
    c.set('operator', name)
    await next()
  })
}

/** What each admin route may answer, for `problems()`. */
export const ADMIN_PROBLEMS = [
  'admin_required',
  'admin_invalid',
  'admin_expired',
  'too_many_requests',
] as const
