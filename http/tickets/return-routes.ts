/** Tickets that come back: by an operator, or by the fan where the house allows it. The seats are on sale at the commit. */
import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import { type BookingId, splitTicketId, TICKET_ID, ticketId, UUID } from '../../shared/ids.ts'
import { type Booking, findBooking, itemsOf } from '../bookings/booking-store.ts'
import { readOwn, viewNow } from '../bookings/own.ts'
import { eventOf, type Sales } from '../bookings/sales.ts'
import { BookingView } from '../bookings/view.ts'
import type { HttpDeps } from '../deps.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { rateLimit } from '../middleware/limits.ts'
import { requireSession } from '../middleware/session.ts'
import { type Returned, refundItems } from '../payments/refunds.ts'
import { show } from '../payments/show.ts'
import { byAdmin, bySession, problems, type Routes } from '../routing.ts'
import { text } from '../texts.ts'

const HOUR = 3_600_000
const MOST = 1_000

const ReturnBody = z.strictObject({
  ticketIds: z
    .array(z.string().regex(TICKET_ID, 'must be a ticket id, such as hot1-17'))
    .min(1)
    .max(MOST)
    .optional()
    .openapi({ description: 'All that are left where none is named.' }),
})
const OperatorReturn = ReturnBody.extend({
  reason: text(200).default('by an operator'),
  evenUsed: z.boolean().default(false).openapi({ description: 'Also tickets somebody came in with.' }),
})

const Answer = z
  .object({
    refundId: z.uuid().optional().openapi({ description: 'None where the tickets cost nothing.' }),
    amount: z.int().openapi({ description: 'In minor units; on its way back.' }),
    currency: z.string(),
    ticketIds: z.array(z.string()),
    booking: BookingView,
  })
  .openapi('Return')

const params = z.object({ bookingId: z.string().openapi({ format: 'uuid' }) })
const done = { description: 'Returned', content: { 'application/json': { schema: Answer } } }
const faults = [
  'invalid_request',
  'booking_not_found',
  'ticket_not_found',
  'booking_state',
  'ticket_admitted',
  'unavailable',
] as const

export function addReturns(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const limit = rateLimit(deps, 'returns', deps.config.BOOKINGS_PER_MINUTE)
  const byFan = createRoute({
    method: 'post',
    path: '/bookings/{bookingId}/refunds',
    tags: ['Tickets'],
    summary: 'Return tickets of one’s own, where the house allows it',
    security: bySession,
    middleware: [requireSession(deps), limit] as const,
    request: { params, body: { required: true, content: { 'application/json': { schema: ReturnBody } } } },
    responses: {
      200: done,
      ...problems(
        'session_required',
        'session_invalid',
        'session_expired',
        'returns_closed',
        'too_many_requests',
        ...faults,
      ),
    },
  })
  const byOperator = createRoute({
    method: 'post',
    path: '/admin/bookings/{bookingId}/refunds',
    tags: ['Admin'],
    summary: 'Return tickets of a booking, or all of it',
    description:
      'Audited. The seats are on sale again at once; the money follows by a job that tries until Stripe has it.',
    security: byAdmin,
    middleware: [requireAdmin(deps)] as const,
    request: {
      params,
      body: { required: true, content: { 'application/json': { schema: OperatorReturn } } },
    },
    responses: { 200: done, ...problems(...ADMIN_PROBLEMS, ...faults) },
  })
  const look = createRoute({
    method: 'get',
    path: '/admin/bookings/{bookingId}',
    tags: ['Admin'],
    summary: 'A booking as its buyer sees it',
    security: byAdmin,
    middleware: [requireAdmin(deps)] as const,
    request: { params },
    responses: {
      200: { description: 'The booking', content: { 'application/json': { schema: BookingView } } },
      ...problems(...ADMIN_PROBLEMS, 'booking_not_found', 'unavailable'),
    },
  })
  routes.openapi(look, async c =>
    c.json(await viewNow(sales, c.req.valid('param').bookingId, undefined), 200),
  )
  routes.openapi(byFan, async c => {
    const booking = await readOwn(sales, c.get('visitorId'), c.req.valid('param').bookingId)
    await checkOpen(sales, booking)
    return c.json(await give(sales, booking, 'by_fan', c.req.valid('json').ticketIds), 200)
  })
  routes.openapi(byOperator, async c => {
    const { ticketIds, reason, evenUsed } = c.req.valid('json')
    const booking = await bookingOf(sales, c.req.valid('param').bookingId)
    const act = { operator: c.get('operator'), evenUsed }
    return c.json(await give(sales, booking, reason, ticketIds, act), 200)
  })
}

