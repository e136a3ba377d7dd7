import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventId, ticketId } from '../../shared/ids.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { adminQueueRoutes } from '../admin/queue-routes.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { queueRoutes } from './routes.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
  if (!it.app.routes.some(route => route.path === '/events/:eventId/queue')) {
    it.app.route('/', queueRoutes(it.deps))
    it.app.route('/', adminQueueRoutes(it.deps))
  }
})
afterAll(() => it.close())

const configure = (body: unknown, id: string = it.eventId) =>
  it.call('PUT', `/admin/events/${id}/queue`, { token: it.adminToken, body })
const path = () => `/events/${it.eventId}/queue`

interface Told {
  state: string
  position: number | null
  refreshIntervalSeconds: number
  queue: { state: string; waiting: number; message?: string }
  place: { state: string; receipt?: string; pass?: string; until?: string }
}

test('[Q49] while the queue is off POST and GET /events/:id/queue say so and give no place', async () => {
  const { token } = await it.session()
  for (const method of ['POST', 'GET']) {
    const { status, body } = await it.call<Told>(method, path(), { token })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      eventId: it.eventId,
      place: { state: 'none' },
      queue: { state: 'off' },
      position: null,
    })
  }
})

test('[Q50] a fan joins, waits, is admitted with pass and cookie, and leaves, over HTTP alone', async () => {
  expect((await configure({ state: 'paused', rate: 50, cap: 10, message: 'Any moment' })).status).toBe(200)
  const [first, { token }] = [await it.session(), await it.session()]
  await it.call('POST', path(), { token: first.token })
  const joined = await it.call<Told>('POST', path(), { token, body: {} })
  expect(joined.body).toMatchObject({
    state: 'waiting',
    position: 1,
    usersAhead: 1,
    waitTime: null,
    queue: { message: 'Any moment' },
  })
  expect(Number(joined.headers.get('retry-after'))).toBe(joined.body.refreshIntervalSeconds)
  const receipt = joined.body.place.receipt
  const again = await it.call<Told>('POST', path(), { token, body: { receipt } })
  expect(again.body).toMatchObject({ position: 1, place: { state: 'waiting' } })

  await configure({ state: 'open' })
  await expect
    .poll(
      async () => {
        await it.deps.queue.settings(it.eventId)
        await admit()
        return (await it.call<Told>('GET', path(), { token })).body.state
      },
      { interval: 1_100, timeout: 10_000 },
    )
    .toBe('admitted')
  const inside = await it.call<Told>('GET', path(), { token })
  const { pass, until } = inside.body.place
  const cookie = inside.headers.get('set-cookie')
  expect(cookie).toMatch(
    new RegExp(`^onsale_pass_${it.eventId}=${pass}; Max-Age=\\d+; Path=/; HttpOnly; SameSite=Lax$`),
  )
  expect(Number(/Max-Age=(\d+)/.exec(cookie ?? '')?.[1])).toBeLessThanOrEqual(
    (Date.parse(until!) - it.deps.clock.now()) / 1_000 + 1,
  )
  expect(inside.headers.get('retry-after')).toBeNull()

  const left = await it.call('DELETE', path(), { token })
  expect(left.status).toBe(204)
  expect(left.headers.get('set-cookie')).toMatch(new RegExp(`^onsale_pass_${it.eventId}=; Max-Age=0`))
  expect((await it.call<Told>('GET', path(), { token })).body.state).toBe('none')
  expect((await it.call('DELETE', path(), { token })).status).toBe(204)
})

/** A realtime node's part. */
async function admit(): Promise<void> {
  const { queue } = it.deps
  if ('admit' in queue && typeof queue.admit === 'function') await queue.admit(it.eventId)
}

