/** What is past its time goes; what is asked to be forgotten is; money stays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUYER, FRONT, makeShop, type Shop, until } from '../bookings/sale-fixture.ts'
import { clear } from './clear.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop({ environment: { KEEP_DAYS: '90' } })
})
afterAll(() => shop.close())

test('[P78] Events that were dealt with, jobs that were given up and admissions of past events go after KEEP_DAYS, batch by batch; what somebody has to look at stays.', async () => {
  const { pool } = shop.deps
  const house = await shop.house()
  await pool.query(
    `insert into inbox (stripe_event_id, type, object_id, payload, received_at, done_at, fault)
     select 'evt_' || kind || n, 'payment_intent.succeeded', 'pi_' || n, '{}',
       now() - make_interval(days => case kind when 'young' then 89 else 91 end),
       case kind when 'open' then null else now() end, case kind when 'odd' then 'quarantined' end
     from unnest(array['old', 'young', 'open', 'odd']) as kind, generate_series(1, 3) as n`,
  )
  await pool.query(
    `insert into inbox (stripe_event_id, type, object_id, payload, received_at, done_at)
     select 'evt_many' || n, 'refund.created', 'pi', '{}', now() - interval '1 year', now() from generate_series(1, 2500) as n`,
  )
  const admit = `insert into queue_admissions (event_id, visitor_id, member, generation, score, admitted_at, until)
    values ($1, gen_random_uuid(), decode(repeat('00', 14), 'hex'), 1, 1, now(), now())`
  await pool.query(admit, [house.eventId])
  await pool.query(admit, [shop.eventId])
  await pool.query(`update events set starts_at = now() - interval '91 days' where id = $1`, [house.eventId])
  await pool.query(`select graphile_worker.add_job('release', '{"bookingId": "given up"}')`)
  await pool.query(
    `update graphile_worker._private_jobs set attempts = max_attempts, updated_at = now() - interval '91 days'`,
  )
  expect(await clear(shop.sales)).toBe(true)
  expect(await clear(shop.sales)).toBe(false)
  const { rows } = await pool.query(
    `select (select array_agg(stripe_event_id order by stripe_event_id) from inbox) as inbox,
       (select array_agg(event_id) from queue_admissions) as admissions,
       (select count(*)::int from graphile_worker.jobs) as jobs`,
  )
  expect(rows).toEqual([
    {
      inbox: ['odd1', 'odd2', 'odd3', 'open1', 'open2', 'open3', 'young1', 'young2', 'young3'].map(
        name => `evt_${name}`,
      ),
      admissions: [shop.eventId],
      jobs: 0,
    },
  ])
  await pool.query('delete from inbox')
})

test('[P79] An operator has a buyer forgotten, by booking or by visitor: name and e-mail are null, amounts and tickets stay, and the act is audited without them.', async () => {
  const { pool } = shop.deps
  const house = await shop.house()
  const [fan, other] = [await house.fan(), await house.fan()]
  const mine = [await fan.held(0), await fan.held(1)]
  const theirs = await other.held(2)
  for (const booking of mine) await fan.pay(booking)
  await other.pay(theirs)
  await shop.work()
  const erase = (body: unknown, token: string | undefined = shop.adminToken) =>
    shop.call<{ people: number }>('POST', '/admin/erasures', {
      body,
      ...(token === undefined ? {} : { token }),
    })
  expect((await erase({ bookingId: mine[0] })).body).toEqual({ people: 1 })
  expect((await erase({ visitorId: fan.visitorId })).body).toEqual({ people: 1 })
  expect((await erase({ visitorId: fan.visitorId })).body).toEqual({ people: 0 })
  const { rows } = await pool.query(
    `select b.id, name, email, total from bookings b join people p on p.id = person_id where event_id = $1 order by seats`,
    [house.eventId],
  )
  expect(rows).toEqual([
    { id: mine[0], name: null, email: null, total: FRONT },
    { id: mine[1], name: null, email: null, total: FRONT },
    { id: theirs, ...BUYER, total: FRONT },
  ])
  expect((await fan.get(mine[0] ?? '')).status).toBe('confirmed')
  const log = await pool.query(`select detail from audit_log where act = 'people.erase' order by id`)
  expect(log.rows.map(({ detail }) => detail)).toEqual([
    { bookingId: mine[0], people: 1 },
    { visitorId: fan.visitorId, people: 1 },
    { visitorId: fan.visitorId, people: 0 },
  ])
  for (const body of [{}, { visitorId: 'me' }, { bookingId: mine[0], visitorId: fan.visitorId }])
    expect((await erase(body)).status).toBe(400)
  expect((await shop.call('POST', '/admin/erasures', { body: { bookingId: mine[0] } })).status).toBe(401)
  expect(await shop.audit()).toEqual([])
})

test('[B33] An operator changes prices while an event is on sale: who holds keeps the price they were told, the next are told the new one, and the act is audited with both.', async () => {
  const { pool } = shop.deps
  const house = await shop.house()
  const [early, late] = [await house.fan(), await house.fan()]
  const booking = await early.held(0)
  const { rows } = await pool.query<{ category: string; ticketType: string; price: number; fee: number }>(
    `select category, ticket_type as "ticketType", price, fee from event_prices where event_id = $1`,
    [house.eventId],
  )
  const prices = rows.map(row => ({ ...row, price: row.price + 1_000 }))
  const changed = await shop.call('PUT', `/admin/events/${house.eventId}`, {
    token: shop.adminToken,
    body: { prices },
  })
  expect([changed.status, changed.body]).toEqual([200, expect.anything()])
  let next = ''
  // Every node has read it within a second or two.
  await until('the new price is told', async () => {
    const { body } = await late.hold([1])
    next = body.bookingId
    if (body.amount === FRONT + 1_000) return true
    expect(body.amount).toBe(FRONT)
    await late.cancel(next)
    return false
  })
  expect((await late.pay(next, 'pm_card_visa', { amount: FRONT })).body.code).toBe('price_mismatch')
  expect((await early.pay(booking, 'pm_card_visa', { amount: FRONT })).body).toMatchObject({
    status: 'confirmed',
    amount: FRONT,
  })
  const log = await pool.query(
    `select actor, detail from audit_log where act = 'event.change' and event_id = $1`,
    [house.eventId],
  )
  const front = (list: { category: string; price: number }[]) => list.map(({ price }) => price).sort()
  expect(front(log.rows[0]?.detail.before.prices)).toEqual(front(rows))
  expect(front(log.rows[0]?.detail.after.prices)).toEqual(front(prices))
  await late.cancel(next)
})
