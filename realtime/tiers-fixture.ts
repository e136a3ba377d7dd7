/**
 * A sale for tests as it runs for real: the HTTP tier, the worker and any number of realtime nodes as processes, the payment
 * simulator, and fans who hold, give back and buy by HTTP while others watch. Maps are compared with Redis and with Postgres.
 */
import getPort from 'get-port'
import { connectOnsale, type Onsale } from '../client/onsale.ts'
import type { Platform } from '../client/platform.ts'
import type { SeatWatch, WatchOptions } from '../client/seats.ts'
import { type Child, Family } from '../dev/child.ts'
import { projectRoot } from '../dev/data-folder.ts'
import { makeSecrets } from '../dev/new-secrets.ts'
import { startSimulator } from '../dev/stripe-simulator/server.ts'
import { startTier } from '../dev/tier.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { type EventId, eventId, ticketId, type VisitorId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres, type Pool } from '../shared/postgres.ts'
import { connectCommands, type Redis, ready } from '../shared/redis.ts'
import type { Stock } from '../shared/seats/inventory.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { SessionTokens } from '../shared/tokens.ts'

type Environment = Record<string, string>

/** One moment of a map: a digit a seat, and the units free of each area. */
export interface MapSeen {
  seats: string
  areas: readonly number[]
}

export interface NodeProcess {
  name: string
  port: number
  child: Child
  url: string
}

export interface Tiers {
  family: Family
  environment: Environment
  pool: Pool
  redis: Redis
  inventory: RedisInventory
  eventId: EventId
  stock: Stock
  httpUrl: string
  token(): string
  startNode(name: string, environment?: Environment): Promise<NodeProcess>
  /** Everything the maps may be held against, once nothing changes any more. @throws where Redis and Postgres differ */
  truth(): Promise<MapSeen & { epoch: number; seq: number }>
  fan(
    realtimeUrl: string,
    options?: WatchOptions,
    platform?: Partial<Platform>,
  ): { onsale: Onsale; watch: SeatWatch }
  /** So many fans who hold, give back and buy at random until it is ended; the answer counts what they did. */
  sell(fans: number, seed: number, pauseMs?: number): { end(): Promise<Sold> }
  close(): Promise<void>
}

export interface Sold {
  held: number
  givenBack: number
  bought: number
  refused: number
}

const STRIPE_KEY = 'sk_test_tiers'
const PAID_IN_MS = 30_000
const WEBHOOK_SECRET = 'whsec_tiers'
const log = makeLog('test', 'silent')

export interface Stores {
  databaseUrl: string
  redisUrl: string
  keyPrefix: string
}

/** `length`: seats of each of four rows. */
export async function makeTiers({ databaseUrl, redisUrl, keyPrefix }: Stores, length = 100): Promise<Tiers> {
  const [httpPort, workerPort] = [await getPort(), await getPort()]
  const httpUrl = `http://127.0.0.1:${httpPort}`
  const simulator = await startSimulator({
    secretKey: STRIPE_KEY,
    webhook: { url: `${httpUrl}/webhooks/stripe`, secrets: [WEBHOOK_SECRET] },
  })
  const environment: Environment = {
    ...makeSecrets(),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    KEY_PREFIX: keyPrefix,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    HTTP_PUBLIC_URL: httpUrl,
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_API_BASE: simulator.url,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    BOOKINGS_PER_MINUTE: '1000000',
    SESSIONS_PER_MINUTE: '1000000',
  }
  const config = readConfig(environment)
  const family = new Family(process.execPath, projectRoot)
  const pool = connectPostgres(databaseUrl, 'test', log, 4)
  const evening = eventId('evening01')
  await insertSmallHouse(pool, evening, { length })
  const redis = connectCommands(redisUrl, log)
  await ready(redis, 5_000)
  const inventory = new RedisInventory({
    redis,
    pool,
    keys: makeKeys(config.KEY_PREFIX),
    clock: systemClock,
    log,
  })
  const event = await new EventStore(pool).find(evening)
  if (event === undefined) throw new Error('the evening is missing')
  const { stock } = event
  const sessions = new SessionTokens(config.keys.session, 3_600)
  const token = () => sessions.issue(systemChance.uuid() as VisitorId)
  const start = (script: string, name: string, port: number, more: Environment) =>
    startTier({
      family,
      name,
      node: process.execPath,
      script,
      cwd: projectRoot,
      env: { PATH: process.env['PATH'], ...environment, NODE_NAME: name, ...more },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      onLine: () => undefined,
    })
  await Promise.all([
    start('http/main.ts', 'http', httpPort, { HTTP_PORT: String(httpPort) }),
    start('http/worker.ts', 'worker', workerPort, { WORKER_PORT: String(workerPort) }),
  ])
  return {
    family,
    environment,
    pool,
    redis,
    inventory,
    eventId: evening,
    stock,
    httpUrl,
    token,
    startNode: async (name, more = {}) => {
      const port = Number(more['REALTIME_PORT'] ?? (await getPort()))
      const child = await start('realtime/main.ts', name, port, { REALTIME_PORT: String(port), ...more })
      return { name, port, child, url: `ws://127.0.0.1:${port}` }
    },
    truth: async () => {
      const { epoch, seq, ...snapshot } = await inventory.snapshot(stock)
      const inRedis = { seats: digits(snapshot.state, stock.seats), areas: snapshot.areas }
      const inPostgres = await soldAndHeld(pool, stock)
      if (JSON.stringify(inRedis) !== JSON.stringify(inPostgres))
        throw new Error(
          `Redis and Postgres differ:\n${JSON.stringify(inRedis)}\n${JSON.stringify(inPostgres)}`,
        )
      return { ...inRedis, epoch, seq }
    },
    fan: (realtimeUrl, options, platform) => {
      const onsale = connectOnsale({ httpUrl, realtimeUrl, token: token(), ...platform })
      return { onsale, watch: onsale.watchSeats(evening, options) }
    },
    sell: (fans, seed, pauseMs = 0) => {
      const selling = sale({ httpUrl, stock, token, pauseMs }, fans, seed)
      return {
        end: async () => {
          const sold = await selling.end()
          await paidFor(pool)
          return sold
        },
      }
    },
    close: async () => {
      await family.end()
      await simulator.close()
      redis.disconnect()
      await pool.end()
    },
  }
}

