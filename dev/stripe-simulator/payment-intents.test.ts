import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { API_VERSION } from './events.ts'
import { holdMoney, openShop, pay, refusalOf, sell } from './test-shop.ts'

test('speaks the API version that the SDK pins', async () => {
  const { stripe } = await openShop()
  const { lastResponse } = await holdMoney(stripe)
  expect(API_VERSION).toBe(Stripe.API_VERSION)
  expect(lastResponse.apiVersion).toBe(Stripe.API_VERSION)
  expect(lastResponse.requestId).toMatch(/^req_/)
})

test('a call with another version is answered with that version', async () => {
  const { stripe } = await openShop()
  const { lastResponse } = await stripe.paymentIntents.list({}, { apiVersion: '2025-01-27.acacia' })
  expect(lastResponse.apiVersion).toBe('2025-01-27.acacia')
})

test('a wrong key, a publishable key and no key are refused', async () => {
  const { simulator } = await openShop()
  const call = (authorization: string) =>
    fetch(`${simulator.url}/v1/payment_intents`, { headers: { authorization } }).then(({ status }) => status)
  expect([await call('Bearer sk_test_other'), await call('Bearer pk_test_1'), await call('')]).toEqual([
    401, 403, 401,
  ])
  const basic = Buffer.from('sk_test_simulator:').toString('base64')
  expect(await call(`Basic ${basic}`)).toBe(200)
})

test('a new PaymentIntent asks for a payment method and keeps its metadata', async () => {
  const { stripe } = await openShop()
  const intent = await holdMoney(stripe)
  expect(intent).toMatchObject({
    object: 'payment_intent',
    status: 'requires_payment_method',
    amount: 5_000,
    currency: 'eur',
    capture_method: 'manual',
    metadata: { onsale: 'test', bookingId: 'b1' },
    latest_charge: null,
    automatic_payment_methods: { enabled: true, allow_redirects: 'always' },
  })
  expect(intent.client_secret).toMatch(new RegExp(`^${intent.id}_secret_`))
  expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
    id: intent.id,
    metadata: intent.metadata,
  })
})

test('the 4242 card with manual capture authorises, then captures', async () => {
  const { stripe, event } = await openShop()
  const { id } = await holdMoney(stripe)
  const held = await pay(stripe, id, 'pm_card_visa')
  expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 5_000, amount_received: 0 })
  const charge = await stripe.charges.retrieve(String(held.latest_charge))
  expect(charge).toMatchObject({
    status: 'succeeded',
    captured: false,
    paid: true,
    metadata: { bookingId: 'b1' },
  })

  const captured = await stripe.paymentIntents.capture(id, { expand: ['latest_charge'] })
  expect(captured).toMatchObject({
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: 5_000,
    latest_charge: { captured: true, amount_captured: 5_000, amount_refunded: 0 },
  })
  for (const type of ['created', 'amount_capturable_updated', 'succeeded'])
    await event(`payment_intent.${type}`, id)
  await event('charge.succeeded', charge.id)
  await event('charge.captured', charge.id)
})

test('automatic capture succeeds at once', async () => {
  const { stripe } = await openShop()
  const paid = await stripe.paymentIntents.create({
    amount: 1_200,
    currency: 'usd',
    payment_method: 'pm_card_mastercard',
    allowed_payment_method_types: ['card'],
    confirm: true,
    expand: ['payment_method'],
  })
  expect(paid).toMatchObject({
    status: 'succeeded',
    amount_received: 1_200,
    payment_method: { type: 'card', card: { brand: 'mastercard', last4: '4444' } },
  })
})

test.for([
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
])(
  '%s is declined and the same PaymentIntent can be paid with another card',
  async ([card = '', code, declineCode]) => {
    const { stripe, event } = await openShop()
    const { id } = await holdMoney(stripe)
    const error = await refusalOf(pay(stripe, id, card))
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError)
    expect(error).toMatchObject({
      statusCode: 402,
      rawType: 'card_error',
      code,
      decline_code: declineCode,
      payment_intent: {
        id,
        status: 'requires_payment_method',
        last_payment_error: { code, decline_code: declineCode },
      },
    })
    await event('charge.failed', error.charge)
    const failed = await event('payment_intent.payment_failed', id)
    expect(failed.data.object).toMatchObject({ payment_method: null, latest_charge: error.charge })
    expect(await pay(stripe, id, 'pm_card_visa')).toMatchObject({
      status: 'requires_capture',
      last_payment_error: null,
    })
  },
)

