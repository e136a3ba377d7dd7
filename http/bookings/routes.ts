/** /bookings: holding seats, paying for them, giving them back; and Stripe's webhook beside it. */
import { createRoute, z } from '@hono/zod-openapi'
import { invalid } from '../../shared/errors.ts'
import { allowedOrigins } from '../../shared/origins.ts'
import type { HttpDeps } from '../deps.ts'
import { rateLimit } from '../middleware/limits.ts'
import { PassHeader, passOf, requireSession } from '../middleware/session.ts'
import { webhookRoute } from '../payments/webhook.ts'
import { bySession, newRoutes, problems, type Routes } from '../routing.ts'
import { text } from '../texts.ts'
import { AmendBody, amend } from './amend.ts'
import { cancel } from './cancel.ts'
import { hold } from './hold.ts'
import { KEY } from './hot-hold.ts'
import { HoldBody } from './order.ts'
import { listOwn, viewNow } from './own.ts'
import { pay } from './pay.ts'
import { quoteRoute } from './quote-route.ts'
import { renew } from './renew.ts'
import type { Sales } from './sales.ts'
import { BookingView } from './view.ts'

/** Everything of a sale. */
export function saleRoutes(deps: HttpDeps, sales: Sales): Routes {
  const routes = newRoutes()
  routes.use('/bookings/*', noStore)
  routes.use('/bookings', noStore)
  addHold(routes, deps, sales)
  addReads(routes, deps, sales)
  addAmend(routes, deps, sales)
  addPay(routes, deps, sales)
  addCancel(routes, deps, sales)
  routes.route('/', quoteRoute(deps))
  webhookRoute(routes, sales)
  return routes
}

/** A booking is its owner's alone, and another in a moment. */
const noStore: Parameters<Routes['use']>[1] = async (c, next) => {
  c.header('Cache-Control', 'no-store')
  await next()
}

const BookingPath = z.object({ bookingId: z.string().openapi({ format: 'uuid' }) })
const bookingAnswer = (description: string) => ({
  description,
  content: { 'application/json': { schema: BookingView } },
})
const sessionProblems = ['session_required', 'session_invalid', 'session_expired'] as const
const tags = ['Bookings']

const HoldHeaders = PassHeader.extend({
  'idempotency-key': z.string().regex(KEY, 'must be 1 to 255 printable ASCII characters').optional().openapi({
    description: 'The same call under the same key makes one booking, however often it is sent.',
  }),
})

function addHold(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const route = createRoute({
    method: 'post',
    path: '/bookings/{eventId}',
    tags,
    summary: 'Hold seats and standing places: all of them or none',
    security: bySession,
    middleware: [requireSession(deps), rateLimit(deps, 'bookings', deps.config.BOOKINGS_PER_MINUTE)] as const,
    request: {
      params: z.object({ eventId: z.string() }),
      headers: HoldHeaders,
      body: { required: true, content: { 'application/json': { schema: HoldBody } } },
    },
    responses: {
      201: bookingAnswer('Held until expiresAt'),
      ...problems(
        'invalid_request',
        'duplicate_tickets',
        'foreign_tickets',
        ...sessionProblems,
        'pass_invalid',
        'pass_expired',
        'pass_foreign',
        'event_not_found',
        'ticket_not_found',
        'area_not_found',
        'not_on_sale',
        'hold_conflict',
        'price_mismatch',
        'sold_out',
        'not_enough_together',
        'leaves_orphan',
        'idempotency_in_flight',
        'limit_exceeded',
        'idempotency_conflict',
        'waiting_room_required',
        'too_many_requests',
        'recovering',
        'unavailable',
      ),
    },
  })
  routes.openapi(route, async c => {
    const view = await hold(sales, {
      visitorId: c.get('visitorId'),
      eventId: c.req.valid('param').eventId,
      body: c.req.valid('json'),
      key: c.req.valid('header')['idempotency-key'],
      pass: passOf(c, c.req.valid('param').eventId),
    })
    return c.json(view, 201)
  })
}

const whole = (fallback: number, most: number) =>
  z.coerce.number().int().min(1).max(most).default(fallback).openapi({ type: 'integer' })
/** A list is one's own and short; a page far behind its end is empty. */
const MOST_PAGES = 100_000

function addReads(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const list = createRoute({
    method: 'get',
    path: '/bookings',
    tags,
    summary: "One's own bookings, newest first",
    security: bySession,
    middleware: [requireSession(deps)] as const,
    request: { query: z.strictObject({ page: whole(1, MOST_PAGES), pageSize: whole(20, 100) }) },
    responses: {
      200: {
        description: 'A page of bookings',
        content: {
          'application/json': {
            schema: z.object({
              bookings: z.array(BookingView),
              page: z.int(),
              pageSize: z.int(),
              total: z.int(),
            }),
          },
        },
      },
      ...problems('invalid_request', ...sessionProblems, 'unavailable'),
    },
  })
  const one = createRoute({
    method: 'get',
    path: '/bookings/{bookingId}',
    tags,
    summary: "One of one's own bookings",
    security: bySession,
    middleware: [requireSession(deps)] as const,
    request: { params: BookingPath },
    responses: {
      200: bookingAnswer('The booking'),
      ...problems(...sessionProblems, 'booking_not_found', 'unavailable'),
    },
  })
  routes.openapi(list, async c => c.json(await listOwn(sales, c.get('visitorId'), c.req.valid('query')), 200))
  routes.openapi(one, async c =>
    c.json(await viewNow(sales, c.req.valid('param').bookingId, c.get('visitorId')), 200),
  )
}

