/** POST /sessions: an identity for whoever asks. It costs nothing and proves nothing but sameness. */
import { createRoute, z } from '@hono/zod-openapi'
import { visitorId } from '../../shared/ids.ts'
import { SECOND, SESSION_SECONDS } from '../../shared/limits.ts'
import type { HttpDeps } from '../deps.ts'
import { rateLimit } from '../middleware/limits.ts'
import { bearerOf } from '../middleware/session.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'

const Session = z
  .object({
    token: z.string().openapi({ description: 'Send it as `Authorization: Bearer`.' }),
    visitorId: z.uuid(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Session')

export function sessionRoutes(deps: HttpDeps): Routes {
  const { sessions, chance, clock, config } = deps
  const route = createRoute({
    method: 'post',
    path: '/sessions',
    tags: ['Sessions'],
    summary: "A visitor's session",
    description:
      'With a valid session as the bearer, the same visitor gets a token that lasts longer; otherwise a new visitor.',
    security: [{}, { session: [] }],
    middleware: [rateLimit(deps, 'sessions', config.SESSIONS_PER_MINUTE)],
    responses: {
      201: { description: 'The session', content: { 'application/json': { schema: Session } } },
      ...problems('too_many_requests'),
    },
  })
  return newRoutes().openapi(route, c => {
    const before = sessions.check(bearerOf(c) ?? '')
    const visitor = before.ok ? before.value.visitorId : visitorId(chance.uuid())
    const expiresAt = new Date(clock.now() + SESSION_SECONDS * SECOND).toISOString()
    c.header('Cache-Control', 'no-store')
    return c.json({ token: sessions.issue(visitor), visitorId: visitor, expiresAt }, 201)
  })
}
