import { setTimeout as pause } from 'node:timers/promises'
import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { holdMoney, openShop, openWebhook, pay, sell, until, WEBHOOK_SECRET } from './test-shop.ts'

test('an event has the shape of Stripe and a signature that the SDK accepts', async () => {
  const webhook = await openWebhook()
  const { stripe } = await openShop({ webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] } })
  const { id, lastResponse } = await stripe.paymentIntents.create(
    { amount: 5_000, currency: 'eur', metadata: { bookingId: 'b1' } },
    { idempotencyKey: 'k1' },
  )
  const { body, signature } = await until('the delivery', () => webhook.deliveries[0])
  const event = stripe.webhooks.constructEvent(body, signature, WEBHOOK_SECRET)
  expect(event).toEqual({
    id: expect.stringMatching(/^evt_/),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: expect.any(Number),
    data: {
      object: expect.objectContaining({ id, object: 'payment_intent', metadata: { bookingId: 'b1' } }),
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: lastResponse.requestId, idempotency_key: 'k1' },
    type: 'payment_intent.created',
  })
  expect(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow(
    /signatures found matching/,
  )
  expect(() => stripe.webhooks.constructEvent(body.replace('b1', 'b2'), signature, WEBHOOK_SECRET)).toThrow()
})

test('an event keeps the object as it was', async () => {
  const { stripe, event } = await openShop()
  const { id } = await sell(stripe)
  expect((await event('payment_intent.created', id)).data.object).toMatchObject({
    status: 'requires_payment_method',
  })
  expect((await event('payment_intent.succeeded', id)).data.object).toMatchObject({ status: 'succeeded' })
})

test('two secrets in rotation both verify', async () => {
  const webhook = await openWebhook()
  const { stripe } = await openShop({ webhook: { url: webhook.url, secrets: ['whsec_new', 'whsec_old'] } })
  await holdMoney(stripe)
  const { body, signature } = await until('the delivery', () => webhook.deliveries[0])
  for (const secret of ['whsec_new', 'whsec_old']) {
    expect(stripe.webhooks.constructEvent(body, signature, secret).type).toBe('payment_intent.created')
  }
})

test('a delivery that fails comes again with a signature of its own time', async () => {
  const webhook = await openWebhook(() => (webhook.deliveries.length < 4 ? 503 : 200))
  const { stripe, simulator } = await openShop({ webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] } })
  await holdMoney(stripe)
  await until('the fourth attempt', () => webhook.received[0])
  expect(new Set(webhook.deliveries.map(({ body }) => body)).size).toBe(1)
  await until('the count', () => simulator.state().webhooks.delivered || undefined)
  expect(simulator.state()).toMatchObject({
    undeliveredEvents: 0,
    webhooks: { waiting: 0, delivered: 1, failedAttempts: 3, givenUp: 0 },
  })
})

test('a redirect is not followed and counts as failed', async () => {
  const webhook = await openWebhook(() => 307)
  const { stripe, simulator } = await openShop({ webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] } })
  await holdMoney(stripe)
  await until('a second attempt', () => webhook.deliveries[1])
  expect(simulator.state().undeliveredEvents).toBe(1)
})

test('sixteen deliveries at most are under way', async () => {
  let now = 0
  let most = 0
  const webhook = await openWebhook(async () => {
    now += 1
    most = Math.max(most, now)
    await pause(20)
    now -= 1
    return 200
  })
  const { stripe } = await openShop({ webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] } })
  await Promise.all(Array.from({ length: 60 }, () => holdMoney(stripe)))
  await until('all of them', () => (webhook.received.length === 60 ? true : undefined))
  expect(most).toBeGreaterThan(4)
  expect(most).toBeLessThanOrEqual(16)
})

test('only the event types that the webhook wants are sent', async () => {
  const webhook = await openWebhook()
  const events = ['payment_intent.succeeded']
  const { stripe, simulator } = await openShop({
    webhook: { url: webhook.url, secrets: ['whsec_1'], events },
  })
  await sell(stripe)
  await until('the event', () => webhook.received[0])
  // Its answer may still be on the way.
  await until('delivered', () => simulator.state().undeliveredEvents === 0 || undefined)
  expect(simulator.state()).toMatchObject({ events: 5 })
  expect(webhook.received.map(({ type }) => type)).toEqual(events)
})