async function bookingOf({ pool }: Sales, id: string): Promise<Booking> {
  const booking = UUID.test(id) ? await findBooking(pool, id as BookingId) : undefined
  if (booking === undefined) throw new Problem('booking_not_found', `There is no booking ${id.slice(0, 60)}.`)
  return booking
}

async function checkOpen(sales: Sales, booking: Booking): Promise<void> {
  const hours = sales.config.FAN_RETURNS_UNTIL_HOURS
  if (hours === undefined)
    throw new Problem('returns_closed', 'Tickets are not taken back here: ask the box office.')
  const { startsAt } = await eventOf(sales, booking.eventId)
  const until = startsAt - hours * HOUR
  if (sales.clock.now() >= until)
    throw new Problem('returns_closed', `Tickets were taken back until ${new Date(until).toISOString()}.`, {
      members: { until: new Date(until).toISOString() },
    })
}

async function give(
  sales: Sales,
  booking: Booking,
  reason: string,
  ticketIds: string[] | undefined,
  by: { operator?: string; evenUsed?: boolean } = {},
): Promise<z.infer<typeof Answer>> {
  const items = ticketIds === undefined ? undefined : await itemIdsOf(sales, booking, ticketIds)
  const returned = await refundItems(sales, booking.id, reason, items, by)
  if (!returned.ok) throw refused(booking, returned)
  // At once; where it cannot be told now, a job tells it.
  await show(sales, booking.eventId, returned.seats).catch((err: unknown) =>
    sales.log.warn({ err, booking: booking.id }, 'returned seats are shown later'),
  )
  return {
    ...(returned.refundId === undefined ? {} : { refundId: returned.refundId }),
    amount: returned.amount,
    currency: booking.currency,
    ticketIds: returned.seats.map(index => ticketId(booking.eventId, index)),
    booking: await viewNow(sales, booking.id, undefined),
  }
}

async function itemIdsOf({ pool }: Sales, booking: Booking, ticketIds: string[]): Promise<number[]> {
  const items = (await itemsOf(pool, [booking.id])).get(booking.id) ?? []
  return ticketIds.map((id, at) => {
    const place = splitTicketId(id)
    const item =
      place?.eventId === booking.eventId ? items.find(({ index }) => index === place.index) : undefined
    if (item === undefined)
      throw new Problem('ticket_not_found', `ticketIds[${at}]: ${id} is not of this booking.`, {
        members: { ticketId: id },
      })
    return item.id
  })
}

function refused(booking: Booking, returned: Extract<Returned, { ok: false }>): Problem {
  switch (returned.reason) {
    case 'not_confirmed':
      return new Problem('booking_state', `The booking is ${booking.status}.`, {
        members: { bookingStatus: booking.status },
      })
    case 'nothing_to_return':
      return new Problem('booking_state', 'These tickets were returned before.', {
        members: { bookingStatus: booking.status },
      })
    case 'used': {
      const tickets = returned.seats.map(index => ticketId(booking.eventId, index))
      return new Problem(
        'ticket_admitted',
        `Somebody came in with ${tickets.join(', ')}: only an operator returns such, with "evenUsed": true.`,
        { members: { tickets } },
      )
    }
    default:
      return returned satisfies never
  }
}
