import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { systemClock } from '../shared/clock.ts'
import { makeLog } from '../shared/log.ts'
import { connectCommands, connectSubscriber, ready } from '../shared/redis.ts'
import { Channels } from './channels.ts'

const log = makeLog('test', 'silent')
let server: OwnRedis

beforeAll(async () => {
  server = await ownRedis()
})
afterAll(() => server.stop())

test('[Q261] who asks for news as Redis goes away hears so at once, and not when it is back', async () => {
  const [redis, commands] = [connectSubscriber(server.url, log), connectCommands(server.url, log)]
  await Promise.all([ready(redis, 5_000), ready(commands, 5_000)])
  const channels = new Channels({ redis, clock: systemClock, log })
  const heard: string[] = []
  try {
    await commands.client('PAUSE', 60_000)
    const asked = channels.listen('news', message => heard.push(message.toString()))
    const refused = expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    await server.kill()
    await refused
    channels.unlisten('news')
    await expect(channels.listen('news', () => {})).rejects.toMatchObject({ code: 'unavailable' })
    await server.restart()
    await expect.poll(() => channels.away, { timeout: 10_000 }).toBe(false)
    await channels.listen('news', message => heard.push(message.toString()))
    await expect.poll(() => commands.status, { timeout: 10_000 }).toBe('ready')
    await commands.publish('news', 'here')
    await expect.poll(() => heard).toEqual(['here'])
  } finally {
    channels.close()
    commands.disconnect()
  }
}, 30_000)
