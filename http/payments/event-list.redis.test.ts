/** Events of Stripe's that never came, and sales that Postgres has lost. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Stripe from 'stripe'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { FRONT, makeShop, SECRET, type Shop, salesOf, until } from '../bookings/sale-fixture.ts'
import { readEventList } from './event-list.ts'
import { pump } from './outbox.ts'
import { reconcile } from './reconcile.ts'
import { API_VERSION, stripeGateway } from './stripe.ts'
import { EVENT_TYPES } from './webhook.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => {
  shop.simulator.change({ reset: true })
  await shop.work()
})
afterAll(() => shop.close())

/** How often this was raised. */
async function alarms(kind: string): Promise<string> {
  const lines = (await shop.deps.metrics.text()).split('\n')
  const line = lines.find(one => one.includes('payments_alarms_total{') && one.includes(`kind="${kind}"`))
  return line?.split(' ')[1] ?? '0'
}

async function atTheBank(url: string): Promise<void> {
  await fetch(url, { method: 'POST', body: new URLSearchParams({ result: 'complete' }), redirect: 'manual' })
}

/** All passes of the list, and what follows from them. */
async function readAll(): Promise<number> {
  let found = 0
  for (let more = true; more; ) {
    const read = await readEventList(shop.sales)
    found += read.found
    more = read.more
  }
  await shop.work()
  return found
}

test('[P72] A webhook is answered within 100 ms whatever Stripe takes, and each of a hundred at once is stored.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(0)
  await fan.pay(booking, 'pm_card_chargeDeclined')
  const signer = new Stripe('sk_test_signer')
  shop.simulator.change({ latencyMs: 5_000 })
  const post = async (id: string) => {
    const body = JSON.stringify({
      id,
      object: 'event',
      type: 'payment_intent.processing',
      data: {
        object: { id: shop.atStripe(booking)?.id, status: 'processing', metadata: {}, currency: 'eur' },
      },
    })
    const signature = signer.webhooks.generateTestHeaderString({ payload: body, secret: SECRET })
    const began = performance.now()
    const { status } = await fetch(shop.webhookUrl, {
      method: 'POST',
      body,
      headers: { 'stripe-signature': signature },
    })
    return { status, ms: performance.now() - began }
  }
  await post('evt_first')
  const alone = []
  for (let n = 0; n < 30; n++) alone.push(await post(`evt_alone_${n}`))
  const median = alone.map(({ ms }) => ms).sort((a, b) => a - b)[15] ?? 0
  expect(median).toBeLessThan(100)
  const many = await Promise.all(Array.from({ length: 100 }, (_, n) => post(`evt_many_${n}`)))
  expect([...alone, ...many].every(({ status }) => status === 200)).toBe(true)
  const { rows } = await shop.deps.pool.query(
    `select count(*)::int as n from inbox where stripe_event_id like 'evt_many_%'`,
  )
  expect(rows).toEqual([{ n: 100 }])
  shop.simulator.change({ reset: true })
  await shop.deps.pool.query(`delete from inbox where stripe_event_id like 'evt_%'`)
  await shop.deps.pool.query(`delete from outbox where kind = 'inbox'`)
  await fan.cancel(booking)
})

test('[P73] What never came is found in Stripe’s list of the last 72 hours, page by page, and once.', async () => {
  const house = await shop.house()
  await readAll()
  shop.simulator.change({ webhooks: { dropRate: 1 } })
  const fan = await house.fan()
  const booking = await fan.held(0)
  const { body } = await fan.pay(booking, 'pm_card_threeDSecure2Required')
  await atTheBank((body.nextAction as { url: string }).url)
  // More than a page of others.
  for (let n = 0; n < 60; n++) {
    const intent = await shop.sales.stripe.create({
      id: `other-${n}-${house.eventId}`,
      params: { amount: 100, currency: 'eur', metadata: { onsale: 'elsewhere' } },
    })
    if (intent.ok) {
      await shop.sales.stripe.confirm(intent.value.id, {
        paymentMethod: 'pm_card_chargeDeclined',
        returnUrl: 'http://localhost/',
        key: `confirm-${n}-${house.eventId}`,
      })
      await shop.sales.stripe.cancel(intent.value.id)
    }
  }
  await shop.work()
  expect((await fan.get(booking)).status).toBe('paying')
  expect(await readAll()).toBeGreaterThan(120)
  await until('it is confirmed', async () => {
    await shop.work()
    return (await fan.get(booking)).status === 'confirmed'
  })
  await readAll()
  // What is read again, as it lies close to the end of the pass before, is known.
  expect(await readAll()).toBe(0)
  const { rows } = await shop.deps.pool.query('select top_at, after_id from event_pass')
  expect(rows).toEqual([{ top_at: null, after_id: null }])
  expect(await shop.audit()).toEqual([])
})

