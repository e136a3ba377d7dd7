import { afterAll, beforeAll, expect, test } from 'vitest'
import { AdminTokens } from '../../shared/admin-tokens.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'

let it: TestApp
let tokens: AdminTokens

beforeAll(async () => {
  it = await makeApp({ environment: { TRUSTED_PROXIES: '1' } })
  tokens = new AdminTokens(it.deps.config)
})
afterAll(() => it.close())

const named = (name: string, seconds = 60) => tokens.issue(name, it.deps.clock.now() + seconds * 1_000) ?? ''
const queue = () => `/admin/events/${it.eventId}/queue`

interface Page {
  entries: { id: number; at: string; actor: string; act: string; eventId: string | null; detail: object }[]
  next: number | null
}
const audit = (query: string) => it.call<Page>('GET', `/admin/audit${query}`, { token: it.adminToken })

test('[R103] what an operator does with a token of their own stands in the audit log under their name', async () => {
  const done = await it.call('PUT', queue(), { token: named('ada'), body: { rate: 3 } })
  expect(done.status).toBe(200)
  await it.call('PUT', queue(), { token: it.adminToken, body: { rate: 4 } })
  const { body } = await audit(`?eventId=${it.eventId}`)
  expect(body.entries.map(({ actor, act }) => [actor, act])).toEqual([
    ['admin', 'queue.configure'],
    ['ada', 'queue.configure'],
  ])
  expect(await it.call('PUT', queue(), { token: named('ada', -5), body: {} })).toMatchObject({
    status: 401,
    body: { code: 'admin_expired' },
  })
})

test('[R104] after 20 wrong tokens a minute a network waits, also with ADMIN_TOKEN; named tokens and other networks do not', async () => {
  const from = (address: string, token: string) =>
    it.call('GET', queue(), { token, headers: { 'x-forwarded-for': address } })
  for (let i = 0; i < 20; i++) expect((await from('203.0.113.9', `wrong${i}`)).status).toBe(401)
  for (const token of ['wrong', it.adminToken]) {
    const refused = await from('203.0.113.9', token)
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect((await from('203.0.113.9', named('ada'))).status).toBe(200)
  expect((await from('203.0.113.9', named('ada', -5))).body).toMatchObject({ code: 'admin_expired' })
  for (let i = 0; i < 25; i++) expect((await from('203.0.113.10', it.adminToken)).status).toBe(200)
})

test('[R105] the audit log is read newest first, in pages that miss nothing, of one event or of all', async () => {
  const id = 'auditing01'
  await insertSmallHouse(it.deps.pool, id)
  for (let rate = 1; rate <= 5; rate++)
    await it.call('PUT', `/admin/events/${id}/queue`, { token: it.adminToken, body: { rate } })
  const rates: unknown[] = []
  let before = ''
  for (let page = 0; page < 3; page++) {
    const { status, body } = await audit(`?eventId=${id}&limit=2${before}`)
    expect(status).toBe(200)
    expect(body.entries.length).toBe(page === 2 ? 1 : 2)
    rates.push(...body.entries.map(({ detail }) => (detail as { after: { rate: number } }).after.rate))
    expect(body.next === null).toBe(page === 2)
    before = `&before=${body.next}`
  }
  expect(rates).toEqual([5, 4, 3, 2, 1])
  const all = await audit('?limit=200')
  const ids = all.body.entries.map(entry => entry.id)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  expect(new Set(all.body.entries.map(({ eventId }) => eventId)).size).toBeGreaterThan(1)
  expect(all.body.entries[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('[R106] faults of a question to the audit log name their field', async () => {
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['before=x', 'before'],
    ['before=', 'before'],
  ])
    expect(await audit(`?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field: `query.${field}` }] },
    })
  expect(await audit('?eventId=nosuchevent')).toMatchObject({
    status: 404,
    body: { code: 'event_not_found' },
  })
  for (const path of ['/admin/audit', '/admin/events'])
    expect(await it.call('GET', path)).toMatchObject({ status: 401, body: { code: 'admin_required' } })
})

interface Overview {
  events: { eventId: string; status: string; hot: boolean; queue: object; free: number; sold: number }[]
}
const overview = async () =>
  (await it.call<Overview>('GET', '/admin/events', { token: it.adminToken })).body.events

test('[R107] an operator’s list begins with queues that are on, then those ever set, hot events, and the soonest on sale', async () => {
  const { pool } = it.deps
  for (const id of ['list0on', 'list1set', 'list2hot', 'list3plain', 'list4later', 'list5past'])
    await insertSmallHouse(pool, id, { status: id === 'list4later' ? 'offsale' : 'onsale' })
  await pool.query(`update events set hot = (id = 'list2hot'),
    starts_at = case id when 'list5past' then now() - interval '2 days' else now() + interval '1 day' end`)
  const switched = async (id: string, body: object) =>
    await it.call('PUT', `/admin/events/${id}/queue`, { token: it.adminToken, body })
  await switched('list1set', { rate: 2 })
  await switched('list0on', { state: 'paused' })
  await it.deps.queue.join(it.eventId, (await it.session()).visitorId)
  const listed = await overview()
  const own = listed.map(({ eventId }) => eventId).filter(id => id.startsWith('list'))
  expect(own).toEqual(['list0on', 'list1set', 'list2hot', 'list3plain'])
  expect(listed[0]).toMatchObject({
    eventId: 'list0on',
    queue: { state: 'paused', waiting: 0 },
    free: 50,
    sold: 0,
  })
})

test('[R108] the list tells of each event what waits, what is free and what is sold, and holds 50 at most', async () => {
  const { pool, inventory, events, queue: line } = it.deps
  const id = 'told01'
  await insertSmallHouse(pool, id)
  const found = (await events.find(id as typeof it.eventId))!
  await line.configure(found.eventId, { state: 'paused' }, 'test')
  await line.join(found.eventId, (await it.session()).visitorId)
  await pool.query(
    `insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at)
     values ('00000000-0000-4000-8000-000000000001', $1, gen_random_uuid(), 'confirmed', '{3}', 0, 'EUR', 0, now())`,
    [id],
  )
  await pool.query(
    `insert into tickets (event_id, seat_index, status, booking_id) values ($1, 3, 'sold', '00000000-0000-4000-8000-000000000001')`,
    [id],
  )
  await inventory.rebuild(found.stock)
  await expect
    .poll(async () => (await overview()).find(({ eventId }) => eventId === id), { timeout: 5_000 })
    .toMatchObject({ queue: { state: 'paused', waiting: 1, active: 0 }, free: 49, sold: 1 })
  for (let i = 0; i < 60; i++) await insertSmallHouse(pool, `many${i}x`)
  expect(await overview()).toHaveLength(50)
})
