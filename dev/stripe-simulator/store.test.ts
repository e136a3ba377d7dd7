import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSimulator } from './server.ts'
import { connect, holdMoney, openWebhook, pay, sell, until } from './test-shop.ts'

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'stripe.sqlite')
}

test('a restart keeps payments, refunds, events and idempotency keys', async () => {
  const file = await newFile()
  const before = await startSimulator({ file })
  const stripe = connect(before)
  const sold = await sell(stripe)
  const refund = await stripe.refunds.create({ payment_intent: sold.id, amount: 1_000 })
  const held = await stripe.paymentIntents.create({ amount: 700, currency: 'eur' }, { idempotencyKey: 'k1' })
  const events = await stripe.events.list({ limit: 100 })
  await before.close()

  const after = await startSimulator({ file })
  onTestFinished(() => after.close())
  const again = connect(after)
  expect(await again.paymentIntents.retrieve(sold.id)).toEqual(sold)
  expect(await again.refunds.retrieve(refund.id)).toMatchObject({ amount: 1_000 })
  expect((await again.events.list({ limit: 100 })).data).toEqual(events.data)
  const replayed = await again.paymentIntents.create(
    { amount: 700, currency: 'eur' },
    { idempotencyKey: 'k1' },
  )
  expect(replayed.id).toBe(held.id)
  expect(await again.refunds.create({ payment_intent: sold.id })).toMatchObject({ amount: 4_000 })
})

test('after a restart authorisations still expire and the bank still asks', async () => {
  const file = await newFile()
  const before = await startSimulator({ file })
  const stripe = connect(before)
  const [held, asked] = [await holdMoney(stripe), await holdMoney(stripe)]
  await pay(stripe, held.id, 'pm_card_visa')
  const { next_action: action } = await pay(stripe, asked.id, 'pm_card_threeDSecure2Required')
  await before.close()

  const after = await startSimulator({ file, port: before.port })
  onTestFinished(() => after.close())
  const page = String(action?.redirect_to_url?.url)
  await fetch(page, { method: 'POST', body: new URLSearchParams({ result: 'complete' }), redirect: 'manual' })
  expect(await connect(after).paymentIntents.retrieve(asked.id)).toMatchObject({ status: 'requires_capture' })
  after.advance(7 * 24 * 3_600_000)
  expect(await connect(after).paymentIntents.retrieve(held.id)).toMatchObject({ status: 'canceled' })
})

test('events that were not delivered before a restart are delivered after it', async () => {
  const file = await newFile()
  const deaf = await openWebhook(() => 503)
  const before = await startSimulator({
    file,
    webhook: { url: deaf.url, secrets: ['whsec_1'] },
    firstRetryMs: 60_000,
  })
  const { id } = await holdMoney(connect(before))
  await until('the first attempt', () => deaf.deliveries[0])
  await before.close()

  const webhook = await openWebhook()
  const after = await startSimulator({ file, webhook: { url: webhook.url, secrets: ['whsec_1'] } })
  onTestFinished(() => after.close())
  const event = await until('the event', () => webhook.received[0])
  expect(event).toMatchObject({ type: 'payment_intent.created', data: { object: { id } } })
})

test('without a file nothing is kept', async () => {
  const before = await startSimulator()
  await holdMoney(connect(before))
  await before.close()
  const after = await startSimulator()
  onTestFinished(() => after.close())
  expect(after.state().payments).toEqual([])
})
