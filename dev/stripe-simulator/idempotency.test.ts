import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { connect, holdMoney, openShop, pay, refusalOf } from './test-shop.ts'

const PARAMETERS = { amount: 5_000, currency: 'eur', metadata: { b: '2', a: '1' } }

test('a key replays the first answer, also after the payment moved on', async () => {
  const { stripe, simulator } = await openShop()
  const first = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  await stripe.paymentIntents.cancel(first.id)
  const again = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  expect(again).toEqual(first)
  expect(again.lastResponse.headers).toMatchObject({
    'idempotent-replayed': 'true',
    'original-request': first.lastResponse.requestId,
  })
  expect(simulator.state().payments).toHaveLength(1)
})

test('the order of the parameters does not matter', async () => {
  const { stripe } = await openShop()
  const first = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  const swapped = { metadata: { a: '1', b: '2' }, currency: 'eur', amount: 5_000 }
  expect((await stripe.paymentIntents.create(swapped, { idempotencyKey: 'k1' })).id).toBe(first.id)
})

test('other parameters or another endpoint under a key are refused', async () => {
  const { stripe } = await openShop()
  const { id } = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  const other = await refusalOf(
    stripe.paymentIntents.create({ ...PARAMETERS, amount: 1 }, { idempotencyKey: 'k1' }),
  )
  expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
  expect(other).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' })
  expect(other.message).toMatch(/same parameters they were first used with/)
  const elsewhere = await refusalOf(stripe.paymentIntents.cancel(id, {}, { idempotencyKey: 'k1' }))
  expect(elsewhere.message).toMatch(/same endpoint they were first used for/)
})

test('a key whose first call still runs is in use', async () => {
  const { stripe, simulator } = await openShop({ knobs: { latencyMs: 50 } })
  const outcomes = await Promise.allSettled(
    [1, 2].map(() => stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })),
  )
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toMatchObject([{ reason: { statusCode: 409, code: 'idempotency_key_in_use' } }])
  expect(simulator.state().payments).toHaveLength(1)
})

test('the SDK waits for a key in use and then gets the first answer', async () => {
  const { simulator } = await openShop({ knobs: { latencyMs: 50 } })
  const stripe = connect(simulator, { maxNetworkRetries: 2 })
  const [one, two] = await Promise.all(
    [1, 2].map(() => stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })),
  )
  expect(one?.id).toBe(two?.id)
})

test('a decline is replayed, and a new key tries again', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  const confirm = (card: string, idempotencyKey: string) =>
    stripe.paymentIntents.confirm(
      id,
      { payment_method: card, return_url: 'https://shop.example/' },
      { idempotencyKey },
    )
  const first = await refusalOf(confirm('pm_card_chargeDeclined', 'k1'))
  await pay(stripe, id, 'pm_card_visa')
  const again = await refusalOf(confirm('pm_card_chargeDeclined', 'k1'))
  expect(again).toMatchObject({ code: 'card_declined', charge: first.charge })
})

test('a replayed 500 stays a 500', async () => {
  const { stripe, simulator } = await openShop()
  simulator.change({ failNext: { path: '/v1/payment_intents', afterEffect: true } })
  const statuses = []
  for (let turn = 0; turn < 2; turn += 1) {
    const error = await refusalOf(stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' }))
    statuses.push([error.statusCode, error.headers?.['idempotent-replayed']])
  }
  expect(statuses).toEqual([
    [500, undefined],
    [500, 'true'],
  ])
  expect(simulator.state().payments).toHaveLength(1)
})

test('a call that never began keeps nothing: faulty parameters, a lock, a rate limit', async () => {
  const { stripe, simulator } = await openShop()
  await refusalOf(
    stripe.paymentIntents.create({ ...PARAMETERS, capture_method: 'later' }, { idempotencyKey: 'k1' }),
  )
  simulator.change({ rateLimits: { on: true, endpointPerSecond: 0.001 } })
  expect(await refusalOf(stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' }))).toMatchObject({
    code: 'rate_limit',
  })
  simulator.change({ reset: true })
  await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
})

test('a key is forgotten after 24 hours', async () => {
  const { stripe, simulator } = await openShop()
  const first = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  simulator.advance(24 * 3_600_000)
  expect(simulator.state().idempotencyKeys).toBe(0)
  const second = await stripe.paymentIntents.create(PARAMETERS, { idempotencyKey: 'k1' })
  expect(second.id).not.toBe(first.id)
})
