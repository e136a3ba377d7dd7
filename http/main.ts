/**
 * The HTTP tier as a process, from its environment alone. It waits a while for Postgres and Redis at its start, as
 * everything starts at once after a power cut; it says in one line what it lacks, and goes in order when it is told to.
 */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { RedisQueue } from '../queue/redis-queue.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { type Config, ConfigError, readConfig } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { makeKeys } from '../shared/keys.ts'
import { Lifecycle } from '../shared/lifecycle.ts'
import { DRAIN_MS, SECOND, SESSION_SECONDS } from '../shared/limits.ts'
import { type Log, makeLog } from '../shared/log.ts'
import { Metrics } from '../shared/metrics.ts'
import { connectPostgres, type Pool } from '../shared/postgres.ts'
import { connectCommands, ready } from '../shared/redis.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { PassTokens, SessionTokens } from '../shared/tokens.ts'
import { httpApp } from './app.ts'
import type { HttpDeps } from './deps.ts'
import { readSite } from './pages.ts'
import { openSearch } from './search/elastic-open.ts'

/** How long the parts we stand on may take to come up. */
const START_MS = 30 * SECOND
const RETRY_MS = 500
/** Longer than a proxy keeps an idle connection (60 s by custom), so that it never writes into one we close. */
const KEEP_ALIVE_MS = 65 * SECOND
/** A whole request; the slowest honest one is 64 KB over a bad phone line. */
const REQUEST_MS = 30 * SECOND
/** Its head alone. */
const HEADERS_MS = 10 * SECOND

/** While going away: how long a connection may be idle. */
const IDLE_CHECK_MS = 100

/** What an operator has to mend, in one line. */
class StartRefused extends Error {}

async function main(): Promise<void> {
  const config = readConfig()
  const log = makeLog('http', config.LOG_LEVEL)
  const lifecycle = new Lifecycle(log)
  lifecycle.listen()
  const deps = await start(config, log, lifecycle)
  const site = config.WEB_ROOT === undefined ? undefined : await readSite(config.WEB_ROOT)
  const search = await openSearch(deps)
  lifecycle.add('search', search.close)
  let stopping = false
  const app = httpApp(deps, {
    search: search.engine,
    ...(site === undefined ? {} : { site }),
    process: { stopping: () => stopping },
  })
  const server = await listen(app.fetch, config)
  lifecycle.add('server', () => {
    stopping = true
    return drained(server)
  })
  log.info({ port: config.HTTP_PORT }, 'serving')
}

async function start(config: Config, log: Log, lifecycle: Lifecycle): Promise<HttpDeps> {
  const pool = connectPostgres(config.DATABASE_URL, 'http', log)
  lifecycle.add('postgres', () => pool.end())
  const redis = connectCommands(config.REDIS_URL, log)
  lifecycle.add('redis', () => redis.disconnect())
  await Promise.all([
    postgresReady(pool),
    ready(redis, START_MS).catch(() => {
      throw new StartRefused(`Redis (REDIS_URL) cannot be reached in ${START_MS / SECOND} s.`)
    }),
  ])
  const keys = makeKeys(config.KEY_PREFIX)
  const base = { config, pool, redis, keys, clock: systemClock, chance: systemChance, log }
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  return {
    ...base,
    metrics: new Metrics('http'),
    events: new EventStore(pool),
    inventory: new RedisInventory(base),
    queue: new RedisQueue({ ...base, passes, door: 'poll' }),
    sessions: new SessionTokens(config.keys.session, SESSION_SECONDS),
    passes,
  }
}

async function postgresReady(pool: Pool): Promise<void> {
  const deadline = systemClock.now() + START_MS
  for (;;) {
    try {
      const { rows } = await pool.query<{ events: string | null }>(`select to_regclass('events') as events`)
      if (rows[0]?.events !== null) return
      throw new StartRefused('The database (DATABASE_URL) is empty: run `npm run migrate` on it first.')
    } catch (error) {
      if (error instanceof StartRefused) throw error
      if (systemClock.now() > deadline)
        throw new StartRefused(
          `Postgres (DATABASE_URL) cannot be reached in ${START_MS / SECOND} s: ${told(error)}`,
        )
      await systemClock.sleep(RETRY_MS)
    }
  }
}

function listen(fetch: Parameters<typeof serve>[0]['fetch'], config: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch,
        port: config.HTTP_PORT,
        hostname: config.HOST,
        serverOptions: {
          keepAliveTimeout: KEEP_ALIVE_MS,
          headersTimeout: HEADERS_MS,
          requestTimeout: REQUEST_MS,
        },
      },
      () => resolve(server),
    ) as Server
    server.once('error', error => {
      const port = `port ${config.HTTP_PORT} (HTTP_PORT)`
      const busy = 'code' in error && error.code === 'EADDRINUSE'
      reject(new StartRefused(busy ? `${port} is in use.` : `${port} cannot be listened on: ${told(error)}`))
    })
  })
}

/** No new connections; those under way may finish, within a time, and are closed as they fall idle. */
function drained(server: Server): Promise<void> {
  return new Promise(resolve => {
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
    const last = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(last)
      resolve()
    })
  })
}

function told(error: unknown): string {
  if (error instanceof AggregateError) return told(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

try {
  await main()
} catch (error) {
  const known = error instanceof ConfigError || error instanceof StartRefused
  console.error(
    `onsale http cannot start: ${known ? error.message : (error instanceof Error && error.stack) || error}`,
  )
  process.exit(1)
}
