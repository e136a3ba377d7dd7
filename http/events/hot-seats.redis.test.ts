/** The plain snapshot over a real port, where it is answered before all middlewares, against the route's own answer. */
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApp, type TestApp } from '../app-fixture.ts'

let it: TestApp
let server: ReturnType<typeof serve>
let base: string
beforeAll(async () => {
  it = await makeApp()
  await new Promise<void>(resolve => {
    server = serve({ fetch: it.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve())
  })
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await new Promise(resolve => server.close(resolve))
  await it.close()
})

const path = () => `/events/${it.eventId}/seats`
/** What differs between any two answers, and what only a connection has. */
const OWN = ['x-request-id', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']

async function told(answer: Response) {
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !OWN.includes(name)))
  return { status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) }
}

async function both(headers: Record<string, string> = {}) {
  const [hot, route] = [await fetch(base + path(), { headers }), await it.app.request(path(), { headers })]
  return { hot: await told(hot), route: await told(route) }
}

test('[S100] the plain snapshot is the route’s answer to the last header, known or not, with a session or without', async () => {
  const { token } = await it.session()
  const { hot } = await both()
  expect(hot.status).toBe(200)
  const known = { 'if-none-match': hot.headers['etag'] ?? '' }
  for (const headers of [{}, { authorization: `Bearer ${token}` }, known]) {
    const { hot, route } = await both({ accept: '*/*', ...headers })
    expect(hot).toEqual(route)
  }
  expect((await both(known)).hot.status).toBe(304)
  const named = await fetch(base + path(), { headers: { 'x-request-id': 'abc-1' } })
  expect(named.headers.get('x-request-id')).toBe('abc-1')
})

test('[S101] what is less plain is the route’s: other forms and origins, wrong sessions, unknown events, a queue', async () => {
  const wrong: Record<string, string>[] = [
    { accept: 'application/json', 'accept-encoding': 'identity' },
    { origin: 'https://elsewhere.example' },
    { authorization: 'Bearer nothing' },
  ]
  for (const headers of wrong) {
    const { hot, route } = await both(headers)
    expect([hot.status, hot.headers]).toEqual([route.status, route.headers])
  }
  expect((await fetch(`${base}/events/nowhere01/seats`)).status).toBe(404)
  await it.deps.queue.configure(it.eventId, { state: 'open' }, 'test')
  const { hot, route } = await both()
  expect(hot).toEqual(route)
  expect(hot.status).toBe(429)
})
