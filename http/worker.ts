/**
 * The worker as a process: the outbox's pump, the jobs behind it, and the rounds that end what ran out of time and ask
 * about what nobody told us of. Any number of them may run, and be killed; without one, sales are only told later.
 *
 * While Postgres or Redis is away it says so at /readyz: it waits for them at its start as the others do, and later tries on.
 */
import { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { systemClock } from '../shared/clock.ts'
import { type Config, NO_PAYMENTS, paymentsOf, readConfig } from '../shared/config.ts'
import { Lifecycle } from '../shared/lifecycle.ts'
import { SECOND } from '../shared/limits.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres } from '../shared/postgres.ts'
import { notReady, READY } from '../shared/ready-answer.ts'
import { connectCommands } from '../shared/redis.ts'
import { portRefused, runProcess, storesReady } from '../shared/start.ts'
import { makeSales, type Sales } from './bookings/sales.ts'
import { makeDeps } from './deps.ts'
import { CLEAR_EVERY_MS, clear } from './payments/clear.ts'
import { LIST_EVERY_MS, readEventList } from './payments/event-list.ts'
import { connectJobs, type JobRunner, LEASE_EVERY_MS, startJobRunner } from './payments/job-runner.ts'
import { taskList } from './payments/jobs.ts'
import { LAPSE_BATCH, LAPSE_EVERY_MS, lapse } from './payments/lapse.ts'
import { PUMP_BATCH, PUMP_EVERY_MS, pump } from './payments/outbox.ts'
import { payQueueRound, SERVE_EVERY_MS } from './payments/pay-in-turn.ts'
import { RECONCILE_EVERY_MS, reconcile } from './payments/reconcile.ts'
import { REPLAY_EVERY_MS, replayRound } from './payments/replay.ts'
import { type Running, runRounds } from './payments/rounds.ts'

/** Rounds that went well longer ago than this are not going well. */
const STALE_MS = 15 * SECOND

async function main(): Promise<void> {
  const config = readConfig()
  const log = makeLog('worker', config.LOG_LEVEL)
  const lifecycle = new Lifecycle(log)
  lifecycle.listen()
  const pool = connectPostgres(config.DATABASE_URL, 'worker', log)
  lifecycle.add('postgres', () => pool.end())
  const redis = connectCommands(config.REDIS_URL, log)
  lifecycle.add('redis', () => redis.disconnect())
  const jobPool = connectJobs(config.DATABASE_URL, log)
  lifecycle.add('job pool', () => jobPool.end())
  const sales = makeSales(makeDeps({ config, pool, redis, log }, 'worker'))
  let work: Work | undefined
  const server = await listen(
    health(sales, () => work),
    config,
  )
  lifecycle.add('health', () => closed(server))
  await storesReady({ pool, redis: [redis], clock: systemClock })
  const tasks = taskList(sales)
  const jobs = startJobRunner({ pool: jobPool, tasks, node: config.NODE_NAME, clock: systemClock, log })
  lifecycle.add('jobs', () => jobs.stop())
  const rounds = startRounds(sales, jobs)
  for (const round of rounds) lifecycle.add(round.name, () => round.stop())
  work = { jobs, rounds }
  if (paymentsOf(config) === 'none') log.warn(NO_PAYMENTS)
  log.info({ port: config.WORKER_PORT }, 'working')
}

function startRounds(sales: Sales, jobs: JobRunner): Running[] {
  const { pool, log, step, config } = sales
  return [
    {
      name: 'pump',
      everyMs: PUMP_EVERY_MS,
      // Before the first worker the queue's schema may not be there.
      work: async () => jobs.workers() > 0 && (await step('pump.move', () => pump(pool))) >= PUMP_BATCH,
    },
    { name: 'pay queue', everyMs: SERVE_EVERY_MS, work: payQueueRound(sales).work },
    { name: 'lapse', everyMs: LAPSE_EVERY_MS, work: async () => (await lapse(sales)) >= LAPSE_BATCH },
    {
      name: 'reconcile',
      everyMs: RECONCILE_EVERY_MS,
      work: async () => {
        await reconcile(sales)
        return false
      },
    },
    { name: 'replay', everyMs: REPLAY_EVERY_MS, vital: false, work: replayRound(sales).work },
    {
      name: 'event list',
      everyMs: LIST_EVERY_MS,
      vital: false,
      work: async () => paymentsOf(config) !== 'none' && (await readEventList(sales)).more,
    },
    {
      name: 'clear',
      everyMs: CLEAR_EVERY_MS,
      vital: false,
      work: async () => jobs.workers() > 0 && clear(sales),
    },
    {
      name: 'lease',
      everyMs: LEASE_EVERY_MS,
      work: async () => {
        const dead = await jobs.beat()
        if (dead > 0) log.warn({ dead }, 'the jobs of dead workers are free again')
        return false
      },
    },
  ].map(round => runRounds(round, sales))
}

/** What the worker does, once its stores are there. */
interface Work {
  jobs: JobRunner
  rounds: Running[]
}

/** What machines ask of us. */
function health(sales: Sales, work: () => Work | undefined): Hono {
  const { pool, redis, metrics, clock } = sales
  const app = new Hono()
  app.get('/healthz', c => c.json({ status: 'ok' }))
  app.get('/readyz', async c => {
    const away: string[] = []
    await pool.query('select 1').catch(() => away.push('Postgres'))
    await redis.ping().catch(() => away.push('Redis'))
    const { jobs, rounds = [] } = work() ?? {}
    if ((jobs?.workers() ?? 0) === 0) away.push('the job queue')
    const stale = rounds.filter(({ vital, lastGood }) => vital && clock.now() - (lastGood() ?? 0) > STALE_MS)
    away.push(...stale.map(({ name }) => name))
    c.header('Cache-Control', 'no-store')
    if (away.length === 0) return c.json(READY)
    const problem = notReady(away)
    return c.json(problem.body(), 503, { 'Content-Type': 'application/problem+json' })
  })
  app.get('/metrics', async c =>
    c.text(await metrics.text(), 200, { 'Content-Type': metrics.registry.contentType }),
  )
  return app
}

function listen(app: Hono, config: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port: config.WORKER_PORT, hostname: config.HOST }, () => {
      if (server instanceof Server) resolve(server)
    })
    server.once('error', error => reject(portRefused('WORKER_PORT', config.WORKER_PORT, error)))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

await runProcess('worker', main)
