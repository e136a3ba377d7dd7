/** POST /bookings/:eventId for the crowd of an on-sale: the fast lane of the route in routes.ts. */
import type { HttpDeps } from '../deps.ts'
import type { RequestSeconds } from '../middleware/head.ts'
import { hotLane } from '../middleware/hot-lane.ts'
import { passIn } from '../middleware/session.ts'
import type { HoldRequest } from './hold.ts'
import { HoldBody } from './order.ts'
import type { BookingView } from './view.ts'

/** Of an Idempotency-Key. */
export const KEY = /^[\x21-\x7e][\x20-\x7e]{0,254}$/

/** Ids as we write them, so that none is written in two ways. */
const HOLD_PATH = /^\/bookings\/([a-zA-Z0-9_-]+)$/

/** Stands before all middlewares. */
export function hotHold(
  deps: HttpDeps,
  seconds: RequestSeconds,
  work: (request: HoldRequest) => Promise<BookingView>,
) {
  return hotLane(deps, seconds, {
    path: HOLD_PATH,
    route: '/bookings/:eventId',
    body: HoldBody,
    limit: { name: 'bookings', perMinute: deps.config.BOOKINGS_PER_MINUTE },
    status: 201,
    takes: headers => {
      const key = headers['idempotency-key']
      return key === undefined || (typeof key === 'string' && KEY.test(key))
    },
    work: ({ visitorId, id, headers, body }) =>
      work({
        visitorId,
        eventId: id,
        body,
        key: headers['idempotency-key']?.toString(),
        pass: passIn(headers['x-onsale-pass'], headers.cookie, id),
      }),
  })
}
