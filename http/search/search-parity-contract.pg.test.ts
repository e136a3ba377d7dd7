/**
 * Both engines on the whole demo catalogue: whatever is asked, they give the same answer. The questions are drawn from the
 * catalogue by a fixed seed: words of it, cut, misspelt and mixed, with every condition and order.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'
import { ELASTICSEARCH_URL, needsElastic, type TestElastic, testElastic } from './elastic-fixture.ts'
import { PostgresSearch } from './postgres-search.ts'
import { EVENT_STATUSES, EVENT_TYPES, type Search, SORTS } from './search.ts'

const QUESTIONS = 150
const SEED = 20_261_122

let database: TestDatabase
let pool: Pool
let elastic: TestElastic
beforeAll(async () => {
  if (ELASTICSEARCH_URL === undefined) return
  database = await testDatabase({ catalogue: true })
  pool = connectPostgres(database.url, 'test', makeLog('test', 'silent'), 4)
  elastic = await testElastic(pool)
  await elastic.index.bringUpToDate()
}, 120_000)
afterAll(async () => {
  if (ELASTICSEARCH_URL === undefined) return
  await elastic.close()
  await pool.end()
  await database.drop()
})
beforeEach(needsElastic)

test('[F40] both engines answer any search alike: the same events in the same order, total and counts', async () => {
  const postgres = new PostgresSearch(pool)
  let found = 0
  const alike = fc.asyncProperty(questions(await known()), async search => {
    const [ours, theirs] = [await postgres.search(search), await elastic.engine.search(search)]
    expect(theirs).toEqual(ours)
    if (ours.total > 0) found++
  })
  await fc.assert(alike, { numRuns: QUESTIONS, seed: SEED, endOnFailure: true })
  // That nothing equals nothing would show little.
  expect(found).toBeGreaterThan(QUESTIONS / 3)
}, 120_000)

interface Known {
  performers: string[]
  cities: string[]
  venues: string[]
  names: string[]
  days: string[]
}

async function known(): Promise<Known> {
  const list = async (sql: string): Promise<string[]> =>
    (await pool.query<{ value: string }>(sql)).rows.map(({ value }) => value)
  return {
    performers: await list('select distinct name as value from performers order by 1'),
    cities: await list('select distinct city as value from venues order by 1'),
    venues: await list('select distinct name as value from venues order by 1'),
    names: await list('select distinct name as value from events order by 1'),
    days: await list('select distinct starts_at::date::text as value from events order by 1'),
  }
}

function questions({ performers, cities, venues, names, days }: Known): fc.Arbitrary<Search> {
  const day = fc.constantFrom(...days).map(value => ({ day: value }))
  const near = fc.record({
    lat: degrees(90),
    lon: degrees(180),
    radiusKm: fc.constantFrom(50, 500, 3_000, 20_038),
  })
  const sort = fc.record({ by: fc.constantFrom(...SORTS), descending: fc.boolean() })
  return fc.record(
    {
      keyword: mostly(fc.oneof(words(performers, 3), words([...cities, ...venues, ...performers], 2))),
      artist: rarely(words(performers, 2)),
      name: rarely(words(names, 2)),
      venue: rarely(words(venues, 2)),
      city: rarely(words(cities, 2)),
      place: rarely(words(cities, 1)),
      country: rarely(fc.constantFrom('DE', 'GB', 'ES', 'IT', 'BR')),
      types: fc.oneof(fc.constant([]), fc.subarray([...EVENT_TYPES])),
      statuses: fc.oneof(fc.constant([]), fc.subarray([...EVENT_STATUSES])),
      near: rarely(near),
      from: rarely(day),
      until: rarely(day),
      sort,
      page: fc.constantFrom(1, 1, 1, 1, 1, 2),
      pageSize: fc.constantFrom(1, 20, 100),
      facets: fc.constant(true),
    },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Search>
}

const degrees = (most: number) =>
  fc.integer({ min: -most * 1_000, max: most * 1_000 }).map(thousandths => thousandths / 1_000)
const mostly = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 })
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

function words(from: string[], most: number): fc.Arbitrary<string> {
  return fc
    .constantFrom(...from)
    .map(text => text.split(' '))
    .chain(all => fc.shuffledSubarray(all, { minLength: 1, maxLength: Math.min(most, all.length) }))
    .chain(all => fc.tuple(...all.map(typed)))
    .map(all => all.join(' '))
}

/** A word as a hurried visitor types it: whole, its beginning, or with one letter missing, too many or swapped. */
function typed(word: string): fc.Arbitrary<string> {
  const letters = [...word]
  const at = fc.nat(letters.length - 1)
  const swapped = (i: number) => [letters[i + 1], letters[i]].filter(letter => letter !== undefined)
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(word) },
    { weight: 2, arbitrary: at.map(i => letters.slice(0, i + 1).join('')) },
    { weight: 1, arbitrary: at.map(i => letters.toSpliced(i, 1).join('')) },
    { weight: 1, arbitrary: at.map(i => letters.toSpliced(i, 0, 'q').join('')) },
    { weight: 1, arbitrary: at.map(i => letters.toSpliced(i, 2, ...swapped(i)).join('')) },
  )
}
