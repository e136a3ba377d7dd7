/**
 * PUT /bookings/:bookingId/confirm where it has to be refused: while holds are late, and enough wait already. Before all middlewares,
 * as in an on-sale's first seconds it is most of what comes, and what is done here is taken from the holds.
 */
import type { MiddlewareHandler } from 'hono'
import type { HttpDeps } from '../deps.ts'
import { originHeaders, type RequestSeconds, requestId } from '../middleware/head.ts'
import { hotAnswer } from '../middleware/hot-lane.ts'
import { answerOf } from '../middleware/problems.ts'
import { bearerIn } from '../middleware/session.ts'
import type { AppEnv } from '../routing.ts'
import { tooMany } from './pay.ts'
import type { Sales } from './sales.ts'

export function payDoor(
  { chance, config, sessions }: Pick<HttpDeps, 'chance' | 'config' | 'sessions'>,
  seconds: RequestSeconds,
  sales: Pick<Sales, 'chance' | 'payRoom'>,
): MiddlewareHandler<AppEnv> {
  const originsHeaders = originHeaders(config)
  return async (c, next) => {
    const incoming = c.env?.incoming
    if (incoming === undefined || sales.payRoom.takesMore()) return next()
    // Whoever is nobody is told so by the route, and makes nobody wait longer.
    const token = bearerIn(incoming.headers.authorization)
    if (token === undefined || !sessions.check(token).ok) return next()
    const stop = seconds.startTimer()
    const answer = answerOf(tooMany(sales))
    stop({ method: 'PUT', route: '/bookings/:bookingId/confirm', status: String(answer.status) })
    const { headers } = incoming
    return hotAnswer(answer, requestId(headers['x-request-id'], chance), originsHeaders(headers.origin))
  }
}
