/**
 * The peer: a service that holds seats by row locks in Postgres, on the same framework and its fast lane, with the same body, session,
 * limits of calls, waiting room, prices, idempotency and booking row. A process of its own; MODE says whether it waits for a locked row or
 * takes it for lost.
 */
import { serve } from '@hono/node-server'
import type { z } from '@hono/zod-openapi'
import { findByKeys, itemsOf } from '../../../http/bookings/booking-store.ts'
import { conflict } from '../../../http/bookings/hold.ts'
import { renewableUntil } from '../../../http/bookings/hold-time.ts'
import { hotHold } from '../../../http/bookings/hot-hold.ts'
import { insertBookings, PLANNED_ONCE } from '../../../http/bookings/insert-store.ts'
import { allowanceOf } from '../../../http/bookings/limits.ts'
import { type HoldBody, hashOf, orderOf } from '../../../http/bookings/order.ts'
import { totalOf } from '../../../http/bookings/pricing.ts'
import { eventOf, makeSales } from '../../../http/bookings/sales.ts'
import { type BookingView, viewOf } from '../../../http/bookings/view.ts'
import { makeDeps } from '../../../http/deps.ts'
import { requestSeconds } from '../../../http/middleware/head.ts'
import { onError } from '../../../http/middleware/problems.ts'
import { refusalAtGate } from '../../../http/queue/gate.ts'
import { newRoutes } from '../../../http/routing.ts'
import { systemChance, systemClock } from '../../../shared/clock.ts'
import { readConfig } from '../../../shared/config.ts'
import { invalid } from '../../../shared/errors.ts'
import { type BookingId, eventId, type VisitorId } from '../../../shared/ids.ts'
import { POOL_SIZE, SECOND } from '../../../shared/limits.ts'
import { makeLog } from '../../../shared/log.ts'
import { connectPostgres, transaction } from '../../../shared/postgres.ts'
import { connectCommands } from '../../../shared/redis.ts'

const config = readConfig()
const skip = process.env['MODE'] === 'skip' ? 'skip locked' : ''
const log = makeLog('row-locks', config.LOG_LEVEL)
// Its inserts are planned as ours are.
const pool = connectPostgres(config.DATABASE_URL, 'row-locks', log, POOL_SIZE, { settings: PLANNED_ONCE })
const redis = connectCommands(config.REDIS_URL, log)
const deps = makeDeps({ config, pool, redis, log }, 'http')
const sales = makeSales(deps)

const app = newRoutes()
app.onError(onError(log))
app.get('/readyz', c => c.json({ status: 'ready' }))
app.post(
  '/bookings/:eventId',
  hotHold(deps, requestSeconds(deps.metrics), async request => {
    const event = eventId(request.eventId)
    const refusal = await refusalAtGate(deps.queue, event, request.visitorId, request.pass)
    if (refusal !== undefined) throw refusal
    if (request.key === undefined) throw invalid('header.idempotency-key', 'must be given')
    return hold(event, request.visitorId, request.body, request.key)
  }),
)
serve({ fetch: app.fetch, port: config.HTTP_PORT, hostname: config.HOST })

async function hold(
  id: ReturnType<typeof eventId>,
  visitorId: VisitorId,
  body: z.infer<typeof HoldBody>,
  key: string,
): Promise<BookingView> {
  const event = await eventOf(sales, id)
  const idem = { key, hash: hashOf(id, body) }
  const [found] = await findByKeys(pool, [{ visitorId, key }])
  if (found !== undefined) {
    const items = (await itemsOf(pool, [found.id])).get(found.id) ?? []
    return viewOf(found, items, event, systemClock.now(), renewableUntil(config, found))
  }
  const order = orderOf(event, body, config.MAX_TICKETS_PER_BOOKING)
  const { seats } = order.wanted
  const items = order.itemsOf(seats)
  const now = systemClock.now()
  const holdMs = config.HOLD_SECONDS * SECOND
  const booking = {
    id: systemChance.uuid() as BookingId,
    eventId: id,
    visitorId,
    total: totalOf(items),
    currency: event.currency,
    expiresAt: now + holdMs,
    createdAt: now,
  }
  await transaction(pool, async client => {
    const { rows } = await client.query<{ seat_index: number; held: boolean }>(
      `select seat_index, held_until > now() as held from lock_seats
       where event_id = $1 and seat_index = any($2::int[]) order by seat_index for update ${skip}`,
      [id, seats],
    )
    const free = new Set(rows.filter(({ held }) => !held).map(row => row.seat_index))
    const taken = seats.filter(seat => !free.has(seat))
    if (taken.length > 0) throw conflict(id, taken)
    await client.query(
      `update lock_seats set held_until = $3, booking_id = $4 where event_id = $1 and seat_index = any($2::int[])`,
      [id, seats, new Date(booking.expiresAt), booking.id],
    )
    const allowance = allowanceOf(sales, visitorId, seats.length, now, holdMs)
    const [made] = await insertBookings(client, [
      {
        booking: { ...booking, mapHash: event.mapHash, items, idem },
        allowance,
      },
    ])
    if (made?.ok !== true) throw new Error(`not booked: ${made?.reason}`)
  })
  const whole = {
    ...booking,
    personId: null,
    status: 'in_progress' as const,
    reason: null,
    seats,
    payUntil: null,
    idemHash: null,
    confirmedAt: null,
    version: undefined,
  }
  return viewOf(whole, items, event, now, renewableUntil(config, whole))
}