test('[P73] A pass that is left between two pages is taken up by another worker; where Stripe is away it waits.', async () => {
  shop.simulator.change({ failNext: { path: '/v1/events', status: 500 } })
  await expect(readEventList(shop.sales)).rejects.toThrow('could not be listed')
  const asked: (string | undefined)[] = []
  const pages = salesOf(shop)
  const page = (from: number, more: boolean) => ({
    ok: true as const,
    value: {
      more,
      events: Array.from(
        { length: 100 },
        (_, n) => ({ id: `evt_${from - n}`, created: from - n, type: 'customer.created' }) as never,
      ),
    },
  })
  const now = Math.floor(Date.now() / 1_000)
  const stripe = {
    ...pages.stripe,
    events: async ({ after }: { after: string | undefined }) => {
      asked.push(after)
      return page(now - (asked.length - 1) * 100, asked.length < 12)
    },
  }
  expect((await readEventList({ ...pages, stripe })).more).toBe(true)
  expect((await readEventList({ ...salesOf(shop), stripe })).more).toBe(false)
  expect(asked).toEqual([undefined, ...Array.from({ length: 11 }, (_, n) => `evt_${now - n * 100 - 99}`)])
})

test('[P74] A sale that Postgres has lost is quarantined with an alarm, and made again by an operator from what Stripe knows of it.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const [booking, other] = [await fan.held(0, 1), await fan.held(2)]
  shop.simulator.change({ webhooks: { hold: true } })
  await fan.pay(booking)
  await fan.pay(other)
  await shop.work()
  const intent = shop.atStripe(booking)?.id ?? ''
  const gone = shop.atStripe(other)?.id ?? ''
  // As after a restore from an older dump.
  const { pool } = shop.deps
  await pool.query('delete from tickets where booking_id = any($1)', [[booking, other]])
  await pool.query('delete from payments where booking_id = any($1)', [[booking, other]])
  await pool.query('delete from booking_items where booking_id = any($1)', [[booking, other]])
  await pool.query('delete from bookings where id = any($1)', [[booking, other]])
  await shop.deps.inventory.mark(house.stock, [0, 1, 2], 0)
  await shop.simulator.releaseWebhooks()
  await until('its event is quarantined', async () => {
    await shop.work()
    const { rows } = await pool.query(`select 1 from inbox where object_id = $1 and fault = 'quarantined'`, [
      intent,
    ])
    return rows.length > 0
  })
  // Somebody has bought the other's seat meanwhile.
  const quick = await house.fan()
  await quick.pay(await quick.held(2))
  const rebuild = (id: string) =>
    shop.call<{ outcome: string; bookingId: string; errors: unknown[] }>(
      'POST',
      `/admin/payments/${id}/rebuild`,
      { token: shop.adminToken },
    )
  expect((await rebuild(intent)).body).toEqual({ bookingId: booking, outcome: 'confirmed' })
  expect((await rebuild(intent)).body).toEqual({ bookingId: booking, outcome: 'known' })
  const found = await fan.get(booking)
  expect(found).toMatchObject({ status: 'confirmed', amount: 2 * FRONT })
  expect(found.tickets.map(({ price, fee, state }) => [price + fee, state])).toEqual([
    [FRONT, 'sold'],
    [FRONT, 'sold'],
  ])
  expect((await rebuild(gone)).body).toMatchObject({ bookingId: other, outcome: 'too_late' })
  await until('the money of the other is back', async () => {
    await shop.work()
    await reconcile(shop.sales, 0)
    return shop.atStripe(other)?.refunded === FRONT
  })
  expect(await house.shown(2)).toBe('sold')
  for (const [id, why] of [
    ['pi_nobody', 'Stripe knows no such PaymentIntent'],
    ['nonsense', 'must be an id of Stripe'],
  ] as const) {
    const { status, body } = await rebuild(id)
    expect([status, JSON.stringify(body.errors)]).toEqual([400, expect.stringContaining(why)])
  }
  expect((await shop.call('POST', `/admin/payments/${intent}/rebuild`)).status).toBe(401)
  const { rows } = await pool.query(`select detail from audit_log where act = 'payment.rebuild' order by id`)
  expect(rows.map(({ detail }) => detail.made)).toEqual([true, false, true])
  expect(await shop.audit()).toEqual([])
})

test('[P75] The papers name each type of event that something depends on, and no other.', () => {
  const papers = readFileSync('docs/run-it-for-real.md', 'utf8')
  const told = papers.slice(papers.indexOf('add an endpoint'), papers.indexOf('its signing secret'))
  const named = [...told.matchAll(/`([a-z_.]+)`/g)].map(([, name = '']) => name)
  let group = ''
  const full = named.map(name => {
    if (!name.startsWith('.')) group = name.slice(0, name.lastIndexOf('.'))
    return name.startsWith('.') ? `${group}${name}` : name
  })
  expect(full.sort()).toEqual([...EVENT_TYPES].sort())
})

