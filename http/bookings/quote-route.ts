/** POST /bookings/:eventId/quote: what tickets would cost. It holds nothing and needs nobody's name. */
import { createRoute, z } from '@hono/zod-openapi'
import { ticketId } from '../../shared/ids.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { rateLimit } from '../middleware/limits.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'
import { HoldBody, orderOf } from './order.ts'
import { bookingFee, feeShares, priceParts, priceView } from './price-view.ts'
import { totalOf } from './pricing.ts'

const Body = HoldBody.refine(body => body.bestAvailable === undefined, {
  path: ['bestAvailable'],
  message: 'has no price before seats are chosen',
})

const money = z.int().openapi({ description: "In the currency's minor units." })

const Quote = z
  .object({
    eventId: z.string(),
    amount: money.openapi({ description: 'The sum; send it with the hold to be held at this price alone.' }),
    currency: z.string(),
    bookingFee,
    tickets: z.array(
      z.object({
        ticketId: z.string().optional().openapi({ description: 'Absent for places in a standing area.' }),
        category: z.string(),
        type: z.string(),
        ...priceParts,
      }),
    ),
  })
  .openapi('Quote')

export function quoteRoute(deps: HttpDeps): Routes {
  const route = createRoute({
    method: 'post',
    path: '/bookings/{eventId}/quote',
    tags: ['Bookings'],
    summary: 'What tickets would cost',
    middleware: [rateLimit(deps, 'bookings', deps.config.BOOKINGS_PER_MINUTE)],
    request: {
      params: z.object({ eventId: z.string() }),
      body: { required: true, content: { 'application/json': { schema: Body } } },
    },
    responses: {
      200: { description: 'The price now', content: { 'application/json': { schema: Quote } } },
      ...problems(
        'invalid_request',
        'duplicate_tickets',
        'foreign_tickets',
        'event_not_found',
        'ticket_not_found',
        'area_not_found',
        'not_on_sale',
        'price_mismatch',
        'limit_exceeded',
        'too_many_requests',
        'unavailable',
      ),
    },
  })
  return newRoutes().openapi(route, async c => {
    const event = await findEvent(deps, c.req.valid('param').eventId)
    const { quote } = orderOf(event, c.req.valid('json'), deps.config.MAX_TICKETS_PER_BOOKING)
    const tickets = quote.map(item => {
      const { index, ticketType: type } = item
      const place = event.plan.at(index)
      const named = place?.kind === 'standing' ? {} : { ticketId: ticketId(event.eventId, index) }
      return { ...named, category: place?.category ?? '', type, ...priceView(item) }
    })
    const { eventId, currency } = event
    const amount = totalOf(quote)
    return c.json({ eventId, amount, currency, bookingFee: feeShares(quote), tickets }, 200)
  })
}
