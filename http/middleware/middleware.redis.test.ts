import { createRoute, z } from '@hono/zod-openapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownRedis } from '../../dev/test-parts.ts'
import { BODY_BYTES } from '../../shared/limits.ts'
import { SessionTokens } from '../../shared/tokens.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { newRoutes, type Routes } from '../routing.ts'
import { requireAdmin } from './admin.ts'
import { onError } from './problems.ts'
import { passOf, requireSession } from './session.ts'

const ORIGIN = 'https://tickets.example'
const FROM_US = { HTTP_PUBLIC_URL: 'https://onsale.example', ALLOWED_ORIGINS: ORIGIN }

let it: TestApp
beforeAll(async () => {
  it = await makeApp({ environment: { ...FROM_US, TRUSTED_PROXIES: '1', SEARCHES_PER_MINUTE: '3' } })
  it.app.route('/', samples(it))
})
afterAll(() => it.close())

/** Routes that show what stands before a route. */
function samples({ deps }: TestApp): Routes {
  const Body = z.strictObject({
    name: z.string().min(2),
    nested: z.object({ list: z.array(z.int()) }).optional(),
  })
  const guarded = createRoute({
    method: 'post',
    path: '/sample/{id}',
    middleware: [requireSession(deps)],
    request: {
      params: z.object({ id: z.string().max(5) }),
      headers: z.object({ 'x-count': z.string().regex(/^\d+$/).optional() }),
      body: { required: true, content: { 'application/json': { schema: Body } } },
    },
    responses: { 200: { description: 'Who came' } },
  })
  return newRoutes()
    .openapi(guarded, c =>
      c.json({ visitorId: c.get('visitorId'), pass: passOf(c, c.req.valid('param').id)?.token ?? null }),
    )
    .put('/sample-admin', requireAdmin(deps), c => c.json({}))
    .get('/sample-fault', () => {
      throw new Error('password=hunter2')
    }) as Routes
}

interface Refusal {
  code: string
  status: number
  title: string
  detail: string
  retryAfter?: number
  errors?: { field: string; message: string }[]
}
const refusal = (method: string, path: string, call?: Parameters<TestApp['call']>[2]) =>
  it.call<Refusal>(method, path, call)

describe('sessions', () => {
  test('[R3] a session is needed: without, with a foreign and with an expired one the answer is 401 with its own code', async () => {
    const { config } = it.deps
    const expired = new SessionTokens(config.keys.session, -10).issue((await it.session()).visitorId)
    const foreign = new SessionTokens(Buffer.alloc(32, 7), 60).issue((await it.session()).visitorId)
    const pass = it.deps.passes.issue({
      ...(await it.session()),
      eventId: it.eventId,
      until: it.deps.clock.now() + 60_000,
    })
    const cases = [
      [undefined, 'session_required', 'Bearer realm="onsale"'],
      ['garbage', 'session_invalid', 'Bearer realm="onsale", error="invalid_token"'],
      [foreign, 'session_invalid', 'Bearer realm="onsale", error="invalid_token"'],
      [pass, 'session_invalid', 'Bearer realm="onsale", error="invalid_token"'],
      [expired, 'session_expired', 'Bearer realm="onsale", error="invalid_token"'],
    ] as const
    for (const [token, code, challenge] of cases) {
      const answer = await refusal('POST', '/sample/1', token === undefined ? {} : { token })
      expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([
        401,
        code,
        challenge,
      ])
    }
  })

  test('[R4] the session is checked before the body and everything else of a request', async () => {
    const { body } = await refusal('POST', '/sample/too-long?x', {
      body: { wrong: true },
      headers: { 'x-count': 'x' },
    })
    expect(body.code).toBe('session_required')
  })

  test('[R5] the pass is taken from X-Onsale-Pass, else from the event’s own cookie onsale_pass_{eventId}: who has two events open keeps both', async () => {
    const { token, visitorId } = await it.session()
    const pass = async (headers: Record<string, string>) =>
      (await it.call('POST', '/sample/1', { token, body: { name: 'ab' }, headers })).body
    expect(await pass({})).toEqual({ visitorId, pass: null })
    expect(await pass({ cookie: 'a=b; onsale_pass_2=other; onsale_pass_1=one; onsale_pass=none' })).toEqual({
      visitorId,
      pass: 'one',
    })
    expect(await pass({ cookie: 'onsale_pass_2=other' })).toEqual({ visitorId, pass: null })
    expect(await pass({ cookie: 'onsale_pass_1=one', 'x-onsale-pass': 'two' })).toEqual({
      visitorId,
      pass: 'two',
    })
  })

  test('[R6] the admin token opens the admin routes; none and a wrong one are 401 with their own codes', async () => {
    const tries = [undefined, 'wrong', it.adminToken.slice(1), (await it.session()).token, it.adminToken]
    const answers = await Promise.all(
      tries.map(token => refusal('PUT', '/sample-admin', token === undefined ? {} : { token })),
    )
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'admin_required'],
      [401, 'admin_invalid'],
      [401, 'admin_invalid'],
      [401, 'admin_invalid'],
      [200, undefined],
    ])
  })
})

