import getPort from 'get-port'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Child, Family } from '../dev/child.ts'
import { projectRoot } from '../dev/data-folder.ts'
import { makeSecrets } from '../dev/new-secrets.ts'
import { type TestDatabase, testDatabase, testRedis } from '../dev/test-parts.ts'
import { startTier } from '../dev/tier.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { type BookingId, eventId, type VisitorId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres, type Pool } from '../shared/postgres.ts'
import { connectCommands, type Redis, ready } from '../shared/redis.ts'
import type { Stock } from '../shared/seats/inventory.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { SessionTokens } from '../shared/tokens.ts'
import type { AdminStatus } from '../shared/wire/messages.ts'
import { Fan } from './node-fixture.ts'

const evening = eventId('evening01')
const ENDED_WELL = { code: 0, signal: null }
const log = makeLog('test', 'silent')
let database: TestDatabase
let environment: Record<string, string>
let family: Family
let pool: Pool
let redis: Redis
let inventory: RedisInventory
let stock: Stock
let sessions: SessionTokens

beforeAll(async () => {
  database = await testDatabase()
  const piece = testRedis()
  environment = {
    ...makeSecrets(),
    DATABASE_URL: database.url,
    REDIS_URL: piece.url,
    KEY_PREFIX: piece.keyPrefix,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
  }
  const config = readConfig(environment)
  family = new Family(process.execPath, projectRoot)
  pool = connectPostgres(database.url, 'test', log, 4)
  await insertSmallHouse(pool, evening)
  redis = connectCommands(piece.url, log)
  await ready(redis, 5_000)
  const keys = makeKeys(config.KEY_PREFIX)
  inventory = new RedisInventory({ redis, pool, keys, clock: systemClock, log })
  stock = (await new EventStore(pool).find(evening))!.stock
  sessions = new SessionTokens(config.keys.session, 3_600)
})

afterAll(async () => {
  redis.disconnect()
  await pool.end()
  await database.drop()
})

async function startNode(name: string): Promise<{ child: Child; port: number }> {
  const port = await getPort()
  const child = await startTier({
    family,
    name,
    node: process.execPath,
    script: 'realtime/main.ts',
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], ...environment, REALTIME_PORT: String(port), NODE_NAME: name },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    onLine: () => undefined,
  })
  return { child, port }
}

const token = () => sessions.issue(systemChance.uuid() as VisitorId)

async function watching(port: number) {
  const fan = new Fan(port, token())
  await fan.next('welcome')
  fan.say({ type: 'watch', eventId: evening })
  await fan.next('watching')
  return fan
}

async function hold(seats: number[]): Promise<BookingId> {
  const booking = systemChance.uuid() as BookingId
  const taker = { booking, activeMember: Buffer.alloc(14) }
  await inventory.take(stock, taker, { seats, areas: [] }, 60_000)
  return booking
}

test('[R46] a node starts from its environment alone, and two of them tell their fans the same', async () => {
  const [a, b] = [await startNode('a'), await startNode('b')]
  const [x, y] = [await watching(a.port), await watching(b.port)]
  await hold([1, 2])
  expect((await x.diff()).changes).toEqual([1, 1, 2, 1])
  expect((await y.diff()).changes).toEqual([1, 1, 2, 1])

  // An operator on one node sees what the other carries: the adapter's only traffic.
  const admin = io(`http://127.0.0.1:${a.port}/admin`, {
    transports: ['websocket'],
    auth: { token: environment['ADMIN_TOKEN'] },
  })
  const statuses: AdminStatus[] = []
  admin.on('status', (status: AdminStatus) => statuses.push(status))
  admin.emit('watch', { eventId: evening })
  await expect
    .poll(
      () =>
        statuses
          .at(-1)
          ?.nodes.map(({ node, watchers }) => `${node} ${watchers}`)
          .sort(),
      { timeout: 8_000 },
    )
    .toEqual(['a 1', 'b 1'])
  expect(statuses.at(-1)).toMatchObject({ holds: 2, free: 48 })
  admin.disconnect()
  x.close()
  y.close()
  for (const { child } of [a, b]) await child.stop('SIGTERM', 10_000)
  expect([await a.child.ended, await b.child.ended]).toEqual([ENDED_WELL, ENDED_WELL])
})

test('[W15] on SIGTERM fans hear a goodbye with a delay of their own, are closed with 1012, and the node ends in 10 s', async () => {
  const { child, port } = await startNode('c')
  const fans = await Promise.all(Array.from({ length: 200 }, () => watching(port)))
  const app = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], auth: { token: token() } })
  await new Promise(resolve => app.on('welcome', resolve))
  const goneApp = new Promise(resolve => app.on('disconnect', resolve))
  const began = performance.now()
  const stopped = child.stop('SIGTERM', 10_000)
  const delays = await Promise.all(fans.map(async fan => (await fan.next('goodbye')).afterMs))
  expect(new Set(delays).size).toBeGreaterThan(100)
  expect(Math.max(...delays)).toBeLessThanOrEqual(4_000)
  expect((await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.status).not.toBe(200)
  expect(await Promise.all(fans.map(fan => fan.closed))).toEqual(fans.map(() => 1012))
  // Of this word Socket.IO's client comes back by itself; 'io server disconnect' would keep it away.
  expect(await goneApp).toBe('transport close')
  await stopped
  expect(await child.ended).toEqual(ENDED_WELL)
  expect(performance.now() - began).toBeLessThan(10_000)
  app.disconnect()
})
