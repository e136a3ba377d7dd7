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

test('[R142] a statement that comes again and again is prepared once, and goes on after a migration; others are as many as may come', async () => {
  const one = connectPostgres(database.url, 'test', makeLog('test', 'silent'), 1)
  const columns = async () => (await one.query('select * from counters where id = $1', [1])).fields.length
  try {
    for (let i = 0; i < 10; i++) {
      await one.query('select n from counters where id = $1', [i])
      expect(await columns()).toBe(2)
    }
    await expect(one.query('select n from counters where id = $1', ['x'])).rejects.toThrow('integer')
    for (let i = 0; i < 1_000; i++) await one.query(`select ${i % 300} + $1::int`, [i])
    await one.query('alter table counters add column more int')
    expect(await columns()).toBe(3)
    expect((await one.query('select n from counters where id = $1', [1])).rows).toHaveLength(1)
    const { rows } = await one.query<{ statement: string }>('select statement from pg_prepared_statements')
    expect(rows.filter(({ statement }) => statement.startsWith('select n from'))).toHaveLength(1)
    expect(rows.length).toBeGreaterThan(100)
    expect(rows.length).toBeLessThanOrEqual(200)
  } finally {
    await one.query('alter table counters drop column if exists more')
    await one.end()
  }
})
