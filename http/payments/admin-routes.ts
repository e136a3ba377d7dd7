/** What operators do about payments and buyers: make a lost sale again, forget a person. Each act is audited. */
import { createRoute, z } from '@hono/zod-openapi'
import { invalid, Problem } from '../../shared/errors.ts'
import type { Sales } from '../bookings/sales.ts'
import type { HttpDeps } from '../deps.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { byAdmin, newRoutes, problems, type Routes } from '../routing.ts'
import { erasePeople } from './erase.ts'
import { rebuildSale } from './rebuild.ts'

export function adminPaymentRoutes(deps: HttpDeps, sales: Sales): Routes {
  const routes = newRoutes()
  const shared = { tags: ['Admin'], security: byAdmin, middleware: [requireAdmin(deps)] }
  const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
    description,
    content: { 'application/json': { schema } },
  })
  const rebuild = createRoute({
    ...shared,
    method: 'post',
    path: '/admin/payments/{paymentIntentId}/rebuild',
    summary: 'Make a sale again that Postgres has lost and Stripe knows',
    description:
      'For payments that were quarantined as unknown, as after a restore from an older dump. The seats are sold if nobody has ' +
      'them; else the money goes back. Harmless where the sale is known.',
    request: { params: z.object({ paymentIntentId: z.string() }) },
    responses: {
      200: json(
        'What came of it',
        z.object({
          bookingId: z.uuid(),
          outcome: z
            .string()
            .openapi({ description: 'confirmed, known; or why the money goes back, such as too_late.' }),
        }),
      ),
      ...problems('invalid_request', ...ADMIN_PROBLEMS, 'payments_unavailable', 'unavailable'),
    },
  })
  const erase = createRoute({
    ...shared,
    method: 'post',
    path: '/admin/erasures',
    summary: 'Forget the name and e-mail of a buyer',
    description:
      "Of one booking, or of all of a visitor's. Amounts and tickets stay. Harmless when repeated.",
    request: {
      body: {
        required: true,
        content: {
          'application/json': {
            schema: z
              .strictObject({ visitorId: z.uuid().optional(), bookingId: z.uuid().optional() })
              .refine(
                ({ visitorId, bookingId }) => (visitorId === undefined) !== (bookingId === undefined),
                'must have a visitorId or a bookingId, and not both',
              ),
          },
        },
      },
    },
    responses: {
      200: json(
        'How many were forgotten',
        z.object({
          people: z.int().openapi({ description: 'One a booking; those already forgotten are not counted.' }),
        }),
      ),
      ...problems('invalid_request', ...ADMIN_PROBLEMS, 'unavailable'),
    },
  })
  routes.openapi(rebuild, async c => {
    const { paymentIntentId } = c.req.valid('param')
    if (!/^pi_\w{1,250}$/.test(paymentIntentId))
      throw invalid('paymentIntentId', "must be an id of Stripe's, such as pi_3Abc")
    const rebuilt = await rebuildSale(sales, paymentIntentId, c.get('operator'))
    if (rebuilt.ok) return c.json({ bookingId: rebuilt.bookingId, outcome: rebuilt.outcome }, 200)
    if (rebuilt.reason === 'not_possible') throw invalid('paymentIntentId', rebuilt.why)
    throw new Problem('payments_unavailable', 'Payments cannot be reached.', { retryAfter: 5 })
  })
  routes.openapi(erase, async c => {
    const { visitorId, bookingId = '' } = c.req.valid('json')
    const whose = visitorId === undefined ? { bookingId } : { visitorId }
    return c.json({ people: await erasePeople(sales, whose, c.get('operator')) }, 200)
  })
  return routes
}
