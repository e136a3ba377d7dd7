import Stripe from 'stripe'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeShop, OLD_SECRET, SECRET, type Shop, until } from '../bookings/sale-fixture.ts'
import { onError } from '../middleware/problems.ts'
import { newRoutes } from '../routing.ts'
import { pump } from './outbox.ts'
import { webhookRoute } from './webhook.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => {
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})
afterAll(() => shop.close())

const stripe = new Stripe('sk_test_signer')
const now = () => Math.floor(Date.now() / 1_000)

function payload(id: string, more: object = {}): string {
  const object = {
    id: 'pi_nobody',
    object: 'payment_intent',
    status: 'succeeded',
    amount: 5_150,
    amount_received: 5_150,
    amount_capturable: 0,
    currency: 'eur',
    metadata: { onsale: 'shop' },
    next_action: null,
    last_payment_error: null,
    payment_method: null,
    receipt_email: 'ada@example.org',
    ...more,
  }
  return JSON.stringify({ id, object: 'event', type: 'payment_intent.succeeded', data: { object } })
}

async function post(body: string, { secret = SECRET, timestamp = now(), signature = '' } = {}) {
  const header = signature || stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp })
  const response = await shop.app.request('/webhooks/stripe', {
    method: 'POST',
    body,
    headers: { 'stripe-signature': header, 'content-type': 'application/json' },
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function inbox(id: string) {
  const { rows } = await shop.deps.pool.query('select * from inbox where stripe_event_id = $1', [id])
  return rows
}

describe('a webhook', () => {
  const FORGED = [
    ['no signature', { signature: 'nonsense' }],
    ['another secret', { secret: 'whsec_other' }],
    ['a timestamp of six minutes ago', { timestamp: now() - 360 }],
  ] as const

  test.for(FORGED)('[P16] With %s it is 400 webhook_signature, and nothing is stored.', async ([, given]) => {
    const { status, body } = await post(payload('evt_bad'), given)
    expect([status, body['code']]).toEqual([400, 'webhook_signature'])
    expect(await inbox('evt_bad')).toEqual([])
  })

  test('[P17] A signature fits the body’s very bytes.', async () => {
    const signed = payload('evt_bytes')
    const signature = stripe.webhooks.generateTestHeaderString({ payload: signed, secret: SECRET })
    expect((await post(`${signed} `, { signature })).status).toBe(400)
    expect((await post(signed, { signature })).status).toBe(200)
  })

  test('[P18] While a secret is rotated both are good.', async () => {
    expect((await post(payload('evt_old'), { secret: OLD_SECRET })).status).toBe(200)
    expect(await inbox('evt_old')).toHaveLength(1)
  })

  test('[P19] An event is stored and worked on once, however often it comes.', async () => {
    for (let i = 0; i < 3; i++) expect((await post(payload('evt_thrice'))).status).toBe(200)
    expect(await inbox('evt_thrice')).toHaveLength(1)
    const { rows } = await shop.deps.pool.query(
      `select 1 from outbox where payload->>'stripeEventId' = 'evt_thrice'`,
    )
    expect(rows).toHaveLength(1)
  })

  test('[P20] What is stored of an event are ids, states and amounts.', async () => {
    await post(payload('evt_person'))
    const [row] = await inbox('evt_person')
    expect(JSON.stringify(row)).not.toMatch(/example\.org/)
    expect(row).toMatchObject({ type: 'payment_intent.succeeded', object_id: 'pi_nobody' })
  })

  test('events nothing depends on are taken and forgotten', async () => {
    const body = JSON.stringify({
      id: 'evt_other',
      object: 'event',
      type: 'customer.created',
      data: { object: {} },
    })
    expect((await post(body)).status).toBe(200)
    expect(await inbox('evt_other')).toEqual([])
  })

  test('[P21] While Postgres is away the answer is 503, so Stripe comes again.', async () => {
    const routes = newRoutes()
    routes.onError(onError(shop.deps.log))
    webhookRoute(routes, {
      ...shop.sales,
      step: () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })),
    })
    const body = payload('evt_away')
    const response = await routes.request('/webhooks/stripe', {
      method: 'POST',
      body,
      headers: {
        'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret: SECRET }),
      },
    })
    expect(response.status).toBe(503)
  })
})

