/** /tickets: what a buyer shows at the door, and the door itself. */
import { createRoute, z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import { findBooking } from '../bookings/booking-store.ts'
import { readOwn } from '../bookings/own.ts'
import { PlaceView, placeOf } from '../bookings/place-view.ts'
import type { Sales } from '../bookings/sales.ts'
import { iso } from '../bookings/view.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { rateLimit } from '../middleware/limits.ts'
import { requireSession } from '../middleware/session.ts'
import { byAdmin, bySession, newRoutes, problems, type Routes } from '../routing.ts'
import { textOrNone } from '../texts.ts'
import { admitTicket } from './admit-ticket.ts'
import { addReturns } from './return-routes.ts'
import { admittedOf } from './ticket-store.ts'
import { TicketsView, ticketsOf } from './tickets-view.ts'

export function ticketRoutes(deps: HttpDeps, sales: Sales): Routes {
  const routes = newRoutes()
  addOwn(routes, deps, sales)
  addDoor(routes, deps, sales)
  addReturns(routes, deps, sales)
  return routes
}

const sessionProblems = ['session_required', 'session_invalid', 'session_expired'] as const
const answer = {
  description: 'The tickets, each with the text of its QR code',
  content: { 'application/json': { schema: TicketsView } },
}

function addOwn(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const own = createRoute({
    method: 'get',
    path: '/bookings/{bookingId}/tickets',
    tags: ['Tickets'],
    summary: 'The tickets of one of one’s own bookings, once the money is had',
    security: bySession,
    middleware: [requireSession(deps)] as const,
    request: { params: z.object({ bookingId: z.string().openapi({ format: 'uuid' }) }) },
    responses: {
      200: answer,
      ...problems(...sessionProblems, 'booking_not_found', 'tickets_not_ready', 'unavailable'),
    },
  })
  const linked = createRoute({
    method: 'get',
    path: '/tickets/{link}',
    tags: ['Tickets'],
    summary: 'The same by the link that was mailed, without a session',
    middleware: [rateLimit(deps, 'tickets', deps.config.BOOKINGS_PER_MINUTE)] as const,
    request: { params: z.object({ link: z.string().max(100) }) },
    responses: {
      200: answer,
      ...problems(
        'invalid_request',
        'booking_not_found',
        'tickets_not_ready',
        'too_many_requests',
        'unavailable',
      ),
    },
  })
  routes.openapi(own, async c => {
    c.header('Cache-Control', 'no-store')
    const booking = await readOwn(sales, c.get('visitorId'), c.req.valid('param').bookingId)
    return c.json(await ticketsOf(sales, booking), 200)
  })
  routes.openapi(linked, async c => {
    c.header('Cache-Control', 'no-store')
    c.header('Referrer-Policy', 'no-referrer')
    const id = sales.codes.bookingOf(c.req.valid('param').link)
    const booking = id === undefined ? undefined : await findBooking(sales.pool, id)
    if (booking === undefined) throw new Problem('booking_not_found', 'This link opens no tickets.')
    return c.json(await ticketsOf(sales, booking), 200)
  })
}

const Scanned = PlaceView.omit({ kind: true })
  .extend({
    type: z.string(),
    serial: z.int(),
    admittedAt: z.iso.datetime(),
    disputed: z.boolean().openapi({ description: 'The buyer disputes the payment at the bank.' }),
  })
  .openapi('Scan')

/** A JWT with a long ticket id has some 320 characters. */
const ScanBody = z.strictObject({
  code: z.string().min(1).max(2_000),
  gate: textOrNone(80).default('').openapi({ description: 'Which door, as it is called there.' }),
})

function addDoor(routes: Routes, deps: HttpDeps, { codes }: Sales): void {
  const shared = {
    path: '/admin/events/{eventId}/scans' as const,
    tags: ['Tickets'],
    security: byAdmin,
    middleware: [requireAdmin(deps)],
  }
  const params = z.object({ eventId: z.string() })
  const scan = createRoute({
    ...shared,
    method: 'post',
    summary: 'Scan a ticket at the door: it lets one person in, once',
    description:
      'A second scan is a 409 `ticket_admitted` that says when, at which gate and by whom the first was.',
    request: { params, body: { required: true, content: { 'application/json': { schema: ScanBody } } } },
    responses: {
      200: { description: 'Let in', content: { 'application/json': { schema: Scanned } } },
      ...problems(
        ...ADMIN_PROBLEMS,
        'invalid_request',
        'event_not_found',
        'ticket_admitted',
        'ticket_returned',
        'tickets_not_ready',
        'ticket_disputed',
        'ticket_invalid',
        'ticket_foreign',
        'unavailable',
      ),
    },
  })
  const count = createRoute({
    ...shared,
    method: 'get',
    summary: 'How many have come in',
    request: { params },
    responses: {
      200: {
        description: 'Tickets that let somebody in, and tickets sold',
        content: { 'application/json': { schema: z.object({ admitted: z.int(), sold: z.int() }) } },
      },
      ...problems(...ADMIN_PROBLEMS, 'event_not_found', 'unavailable'),
    },
  })
  routes.openapi(scan, async c => {
    const event = await findEvent(deps, c.req.valid('param').eventId)
    const { code, gate } = c.req.valid('json')
    const by = { gate, operator: c.get('operator') }
    const { index, serial, ticketType, at, disputed } = await admitTicket(deps, codes, event, code.trim(), by)
    const { kind: _, ...place } = placeOf(event, index)
    return c.json({ ...place, type: ticketType, serial, admittedAt: iso(at), disputed }, 200)
  })
  routes.openapi(count, async c => {
    const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
    return c.json(await admittedOf(deps.pool, eventId), 200)
  })
}