test('a payment is not confirmed twice', async () => {
  const { stripe } = await openShop()
  const sold = await sell(stripe)
  const error = await refusalOf(pay(stripe, sold.id, 'pm_card_visa'))
  expect(error.message).toBe(
    'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
  )
})

test('confirm needs a payment method, and a return_url where redirects are allowed', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  const methodless = await refusalOf(
    stripe.paymentIntents.confirm(id, { return_url: 'https://shop.example/' }),
  )
  expect(methodless.message).toMatch(/missing a payment method/)
  const stuck = await refusalOf(stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' }))
  expect(stuck.message).toMatch(/you must provide a `return_url`/)
  const staying = await holdMoney(stripe, {
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  })
  const paid = await stripe.paymentIntents.confirm(staying.id, { payment_method: 'pm_card_visa' })
  expect(paid).toMatchObject({ status: 'requires_capture' })
})

test('update changes amount and metadata while open, and only metadata later', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  const changed = await stripe.paymentIntents.update(id, {
    amount: 6_000,
    metadata: { bookingId: '', seats: '4' },
  })
  expect(changed).toMatchObject({ amount: 6_000, metadata: { onsale: 'test', seats: '4' } })
  expect(changed.metadata).not.toHaveProperty('bookingId')
  await pay(stripe, id, 'pm_card_visa')
  expect(await stripe.paymentIntents.update(id, { metadata: { late: 'yes' } })).toMatchObject({
    metadata: { late: 'yes' },
  })
  expect(await refusalOf(stripe.paymentIntents.update(id, { amount: 1 }))).toMatchObject({
    code: 'payment_intent_unexpected_state',
  })
})

test('one call at a time holds a PaymentIntent', async () => {
  const { stripe } = await openShop({ knobs: { latencyMs: 50 } })
  const { id } = await holdMoney(stripe)
  const outcomes = await Promise.allSettled([
    pay(stripe, id, 'pm_card_visa'),
    stripe.paymentIntents.cancel(id),
  ])
  const refused = outcomes.flatMap(one =>
    one.status === 'rejected' ? [one.reason as Stripe.errors.StripeError] : [],
  )
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatchObject({ statusCode: 429, code: 'lock_timeout' })
})

test('lists page backwards and forwards, newest first', async () => {
  const { stripe } = await openShop()
  const ids: string[] = []
  for (let made = 0; made < 5; made += 1) ids.unshift((await holdMoney(stripe)).id)
  const all: string[] = []
  for await (const intent of stripe.paymentIntents.list({ limit: 2 })) all.push(intent.id)
  expect(all).toEqual(ids)
  const before = await stripe.paymentIntents.list({ limit: 2, ending_before: ids[3] ?? '' })
  expect([before.data.map(({ id }) => id), before.has_more]).toEqual([ids.slice(1, 3), true])
})

test('an unknown id is missing and an unknown address is not recognised', async () => {
  const { stripe, simulator } = await openShop()
  expect(await refusalOf(stripe.paymentIntents.retrieve('pi_nobody'))).toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    param: 'intent',
    message: "No such payment_intent: 'pi_nobody'",
  })
  const { id } = await holdMoney(stripe)
  expect(await refusalOf(pay(stripe, id, 'pm_nobody'))).toMatchObject({
    code: 'resource_missing',
    param: 'payment_method',
  })
  expect((await fetch(`${simulator.url}/v1/customers`)).status).toBe(404)
})

test('the oldest payments that are over are dropped past the cap, open ones stay', async () => {
  const { stripe, simulator } = await openShop({ caps: { payments: 3 } })
  const open = await holdMoney(stripe)
  const sold = await sell(stripe)
  await holdMoney(stripe)
  await holdMoney(stripe)
  expect(simulator.state().payments).toHaveLength(3)
  expect(await stripe.paymentIntents.retrieve(open.id)).toMatchObject({ id: open.id })
  expect(await refusalOf(stripe.paymentIntents.retrieve(sold.id))).toMatchObject({ statusCode: 404 })
  expect(await refusalOf(stripe.charges.retrieve(String(sold.latest_charge)))).toMatchObject({
    statusCode: 404,
  })
})
