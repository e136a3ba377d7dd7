/** The job queue's workers, while what they lean on fails. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { systemClock } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'
import { until } from '../bookings/sale-fixture.ts'
import { Door } from '../fault-walk/door-fixture.ts'
import { JOB_POOL_SIZE, startJobRunner } from './job-runner.ts'

const log = makeLog('test', 'silent')
let database: TestDatabase
let door: Door
let far: Pool
let near: Pool

beforeAll(async () => {
  database = await testDatabase()
  door = await Door.to(new URL(database.url))
  far = connectPostgres(door.url, 'jobs', log, JOB_POOL_SIZE)
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
