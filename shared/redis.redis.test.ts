import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { systemClock } from './clock.ts'
import { makeLog } from './log.ts'
import { Script } from './lua.ts'
import { connectCommands, connectSubscriber, ready } from './redis.ts'

const log = makeLog('test', 'silent')
let server: OwnRedis

beforeAll(async () => {
  server = await ownRedis()
})
afterAll(() => server.stop())

test('[R58] commands fail at once while Redis is away, and work again when it is back', async () => {
  const redis = connectCommands(server.url, log)
  await ready(redis, 5_000)
  await server.kill()
  await expect.poll(() => redis.status).not.toBe('ready')
  const began = systemClock.now()
  await expect(redis.get('x')).rejects.toThrow()
  expect(systemClock.now() - began).toBeLessThan(500)
  await server.restart()
  await ready(redis, 5_000)
  expect(await redis.ping()).toBe('PONG')
  redis.disconnect()
})

test('[R59] a subscriber comes back by itself and hears again', async () => {
  const subscriber = connectSubscriber(server.url, log)
  const heard: string[] = []
  subscriber.on('message', (_, text) => heard.push(text))
  await subscriber.subscribe('news')
  await server.kill()
  await server.restart()
  await ready(subscriber, 5_000)
  const publisher = connectCommands(server.url, log)
  await ready(publisher, 5_000)
  await expect.poll(() => publisher.publish('news', 'again')).toBe(1)
  await expect.poll(() => heard).toContain('again')
  subscriber.disconnect()
  publisher.disconnect()
})

test('[H40] what one turn of the event loop asks goes out in one write', async () => {
  const redis = connectCommands(server.url, log)
  await ready(redis, 5_000)
  const reads = async () => Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await reads()
  await Promise.all(Array.from({ length: 50 }, (_, at) => redis.set(`together ${at}`, at)))
  // One for the fifty and one for INFO itself.
  expect((await reads()) - before).toBeLessThanOrEqual(3)
  redis.disconnect()
})

test('[R60] a script that Redis has forgotten is sent again', async () => {
  const redis = connectCommands(server.url, log)
  await ready(redis, 5_000)
  const open = new Script(import.meta.url, './seats/lua/open.lua')
  expect(await open.run(redis, ['m', 's', 'c'], [1, 1, 1, 1, 1, 'x'])).toBe(0)
  await redis.script('FLUSH')
  expect(await open.run(redis, ['m', 's', 'c'], [1, 1, 1, 1, 1, 'x'])).toBe(0)
  redis.disconnect()
})
