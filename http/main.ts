/**
 * The HTTP tier as a process, from its environment alone. It waits a while for Postgres and Redis at its start, as
 * everything starts at once after a power cut; it says in one line what it lacks, and goes in order when it is told to.
 */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { systemClock } from '../shared/clock.ts'
import { type Config, NO_PAYMENTS, paymentsOf, readConfig } from '../shared/config.ts'
import { reasonOf } from '../shared/errors.ts'
import { Lifecycle } from '../shared/lifecycle.ts'
import { DRAIN_MS, PAY_POOL_SIZE, PAY_POOL_WAIT_MS, SECOND } from '../shared/limits.ts'
import { type Log, makeLog } from '../shared/log.ts'
import { connectPostgres } from '../shared/postgres.ts'
import { connectCommands } from '../shared/redis.ts'
import { portRefused, runProcess, StartRefused, storesReady } from '../shared/start.ts'
import { httpApp } from './app.ts'
import { connectHolds } from './bookings/insert-store.ts'
import { makeSales } from './bookings/sales.ts'
import { type HttpDeps, makeDeps } from './deps.ts'
import { readSite, type Site } from './pages.ts'
import { payQueueRound, SERVE_EVERY_MS } from './payments/pay-in-turn.ts'
import { runRounds } from './payments/rounds.ts'
import { openSearch } from './search/elastic-open.ts'

/** Longer than a proxy keeps an idle connection (60 s by custom), so that it never writes into one we close. */
const KEEP_ALIVE_MS = 65 * SECOND
/** A whole request; the slowest honest one is 64 KB over a bad phone line. */
const REQUEST_MS = 30 * SECOND
/** Its head alone. */
const HEADERS_MS = 10 * SECOND

/** While going away: how long a connection may be idle. */
const IDLE_CHECK_MS = 100

async function main(): Promise<void> {
  const config = readConfig()
  const log = makeLog('http', config.LOG_LEVEL)
  const lifecycle = new Lifecycle(log)
  lifecycle.listen()
  const site = config.WEB_ROOT === undefined ? undefined : await pages(config.WEB_ROOT)
  const deps = await start(config, log, lifecycle)
  const search = await openSearch(deps)
  lifecycle.add('search', search.close)
  let stopping = false
  const sales = makeSales(deps)
  const app = httpApp(deps, {
    sales,
    search: search.engine,
    ...(site === undefined ? {} : { site }),
    process: { stopping: () => stopping },
  })
  const server = await listen(app.fetch, config)
  lifecycle.add('server', () => {
    stopping = true
    return drained(server)
  })
  const line = runRounds(
    { name: 'pay queue', everyMs: SERVE_EVERY_MS, work: payQueueRound(sales).work },
    sales,
  )
  lifecycle.add(line.name, () => line.stop())
  if (paymentsOf(config) === 'none') log.warn(NO_PAYMENTS)
  log.info({ port: config.HTTP_PORT }, 'serving')
}

async function pages(root: string): Promise<Site> {
  return readSite(root).catch((error: unknown) => {
    throw new StartRefused(`WEB_ROOT: ${reasonOf(error)}.`)
  })
}

async function start(config: Config, log: Log, lifecycle: Lifecycle): Promise<HttpDeps> {
  const pool = connectPostgres(config.DATABASE_URL, 'http', log)
  lifecycle.add('postgres', () => pool.end())
  const payPool = connectPostgres(config.DATABASE_URL, 'pay', log, PAY_POOL_SIZE, {
    waitMs: PAY_POOL_WAIT_MS,
  })
  lifecycle.add('postgres for payments', () => payPool.end())
  const redis = connectCommands(config.REDIS_URL, log)
  lifecycle.add('redis', () => redis.disconnect())
  await storesReady({ pool, redis: [redis], clock: systemClock })
  const holdPool = connectHolds(config.DATABASE_URL, log)
  lifecycle.add('postgres for holds', () => holdPool.end())
  return makeDeps({ config, pool, payPool, holdPool, redis, log }, 'http')
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
    server.once('error', error => reject(portRefused('HTTP_PORT', config.HTTP_PORT, error)))
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

await runProcess('http', main)
