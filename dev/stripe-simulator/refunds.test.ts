import { expect, test } from 'vitest'
import { holdMoney, openShop, pay, refusalOf, sell } from './test-shop.ts'

test('a payment is refunded in parts, and never beyond what was taken', async () => {
  const { stripe, event } = await openShop()
  const { id, latest_charge: charge } = await sell(stripe)
  const first = await stripe.refunds.create({ payment_intent: id, amount: 2_000, metadata: { item: '1' } })
  expect(first).toMatchObject({
    status: 'succeeded',
    amount: 2_000,
    charge,
    payment_intent: id,
    metadata: { item: '1' },
  })
  await event('refund.created', first.id)
  await event('charge.refunded', String(charge))
  expect(await stripe.charges.retrieve(String(charge))).toMatchObject({
    amount_refunded: 2_000,
    refunded: false,
  })

  const error = await refusalOf(stripe.refunds.create({ payment_intent: id, amount: 3_001 }))
  expect(error).toMatchObject({
    statusCode: 400,
    param: 'amount',
    message: 'Refund amount (€30.01) is greater than unrefunded amount on charge (€30.00)',
  })
  await stripe.refunds.create({ charge: String(charge) })
  expect(await stripe.charges.retrieve(String(charge))).toMatchObject({
    amount_refunded: 5_000,
    refunded: true,
  })
  expect(await refusalOf(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
    code: 'charge_already_refunded',
  })

  const { data } = await stripe.refunds.list({ payment_intent: id })
  expect(data.map(({ amount }) => amount)).toEqual([3_000, 2_000])
  expect(await stripe.refunds.retrieve(first.id)).toMatchObject({ id: first.id })
})

test('after a partial capture only the captured part can be refunded', async () => {
  const { stripe, simulator } = await openShop()
  const { id } = await holdMoney(stripe)
  await pay(stripe, id, 'pm_card_visa')
  await stripe.paymentIntents.capture(id, { amount_to_capture: 3_000 })
  expect(await refusalOf(stripe.refunds.create({ payment_intent: id, amount: 3_001 }))).toMatchObject({
    param: 'amount',
  })
  expect(await stripe.refunds.create({ payment_intent: id })).toMatchObject({ amount: 3_000 })
  expect(simulator.state().payments[0]).toMatchObject({ captured: 3_000, refunded: 3_000 })
})

test('what was not taken is canceled, not refunded', async () => {
  const { stripe, simulator } = await openShop()
  const { id } = await holdMoney(stripe)
  expect((await refusalOf(stripe.refunds.create({ payment_intent: id }))).message).toMatch(
    /not have a successful charge/,
  )
  await pay(stripe, id, 'pm_card_visa')
  expect((await refusalOf(stripe.refunds.create({ payment_intent: id }))).message).toMatch(
    /must cancel the PaymentIntent/,
  )
  await stripe.paymentIntents.cancel(id)
  expect((await refusalOf(stripe.refunds.create({ payment_intent: id }))).message).toMatch(
    /not have a successful charge/,
  )
  expect(simulator.state().payments[0]).toMatchObject({ captured: 0, refunded: 0 })
})

test('a refund of a failing card succeeds first and fails later', async () => {
  const { stripe, simulator, event } = await openShop({ knobs: { refundMs: 60_000 } })
  const { id, latest_charge: charge } = await sell(stripe, 'pm_card_refundFail')
  const refund = await stripe.refunds.create({ payment_intent: id })
  expect(refund.status).toBe('succeeded')
  simulator.advance(60_000)
  expect((await event('refund.updated', refund.id)).data.object).toMatchObject({ status: 'failed' })
  expect((await event('refund.failed', refund.id)).data.object).toMatchObject({
    failure_reason: expect.any(String),
  })
  expect(await stripe.charges.retrieve(String(charge))).toMatchObject({ amount_refunded: 0, refunded: false })
  expect(simulator.state().payments[0]).toMatchObject({ captured: 5_000, refunded: 0 })
})

test('a refund of a slow card waits first and succeeds later', async () => {
  const { stripe, simulator, event } = await openShop({ knobs: { refundMs: 60_000 } })
  const { id } = await sell(stripe, 'pm_card_pendingRefund')
  const refund = await stripe.refunds.create({ payment_intent: id })
  expect(refund.status).toBe('pending')
  simulator.advance(60_000)
  expect((await event('refund.updated', refund.id)).data.object).toMatchObject({ status: 'succeeded' })
})

test('a disputed payment cannot be refunded', async () => {
  const { stripe, event } = await openShop()
  const { id, latest_charge: charge } = await sell(stripe, 'pm_card_createDispute')
  const dispute = await event('charge.dispute.created')
  expect(dispute.data.object).toMatchObject({
    charge,
    payment_intent: id,
    reason: 'fraudulent',
    amount: 5_000,
  })
  expect(await stripe.charges.retrieve(String(charge))).toMatchObject({ disputed: true })
  expect(await refusalOf(stripe.refunds.create({ payment_intent: id }))).toMatchObject({
    code: 'charge_disputed',
  })
})

test('a refund names a payment that exists', async () => {
  const { stripe } = await openShop()
  expect(await refusalOf(stripe.refunds.create({}))).toMatchObject({ code: 'parameter_missing' })
  expect(await refusalOf(stripe.refunds.create({ payment_intent: 'pi_nobody' }))).toMatchObject({
    code: 'resource_missing',
  })
  expect(await refusalOf(stripe.refunds.create({ charge: 'ch_nobody' }))).toMatchObject({
    code: 'resource_missing',
  })
})