describe('what an event says', () => {
  test.for(['foreign', 'quarantined'] as const)(
    '[P22] A payment that is not ours as we made it changes nothing: %s.',
    async kind => {
      const metadata = kind === 'foreign' ? { onsale: 'elsewhere' } : { onsale: 'shop' }
      await post(payload(`evt_${kind}`, { metadata }))
      await shop.work()
      expect(await inbox(`evt_${kind}`)).toMatchObject([{ fault: kind, done_at: expect.any(Date) }])
    },
  )

  test('a payment of another amount than the booking’s is quarantined', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(0)
    await fan.pay(booking, 'pm_card_chargeDeclined')
    const { rows } = await shop.deps.pool.query('select id, pi_id from payments where booking_id = $1', [
      booking,
    ])
    const { id: paymentId, pi_id: id } = rows[0]
    await post(
      payload('evt_amount', { id, amount: 1, amount_received: 1, metadata: { onsale: 'shop', paymentId } }),
    )
    await shop.work()
    expect(await inbox('evt_amount')).toMatchObject([{ fault: 'quarantined' }])
    expect((await fan.get(booking)).status).toBe('paying')
    await fan.cancel(booking)
  })

  test('[P23] Duplicated, reversed and late events end in one sale.', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    shop.simulator.change({ webhooks: { hold: true, duplicate: 1 } })
    const booking = await fan.held(0)
    await fan.pay(booking, 'pm_card_chargeDeclined')
    shop.simulator.change({ failNext: { path: '/v1/payment_intents/*/confirm', afterEffect: true } })
    expect((await fan.pay(booking)).status).toBe(503)
    // Newest first, each twice: authorised before the decline and before the creation.
    await shop.simulator.releaseWebhooks('reversed')
    await shop.work()
    expect((await fan.get(booking)).status).toBe('confirmed')
    await until('it is captured', async () => {
      await shop.work()
      return shop.atStripe(booking)?.status === 'succeeded'
    })
    await shop.work()
    expect((await fan.get(booking)).status).toBe('confirmed')
    expect(shop.atStripe(booking)).toMatchObject({ charges: 2, captured: 5_150 })
    const { rows } = await shop.deps.pool.query('select 1 from inbox where done_at is null')
    expect(rows).toEqual([])
  })

  test('[P24] A webhook that overtakes the answer to its call settles just as well.', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(0)
    await fan.pay(booking, 'pm_card_chargeDeclined')
    // As if the process had died before it wrote down Stripe's id.
    await shop.deps.pool.query(
      `update payments set pi_id = null, status = 'creating' where booking_id = $1`,
      [booking],
    )
    const { stripe: gateway } = shop.sales
    const id = shop.atStripe(booking)?.id ?? ''
    await gateway.confirm(id, { paymentMethod: 'pm_card_visa', returnUrl: 'http://localhost/', key: 'k24' })
    await until('it is confirmed', async () => {
      await shop.work()
      return (await fan.get(booking)).status === 'confirmed'
    })
  })
})

test('[P25] The pump moves each row of the outbox once, whoever pumps.', async () => {
  const { pool } = shop.deps
  await shop.work()
  await pool.query(
    `insert into outbox (kind, payload) select 'release', jsonb_build_object('bookingId', gen_random_uuid())
     from generate_series(1, 600)`,
  )
  const moved = await Promise.all([pump(pool), pump(pool), pump(pool), pump(pool)])
  expect(moved.reduce((sum, count) => sum + count, 0)).toBe(600)
  const { rows } = await pool.query(
    `select (select count(*)::int from outbox) as left, (select count(*)::int from graphile_worker.jobs) as jobs`,
  )
  expect(rows).toEqual([{ left: 0, jobs: 600 }])
})