describe('problems', () => {
  test('[R7] a malformed request is a 400 that names each faulty field', async () => {
    const { token } = await it.session()
    const faults = async (body: unknown, headers = {}, id = '1') => {
      const answer = await refusal('POST', `/sample/${id}`, { token, body, headers })
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      return answer.body.errors?.map(({ field }) => field)
    }
    expect(await faults({})).toEqual(['name'])
    expect(await faults({ name: 'a', extra: 1, more: 2 })).toEqual(['name', 'extra', 'more'])
    expect(await faults({ name: 'ab', nested: { list: [1, 'x'] } })).toEqual(['nested.list[1]'])
    expect(await faults([])).toEqual(['body'])
    expect(await faults({ name: 'ab' }, { 'x-count': 'x' })).toEqual(['header.x-count'])
    expect(await faults({ name: 'ab' }, {}, '123456')).toEqual(['path.id'])
    expect(await faults({ name: 'ab' }, { 'content-type': 'text/plain' })).toEqual(['header.content-type'])
    const broken = await it.app.request('/sample/1', {
      method: 'POST',
      body: '{"name":',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    expect([broken.status, ((await broken.json()) as Refusal).errors]).toEqual([
      400,
      [{ field: 'body', message: 'must be valid JSON' }],
    ])
  })

  test('[R8] a body beyond 64 KB is a 413, whether its length is told or not', async () => {
    const { token } = await it.session()
    const told = await refusal('POST', '/sample/1', { token, body: { name: 'x'.repeat(BODY_BYTES) } })
    expect([told.status, told.body.code]).toEqual([413, 'payload_too_large'])
    const stream = new Blob([JSON.stringify({ name: 'x'.repeat(BODY_BYTES) })]).stream()
    const untold = await it.app.request('/sample/1', {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    } as RequestInit)
    expect(untold.status).toBe(413)
  })

  test('[R9] an unknown path is a 404, a known one with another method a 405 that says which it takes', async () => {
    expect((await refusal('GET', '/nowhere')).body.code).toBe('not_found')
    expect((await refusal('DELETE', '/sample-fault/x')).status).toBe(404)
    const wrong = await refusal('DELETE', `/events/${it.eventId}/seats`)
    expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD',
    ])
    expect((await refusal('GET', '/sessions')).headers.get('allow')).toBe('POST')
    expect((await it.app.request(`/events/${it.eventId}`, { method: 'HEAD' })).status).toBe(200)
  })

  test('[R12] what nobody expected is a 500 that tells nothing of its inside, only the request id', async () => {
    const answer = await refusal('GET', '/sample-fault', { headers: { 'x-request-id': 'abc-1' } })
    expect([answer.status, answer.body.code, answer.headers.get('x-request-id')]).toEqual([
      500,
      'internal',
      'abc-1',
    ])
    expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|Error|\.ts/)
  })

  test('[R13] where Postgres or Redis is away the answer is 503 with Retry-After', async () => {
    const away = [
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('the database system is starting up'), { code: '57P03' }),
      new Error('timeout exceeded when trying to connect'),
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
      new Error('Command timed out'),
      Object.assign(new Error('LOADING Redis is loading the dataset in memory'), { name: 'ReplyError' }),
    ]
    for (const error of away) {
      const app = newRoutes()
      app.onError(onError(it.deps.log))
      app.get('/', () => {
        throw error
      })
      const answer = await app.request('/')
      expect([answer.status, Number(answer.headers.get('retry-after')) > 0], error.message).toEqual([
        503,
        true,
      ])
    }
  })
})

