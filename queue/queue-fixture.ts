/** What the queue's tests stand on: an event, a database, a Redis, and as many queues (processes) as a test wants. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import { type TestDatabase, testDatabase, testRedis } from '../dev/test-parts.ts'
import { type Clock, systemClock } from '../shared/clock.ts'
import { type EventId, eventId, type VisitorId, visitorId } from '../shared/ids.ts'
import { type Keys, makeKeys } from '../shared/keys.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres, type Pool } from '../shared/postgres.ts'
import { connectCommands, connectSubscriber, type Redis, ready } from '../shared/redis.ts'
import { PassTokens } from '../shared/tokens.ts'
import type { PlaceInfo } from '../shared/wire/messages.ts'
import { newsOf } from './news.ts'
import type { QueueNews } from './queue.ts'
import { type QueueParts, RedisQueue } from './redis-queue.ts'
import { verbKeys, verbs } from './verbs.ts'

export const log = makeLog('test', 'silent')
export const secrets = {
  session: randomBytes(32),
  receipt: randomBytes(32),
  place: randomBytes(32),
  admin: randomBytes(32),
}
const { privateKey } = generateKeyPairSync('ed25519')
export const passes = new PassTokens(privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'))

export interface QueueRig {
  database: TestDatabase
  pool: Pool
  redis: Redis
  url: string
  keys: Keys
  /** Another process with the same stores. */
  queue(node: string, other?: Partial<QueueParts>): RedisQueue
  event(): Promise<EventId>
  /** Everything published on the event's channel from now on. */
  hear(event: EventId): Promise<QueueNews[]>
  close(): Promise<void>
}

export async function queueRig(url?: string): Promise<QueueRig> {
  const database = await testDatabase()
  const { url: sharedUrl, keyPrefix, clean } = testRedis()
  const redisUrl = url ?? sharedUrl
  const redis = connectCommands(redisUrl, log)
  const pool = connectPostgres(database.url, 'test', log)
  const keys = makeKeys(keyPrefix)
  const queues: RedisQueue[] = []
  const subscribers: Redis[] = []
  await ready(redis, 5_000)
  await pool.query(SCENE)
  return {
    database,
    pool,
    redis,
    url: redisUrl,
    keys,
    queue: (node, other = {}) => {
      const config = { keys: secrets, NODE_NAME: node, STRIPE_RPS: 20 }
      const queue = new RedisQueue({
        redis,
        pool,
        keys,
        passes,
        config,
        clock: systemClock,
        log,
        life: node,
        door: 'socket',
        ...other,
      })
      queues.push(queue)
      return queue
    },
    event: async () => {
      const id = eventId(`e${randomBytes(6).toString('hex')}`)
      await pool.query(EVENT, [id])
      return id
    },
    hear: async event => {
      const subscriber = connectSubscriber(redisUrl, log)
      subscribers.push(subscriber)
      const heard: QueueNews[] = []
      subscriber.on('messageBuffer', (_: Buffer, message: Buffer) => heard.push(newsOf(message)))
      await subscriber.subscribe(keys.queue(event).channel)
      return heard
    },
    close: async () => {
      for (const queue of queues) await queue.close().catch(() => undefined)
      for (const subscriber of subscribers) subscriber.disconnect()
      redis.disconnect()
      await clean()
      await pool.end()
      await database.drop()
    },
  }
}

const SCENE = `
  insert into venues (id, name, city, country, lat, lon, time_zone, modelled) values ('v', 'Hall', 'Bonn', 'DE', 50.7, 7.1, 'Europe/Berlin', true);
  insert into seat_maps (hash, name, seats, units, geometry) values (repeat('0', 32), 'Hall', 0, 0,
    '{"format":1,"name":"Hall","width":1,"height":1,"focalPoint":{"x":0,"y":0},"stage":{"label":"","outline":[]},"categories":[],"sections":[],"areas":[]}')`

const EVENT = `
  insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency)
  values ($1, 'Evening', 'concert', 'v', repeat('0', 32), now() + interval '30 years', 'onsale', now(), 'EUR')`

export function newVisitor(): VisitorId {
  return visitorId(randomUUID())
}

export function newVisitors(count: number): VisitorId[] {
  return Array.from({ length: count }, newVisitor)
}

/** Joins one after the other, so that their order is known. */
export async function joinInOrder(
  queue: RedisQueue,
  event: EventId,
  visitors: VisitorId[],
): Promise<Waiting[]> {
  const places: Waiting[] = []
  for (const visitor of visitors) places.push(waiting(await queue.join(event, visitor)))
  return places
}

export type Waiting = Extract<PlaceInfo, { state: 'waiting' }>

export function waiting(place: PlaceInfo): Waiting {
  if (place.state !== 'waiting') throw new Error(`expected a visitor who waits, got ${JSON.stringify(place)}`)
  return place
}

export function admitted(place: PlaceInfo): Extract<PlaceInfo, { state: 'admitted' }> {
  if (place.state !== 'admitted')
    throw new Error(`expected a visitor who was admitted, got ${JSON.stringify(place)}`)
  return place
}

/** Awaits a condition; throws after the deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 25_000,
): Promise<void> {
  const end = systemClock.now() + deadlineMs
  while (!(await condition())) {
    if (systemClock.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await systemClock.sleep(20)
  }
}

/** Calls rounds of admission until nobody waits or so many have been let in. */
export async function admitUntil(
  queue: RedisQueue,
  event: EventId,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  await until('admissions', async () => {
    await queue.admit(event)
    return await condition()
  })
}

/** Which of the verbs have not been called since. */
export function verbsNotCalled(): () => string[] {
  const runs = Object.entries(verbs).map(([name, script]) => ({
    name,
    calls: vi.spyOn(script, 'run').mock.calls,
  }))
  return () => runs.filter(({ calls }) => calls.length === 0).map(({ name }) => name)
}

/** Two are drawn, one of them logs in, and those behind the front are read: the verbs that a plain line has no use for. */
export async function drawAndAdopt(
  queue: RedisQueue,
  event: EventId,
  redis: Redis,
  keys: Keys,
): Promise<void> {
  const [first, second, known] = newVisitors(3) as [VisitorId, VisitorId, VisitorId]
  await queue.configure(event, { state: 'pre_queue', method: 'random', rate: 0.001, burst: null }, 'test')
  await joinInOrder(queue, event, [first, second])
  await queue.configure(event, { state: 'open' }, 'test')
  await until('drawn', async () => {
    await queue.sweep(event)
    return waiting(await queue.status(event, first)).score < 0
  })
  await queue.adopt(event, first, known)
  waiting(await queue.status(event, known))
  const { generation } = await queue.settings(event)
  await verbs.tail.run(redis, verbKeys(keys, event, ''), [generation])
}

/** The same with one method replaced. */
export function intercepted<T extends object, K extends keyof T>(
  target: T,
  name: K,
  // biome-ignore lint/suspicious/noExplicitAny: overloads of pg.
  instead: (...given: any[]) => unknown,
): T {
  return new Proxy(target, {
    get(whole, asked) {
      if (asked === name) return instead
      const found: unknown = Reflect.get(whole, asked)
      return typeof found === 'function' ? found.bind(whole) : found
    },
  })
}

/** A clock that a test moves; sleeps are real. */
export function movableClock(): Clock & { ahead: number } {
  const clock = { ahead: 0, now: () => systemClock.now() + clock.ahead, sleep: systemClock.sleep }
  return clock
}
