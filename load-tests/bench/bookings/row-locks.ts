/**
 * The peer: a service that holds seats by row locks in Postgres, on the same framework, with the same body, session, limits of
 * calls, waiting room, prices, idempotency and booking row. A process of its own; MODE says whether it waits for a locked row or
 * takes it for lost.
 */
import { serve } from '@hono/node-server'
import { createRoute, z } from '@hono/zod-openapi'
import { findByKey, insertBooking, itemsOf } from '../../../http/bookings/booking-store.ts'
import { conflict } from '../../../http/bookings/hold.ts'
import { renewableUntil } from '../../../http/bookings/hold-time.ts'
import { allowanceOf } from '../../../http/bookings/limits.ts'
import { HoldBody, hashOf, orderOf } from '../../../http/bookings/order.ts'
import { totalOf } from '../../../http/bookings/pricing.ts'
import { eventOf, makeSales } from '../../../http/bookings/sales.ts'
import { BookingView, viewOf } from '../../../http/bookings/view.ts'
import { makeDeps } from '../../../http/deps.ts'
import { crossOrigin, head, requestSeconds } from '../../../http/middleware/head.ts'
import { limitBody, rateLimit } from '../../../http/middleware/limits.ts'
import { onError } from '../../../http/middleware/problems.ts'
import { passOf, requireSession } from '../../../http/middleware/session.ts'
import { refusalAtGate } from '../../../http/queue/gate.ts'
import { bySession, newRoutes } from '../../../http/routing.ts'
import { systemChance, systemClock } from '../../../shared/clock.ts'
import { readConfig } from '../../../shared/config.ts'
import { type BookingId, eventId, type VisitorId } from '../../../shared/ids.ts'
import { SECOND } from '../../../shared/limits.ts'
import { makeLog } from '../../../shared/log.ts'
import { connectPostgres, transaction } from '../../../shared/postgres.ts'
import { connectCommands } from '../../../shared/redis.ts'

const config = readConfig()
const skip = process.env['MODE'] === 'skip' ? 'skip locked' : ''
const log = makeLog('row-locks', config.LOG_LEVEL)
const pool = connectPostgres(config.DATABASE_URL, 'row-locks', log)
const redis = connectCommands(config.REDIS_URL, log)
const deps = makeDeps({ config, pool, redis, log }, 'http')
const sales = makeSales(deps)

const route = createRoute({
  method: 'post',
  path: '/bookings/{eventId}',
  security: bySession,
  middleware: [requireSession(deps), rateLimit(deps, 'bookings', config.BOOKINGS_PER_MINUTE)] as const,
  request: {
    params: z.object({ eventId: z.string() }),
    headers: z.object({ 'idempotency-key': z.string().max(255) }),
    body: { required: true, content: { 'application/json': { schema: HoldBody } } },
  },
  responses: {
    201: { description: 'Held', content: { 'application/json': { schema: BookingView } } },
  },
})

const app = newRoutes()
app.onError(onError(log))
app.use(head(deps, requestSeconds(deps.metrics)), crossOrigin(deps), limitBody())
app.get('/readyz', c => c.json({ status: 'ready' }))
app.openapi(route, async c => {
  const event = eventId(c.req.valid('param').eventId)
  const refusal = await refusalAtGate(deps.queue, event, c.get('visitorId'), passOf(c, event))
  if (refusal !== undefined) throw refusal
  const key = c.req.valid('header')['idempotency-key']
  return c.json(await hold(event, c.get('visitorId'), c.req.valid('json'), key), 201)
})
serve({ fetch: app.fetch, port: config.HTTP_PORT, hostname: config.HOST })

async function hold(
  id: ReturnType<typeof eventId>,
  visitorId: VisitorId,
  body: z.infer<typeof HoldBody>,
  key: string,
): Promise<BookingView> {
  const event = await eventOf(sales, id)
  const idem = { key, hash: hashOf(id, body) }
  const found = await findByKey(pool, visitorId, key)
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
    const made = await insertBooking(client, { ...booking, mapHash: event.mapHash, items, idem }, allowance)
    if (!made.ok) throw new Error(`not booked: ${made.reason}`)
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
  }
  return viewOf(whole, items, event, now, renewableUntil(config, whole))
}