/** Whoever stands in the line to pay is served, or has had the time for it: what they hold is sold after the last fan has gone. */
async function paidFor(pool: Pool): Promise<void> {
  for (const end = Date.now() + PAID_IN_MS; Date.now() < end; await systemClock.sleep(100)) {
    const { rowCount } = await pool.query(
      `select from bookings where status in ('paying', 'closing') limit 1`,
    )
    if (rowCount === 0) return
  }
}

/** What a map shows, in the form of the truth. */
export function seenBy({ state }: SeatWatch): MapSeen {
  const seats = Array.from({ length: state.seats }, (_, i) => state.get(i)).join('')
  return { seats, areas: [...state.areas] }
}

/** Numbers in [0, 1), the same for a seed. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function digits(state: Uint8Array, seats: number): string {
  return Array.from({ length: seats }, (_, i) => ((state[i >> 2] ?? 0) >> (6 - 2 * (i & 3))) & 3).join('')
}

/** The same map, from Postgres alone. */
async function soldAndHeld(pool: Pool, stock: Stock): Promise<MapSeen> {
  const status = new Map<number, number>()
  const { rows: held } = await pool.query<{ seats: number[] }>(
    `select seats from bookings where event_id = $1 and status in ('in_progress', 'paying', 'closing')
     and expires_at > now()`,
    [stock.eventId],
  )
  for (const { seats } of held) for (const index of seats) status.set(index, 1)
  const { rows: sold } = await pool.query<{ seat_index: number }>(
    `select seat_index from tickets where event_id = $1 and status = 'sold'`,
    [stock.eventId],
  )
  for (const { seat_index } of sold) status.set(seat_index, 2)
  const taken = ({ first, capacity }: { first: number; capacity: number }) =>
    [...status.keys()].filter(index => index >= first && index < first + capacity).length
  return {
    seats: Array.from({ length: stock.seats }, (_, i) => status.get(i) ?? 0).join(''),
    areas: stock.areas.map(area => area.capacity - taken(area)),
  }
}

interface Shop {
  httpUrl: string
  stock: Stock
  token: () => string
  /** Between two of a fan's acts. */
  pauseMs: number
}

function sale(
  { httpUrl, stock, token, pauseMs }: Shop,
  fans: number,
  seed: number,
): { end(): Promise<Sold> } {
  const sold: Sold = { held: 0, givenBack: 0, bought: 0, refused: 0 }
  let over = false
  const one = async (n: number) => {
    const chance = seeded(seed * 1_000 + n)
    const authorization = `Bearer ${token()}`
    const call = async (method: string, path: string, body?: object) => {
      const response = await fetch(httpUrl + path, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { ok: response.ok, body: (text === '' ? {} : JSON.parse(text)) as { bookingId?: string } }
    }
    while (!over) {
      if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
      const from = Math.floor(chance() * (stock.seats - 2))
      const ticketIds = [from, from + 1].map(index => ticketId(stock.eventId, index))
      const areas = chance() < 0.1 ? [{ areaId: 'floor', quantity: 1 }] : []
      const answer = await call('POST', `/bookings/${stock.eventId}`, { ticketIds, areas }).catch(
        () => undefined,
      )
      const booking = answer?.body.bookingId
      if (booking === undefined) {
        sold.refused++
        await new Promise(resolve => setTimeout(resolve, 20))
        continue
      }
      sold.held++
      if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
      const then = chance()
      if (then < 0.7) {
        const back = await call('DELETE', `/bookings/${booking}`).catch(() => undefined)
        if (back?.ok === true) sold.givenBack++
      } else if (then < 0.9) {
        const buyer = { name: 'Ada Lovelace', email: 'ada@example.org' }
        const path = `/bookings/${booking}/confirm`
        const paid = await call('PUT', path, { paymentMethodId: 'pm_card_visa', buyer }).catch(
          () => undefined,
        )
        if (paid?.ok === true) sold.bought++
      }
    }
  }
  const all = Promise.all(Array.from({ length: fans }, (_, n) => one(n)))
  return {
    end: async () => {
      over = true
      await all
      return sold
    },
  }
}
