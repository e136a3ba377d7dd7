/** Every call we make, put before Stripe's own mock of its API, which refuses what Stripe would: STRIPE_MOCK_URL=http://127.0.0.1:12111 */
import { expect, test } from 'vitest'
import { makeSecrets } from '../../dev/new-secrets.ts'
import { readConfig } from '../../shared/config.ts'
import { bookingId, eventId, type VisitorId } from '../../shared/ids.ts'
import { PAYMENT_METHODS, type PaymentMethod } from '../../shared/payment-methods.ts'
import { newPayment } from './new-payment.ts'
import { type Gateway, stripeGateway } from './stripe.ts'

const url = process.env['STRIPE_MOCK_URL']

function gateway(): Gateway {
  const config = readConfig({
    ...makeSecrets(),
    DATABASE_URL: 'postgres://nowhere/none',
    REDIS_URL: 'redis://nowhere',
    STRIPE_SECRET_KEY: 'sk_test_mock',
    STRIPE_API_BASE: url,
  })
  return stripeGateway(config, () => undefined)
}

const booking = {
  id: bookingId('b8a2c5d0-0000-4000-8000-000000000001'),
  eventId: eventId('hot1'),
  visitorId: 'b8a2c5d0-0000-4000-8000-000000000003' as VisitorId,
  total: 10_300,
  currency: 'EUR',
}
const ITEMS = [1, 2].map(index => ({
  index,
  ticketType: 'adult',
  price: 5_000,
  fee: 150,
  feeShare: 0,
  discount: 0,
}))
const payment = (methods: PaymentMethod[]) =>
  newPayment(booking, ITEMS, 'b8a2c5d0-0000-4000-8000-000000000002', {
    INSTANCE: 'onsale',
    PAYMENT_METHODS: methods,
  })

const CALLS: [string, (stripe: Gateway) => Promise<{ ok: boolean }>][] = [
  ['create', stripe => stripe.create(payment(['card']))],
  ['create, with every way to pay', stripe => stripe.create(payment(PAYMENT_METHODS))],
  ['create, with none that waits', stripe => stripe.create(payment(['ideal', 'twint']))],
  [
    'confirm',
    stripe =>
      stripe.confirm('pi_1', { paymentMethod: 'pm_card_visa', returnUrl: 'https://a.example/', key: 'k' }),
  ],
  ['retrieve', stripe => stripe.retrieve('pi_1')],
  ['capture', stripe => stripe.capture('pi_1')],
  ['cancel', stripe => stripe.cancel('pi_1')],
  ['refund', stripe => stripe.refund({ key: 'r', intent: 'pi_1', amount: 100, metadata: { refundId: 'r' } })],
  ['refunds', stripe => stripe.refunds('pi_1')],
  [
    'events',
    stripe => stripe.events({ types: ['payment_intent.succeeded'], since: 1_790_000_000, after: 'evt_1' }),
  ],
]

test.for(CALLS)('[P46] The real stripe-mock takes our call: %s.', async ([, call], { skip }) => {
  if (url === undefined) return skip('no stripe-mock: set STRIPE_MOCK_URL')
  const answer = await call(gateway())
  expect(answer).toMatchObject({ ok: true })
})
