/** What the tools change of a queue and put back, against an Onsale that only keeps its settings. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { openQueue, type Site } from './site.ts'

let server: Server | undefined
afterEach(() => server?.close())

async function onsale(settings: Record<string, unknown>): Promise<Site> {
  server = createServer((request, response) => {
    void text(request).then(body => {
      if (request.method === 'PUT') Object.assign(settings, JSON.parse(body))
      response.setHeader('content-type', 'application/json').end(JSON.stringify(settings))
    })
  })
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const links = { map: '/map' }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    realtimeUrl: 'ws://127.0.0.1:1',
    adminToken: 'token',
    event: {
      eventId: 'evening01',
      name: 'Evening',
      status: 'onsale',
      maxTickets: 8,
      areas: [],
      queue: null,
      links,
    },
  }
}

test('[R121] a crowd or a load puts back what it set of a queue, and leaves what somebody else changed meanwhile', async () => {
  const settings: Record<string, unknown> = { state: 'off', rate: 3, cap: 33, passSeconds: 600 }
  const site = await onsale(settings)
  const untouched = await openQueue(site, { rate: 5, cap: 50, passSeconds: 120 }, {})
  expect(settings).toEqual({ state: 'open', rate: 5, cap: 50, passSeconds: 120 })
  expect(await untouched.putBack()).toBe(
    'the queue is off again, 3 admissions a second, 33 at the seats at once',
  )
  expect(settings).toEqual({ state: 'off', rate: 3, cap: 33, passSeconds: 600 })

  const touched = await openQueue(site, { rate: 5, cap: 50, passSeconds: 120 }, {})
  Object.assign(settings, { state: 'paused', rate: 9 })
  expect(await touched.putBack()).toBe(
    'the queue is paused, 9 admissions a second, 33 at the seats at once; changed by somebody else meanwhile, and left so: state, rate',
  )
  expect(settings).toEqual({ state: 'paused', rate: 9, cap: 33, passSeconds: 600 })
})