describe('limits', () => {
  const search = (address: string) =>
    refusal('GET', '/events/search', { headers: { 'x-forwarded-for': address } })

  test('[R14] over its limit a network is answered 429 with the seconds to wait, and others are not', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => search('203.0.113.5')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(2)
    for (const { body, headers } of refused) {
      expect(body.code).toBe('too_many_requests')
      expect(Number(headers.get('retry-after'))).toBe(body.retryAfter)
      // Three a minute: the next in twenty seconds.
      expect(body.retryAfter).toBeGreaterThan(10)
      expect(body.retryAfter).toBeLessThanOrEqual(20)
    }
    expect((await search('203.0.113.6')).status).toBe(200)
  })

  test('[R15] addresses of one IPv6 /64 share a limit, and sessions have one of their own', async () => {
    const statuses = await Promise.all(
      [1, 2, 3, 4].map(async n => (await search(`2001:db8:0:1::${n}`)).status),
    )
    expect(statuses.sort()).toEqual([200, 200, 200, 429])
    expect((await search('2001:db8:0:2::1')).status).toBe(200)
    expect(
      (await refusal('POST', '/sessions', { headers: { 'x-forwarded-for': '203.0.113.5' } })).status,
    ).toBe(201)
  })

  test('[R16] after the seconds told a call passes', async () => {
    const app = await makeApp({ environment: { SEARCHES_PER_MINUTE: '60' } })
    const tries = async (times: number) =>
      Promise.all(Array.from({ length: times }, async () => app.call('GET', '/events/search?pageSize=1')))
    const refused = (await tries(80)).find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('1')
    await expect.poll(async () => (await tries(1))[0]?.status, { interval: 100, timeout: 8_000 }).toBe(200)
    await app.close()
  })

  test('[R17] with the defaults 5,000 people behind one address each get a session', async () => {
    const app = await makeApp()
    for (let batch = 0; batch < 10; batch++) {
      const answers = await Promise.all(Array.from({ length: 500 }, () => app.call('POST', '/sessions')))
      expect(answers.filter(({ status }) => status !== 201)).toEqual([])
    }
    await app.close()
  }, 60_000)

  test('[R18] while Redis is away nobody is counted and nobody refused', async () => {
    const redis = await ownRedis()
    const app = await makeApp({ redisUrl: redis.url, environment: { SESSIONS_PER_MINUTE: '1' } })
    await redis.kill()
    for (let i = 0; i < 3; i++) await app.session()
    await app.close()
    await redis.stop()
  })
})

describe('heads', () => {
  test('[R19] every answer carries a request id and security headers, also a refusal', async () => {
    for (const path of ['/healthz', '/nowhere']) {
      const { headers } = await it.call('GET', path)
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin')
    }
    const forged = await it.call('GET', '/healthz', { headers: { 'x-request-id': 'a b"' } })
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('[R20] our own pages and the origins allowed may call from a browser, others may not', async () => {
    const allowed = async (origin: string, method = 'GET') => {
      const headers = {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-onsale-pass',
      }
      return (await it.app.request('/healthz', { method, headers })).headers
    }
    for (const origin of [ORIGIN, 'https://onsale.example']) {
      const simple = await allowed(origin)
      expect(simple.get('access-control-allow-origin')).toBe(origin)
      expect(simple.get('access-control-allow-credentials')).toBe('true')
      expect(simple.get('access-control-expose-headers')).toMatch(/ETag.*Retry-After/)
      const preflight = await allowed(origin, 'OPTIONS')
      expect(preflight.get('access-control-allow-methods')).toMatch(/PUT/)
      expect(preflight.get('access-control-allow-headers')).toMatch(/X-Onsale-Pass/)
    }
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`])
      expect((await allowed(origin)).get('access-control-allow-origin')).toBeNull()
    expect((await it.app.request('/healthz')).headers.get('vary')).toMatch(/Origin/)
  })
})
