import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { systemChance } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { ELASTICSEARCH_URL, needsElastic, type TestElastic, testElastic } from './elastic-fixture.ts'
import { ElasticIndex } from './elastic-index.ts'
import type { Search } from './search.ts'

let database: TestDatabase
let pool: Pool
let elastic: TestElastic
beforeAll(async () => {
  if (ELASTICSEARCH_URL === undefined) return
  database = await testDatabase()
  pool = connectPostgres(database.url, 'test', makeLog('test', 'silent'), 8)
  await insertSmallHouse(pool, 'evening01')
  elastic = await testElastic(pool)
})
afterAll(async () => {
  if (ELASTICSEARCH_URL === undefined) return
  await elastic.close()
  await pool.end()
  await database.drop()
})
beforeEach(needsElastic)

const EVERYTHING: Search = {
  types: [],
  statuses: [],
  sort: { by: 'date', descending: false },
  page: 1,
  pageSize: 10,
}
const names = async () => (await elastic.engine.search(EVERYTHING)).events.map(({ name }) => name)
const indices = async () =>
  Object.keys(await elastic.client.indices.get({ index: `${elastic.index.alias}.*` }))
/** The one that searches are asked of. */
const serving = async () => Object.keys(await elastic.client.indices.getAlias({ name: elastic.index.alias }))
const rename = (name: string) => pool.query('update events set name = $1', [name])
/** Another process on the same database and server. */
const another = (its: Pool) =>
  new ElasticIndex({
    client: elastic.client,
    pool: its,
    instance: elastic.index.alias.split('.')[1] ?? '',
    chance: systemChance,
    log: makeLog('test', 'silent'),
  })

test('[F52] what Elasticsearch holds already is not loaded again; what has changed is, behind an alias', async () => {
  await expect(elastic.engine.search(EVERYTHING)).rejects.toThrow(/index_not_found/)
  expect(await elastic.index.bringUpToDate()).toBe('loaded')
  const first = await serving()
  expect(await names()).toEqual(['An evening'])
  expect(await elastic.index.bringUpToDate()).toBe('unchanged')
  expect(await serving()).toEqual(first)

  await rename('Another evening')
  expect(await names()).toEqual(['An evening'])
  expect(await elastic.index.bringUpToDate()).toBe('loaded')
  expect(await names()).toEqual(['Another evening'])
  // The old index is gone, and nothing stands beside the new one.
  expect(await indices()).toEqual(await serving())
  expect(await serving()).not.toEqual(first)
})

test('[F53] a load that fails or dies leaves searches as they were, and the next one tidies up', async () => {
  await elastic.index.bringUpToDate()
  const [before, found] = [await serving(), await names()]
  await rename('A third evening')
  const breaking = {
    connect: () => pool.connect(),
    query: (text: string, values: unknown[]) =>
      text.includes('as digest') ? pool.query(text, values) : Promise.reject(new Error('cut')),
  } as Pool
  await expect(another(breaking).bringUpToDate()).rejects.toThrow('cut')
  expect(await serving()).toEqual(before)
  expect(await names()).toEqual(found)
  expect(await indices()).toEqual(before)

  // Left by a process that was killed in the middle.
  await elastic.client.indices.create({ index: `${elastic.index.alias}.0000000000000000.dead` })
  expect(await elastic.index.bringUpToDate()).toBe('loaded')
  expect(await indices()).toEqual(await serving())
  expect(await names()).toEqual(['A third evening'])
})

test('[F54] however many processes start at once, one of them loads', async () => {
  await rename('A fourth evening')
  const outcomes = await Promise.all([1, 2, 3].map(() => another(pool).bringUpToDate()))
  expect(outcomes.filter(outcome => outcome === 'loaded')).toHaveLength(1)
  expect(await indices()).toEqual(await serving())
  expect(await elastic.index.bringUpToDate()).toBe('unchanged')
  expect(await names()).toEqual(['A fourth evening'])
})
