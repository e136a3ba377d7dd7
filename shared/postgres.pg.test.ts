import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase } from '../dev/test-parts.ts'
import { systemClock } from './clock.ts'
import { makeLog } from './log.ts'
import { connectPostgres, isAway, type Pool, sqlState, transaction } from './postgres.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let pool: Pool

beforeAll(async () => {
  database = await testDatabase()
  pool = connectPostgres(database.url, 'test', makeLog('test', 'silent'), 4)
  await pool.query('create table counters (id int primary key, n int not null)')
  await pool.query('insert into counters values (1, 0), (2, 0)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

test('[R61] transactions that lock in opposite orders both end, each done once', async () => {
  let met = 0
  const both = Promise.withResolvers<void>()
  const run = (first: number, second: number) =>
    transaction(pool, async client => {
      await client.query('update counters set n = n + 1 where id = $1', [first])
      if (++met === 2) both.resolve()
      await both.promise
      await client.query('update counters set n = n + 1 where id = $1', [second])
    })
  await Promise.all([run(1, 2), run(2, 1)])
  const { rows } = await pool.query('select n from counters order by id')
  expect(rows).toEqual([{ n: 2 }, { n: 2 }])
})

test('[R62] a transaction that throws leaves nothing and gives its connection back', async () => {
  const failing = transaction(pool, async client => {
    await client.query('update counters set n = 99')
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect((await pool.query('select max(n) from counters')).rows).toEqual([{ max: 2 }])
  expect(pool.idleCount).toBe(pool.totalCount)
})

test('[R63] a lost connection and a passed deadline are told from a faulty statement', async () => {
  const ended = pool.query('select pg_terminate_backend(pg_backend_pid())')
  await expect(ended).rejects.toSatisfy(isAway)
  const slow = pool.query(
    "set local statement_timeout = 0; set statement_timeout = '50ms'; select pg_sleep(1)",
  )
  await expect(slow).rejects.toSatisfy(isAway)
  const faulty = pool.query('select 1/0')
  await expect(faulty).rejects.toSatisfy(error => sqlState(error) === '22012' && !isAway(error))
})

test('[R64] a connection that ends within a transaction rejects it, and the process goes on', async () => {
  const cut = transaction(pool, async client => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await systemClock.sleep(100)
    await client.query('select 1')
  })
  await expect(cut).rejects.toSatisfy(isAway)
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})
