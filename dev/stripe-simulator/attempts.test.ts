import { expect, test } from 'vitest'
import { holdMoney, openShop, pay, refusalOf, sell } from './test-shop.ts'

test('a part is captured, and the rest shows as refunded', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  await pay(stripe, id, 'pm_card_visa')
  const captured = await stripe.paymentIntents.capture(id, {
    amount_to_capture: 3_000,
    expand: ['latest_charge.refunds'],
  })
  expect(captured).toMatchObject({
    amount_received: 3_000,
    latest_charge: { amount_captured: 3_000, amount_refunded: 2_000, refunds: { data: [{ amount: 2_000 }] } },
  })
})

test('more than the authorised amount is not captured', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  await pay(stripe, id, 'pm_card_visa')
  const error = await refusalOf(stripe.paymentIntents.capture(id, { amount_to_capture: 5_001 }))
  expect(error).toMatchObject({ statusCode: 400, code: 'amount_too_large', param: 'amount_to_capture' })
})

test('capture is refused in every state but requires_capture', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe)
  const early = await refusalOf(stripe.paymentIntents.capture(id))
  expect(early).toMatchObject({
    statusCode: 400,
    code: 'payment_intent_unexpected_state',
    payment_intent: { id, status: 'requires_payment_method' },
  })
  const sold = await sell(stripe)
  const twice = await refusalOf(stripe.paymentIntents.capture(sold.id))
  expect(twice.message).toBe('This PaymentIntent could not be captured because it has already been captured.')
})

test('cancel ends an open PaymentIntent and nothing can be done with it any more', async () => {
  const { stripe, event } = await openShop()
  const { id } = await holdMoney(stripe)
  const canceled = await stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' })
  expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' })
  expect(canceled.canceled_at).toBeGreaterThan(0)
  await event('payment_intent.canceled', id)
  for (const call of [
    pay(stripe, id, 'pm_card_visa'),
    stripe.paymentIntents.capture(id),
    stripe.paymentIntents.cancel(id),
  ]) {
    expect(await refusalOf(call)).toMatchObject({ code: 'payment_intent_unexpected_state' })
  }
})

test('cancel gives up an authorisation, which shows as a refund of an uncaptured charge', async () => {
  const { stripe, event } = await openShop()
  const { id } = await holdMoney(stripe)
  const { latest_charge: charge } = await pay(stripe, id, 'pm_card_visa')
  expect(await stripe.paymentIntents.cancel(id)).toMatchObject({ status: 'canceled', amount_capturable: 0 })
  const { data } = await event('charge.refunded', String(charge))
  expect(data.object).toMatchObject({
    captured: false,
    refunded: true,
    amount_captured: 0,
    amount_refunded: 5_000,
  })
})

test('cancel is refused once a payment succeeded or is processing', async () => {
  const { stripe, simulator } = await openShop()
  const sold = await sell(stripe)
  const error = await refusalOf(stripe.paymentIntents.cancel(sold.id))
  expect(error).toMatchObject({
    code: 'payment_intent_unexpected_state',
    payment_intent: { status: 'succeeded' },
  })
  expect(error.message).toMatch(
    /^You cannot cancel this PaymentIntent because it has a status of succeeded\./,
  )

  simulator.change({ processing: { ms: 60_000, outcome: 'succeeds' } })
  const { id } = await holdMoney(stripe)
  expect(await pay(stripe, id, 'pm_card_visa')).toMatchObject({ status: 'processing' })
  expect(await refusalOf(stripe.paymentIntents.cancel(id))).toMatchObject({
    payment_intent: { status: 'processing' },
  })
})

test.for([
  ['succeeds', 'requires_capture', 'payment_intent.amount_capturable_updated'],
  ['fails', 'requires_payment_method', 'payment_intent.payment_failed'],
] as const)('a processing payment that %s ends as %s', async ([outcome, status, type]) => {
  const { stripe, simulator, event } = await openShop({ knobs: { processing: { ms: 60_000, outcome } } })
  const { id } = await holdMoney(stripe)
  await pay(stripe, id, 'pm_card_visa')
  await event('payment_intent.processing', id)
  simulator.advance(60_000)
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status, processing: null })
  await event(type, id)
})

test('an authorisation that nobody captures expires after seven days', async () => {
  const { stripe, simulator, event } = await openShop()
  const { id } = await holdMoney(stripe)
  const { latest_charge: charge } = await pay(stripe, id, 'pm_card_visa')
  simulator.advance(7 * 24 * 3_600_000 - 60_000)
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'requires_capture' })
  simulator.advance(60_000)
  const expired = await stripe.paymentIntents.retrieve(id)
  expect(expired).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'automatic',
    amount_capturable: 0,
  })
  await event('charge.expired', String(charge))
  await event('payment_intent.canceled', id)
})
