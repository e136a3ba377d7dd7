import { expect, test } from 'vitest'
import { holdMoney, openShop, refusalOf, sell } from './test-shop.ts'

test('events are listed newest first and page by page', async () => {
  const { stripe } = await openShop()
  await sell(stripe)
  await sell(stripe)
  const whole = await stripe.events.list({ limit: 100 })
  expect(whole.data).toHaveLength(10)
  expect(whole.data[0]).toMatchObject({ type: 'payment_intent.succeeded', object: 'event' })
  const ids: string[] = []
  for await (const event of stripe.events.list({ limit: 3 })) ids.push(event.id)
  expect(ids).toEqual(whole.data.map(({ id }) => id))
  const page = await stripe.events.list({ limit: 3, starting_after: ids[2] ?? '' })
  expect([page.data.map(({ id }) => id), page.has_more]).toEqual([ids.slice(3, 6), true])
})

test('events are found by type, by types and by a family of types', async () => {
  const { stripe } = await openShop()
  await sell(stripe)
  const types = async (parameters: { type?: string; types?: string[] }) =>
    (await stripe.events.list(parameters)).data.map(({ type }) => type)
  expect(await types({ type: 'charge.captured' })).toEqual(['charge.captured'])
  expect(await types({ types: ['charge.succeeded', 'payment_intent.created'] })).toEqual([
    'charge.succeeded',
    'payment_intent.created',
  ])
  expect(await types({ type: 'charge.*' })).toEqual(['charge.captured', 'charge.succeeded'])
  expect(await refusalOf(stripe.events.list({ type: 'a', types: ['b'] }))).toMatchObject({ param: 'type' })
})

test('events are found by the range of their creation', async () => {
  const { stripe, simulator } = await openShop()
  await holdMoney(stripe)
  const [first] = (await stripe.events.list()).data
  const created = first?.created ?? 0
  simulator.advance(3_600_000)
  await holdMoney(stripe)
  const count = async (range: { gt?: number; gte?: number; lt?: number; lte?: number } | number) =>
    (await stripe.events.list({ created: range })).data.length
  expect(
    await Promise.all([
      count(created),
      count({ gt: created }),
      count({ gte: created }),
      count({ lt: created + 60 }),
    ]),
  ).toEqual([1, 1, 2, 1])
})

test('an event is retrieved while it is young, with the webhooks it still waits for', async () => {
  const { stripe, simulator, event } = await openShop()
  const { id } = await holdMoney(stripe)
  const delivered = await event('payment_intent.created', id)
  await expect.poll(async () => (await stripe.events.retrieve(delivered.id)).pending_webhooks).toBe(0)
  simulator.advance(30 * 24 * 3_600_000)
  expect(await refusalOf(stripe.events.retrieve(delivered.id))).toMatchObject({ code: 'resource_missing' })
  expect((await stripe.events.list()).data).toEqual([])
})

test('past their cap the oldest events are forgotten', async () => {
  const { stripe } = await openShop({ caps: { events: 5 } })
  await sell(stripe)
  await holdMoney(stripe)
  const { data } = await stripe.events.list()
  expect(data.map(({ type }) => type)).toEqual([
    'payment_intent.created',
    'payment_intent.succeeded',
    'charge.captured',
    'payment_intent.amount_capturable_updated',
    'charge.succeeded',
  ])
})