test('[Q51] the queue refuses calls without a session, at unknown events, and bodies that say anything else', async () => {
  const { token } = await it.session()
  for (const method of ['POST', 'GET', 'DELETE']) {
    expect(await it.call(method, path())).toMatchObject({ status: 401, body: { code: 'session_required' } })
    expect(await it.call(method, '/events/nosuchevent/queue', { token })).toMatchObject({
      status: 404,
      body: { code: 'event_not_found' },
    })
    expect(await it.call(method, '/events/%00/queue', { token })).toMatchObject({ status: 404 })
  }
  const refused = async (body: unknown, field: string) =>
    expect(await it.call('POST', path(), { token, body })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field }] },
    })
  await refused({ receipt: 7 }, 'receipt')
  await refused({ place: 1 }, 'place')
  await refused({ receipt: 'x'.repeat(3_000) }, 'receipt')
  const broken = { token, headers: { 'content-type': 'application/json' } }
  const answer = await it.app.request(path(), {
    method: 'POST',
    body: '{',
    headers: { ...broken.headers, authorization: `Bearer ${token}` },
  })
  expect(answer.status).toBe(400)
})

test('[Q52] an operator sees and changes the settings; each fault names its field, and 401 comes before all', async () => {
  const admin = `/admin/events/${it.eventId}/queue`
  expect(await it.call('PUT', admin, { body: { rate: 'x' } })).toMatchObject({
    status: 401,
    body: { code: 'admin_required' },
  })
  expect(await it.call('GET', admin, { token: 'wrong' })).toMatchObject({
    status: 401,
    body: { code: 'admin_invalid' },
  })
  expect(await configure({ state: 'open' }, 'nosuchevent')).toMatchObject({
    status: 404,
    body: { code: 'event_not_found' },
  })
  const changed = await configure({ state: 'open', rate: 0.5, cap: 20, factor: 1.5, passSeconds: 300 })
  expect(changed).toMatchObject({
    status: 200,
    body: { state: 'open', rate: 0.5, cap: 20, burst: 1, factor: 1.5, passSeconds: 300 },
  })
  const seen = await it.call('GET', admin, { token: it.adminToken })
  expect(seen).toMatchObject({
    status: 200,
    body: { eventId: it.eventId, cap: 20, queue: { state: 'open' } },
  })
  const faults: [Record<string, unknown>, string][] = [
    [{ rate: -1 }, 'rate'],
    [{ rate: '5' }, 'rate'],
    [{ cap: 1.5 }, 'cap'],
    [{ state: 'on' }, 'state'],
    [{ state: 'pre_queue' }, 'state'],
    [{ opensAt: 'tomorrow' }, 'opensAt'],
    [{ perNetwork: 0 }, 'perNetwork'],
    [{ rate: 1, new_users_per_minute: 30 }, 'new_users_per_minute'],
    [{ rate: 100, burst: 2 }, 'burst'],
    [{ colour: 'red' }, 'colour'],
    [{ passSeconds: 0 }, 'passSeconds'],
  ]
  for (const [body, field] of faults) {
    expect(await configure(body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ field }] },
    })
  }
  expect(await it.deps.queue.settings(it.eventId)).toMatchObject({ rate: 0.5, cap: 20 })
})