test('knob: every event comes twice', async () => {
  const { stripe, received } = await openShop({ knobs: { webhooks: { duplicate: 1 } } })
  await holdMoney(stripe)
  await until('both', () => received[1])
  expect(received[0]?.id).toBe(received[1]?.id)
})

test('knob: the next events never come, but are listed', async () => {
  const { stripe, simulator, event } = await openShop({ knobs: { webhooks: { dropNext: 1 } } })
  const lost = await holdMoney(stripe)
  const { id } = await holdMoney(stripe)
  await event('payment_intent.created', id)
  expect(simulator.state().webhooks).toMatchObject({ dropped: 1, delivered: 1 })
  const { data } = await stripe.events.list({ delivery_success: false })
  expect(data.map(one => one.data.object)).toMatchObject([{ id: lost.id }])
})

test('knob: a drop rate drops the same events for the same seed', async () => {
  const run = async () => {
    const { stripe, simulator } = await openShop({ knobs: { seed: 7, webhooks: { dropRate: 0.5 } } })
    for (let made = 0; made < 20; made += 1) await holdMoney(stripe)
    return simulator.state().webhooks.dropped
  }
  const dropped = await run()
  expect(dropped).toBeGreaterThan(2)
  expect(dropped).toBeLessThan(18)
  expect(await run()).toBe(dropped)
})

test('knob: held events go out in the order asked for', async () => {
  const { stripe, simulator, received } = await openShop({ knobs: { webhooks: { hold: true } } })
  await sell(stripe)
  expect(simulator.state().webhooks).toMatchObject({ held: 5, delivered: 0 })
  await simulator.releaseWebhooks('reversed')
  expect(received.map(({ type }) => type)).toEqual([
    'payment_intent.succeeded',
    'charge.captured',
    'payment_intent.amount_capturable_updated',
    'charge.succeeded',
    'payment_intent.created',
  ])
})

test('knob: held events can go out shuffled, by the seed', async () => {
  const run = async (seed: number) => {
    const { stripe, simulator, received } = await openShop({ knobs: { seed, webhooks: { hold: true } } })
    await sell(stripe)
    await simulator.releaseWebhooks('shuffled')
    return received.map(({ type }) => type)
  }
  expect(await run(3)).toEqual(await run(3))
  expect(await run(3)).not.toEqual(await run(4))
})

test('knob: a delay and a shuffle window put deliveries off', async () => {
  const { stripe, simulator, event } = await openShop({ knobs: { webhooks: { delayMs: 60_000 } } })
  await holdMoney(stripe)
  expect(simulator.state().webhooks).toMatchObject({ waiting: 1, delivered: 0 })
  simulator.change({ webhooks: { delayMs: 0, shuffleMs: 20 } })
  const { id } = await holdMoney(stripe)
  await event('payment_intent.created', id)
})

test('knob: a signature can be made too old', async () => {
  const webhook = await openWebhook()
  const { stripe } = await openShop({
    webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] },
    knobs: { webhooks: { timestampSkewMs: -400_000 } },
  })
  await holdMoney(stripe)
  const { body, signature } = await until('the delivery', () => webhook.deliveries[0])
  expect(() => stripe.webhooks.constructEvent(body, signature, WEBHOOK_SECRET)).toThrow(/tolerance/)
})

test('a signature keeps the true time while the account is moved forward', async () => {
  const webhook = await openWebhook()
  const { stripe, simulator } = await openShop({ webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] } })
  const { id } = await holdMoney(stripe)
  await pay(stripe, id, 'pm_card_visa')
  simulator.advance(8 * 24 * 3_600_000)
  const canceled = await until('the event', () =>
    webhook.deliveries.find(({ body }) => body.includes('"payment_intent.canceled"')),
  )
  expect(stripe.webhooks.constructEvent(canceled.body, canceled.signature, WEBHOOK_SECRET)).toBeDefined()
})
