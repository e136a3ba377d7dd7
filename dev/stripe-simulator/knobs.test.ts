import { expect, test } from 'vitest'
import { connect, holdMoney, openShop, pay, refusalOf, SECRET_KEY } from './test-shop.ts'

test('a call fails before its effect', async () => {
  const { stripe, simulator } = await openShop()
  simulator.change({ failNext: { path: '/v1/payment_intents', method: 'POST' } })
  expect(await refusalOf(holdMoney(stripe))).toMatchObject({ statusCode: 500, rawType: 'api_error' })
  expect(simulator.state().payments).toEqual([])
  expect(await holdMoney(stripe)).toMatchObject({ object: 'payment_intent' })
})

test('a call fails after its effect', async () => {
  const { stripe, simulator } = await openShop()
  const { id } = await holdMoney(stripe)
  simulator.change({ failNext: { path: '/v1/payment_intents/*/confirm', afterEffect: true, status: 502 } })
  expect(await refusalOf(pay(stripe, id, 'pm_card_visa'))).toMatchObject({ statusCode: 502 })
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'requires_capture' })
})

test('a gateway error is not kept: the retry of the same key gets the effect that had happened', async () => {
  const { simulator } = await openShop()
  const stripe = connect(simulator, { maxNetworkRetries: 1 })
  simulator.change({ failNext: { afterEffect: true, status: 503 } })
  const intent = await holdMoney(stripe)
  expect(simulator.state().payments.map(({ id }) => id)).toEqual([intent.id])
})

test('a fault meets as many calls as it was given, and carries Stripe-Should-Retry', async () => {
  const { stripe, simulator } = await openShop()
  simulator.change({ failNext: { times: 2, status: 429, shouldRetry: false } })
  for (let turn = 0; turn < 2; turn += 1) {
    const error = await refusalOf(holdMoney(stripe))
    expect(error).toMatchObject({ statusCode: 429, headers: { 'stripe-should-retry': 'false' } })
  }
  await holdMoney(stripe)
})

test('a call is never answered, with or without its effect', async () => {
  const { simulator } = await openShop()
  const stripe = connect(simulator, { timeout: 100 })
  simulator.change({ timeoutNext: {} })
  expect(await refusalOf(holdMoney(stripe))).toMatchObject({ type: 'StripeConnectionError' })
  expect(simulator.state().payments).toHaveLength(0)
  simulator.change({ timeoutNext: { afterEffect: true } })
  await refusalOf(stripe.paymentIntents.create({ amount: 5_000, currency: 'eur' }, { idempotencyKey: 'k1' }))
  const { id } = await stripe.paymentIntents.create(
    { amount: 5_000, currency: 'eur' },
    { idempotencyKey: 'k1' },
  )
  expect(simulator.state().payments.map(one => one.id)).toEqual([id])
})

test('a cut connection is retried by the SDK once, even without retries', async () => {
  const { stripe, simulator } = await openShop()
  simulator.change({ resetNext: { afterEffect: true } })
  const { id } = await holdMoney(stripe)
  expect(simulator.state()).toMatchObject({ payments: [{ id }], answers: { lost: 1, 200: 1 } })
})

test('a call that outlives its caller still takes effect', async () => {
  const { simulator } = await openShop({ knobs: { latencyMs: 150 } })
  const stripe = connect(simulator, { timeout: 50 })
  await refusalOf(holdMoney(stripe))
  await expect.poll(() => simulator.state().payments.length).toBe(1)
})

test('calls beyond 25 a second for an endpoint or 100 for the account are refused', async () => {
  const now = 1_800_000_000_000
  const { stripe } = await openShop({
    clock: { now: () => now, sleep: () => new Promise(() => undefined) },
    knobs: { rateLimits: { on: true } },
  })
  const codes = async (call: () => Promise<unknown>, times: number) => {
    const outcomes = await Promise.allSettled(Array.from({ length: times }, call))
    return outcomes.filter(({ status }) => status === 'fulfilled').length
  }
  expect(await codes(() => stripe.paymentIntents.list(), 30)).toBe(25)
  expect(await codes(() => stripe.refunds.list(), 25)).toBe(25)
  expect(await codes(() => stripe.events.list(), 25)).toBe(25)
  expect(await codes(() => stripe.charges.list(), 24)).toBe(24)
  const error = await refusalOf(holdMoney(stripe).then(() => holdMoney(stripe)))
  expect(error).toMatchObject({
    statusCode: 429,
    code: 'rate_limit',
    headers: { 'stripe-rate-limited-reason': 'global-rate' },
  })
})

test('knobs are turned over HTTP with the secret key, and only those that exist', async () => {
  const { simulator } = await openShop()
  const call = (path: string, body?: object, key = SECRET_KEY) =>
    fetch(`${simulator.url}/_simulator/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const changed = await call('knobs', {
    latencyMs: 5,
    webhooks: { duplicate: 0.5 },
    failNext: { path: '/v1/refunds' },
  })
  expect(await changed.json()).toMatchObject({
    latencyMs: 5,
    webhooks: { duplicate: 0.5, dropRate: 0 },
    faults: [{ kind: 'reply', path: '/v1/refunds', status: 500, times: 1 }],
  })
  expect(await (await call('knobs', { reset: true })).json()).toMatchObject({ latencyMs: 0, faults: [] })
  expect((await call('knobs', { colour: 'red' })).status).toBe(400)
  expect((await call('knobs', { latencyMs: 1 }, 'sk_test_other')).status).toBe(401)
  expect(await (await call('advance', { ms: 1_000 })).json()).toMatchObject({ now: expect.any(Number) })
  expect(await (await call('state?limit=1')).json()).toMatchObject({
    paymentIntents: {},
    payments: [],
    answers: {},
  })
})
