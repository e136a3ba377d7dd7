/** The realtime process: everything from the environment, waited for, started in order, stopped in reverse. */
import { readFileSync } from 'node:fs'
import { RedisQueue } from '../queue/redis-queue.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { makeKeys } from '../shared/keys.ts'
import { Lifecycle } from '../shared/lifecycle.ts'
import { SESSION_SECONDS } from '../shared/limits.ts'
import { makeLog } from '../shared/log.ts'
import { Metrics } from '../shared/metrics.ts'
import { connectPostgres } from '../shared/postgres.ts'
import { connectCommands, connectPublisher, connectSubscriber } from '../shared/redis.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { runProcess, storesReady } from '../shared/start.ts'
import { PassTokens, SessionTokens } from '../shared/tokens.ts'
import { RealtimeServer } from './server.ts'

await runProcess('realtime', start)

async function start(): Promise<void> {
  const config = readConfig()
  const log = makeLog('realtime', config.LOG_LEVEL)
  const lifecycle = new Lifecycle(log)
  lifecycle.listen()
  const clock = systemClock
  const pool = connectPostgres(config.DATABASE_URL, 'realtime', log)
  lifecycle.add('postgres', () => pool.end())
  const redis = connectCommands(config.REDIS_URL, log)
  lifecycle.add('redis', () => redis.disconnect())
  const subscriber = connectSubscriber(config.REDIS_URL, log)
  const adapter = {
    publisher: connectPublisher(config.REDIS_URL, log),
    subscriber: connectSubscriber(config.REDIS_URL, log),
  }
  lifecycle.add('subscribers', () => {
    for (const one of [subscriber, adapter.subscriber, adapter.publisher]) one.disconnect()
  })
  await storesReady({ pool, redis: [redis, subscriber], clock })

  const keys = makeKeys(config.KEY_PREFIX)
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  const common = { redis, pool, keys, clock, log }
  const queue = new RedisQueue({ ...common, passes, config, door: 'socket' })
  lifecycle.add('queue', () => queue.close())
  const server = new RealtimeServer({
    ...common,
    config,
    subscriber,
    adapter,
    queue,
    events: new EventStore(pool),
    inventory: new RedisInventory(common),
    sessions: new SessionTokens(config.keys.session, SESSION_SECONDS),
    chance: systemChance,
    metrics: new Metrics('realtime'),
    cpu: threadMilliseconds,
    descriptors: openFilesLimit(),
  })
  const port = await server.start()
  lifecycle.add('server', () => server.stop())
  log.info({ port, node: config.NODE_NAME }, 'the realtime tier listens')
}

function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Linux tells; Node has raised it as far as it may. Elsewhere MAX_SOCKETS alone counts. */
function openFilesLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}
