/** The harness on itself: what a file is given is its own. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { expect, test } from 'vitest'
import { ownRedis, testDatabase, testRedis } from './test-parts.ts'

test('[R74] each test database has the newest schema and nothing of its neighbours', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()])
  await inDatabase(one.url, 'create table mine (id int)')
  expect(await inDatabase(one.url, 'select count(*)::int as n from schema_migrations')).not.toEqual([
    { n: 0 },
  ])
  expect(await inDatabase(two.url, "select to_regclass('mine') as t")).toEqual([{ t: null }])
  await Promise.all([one.drop(), two.drop()])
  await expect(inDatabase(one.url, 'select 1')).rejects.toThrow(/does not exist/)
})

test('[R74] a database with the demo catalogue is made once and copied then', async () => {
  const both = await Promise.all([testDatabase({ catalogue: true }), testDatabase({ catalogue: true })])
  for (const { url, drop } of both) {
    expect(await inDatabase(url, 'select count(*) > 5000 as many from events')).toEqual([{ many: true }])
    await drop()
  }
})

test('[R75] pg_trgm and unaccent can be had, and case is folded beyond ASCII', async () => {
  const { url, drop } = await testDatabase()
  await inDatabase(url, 'create extension if not exists pg_trgm')
  await inDatabase(url, 'create extension if not exists unaccent')
  expect(await inDatabase(url, "select unaccent(lower('MÜNCHEN')) as name")).toEqual([{ name: 'munchen' }])
  expect(await inDatabase(url, "select to_tsvector('simple', 'Ünal') as words")).toEqual([
    { words: "'ünal':1" },
  ])
  await drop()
})

test('[R74] cleaning removes the keys of its prefix and no others', async () => {
  const [mine, other] = [testRedis(), testRedis()]
  const client = new Redis(mine.url)
  await client.mset({ [`${mine.keyPrefix}a`]: 1, [`${other.keyPrefix}a`]: 1 })
  await mine.clean()
  expect(await client.exists(`${mine.keyPrefix}a`, `${other.keyPrefix}a`)).toBe(1)
  await other.clean()
  client.disconnect()
})

test('[R76] a Redis of its own is empty after a crash, and keeps its data where it is durable', async () => {
  for (const durable of [false, true]) {
    const redis = await ownRedis({ durable })
    await once(redis.url, client => client.set('a', '1', 'EX', 100))
    await redis.kill()
    await redis.restart()
    expect(await once(redis.url, client => client.get('a'))).toBe(durable ? '1' : null)
    await redis.stop()
  }
})

async function inDatabase(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

async function once<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}