test('[P76] Every call carries the pinned API version, and an event of another raises an alarm.', async () => {
  const versions: (string | undefined)[] = []
  const server = createServer((request, response) => {
    versions.push(request.headers['stripe-version'] as string)
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"type":"api_error"}}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const gateway = stripeGateway({ ...shop.deps.config, STRIPE_API_BASE: base }, () => undefined)
  await gateway.retrieve('pi_1')
  await gateway.events({ types: [...EVENT_TYPES], since: 0, after: undefined })
  server.close()
  expect(versions).toEqual([API_VERSION, API_VERSION])
  const body = JSON.stringify({
    id: 'evt_old_version',
    object: 'event',
    type: 'customer.created',
    api_version: '2020-08-27',
  })
  const signature = new Stripe('sk_test_signer').webhooks.generateTestHeaderString({
    payload: body,
    secret: SECRET,
  })
  await fetch(shop.webhookUrl, { method: 'POST', body, headers: { 'stripe-signature': signature } })
  expect(await alarms('api_version')).toBe('1')
})

test('[P77] The event of a payment that our own call has settled asks Stripe nothing.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  shop.simulator.change({ webhooks: { hold: true } })
  const booking = await fan.held(0)
  await fan.pay(booking)
  await shop.simulator.releaseWebhooks()
  const looks: string[] = []
  const watched = salesOf(shop, {
    step: (name, work) => {
      if (name === 'inbox.look') looks.push(name)
      return work()
    },
  })
  const { rows } = await shop.deps.pool.query<{ id: string }>(
    `select stripe_event_id as id from inbox where type = 'payment_intent.amount_capturable_updated' and object_id = $1`,
    [shop.atStripe(booking)?.id],
  )
  expect(rows).toHaveLength(1)
  const { handleInbox } = await import('./inbox.ts')
  for (const { id } of rows) await handleInbox(watched, id)
  expect(looks).toEqual([])
})

/** Paid for, and Stripe's words of it are held back. */
async function paidUnheard() {
  const house = await shop.house()
  const fan = await house.fan()
  await shop.work()
  shop.simulator.change({ webhooks: { hold: true } })
  const booking = await fan.held(1)
  await fan.pay(booking)
  return { house, booking }
}

test('[P101] What was settled by the answer to a call needs no job: neither for the words of Stripe that say the same, nor to show the sale again.', async () => {
  const { house, booking } = await paidUnheard()
  const { pool } = shop.deps
  const waiting = async () => {
    const { rows } = await pool.query<{ kind: string }>('select kind from outbox order by id')
    return rows.map(({ kind }) => kind)
  }
  expect(await waiting()).toEqual(['capture'])
  expect(await house.shown(1)).toBe('sold')
  await shop.work()
  expect(shop.atStripe(booking)?.status).toBe('succeeded')
  await shop.simulator.releaseWebhooks()
  expect((await waiting()).filter(kind => kind === 'inbox').length).toBeGreaterThanOrEqual(2)
  expect(await pump(pool)).toBeGreaterThanOrEqual(2)
  const { rows } = await pool.query<{ done: boolean; attempts: number }>(
    `select done_at is not null as done, (select count(*)::int from graphile_worker.jobs where task_identifier = 'inbox') as attempts
     from inbox where object_id = $1 and type in ('payment_intent.amount_capturable_updated', 'payment_intent.succeeded')`,
    [shop.atStripe(booking)?.id],
  )
  expect(rows).toEqual([
    { done: true, attempts: 0 },
    { done: true, attempts: 0 },
  ])
  expect(await shop.audit()).toEqual([])
})

test('[P101] A word that says another amount than was written, or of money that goes back, has its job.', async () => {
  const { booking } = await paidUnheard()
  await shop.work()
  await shop.simulator.releaseWebhooks()
  const { pool } = shop.deps
  const ofWords = <Row extends object>(text: string) => pool.query<Row>(text, [shop.atStripe(booking)?.id])
  await ofWords(`update inbox set payload = jsonb_set(payload, '{intent,amount}', '1') where object_id = $1`)
  await pump(pool)
  const { rows } = await pool.query<{ jobs: number }>(
    `select count(*)::int as jobs from graphile_worker.jobs where task_identifier = 'inbox'`,
  )
  expect(rows[0]?.jobs).toBeGreaterThanOrEqual(2)
  await ofWords(
    `update inbox set payload = jsonb_set(payload, '{intent,amount}', payload->'intent'->'amountReceived') where object_id = $1`,
  )
  await shop.work()
  const returned = (why: string | null) =>
    pool.query('update payments set returned_for = $2 where booking_id = $1', [booking, why])
  await returned('too_late')
  await ofWords('update inbox set done_at = null where object_id = $1')
  await ofWords(
    `insert into outbox (kind, payload) select 'inbox', jsonb_build_object('stripeEventId', stripe_event_id) from inbox where object_id = $1`,
  )
  await pump(pool)
  const again = await ofWords<{ done: number }>(
    'select count(done_at)::int as done from inbox where object_id = $1',
  )
  expect(again.rows).toEqual([{ done: 0 }])
  await returned(null)
  await shop.work()
})