test('[Q57] a cookie that does not count here is as none, and a header that does not count is told what is wrong with it', async () => {
  await configure({ state: 'paused', rate: 1, cap: 1 })
  const [{ token, visitorId }, later] = [await it.session(), it.deps.clock.now() + 60_000]
  const issue = (eventId: typeof it.eventId, until: number) =>
    it.deps.passes.issue({ visitorId, eventId, until })
  const passes = [
    ['pass_foreign', issue(it.laterId, later), /another session, or for another event/],
    ['pass_expired', issue(it.eventId, later - 120_000), /time of this pass is over/],
    ['pass_invalid', 'garbage', /not a pass of ours/],
  ] as const
  const hold = { ticketIds: [ticketId(it.eventId, 0)] }
  const calls = [
    ['GET', `/events/${it.eventId}/seats`, {}],
    ['GET', `/events/${it.eventId}?include=tickets`, {}],
    ['POST', `/bookings/${it.eventId}`, { body: hold }],
  ] as const
  for (const [method, where, call] of calls) {
    const refused = async (headers: Record<string, string>) =>
      await it.call<{ code: string; detail: string; queue: string }>(method, where, {
        ...call,
        token,
        headers,
      })
    for (const [code, pass, detail] of passes) {
      const byHeader = await refused({
        'x-onsale-pass': pass,
        cookie: `onsale_pass_${it.eventId}=${issue(it.eventId, later)}`,
      })
      expect(byHeader, where).toMatchObject({ status: 403, body: { code, queue: path() } })
      expect(byHeader.body.detail).toMatch(detail)
      const byCookie = await refused({ cookie: `onsale_pass_${it.eventId}=${pass}` })
      expect(byCookie, where).toMatchObject({
        status: 429,
        body: { code: 'waiting_room_required', retryAfter: 5, queue: path() },
      })
      expect(byCookie.body.detail).toMatch(/has a waiting room.* in the header X-Onsale-Pass\.$/)
    }
  }
})

test('[W167] who lacks the pass is told the header for it, and openapi.json has it wherever it is taken', async () => {
  const { body } = await it.call<{ paths: Record<string, Record<string, { parameters?: object[] }>> }>(
    'GET',
    '/openapi.json',
  )
  const taking = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { parameters }]) => /x-onsale-pass/i.test(JSON.stringify(parameters ?? [])))
      .map(([method]) => `${method} ${path}`),
  )
  expect(taking.sort()).toEqual([
    'get /events/{eventId}',
    'get /events/{eventId}/seats',
    'post /bookings/{eventId}',
  ])
})

test("[Q153] Cloudflare's names are taken as ours", async () => {
  const { eventId } = it
  await configure({ state: 'off' })
  const opensAt = new Date(it.deps.clock.now() + 3_600_000).toISOString()
  const theirs = {
    new_users_per_minute: 30,
    total_active_users: 70,
    session_duration: 5,
    disable_session_renewal: true,
    event_start_time: opensAt,
    shuffle_at_event_start: true,
  }
  const { body } = await configure(theirs)
  expect(body).toMatchObject({
    eventId,
    state: 'scheduled',
    method: 'random',
    opensAt,
    rate: 0.5,
    cap: 70,
    passSeconds: 300,
    staySeconds: 300,
    queue: { state: 'scheduled', opensAt },
  })
  expect((await configure({ queueing_method: 'passthrough' })).body).toMatchObject({ state: 'off' })
  expect((await configure({ suspended: false, rate: 10 })).body).toMatchObject({ state: 'open', joins: true })
  expect((await configure({ queueing_method: 'reject' })).body).toMatchObject({
    state: 'paused',
    joins: false,
  })
  const { token } = await it.session()
  expect(await it.call('POST', path(), { token })).toMatchObject({
    status: 409,
    body: { code: 'queue_closed' },
  })
  await configure({ joins: true })
})

test('[Q154] an ejected visitor is out at once, whatever the pass says, and the log says who did it', async () => {
  await configure({ state: 'open', rate: 100, cap: 100 })
  const { token, visitorId } = await it.session()
  await it.call('POST', path(), { token })
  await expect
    .poll(async () => {
      await admit()
      return (await it.deps.queue.status(it.eventId, visitorId)).state
    })
    .toBe('admitted')
  const { pass } = (await it.call<Told>('GET', path(), { token })).body.place
  const seats = () =>
    it.call('GET', `/events/${it.eventId}/seats`, { token, headers: { 'x-onsale-pass': pass! } })
  expect((await seats()).status).toBe(200)
  const out = `/admin/events/${it.eventId}/queue/visitors/${visitorId}`
  expect(await it.call('DELETE', out)).toMatchObject({ status: 401 })
  expect((await it.call('DELETE', out, { token: it.adminToken })).status).toBe(204)
  expect(await seats()).toMatchObject({ status: 429, body: { code: 'waiting_room_required' } })
  expect((await it.call('DELETE', out, { token: it.adminToken })).status).toBe(204)
  const { rows } = await it.deps.pool.query(
    `select actor, detail from audit_log where act = 'queue.eject' and event_id = $1 limit 1`,
    [it.eventId],
  )
  expect(rows).toEqual([{ actor: 'admin', detail: { visitorId } }])
  await configure({ state: 'off' })
})

