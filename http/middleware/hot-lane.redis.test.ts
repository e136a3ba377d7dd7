/** Holds and looks over a real port, where they are answered before all middlewares, against the route's own answer. */

import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ticketId } from '../../shared/ids.ts'
import { BODY_BYTES } from '../../shared/limits.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'

const ORIGIN = 'https://shop.example'

let it: TestApp
let server: ReturnType<typeof serve>
let base: string
let token: string
beforeAll(async () => {
  it = await makeApp({ environment: { ALLOWED_ORIGINS: ORIGIN } })
  await new Promise<void>(resolve => {
    server = serve({ fetch: it.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve())
  })
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  token = (await it.session()).token
})
afterAll(async () => {
  await new Promise(resolve => server.close(resolve))
  await it.close()
})

/** What differs between any two answers, and what only a connection has. */
const OWN = ['x-request-id', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']

async function told(answer: Response) {
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !OWN.includes(name)))
  const { serverTime: _, ...body } = (await answer.json()) as Record<string, unknown>
  return { status: answer.status, headers, body }
}

interface Sent {
  path?: string
  body?: unknown
  headers?: Record<string, string>
}

function sent({ path = `/bookings/${it.eventId}`, body, headers = {} }: Sent): [string, RequestInit] {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const usual = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return [path, { method: 'POST', body: text, headers: { ...usual, ...headers } }]
}

async function both(call: Sent) {
  const [path, init] = sent(call)
  return {
    hot: await told(await fetch(base + path, init)),
    route: await told(await it.app.request(path, init)),
  }
}

const seat = (index: number) => ticketId(it.eventId, index)

test('[B99] a hold is answered alike by the fast lane and by the route: held, lost, refused, from another origin', async () => {
  const key = { 'idempotency-key': 'lane' }
  const held = await both({ body: { ticketIds: [seat(0), seat(1)] }, headers: key })
  expect(held.hot.status).toBe(201)
  expect(held.hot).toEqual(held.route)
  const answers: [number, Sent][] = [
    [409, { body: { ticketIds: [seat(0)] } }],
    [409, { body: { ticketIds: [seat(0)] }, headers: { origin: ORIGIN } }],
    [409, { body: { ticketIds: [seat(0)] }, headers: { origin: 'https://elsewhere.example' } }],
    [422, { body: { ticketIds: [seat(2)] }, headers: key }],
    [404, { body: { ticketIds: ['evening01-999'] } }],
    [404, { path: '/bookings/nowhere01', body: { ticketIds: ['nowhere01-1'] } }],
    [404, { path: '/bookings/Not_an_event', body: { ticketIds: ['nowhere01-1'] } }],
    [409, { path: `/bookings/${it.laterId}`, body: { ticketIds: [ticketId(it.laterId, 1)] } }],
    [422, { body: { ticketIds: Array.from({ length: 9 }, (_, at) => seat(at)) } }],
  ]
  for (const [status, call] of answers) {
    const { hot, route } = await both(call)
    expect(hot.status).toBe(status)
    expect(hot).toEqual(route)
  }
})

test('[B99] what is malformed is the route’s: it names what is wrong, and counts the call once', async () => {
  const body = { ticketIds: [seat(9)] }
  const wrong: [number, Sent][] = [
    [400, { body: '{' }],
    [400, { body: { ticketIds: 'all' } }],
    [400, { body, headers: { 'content-type': 'text/plain' } }],
    [400, { body, headers: { 'idempotency-key': ' ' } }],
    [401, { body, headers: { authorization: 'Bearer nothing' } }],
    [401, { body: '{', headers: { authorization: '' } }],
    [413, { body: ' '.repeat(BODY_BYTES + 1) }],
  ]
  for (const [status, call] of wrong) {
    const { hot, route } = await both(call)
    expect([hot.status, hot.body]).toEqual([status, route.body])
  }
})

test('[B99] a body that comes in pieces, of no told length, is held too, and bounded', async () => {
  const stream = (text: string) =>
    new Promise<number>((resolve, reject) => {
      const [path, { headers }] = sent({ body: '' })
      const call = request(base + path, { method: 'POST', headers: headers as Record<string, string> })
      call.on('response', answer => resolve(answer.resume().statusCode ?? 0)).on('error', reject)
      call.write(text.slice(0, 5))
      call.end(text.slice(5))
    })
  expect(await stream(JSON.stringify({ ticketIds: [seat(10)] }))).toBe(201)
  expect(await stream(JSON.stringify({ ticketIds: [seat(11)], pad: 'x'.repeat(BODY_BYTES) }))).toBe(413)
})

test('[B99] a given request id is answered, and calls over the limit are told when to come again', async () => {
  const few = await makeApp({ environment: { BOOKINGS_PER_MINUTE: '2' } })
  const own = await new Promise<ReturnType<typeof serve>>(resolve => {
    const made = serve({ fetch: few.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made))
  })
  try {
    const { token: fan } = await few.session()
    const hold = () =>
      fetch(`http://127.0.0.1:${(own.address() as AddressInfo).port}/bookings/${few.eventId}`, {
        method: 'POST',
        body: JSON.stringify({ ticketIds: [ticketId(few.eventId, 0)] }),
        headers: {
          authorization: `Bearer ${fan}`,
          'content-type': 'application/json',
          'x-request-id': 'mine-1',
        },
      })
    const answers = [await hold(), await hold(), await hold()]
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 429])
    expect(answers.map(({ headers }) => headers.get('x-request-id'))).toEqual(['mine-1', 'mine-1', 'mine-1'])
    expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    await new Promise(resolve => own.close(resolve))
    await few.close()
  }
})

test('[B106] a look at one’s own booking is answered alike by the fast lane and by the route', async () => {
  const made = await fetch(
    `${base}/bookings/${it.eventId}`,
    sent({ body: { ticketIds: [seat(12), seat(13)] } })[1],
  )
  const { bookingId } = (await made.json()) as { bookingId: string }
  const other = (await it.session()).token
  const [own, none] = [`/bookings/${bookingId}`, '/bookings/00000000-0000-4000-8000-000000000000']
  const looks: [number, string, Record<string, string>][] = [
    [200, own, {}],
    [200, own, { origin: ORIGIN }],
    [200, own, { origin: 'https://elsewhere.example' }],
    [404, own, { authorization: `Bearer ${other}` }],
    [404, none, {}],
    [404, '/bookings/no-booking', {}],
    [401, own, { authorization: '' }],
    [401, own, { authorization: 'Bearer nothing' }],
  ]
  for (const [status, path, headers] of looks) {
    const init = { headers: { authorization: `Bearer ${token}`, ...headers } }
    const [hot, route] = [await fetch(base + path, init), await it.app.request(path, init)]
    expect(hot.status).toBe(status)
    expect(await told(hot)).toEqual(await told(route))
  }
  const named = await fetch(base + own, {
    headers: { authorization: `Bearer ${token}`, 'x-request-id': 'mine-3' },
  })
  expect(named.headers.get('x-request-id')).toBe('mine-3')
  const head = await fetch(base + own, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
  expect([head.status, await head.text()]).toEqual([200, ''])
})
