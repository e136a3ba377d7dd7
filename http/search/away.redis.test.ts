import { expect, test } from 'vitest'
import { ownRedis } from '../../dev/test-parts.ts'
import { makeApp } from '../app-fixture.ts'

test('[F20] search and the event page answer while Redis is away, without what only Redis knows', async () => {
  const redis = await ownRedis()
  const it = await makeApp({ redisUrl: redis.url })
  await redis.kill()
  const found = await it.call<{ events: object[] }>('GET', '/events/search?keyword=evening')
  expect(found.status).toBe(200)
  expect(found.body.events[0]).toMatchObject({ eventId: it.eventId })
  const event = await it.call('GET', `/events/${it.eventId}`)
  expect(event).toMatchObject({ status: 200, body: { availability: { free: null, total: 50 } } })
  const seats = await it.call('GET', `/events/${it.eventId}/seats`)
  expect(seats.status).toBe(503)
  expect(Number(seats.headers.get('retry-after'))).toBeGreaterThan(0)
  await it.close()
  await redis.stop()
})