test('[R122] a place that is not drawn yet has no position, neither beside itself nor within', async () => {
  expect((await configure({ state: 'pre_queue', method: 'random' })).status).toBe(200)
  const { token } = await it.session()
  const joined = await it.call('POST', `/events/${it.eventId}/queue`, { token })
  expect(joined.body).toMatchObject({
    state: 'waiting',
    position: null,
    usersAhead: null,
    place: { state: 'waiting', phase: 'pre', position: null },
  })
  await configure({ state: 'off', method: 'fifo' })
})

test('[W170] a planned line that has opened is told as open, with what it was set to beside it', async () => {
  const opensAt = new Date(it.deps.clock.now() + 700).toISOString()
  const planned = await configure({ state: 'scheduled', method: 'fifo', opensAt })
  expect(planned.body).toMatchObject({
    state: 'scheduled',
    setTo: 'scheduled',
    queue: { state: 'scheduled' },
  })
  const told = async () =>
    (await it.call('GET', `/admin${path()}`, { token: it.adminToken })).body as Record<string, unknown>
  await expect.poll(async () => (await told())['state'], { timeout: 5_000 }).toBe('open')
  expect(await told()).toMatchObject({ setTo: 'scheduled', opensAt, queue: { state: 'open' } })
  await configure({ state: 'off', opensAt: null })
})

test('[R123] a message of null is none', async () => {
  expect((await configure({ state: 'paused', message: 'Any moment' })).body).toMatchObject({
    message: 'Any moment',
  })
  const { status, body } = await configure({ message: null })
  expect([status, body]).toMatchObject([200, { message: '' }])
  await configure({ state: 'off' })
})

test('[Q194] nobody joins over HTTP an event that is unknown, not on sale or over, with a program or without JavaScript', async () => {
  const { token } = await it.session()
  const over = eventId('evening07')
  await insertSmallHouse(it.deps.pool, over)
  await it.deps.pool.query(`update events set starts_at = now() - interval '13 hours' where id = $1`, [over])
  const cases = [
    ['nosuchevent', 404, 'event_not_found', 'There is no event'],
    [it.laterId, 409, 'not_on_sale', 'The event is offsale.'],
    [over, 409, 'not_on_sale', 'The event is over.'],
  ] as const
  for (const [event, status, code, words] of cases) {
    expect(await it.call('POST', `/events/${event}/queue`, { token }), event).toMatchObject({
      status,
      body: { code, detail: expect.stringContaining(words) },
    })
    const page = await it.app.request(`/wait/${event}`)
    expect(page.status, event).toBe(status)
    expect(await page.text()).toContain(words)
  }
  expect((await it.app.request('/wait/nosuchevent/leave', { method: 'POST' })).status).toBe(404)
})

test('[Q240] who has a place keeps it while an operator takes the event off sale for a while; nobody joins meanwhile', async () => {
  await configure({ state: 'paused', rate: 50, cap: 10 })
  const become = async (status: string) => {
    await it.deps.pool.query('update events set status = $2 where id = $1', [it.eventId, status])
    const known = async () => (await it.deps.events.find(it.eventId))?.status
    await expect.poll(known, { timeout: 5_000 }).toBe(status)
  }
  const [waiting, newcomer] = [await it.session(), await it.session()]
  const join = ({ token }: { token: string }) =>
    it.call<{ place: { state: string; score: number } }>('POST', path(), { token })
  const before = await join(waiting)
  await become('postponed')
  expect(await join(newcomer)).toMatchObject({ status: 409, body: { code: 'not_on_sale' } })
  const { state, score } = before.body.place
  expect((await join(waiting)).body.place).toMatchObject({ state, score })
  await become('onsale')
})

