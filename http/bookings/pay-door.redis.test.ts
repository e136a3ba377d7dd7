import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Metrics } from '../../shared/metrics.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { requestSeconds } from '../middleware/head.ts'
import type { AppEnv } from '../routing.ts'
import { payDoor } from './pay-door.ts'
import { MOST_WAITING, PayRoom } from './pay-room.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp({ environment: { ALLOWED_ORIGINS: 'https://shop.example' } })
})
afterAll(() => it.close())

test('[B103] a payment that has to be refused while holds are late is refused before all else, and as by its route', async () => {
  const { deps } = it
  const payRoom = new PayRoom(deps.clock)
  const app = new Hono<AppEnv>()
  const path = '/bookings/:bookingId/confirm'
  app.put(path, payDoor(deps, requestSeconds(new Metrics('door')), { ...deps, payRoom }))
  app.put(path, c => c.text('the route'))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await vi.waitFor(() => expect(server.listening).toBe(true))
  const { port } = server.address() as { port: number }
  const { token } = await it.session()
  const pay = (authorization = `Bearer ${token}`) =>
    fetch(`http://127.0.0.1:${port}/bookings/0/confirm`, {
      method: 'PUT',
      body: JSON.stringify({ paymentMethodId: 'pm_card_visa', pad: 'x'.repeat(30_000) }),
      headers: { authorization, 'x-request-id': 'mine-2', origin: 'https://shop.example' },
    })
  try {
    expect(await (await pay()).text()).toBe('the route')
    const under = [payRoom.enter(), payRoom.enter()]
    payRoom.held(500)
    payRoom.held(500)
    under[1]?.()
    const waiting = Array.from({ length: MOST_WAITING }, () => payRoom.wait(3_000))
    for (let nth = 0; nth < 3; nth++) {
      const answer = await pay()
      expect([answer.status, answer.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(2)
      expect(answer.headers.get('x-request-id')).toBe('mine-2')
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example')
      expect(await answer.json()).toMatchObject({ code: 'too_many_requests', retryAfter: expect.any(Number) })
    }
    expect(await (await pay('Bearer nobody')).text()).toBe('the route')
    for (const entered of await Promise.all(waiting)) entered?.()
  } finally {
    server.close()
  }
})
