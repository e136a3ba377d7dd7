/** The job queue's workers, while what they lean on fails. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { systemClock } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'
import { until } from '../bookings/sale-fixture.ts'
import { Door } from '../fault-walk/door-fixture.ts'
import { connectJobs, startJobRunner } from './job-runner.ts'

const log = makeLog('test', 'silent')
let database: TestDatabase
let door: Door
let far: Pool
let near: Pool

beforeAll(async () => {
  database = await testDatabase()
  door = await Door.to(new URL(database.url))
  far = connectJobs(door.url, log)
  near = connectPostgres(database.url, 'eye', log, 2)
})
afterAll(async () => {
  await Promise.all([far.end(), near.end()])
  await door.shut()
  await database.drop()
})

test('[P96] Jobs under way when Postgres goes away end no worker: once it is back jobs are done.', async () => {
  const faults: unknown[] = []
  const note = (fault: unknown) => faults.push(fault)
  process.on('unhandledRejection', note)
  const done: string[] = []
  const runner = startJobRunner({
    pool: far,
    tasks: {
      good: () => void done.push('good'),
      // Each ends while nobody can write that it did.
      ends: () => door.shut(),
      fails: async () => {
        await door.shut()
        throw new Error('as Stripe might')
      },
    },
    node: 'test',
    clock: systemClock,
    log,
  })
  const add = (task: string) => near.query('select graphile_worker.add_job($1)', [task])
  try {
    for (const [at, task] of ['ends', 'fails'].entries()) {
      await until('workers look for jobs', () => runner.workers() > 0)
      await add(task)
      await until('it stopped', () => runner.workers() === 0)
      // What it asked last may still be done there, and would take the next job for a worker that is gone.
      await until('Postgres has noticed', async () => (await near.query(ITS_CONNECTIONS)).rowCount === 0)
      await door.open()
      await add('good')
      await until('the next job is done', () => done.length > at)
    }
  } finally {
    await door.open()
    await runner.stop()
    process.off('unhandledRejection', note)
  }
  expect(faults).toEqual([])
})

test('[P103] What a worker reads to find its next job does not grow with the jobs that wait.', async () => {
  let done = 0
  const tasks = { counted: () => void done++ }
  const pool = connectJobs(database.url, log)
  const runner = startJobRunner({ pool, tasks, node: 'test', clock: systemClock, log })
  let before = 0
  try {
    await until('its schema is there', () => runner.workers() > 0)
    before = await jobsRead()
    // All at once, so that the plan of the first is the plan of all.
    await near.query(
      `select graphile_worker.add_jobs(array_agg(
         row('counted', '{}', null, null, null, null, null, null)::graphile_worker.job_spec))
       from generate_series(1, $1::int)`,
      [MANY],
    )
    await until('all are done', () => done >= MANY)
  } finally {
    await runner.stop()
    // A connection that ends tells what it has read.
    await pool.end()
  }
  const each = async () => ((await jobsRead()) - before) / MANY
  await expect.poll(each).toBeGreaterThan(1)
  expect(await each()).toBeLessThan(50)
})

const MANY = 4_000

/** Rows of the job queue, since it was made. */
async function jobsRead(): Promise<number> {
  const { rows } = await near.query<{ read: number }>(
    `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read
     from pg_stat_user_tables where schemaname = 'graphile_worker' and relname = '_private_jobs'`,
  )
  return rows[0]?.read ?? 0
}

const ITS_CONNECTIONS = `
  select from pg_stat_activity where datname = current_database() and application_name = 'onsale-jobs'`
