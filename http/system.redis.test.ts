import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownRedis } from '../dev/test-parts.ts'
import { Metrics } from '../shared/metrics.ts'
import { httpApp } from './app.ts'
import { makeApp, type TestApp } from './app-fixture.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp({
    environment: { DEMO: '1', REALTIME_PUBLIC_URL: 'wss://live.example', HOLD_SECONDS: '30' },
  })
})
afterAll(() => it.close())

describe('health', () => {
  test('[R21] readyz is 200 when Postgres and Redis answer; healthz only says that the process lives', async () => {
    expect(await it.call('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
    expect(await it.call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  test('[R22] readyz names the part that is away with 503, and healthz stays 200', async () => {
    const redis = await ownRedis()
    const app = await makeApp({ redisUrl: redis.url })
    await redis.kill()
    const redisAway = await app.call('GET', '/readyz')
    expect(redisAway).toMatchObject({ status: 503, body: { code: 'unavailable', away: ['Redis'] } })
    expect(redisAway.body['detail']).toMatch(/Redis/)
    const broken = httpApp({
      ...app.deps,
      metrics: new Metrics('http'),
      pool: Object.assign(Object.create(app.deps.pool), { query: () => new Promise(() => {}) }),
    })
    const both = await broken.request('/readyz')
    expect([both.status, ((await both.json()) as { away: string[] }).away]).toEqual([
      503,
      ['Postgres', 'Redis'],
    ])
    expect((await app.call('GET', '/healthz')).status).toBe(200)
    await app.close()
    await redis.stop()
  })

  test('[R23] a process that is stopping is not ready', async () => {
    const app = httpApp({ ...it.deps, metrics: new Metrics('http') }, { process: { stopping: () => true } })
    expect((await app.request('/readyz')).status).toBe(503)
  })

  test('[R24] metrics tell the requests by route, not by path', async () => {
    await it.call('GET', `/events/${it.eventId}`)
    const text = await (await it.app.request('/metrics')).text()
    expect(text).toMatch(/onsale_http_request_seconds_count\{.*route="\/events\/:eventId",status="200"\} \d/)
    expect(text).not.toContain(it.eventId)
  })
})

describe('papers', () => {
  test('[R25] config.json tells pages where sockets are, how payments are made and how long a hold lasts', async () => {
    const { body, headers } = await it.call('GET', '/config.json')
    expect(body).toEqual({
      realtimeUrl: 'wss://live.example',
      payments: 'none',
      stripePublishableKey: null,
      paymentMethods: ['card'],
      captureMethod: 'manual',
      demo: true,
      holdSeconds: 30,
      maxTickets: 8,
    })
    expect(headers.get('cache-control')).toBe('no-cache')
  })

  test('[R26] the keys at /.well-known/jwks.json verify a pass without us', async () => {
    const { body } = await it.call<{ keys: (JsonWebKey & { kid: string })[] }>(
      'GET',
      '/.well-known/jwks.json',
    )
    const { visitorId } = await it.session()
    const pass = it.deps.passes.issue({ visitorId, eventId: it.eventId, until: it.deps.clock.now() + 60_000 })
    const [head = '', claims = '', signature = ''] = pass.split('.')
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
    const jwk = body.keys.find(key => key.kid === kid)!
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    expect(verify(null, Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(
      true,
    )
  })

  test('[R27] openapi.json tells every route of the tier, and nothing that is not one', async () => {
    const { body } = await it.call<{
      openapi: string
      paths: Record<string, object>
      components: { securitySchemes: object }
    }>('GET', '/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    const told = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replaceAll(/\{(.+?)\}/g, ':$1')}`),
    )
    const served = it.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`)
    // Told by being there: the papers themselves.
    const papers = ['GET /openapi.json', 'GET /docs', 'GET /metrics']
    expect(told.sort()).toEqual([...new Set(served)].filter(route => !papers.includes(route)).sort())
    expect(Object.keys(body.components.securitySchemes)).toEqual(['session', 'admin'])
  })

  test('[R28] the page at /docs shows every route and needs no other site and no script', async () => {
    const response = await it.app.request('/docs')
    const page = await response.text()
    expect(page).toContain('/bookings/{eventId}')
    expect(page).toContain('hold_conflict')
    expect(page).toContain('a stable <code>code</code>')
    expect(page).not.toMatch(/<script|src=|https?:\/\/(?!localhost)/)
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  })
})
