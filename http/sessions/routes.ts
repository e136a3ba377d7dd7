/**
 * POST /sessions: an identity for whoever asks. It costs nothing and proves nothing but sameness; with a token of the
 * company's own users it is the user's, and the better place goes along.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { type VisitorId, visitorId } from '../../shared/ids.ts'
import { SECOND, SESSION_SECONDS } from '../../shared/limits.ts'
import type { HttpDeps } from '../deps.ts'
import { rateLimit } from '../middleware/limits.ts'
import { bearerOf } from '../middleware/session.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'
import { isUser, userTokens } from './user-tokens.ts'

const Session = z
  .object({
    token: z.string().openapi({ description: 'Send it as `Authorization: Bearer`.' }),
    visitorId: z.uuid(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('Session')

const Login = z
  .strictObject({
    userToken: z.string().min(1).max(8_000).optional().openapi({
      description:
        "A user's token of your OpenID provider: the session is the user's, on every device. What the session of the bearer had in lines moves along, the better place of two stays.",
    }),
  })
  .openapi('Login')

/** More lines than are ever on at once; and how many are asked together. */
const LINES_AT_MOST = 1_000
const LINES_AT_ONCE = 16

export function sessionRoutes(deps: HttpDeps): Routes {
  const { sessions, chance, clock, config } = deps
  const userOf = userTokens(deps)
  const route = createRoute({
    method: 'post',
    path: '/sessions',
    tags: ['Sessions'],
    summary: "A visitor's session",
    description:
      'With a valid session as the bearer, the same visitor gets a token that lasts longer; otherwise a new visitor.',
    security: [{}, { session: [] }],
    middleware: [rateLimit(deps, 'sessions', config.SESSIONS_PER_MINUTE)],
    request: { body: { required: false, content: { 'application/json': { schema: Login } } } },
    responses: {
      201: { description: 'The session', content: { 'application/json': { schema: Session } } },
      ...problems('invalid_request', 'user_token_invalid', 'user_token_expired', 'too_many_requests'),
      ...problems('login_unavailable', 'queue_unavailable'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const before = sessions.check(bearerOf(c) ?? '')
    const known = before.ok ? before.value.visitorId : undefined
    // Hono's validator leaves an absent body as an empty object.
    const { userToken } = c.req.valid('json')
    const user = userToken === undefined ? undefined : await userOf(userToken)
    if (user !== undefined && known !== undefined && !isUser(known)) await takeAlong(deps, known, user)
    const visitor = user ?? known ?? visitorId(chance.uuid())
    const expiresAt = new Date(clock.now() + SESSION_SECONDS * SECOND).toISOString()
    c.header('Cache-Control', 'no-store')
    return c.json({ token: sessions.issue(visitor), visitorId: visitor, expiresAt }, 201)
  })
}

/** Fails whole where one line cannot be asked: the call is repeated, and what has moved stays moved. */
async function takeAlong({ queue }: HttpDeps, from: VisitorId, to: VisitorId): Promise<void> {
  const events = (await queue.events()).slice(0, LINES_AT_MOST)
  for (let at = 0; at < events.length; at += LINES_AT_ONCE)
    await Promise.all(events.slice(at, at + LINES_AT_ONCE).map(event => queue.adopt(event, from, to)))
}