test('[Q195] joins over HTTP have limits: a visitor’s as polls have, and a network’s (JOINS_PER_MINUTE)', async () => {
  await configure({ state: 'paused', rate: 50, cap: 10 })
  const { token } = await it.session()
  const answers = []
  for (let i = 0; i < 6; i++) answers.push(await it.call('POST', path(), { token }))
  expect(answers.slice(0, 4).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(answers[5]).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
  expect(Number(answers[5]!.headers.get('retry-after'))).toBeGreaterThan(0)

  const few = await makeApp({ environment: { JOINS_PER_MINUTE: '2' } })
  try {
    const call = async () => {
      const { token: another } = await few.session()
      return await few.call('POST', `/events/${few.eventId}/queue`, { token: another })
    }
    expect([(await call()).status, (await call()).status]).toEqual([200, 200])
    expect(await call()).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    const leave = await few.app.request(`/wait/${few.eventId}/leave`, { method: 'POST' })
    expect(leave.status).toBe(429)
  } finally {
    await few.close()
  }
})

test('[Q259] leaving over HTTP has the limit of joins, counted by itself', async () => {
  const few = await makeApp({ environment: { JOINS_PER_MINUTE: '2' } })
  try {
    const line = `/events/${few.eventId}/queue`
    const { token } = await few.session()
    for (let i = 0; i < 2; i++) await few.call('POST', line, { token })
    expect((await few.call('DELETE', line, { token })).status).toBe(204)
    expect((await few.call('DELETE', line, { token })).status).toBe(204)
    const third = await few.call('DELETE', line, { token })
    expect(third).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    await few.close()
  }
})

test('[Q256] whoever has just joined is counted at once, and everybody within a second', async () => {
  await configure({ state: 'off' })
  await configure({ state: 'paused', preQueueAt: null, opensAt: null })
  // What others were told a moment before serves on.
  const [first, other] = [await it.session(), await it.session()]
  expect((await it.call<Told>('GET', path(), other)).body.queue.waiting).toBe(0)
  const joined = await it.call<Told>('POST', path(), first)
  expect(joined.body.queue.waiting).toBe(1)
  expect((await it.call<Told>('GET', path(), first)).body.queue.waiting).toBe(1)
  await expect
    .poll(async () => (await it.deps.queue.info(it.eventId)).waiting, { timeout: 1_000, interval: 50 })
    .toBe(1)
})

test('[Q257] times of a queue are RFC 3339 over HTTP, and a queue that is off tells no plan of before', async () => {
  await configure({ state: 'off' })
  const [preQueueAt, opensAt] = [60_000, 120_000].map(ms => new Date(it.deps.clock.now() + ms).toISOString())
  const planned = await configure({ state: 'scheduled', method: 'fifo', preQueueAt, opensAt })
  expect(planned.body).toMatchObject({ preQueueAt, opensAt, queue: { preQueueAt, opensAt } })
  const fan = await it.session()
  expect((await it.call<Told>('GET', path(), fan)).body.queue).toMatchObject({ preQueueAt, opensAt })
  const event = await it.call<{ queue: object }>('GET', `/events/${it.eventId}`)
  expect(event.body.queue).toMatchObject({ state: 'scheduled', preQueueAt, opensAt })
  expect(await it.call('POST', path(), fan)).toMatchObject({
    status: 409,
    body: { code: 'queue_closed', from: preQueueAt },
  })
  await configure({ state: 'off', message: null })
  expect((await it.call<Told>('GET', path(), fan)).body.queue).toEqual({
    state: 'off',
    waiting: 0,
    active: 0,
  })
})
