/**
 * Runs the job queue's workers in this process and keeps them running; and, as graphile-worker leaves a killed worker's
 * jobs locked for four hours, gives each worker a lease and sets the jobs of those without one free.
 */
import { EventEmitter } from 'node:events'
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Clock } from '../../shared/clock.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Log } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'

/** Jobs at once in one process: they mostly wait for Stripe and Postgres. */
export const CONCURRENCY = 10
/** Connections of its pool: one a worker, one that listens, one to spare. */
const POOL_SIZE = CONCURRENCY + 2
/**
 * The next job is the first of an index. Postgres, which last counted the jobs when there were few, would rather sort all that wait: 2.8
 * instead of 0.8 ms with 3,000, for each job that is taken.
 */
const NEXT_BY_INDEX = ['enable_bitmapscan=off', 'enable_seqscan=off']
/** How long a job waits where its notification was lost. */
const POLL_MS = SECOND
const RESTART_MS = SECOND
export const LEASE_EVERY_MS = 2 * SECOND
/** A worker not seen for so long is dead, or as good as. */
const LEASE_SECONDS = 10

/**
 * Left alone, graphile-worker waits for nobody when it writes that a job is done or has failed: with Postgres away that would end
 * the process. Batched it says so to its pool, which then stops, and is started again.
 */
export const QUEUE_PRESET = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } }

export interface JobRunner {
  /** Workers that look for jobs now; from the first on the queue's schema is there. */
  workers(): number
  /** One heartbeat, and the jobs of dead workers set free. Answers how many workers were dead. */
  beat(): Promise<number>
  /** Jobs under way are finished. */
  stop(): Promise<void>
}

export interface RunnerParts {
  /** As connectJobs makes it. */
  pool: Pool
  tasks: TaskList
  node: string
  clock: Clock
  log: Log
}

/** Of the job queue alone: its workers must not wait for the jobs' own connections. */
export function connectJobs(url: string, log: Log): Pool {
  return connectPostgres(url, 'jobs', log, POOL_SIZE, { settings: NEXT_BY_INDEX })
}

export function startJobRunner({ pool, tasks, node, clock, log }: RunnerParts): JobRunner {
  const over = new AbortController()
  const ids = new Set<string>()
  // A connection that ends while it is in use says so to nobody else, and would end the process.
  pool.on('connect', client => client.on('error', () => undefined))
  const events: WorkerEvents = new EventEmitter()
  events.on('worker:create', ({ worker }) => ids.add(worker.workerId))
  events.on('worker:stop', ({ worker }) => ids.delete(worker.workerId))
  let runner: Runner | undefined
  let failing = false
  const loop = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        // Brings the queue's own schema up to date first.
        runner = await run({
          preset: QUEUE_PRESET,
          pgPool: pool,
          taskList: tasks,
          parsedCronItems: [],
          concurrency: CONCURRENCY,
          pollInterval: POLL_MS,
          noHandleSignals: true,
          events,
          logger: quiet(log),
        })
        failing = false
        // At once: what a worker killed before us left behind waits long enough.
        await beat(pool, node, [...ids])
        if (over.signal.aborted) await runner.stop()
        await runner.promise
      } catch (err) {
        // One line for an outage, however long it lasts.
        if (!over.signal.aborted && !failing) log.warn({ err }, 'the job queue stopped; it is started again')
        failing = true
      }
      ids.clear()
      await clock.sleep(RESTART_MS, over.signal)
    }
  }
  const ended = loop()
  return {
    workers: () => ids.size,
    beat: () => beat(pool, node, [...ids]),
    stop: async () => {
      over.abort()
      await runner?.stop().catch(() => undefined)
      await ended
    },
  }
}

async function beat(pool: Pool, node: string, ids: string[]): Promise<number> {
  if (ids.length === 0) return 0
  await pool.query(
    `insert into worker_leases (worker_id, node, seen_at) select id, $2, now() from unnest($1::text[]) as id
     on conflict (worker_id) do update set seen_at = now()`,
    [ids, node],
  )
  const { rows } = await pool.query<{ dead: number }>(FREE_JOBS, [LEASE_SECONDS])
  return rows[0]?.dead ?? 0
}

const FREE_JOBS = `
  with forgotten as (
    delete from worker_leases where seen_at < now() - interval '1 hour'
  ), dead as (
    select distinct locked_by as id from graphile_worker.jobs as job
    where locked_at < now() - make_interval(secs => $1)
      and not exists (
        select from worker_leases as lease
        where lease.worker_id = job.locked_by and lease.seen_at >= now() - make_interval(secs => $1)
      )
  ), freed as (
    select graphile_worker.force_unlock_workers(array_agg(id)) from dead having count(*) > 0
  )
  select (select count(*) from dead)::int as dead, (select count(*) from freed) as freed`

/** Its every line at our levels: a job that fails comes again by itself, so that is no error of the process. */
export function quiet(log: Log): Logger {
  const levels = { error: 'warn', warning: 'warn', info: 'debug', debug: 'trace' } as const
  return new Logger(() => (level, message) => {
    log[levels[level]]({ part: 'jobs' }, message)
  })
}