/** A hold in progress is its owner's to change: more or other tickets, and more time. */
function addAmend(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const change = createRoute({
    method: 'patch',
    path: '/bookings/{bookingId}',
    tags,
    summary: 'Add tickets to a hold and drop others, all of it or nothing',
    description: 'The hold ends when it would have ended. A live hold stands for the pass.',
    security: bySession,
    middleware: [requireSession(deps), rateLimit(deps, 'bookings', deps.config.BOOKINGS_PER_MINUTE)] as const,
    request: {
      params: BookingPath,
      body: { required: true, content: { 'application/json': { schema: AmendBody } } },
    },
    responses: {
      200: bookingAnswer('The booking after it'),
      ...problems(
        'invalid_request',
        'duplicate_tickets',
        'foreign_tickets',
        ...sessionProblems,
        'booking_not_found',
        'event_not_found',
        'ticket_not_found',
        'area_not_found',
        'not_on_sale',
        'booking_state',
        'booking_expired',
        'hold_conflict',
        'sold_out',
        'leaves_orphan',
        'limit_exceeded',
        'too_many_requests',
        'recovering',
        'unavailable',
      ),
    },
  })
  const more = createRoute({
    method: 'post',
    path: '/bookings/{bookingId}/renew',
    tags,
    summary: 'Hold for longer',
    description: "The hold's time begins anew, until `renewableUntil` at the latest.",
    security: bySession,
    middleware: [requireSession(deps), rateLimit(deps, 'bookings', deps.config.BOOKINGS_PER_MINUTE)] as const,
    request: { params: BookingPath },
    responses: {
      200: bookingAnswer('The booking with its new end'),
      ...problems(
        ...sessionProblems,
        'booking_not_found',
        'booking_state',
        'booking_expired',
        'limit_exceeded',
        'too_many_requests',
        'recovering',
        'unavailable',
      ),
    },
  })
  routes.openapi(change, async c => {
    const { bookingId } = c.req.valid('param')
    return c.json(await amend(sales, c.get('visitorId'), bookingId, c.req.valid('json')), 200)
  })
  routes.openapi(more, async c =>
    c.json(await renew(sales, c.get('visitorId'), c.req.valid('param').bookingId), 200),
  )
}

const PayBody = z
  .strictObject({
    paymentMethodId: z
      .string()
      .regex(/^pm_\w{1,250}$/, 'must be a payment method of Stripe, such as pm_card_visa')
      .optional()
      .openapi({ description: 'Needed unless the booking is free.' }),
    buyer: z.strictObject(
      { name: text(200), email: z.email().max(254) },
      { error: ({ code }) => (code === 'invalid_type' ? 'is missing: give name and email' : undefined) },
    ),
    amount: z
      .int()
      .min(0)
      .optional()
      .openapi({ description: 'The price that was shown: another is refused.' }),
    returnUrl: z.url().max(2_000).optional().openapi({
      description: 'Where 3-D Secure sends the fan back to: our own site, or one of ALLOWED_ORIGINS.',
    }),
  })
  .openapi('Payment')

function addPay(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const route = createRoute({
    method: 'put',
    path: '/bookings/{bookingId}/confirm',
    tags,
    summary: 'Pay for a booking',
    description:
      '`confirmed` where that is known within five seconds, else `paying`: read the booking again.',
    security: bySession,
    middleware: [requireSession(deps), rateLimit(deps, 'payments', deps.config.BOOKINGS_PER_MINUTE)] as const,
    request: {
      params: BookingPath,
      body: { required: true, content: { 'application/json': { schema: PayBody } } },
    },
    responses: {
      200: bookingAnswer('The booking'),
      ...problems(
        'invalid_request',
        ...sessionProblems,
        'card_declined',
        'booking_not_found',
        'booking_expired',
        'booking_state',
        'price_mismatch',
        'hold_conflict',
        'too_many_requests',
        'payments_unavailable',
        'recovering',
        'unavailable',
      ),
    },
  })
  routes.openapi(route, async c => {
    const { paymentMethodId, buyer, amount, returnUrl } = c.req.valid('json')
    const { bookingId } = c.req.valid('param')
    const view = await pay(sales, {
      visitorId: c.get('visitorId'),
      bookingId,
      paymentMethodId,
      buyer,
      amount,
      returnUrl: checkedReturn(deps, returnUrl, bookingId),
    })
    return c.json(view, 200)
  })
}

/** Nobody is sent to a stranger's site in our name. */
function checkedReturn({ config }: HttpDeps, url: string | undefined, bookingId: string): string {
  if (url === undefined) return new URL(`/checkout/${bookingId}`, config.HTTP_PUBLIC_URL).href
  if (!allowedOrigins(config).has(new URL(url).origin))
    throw invalid('returnUrl', 'must be on this site or an allowed origin')
  return url
}

function addCancel(routes: Routes, deps: HttpDeps, sales: Sales): void {
  const route = createRoute({
    method: 'delete',
    path: '/bookings/{bookingId}',
    tags,
    summary: 'Give held seats back',
    description: 'A booking that is being paid is `closing` until Stripe has let go of the payment.',
    security: bySession,
    middleware: [requireSession(deps)] as const,
    request: { params: BookingPath },
    responses: {
      200: bookingAnswer('The booking after it'),
      ...problems(...sessionProblems, 'booking_not_found', 'booking_state', 'unavailable'),
    },
  })
  routes.openapi(route, async c =>
    c.json(await cancel(sales, c.get('visitorId'), c.req.valid('param').bookingId), 200),
  )
}
