/** Who calls: the session token of POST /sessions, and the pass that the waiting room gave. */

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { parse } from 'hono/utils/cookie'
import { Problem } from '../../shared/errors.ts'
import type { VisitorId } from '../../shared/ids.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'

/** The token of `Authorization: Bearer ...`; undefined where there is none. */
export function bearerOf(c: Context<AppEnv>): string | undefined {
  return bearerIn(c.req.header('authorization'))
}

export function bearerIn(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1]
}

/**
 * Stands before the body's and the keys' checks (put it into the route's `middleware`). Sets `visitorId`, or
 * refuses: session_required, session_invalid, session_expired.
 */
export function requireSession({ sessions }: Pick<HttpDeps, 'sessions'>) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerOf(c)
    if (token === undefined)
      throw new Problem('session_required', 'Send the token of POST /sessions as Authorization: Bearer.')
    c.set('visitorId', visitorIn(sessions, token))
    await next()
  })
}

/** Sets `visitorId` where a session came (read it with `visitorOf`); a token that is not valid is still refused. */
export function optionalSession({ sessions }: Pick<HttpDeps, 'sessions'>) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerOf(c)
    if (token !== undefined) c.set('visitorId', visitorIn(sessions, token))
    await next()
  })
}

function visitorIn(sessions: HttpDeps['sessions'], token: string): VisitorId {
  const session = sessions.check(token)
  if (session.ok) return session.value.visitorId
  if (session.reason === 'expired')
    throw new Problem('session_expired', 'The session has expired: get another from POST /sessions.')
  throw new Problem('session_invalid', 'The session token is not one of ours: get one from POST /sessions.')
}

export function visitorOf(c: Context<AppEnv>): VisitorId | undefined {
  return c.get('visitorId') as VisitorId | undefined
}

export interface SentPass {
  token: string
  /** Sent by the browser with every call, whether the pass still counts or not. */
  byCookie: boolean
}

/** Told to readers of the API; what comes in it is the gate's to judge (`passOf`). */
export const PassHeader = z.object({
  'x-onsale-pass': z.string().optional().openapi({
    description:
      'The pass that GET /events/{eventId}/queue gives once it is one’s turn; needed while the queue is on. The cookie onsale_pass_{eventId} does as well.',
  }),
})

/** One an event: who has two events open keeps both passes. */
export function passCookie(event: string): string {
  return `onsale_pass_${event}`
}

/** The waiting room's pass: the header X-Onsale-Pass, else the event's cookie. */
export function passOf(c: Context<AppEnv>, event: string): SentPass | undefined {
  return passIn(c.req.header('x-onsale-pass'), c.req.header('cookie'), event)
}

/** The same of these two headers. */
export function passIn(
  header: string | string[] | undefined,
  cookies: string | undefined,
  event: string,
): SentPass | undefined {
  if (header) return { token: header.toString(), byCookie: false }
  const name = passCookie(event)
  const cookie = cookies === undefined ? undefined : parse(cookies, name)[name]
  return cookie ? { token: cookie, byCookie: true } : undefined
}
