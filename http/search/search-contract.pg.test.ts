/** What every engine must do, asked of each in the words of the query string, on a handful of events. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, type Pool } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { insertSamples } from './catalogue-fixture.ts'
import { ELASTICSEARCH_URL, needsElastic, type TestElastic, testElastic } from './elastic-fixture.ts'
import { SearchParameters, searchOf } from './parameters.ts'
import { PostgresSearch } from './postgres-search.ts'
import type { SearchEngine, SearchResult } from './search.ts'

const NOW = Date.parse('2030-01-01T00:00:00Z')

let database: TestDatabase
let pool: Pool
let elastic: TestElastic | undefined
beforeAll(async () => {
  database = await testDatabase()
  pool = connectPostgres(database.url, 'test', makeLog('test', 'silent'), 4)
  // For its map alone.
  await insertSmallHouse(pool, 'evening01')
  await insertSamples(pool)
  await pool.query(`delete from events where id = 'evening01'`)
  // One letter from Dvořák, of an event that is over.
  await pool.query(`insert into performers values ('dvorek', 'Dvorek', 'sample')`)
  await pool.query(`insert into event_performers values ('past0001', 'dvorek', 0)`)
  if (ELASTICSEARCH_URL === undefined) return
  elastic = await testElastic(pool)
  await elastic.index.bringUpToDate()
})
afterAll(async () => {
  await elastic?.close()
  await pool.end()
  await database.drop()
})

const ENGINES: [name: string, engine: () => SearchEngine][] = [
  ['Postgres', () => new PostgresSearch(pool)],
  ['Elasticsearch', () => elastic?.engine ?? new PostgresSearch(pool)],
]

describe.each(ENGINES)('search in %s', (name, engine) => {
  beforeEach(context => {
    if (name === 'Elasticsearch') needsElastic(context)
  })

  const search = (query: string): Promise<SearchResult> => {
    const given = SearchParameters.parse(Object.fromEntries(new URLSearchParams(query)))
    return engine().search(searchOf(given, NOW))
  }
  const ids = async (query: string): Promise<string[]> =>
    (await search(query)).events.map(({ eventId }) => eventId)

  test('[F41] words are compared without case, accents, ligatures and apostrophes', async () => {
    expect(await ids('keyword=BÄYERN MÜNCHEN')).toEqual(['bayern01'])
    expect(await ids('keyword=bayern munchen')).toEqual(['bayern01'])
    // An accent typed as a letter of its own.
    expect(await ids('keyword=mu\u0308nchen')).toEqual(['bayern01'])
    expect(await ids('keyword=dvorak')).toEqual(['dvorak01'])
    expect(await ids('keyword=FUSSBALL')).toEqual(['bayern01'])
    expect(await ids(`keyword=king’s`)).toEqual(['dvorak01'])
    expect(await ids('keyword=kings')).toEqual(['dvorak01'])
  })

  test('[F42] words are found by their beginnings, one letter and whole names alike', async () => {
    expect(await ids('keyword=s')).toEqual(['dvorak01', 'derby001', 'arsenal1', 'madrid01', 'suva0001'])
    expect(await ids('keyword=bay mun')).toEqual(['bayern01'])
    expect(await ids('keyword=symphony 9')).toEqual(['dvorak01'])
    expect(await ids('artist=ars&sort=date')).toEqual(['arsenal1', 'bayern01'])
  })

  test('[F43] one typing error a word is forgiven: in words that no event has, else where nothing is found', async () => {
    for (const word of ['bayren', 'bayrn', 'bayyern', 'bazern', 'abyern'])
      expect(await ids(`keyword=${word} munchne`), word).toEqual(['bayern01'])
    expect(await ids('keyword=byren')).toEqual([])
    expect(await ids('keyword=xi')).toEqual([])
    expect(await ids('keyword=lodnon kings')).toEqual(['dvorak01'])
    expect(await ids('name=morning&city=neiafi')).toEqual(['nuku0001'])
    expect(await ids('artist=dvorek&end=2001-12-31')).toEqual(['past0001'])
    expect(await ids('artist=dvorek')).toEqual(['dvorak01'])
  })

  test('[F44] a phrase in name or performers comes first, then its words there, then its words elsewhere', async () => {
    expect(await ids('keyword=real madrid')).toEqual(['arsenal1', 'madrid01', 'derby001'])
    expect(await ids('keyword=real madrid&sort=relevance,desc')).toEqual(['derby001', 'arsenal1', 'madrid01'])
    expect(await ids('keyword=arsenal versus the bayern')).toEqual(['bayern01'])
  })

  test('[F45] what is typed is text, and what has no letter or digit finds nothing', async () => {
    for (const text of ['?!', '*', '"', '🎟', '-', '()']) {
      expect(await ids(`keyword=${encodeURIComponent(text)}`), text).toEqual([])
    }
    const odd = ['bayern* OR x', 'title:bayern', '&!()<->:*', 'a" AND "b', '\\', '/.*/', `${'x'.repeat(200)}`]
    for (const text of odd) await search(`keyword=${encodeURIComponent(text)}`)
    expect(await ids('keyword=the of')).toEqual([])
  })

  test('[F46] distances are told and sorted by, across the date line and over the whole Earth', async () => {
    const { events } = await search('lat=-18.2&lon=179.9&radius=800&sort=distance')
    expect(events.map(({ eventId, distanceKm }) => [eventId, distanceKm])).toEqual([
      ['suva0001', 154.2],
      ['nuku0001', 647.2],
    ])
    expect(await ids('lat=51.5&lon=-0.12&radius=3')).toEqual(['dvorak01'])
    expect(await ids('lat=51.5&lon=-0.12&radius=10&sort=-distance')).toEqual(['arsenal1', 'dvorak01'])
    expect((await search('lat=90&lon=0&radius=20038')).total).toBe(7)
  })

  test('[F47] days are those of the clocks at the venue, and both ends belong to a range', async () => {
    expect(await ids('date=2040-07-01&sort=date')).toEqual(['dvorak01', 'suva0001'])
    expect(await ids('date=2040-06')).toEqual([])
    expect(await ids('start=2040-06-30T23:30:00Z&end=2040-07-01T08:00:00Z&sort=date')).toEqual([
      'dvorak01',
      'suva0001',
    ])
    expect(await ids('start=2040-06-30T23:30:01Z&end=2040-07-01T07:59:59Z')).toEqual([])
    expect(await ids('date=2001-01')).toEqual(['past0001'])
  })

  test('[F48] a search for nothing shows what is on sale first, then by date; pages repeat nothing', async () => {
    const all = ['dvorak01', 'derby001', 'arsenal1', 'bayern01', 'madrid01', 'suva0001', 'nuku0001']
    expect(await ids('')).toEqual(all)
    const pages = await Promise.all([1, 2, 3, 4].map(page => ids(`pageSize=2&page=${page}`)))
    expect(pages.flat()).toEqual(all)
    expect(await search('pageSize=2&page=5')).toEqual({ events: [], total: 7 })
  })

  test('[F62] hot events come first among those on sale and nowhere else, also with a keyword; `hot` is told', async () => {
    const first = ['hot1999', 'cold1999', 'gone1999']
    expect(await ids('end=1999-12-31')).toEqual(first)
    expect(await ids('end=1999-12-31&keyword=old')).toEqual(first)
    expect(await ids('end=1999-12-31&sort=relevance,desc')).toEqual(first.toReversed())
    expect(await ids('end=1999-12-31&sort=date')).toEqual(['gone1999', 'cold1999', 'hot1999'])
    const { events } = await search('end=1999-12-31')
    expect(events.map(({ hot }) => hot)).toEqual([true, false, true])
  })

  test('[F49] conditions are exact and combined; events without a price come last by price, either way', async () => {
    expect(await ids('type=football&countryCode=gb')).toEqual(['arsenal1'])
    expect(await ids('venueId=bern&performerId=real')).toEqual(['madrid01'])
    expect(await ids('status=onsale')).toEqual(['dvorak01'])
    expect(await ids('type=concert&sort=price&start=2000-01-01')).toEqual([
      'suva0001',
      'dvorak01',
      'past0001',
    ])
    expect(await ids('type=concert&sort=-price&start=2000-01-01')).toEqual([
      'dvorak01',
      'suva0001',
      'past0001',
    ])
    expect(await ids('type=football&sort=name')).toEqual(['arsenal1', 'bayern01', 'madrid01', 'derby001'])
  })

  test('[F50] with facets=true what was found is counted by type, city and country, the most frequent first', async () => {
    expect(await search('keyword=real&pageSize=1&facets=true')).toMatchObject({
      total: 3,
      facets: {
        types: [{ value: 'football', events: 3 }],
        cities: [
          { value: 'Madrid', events: 2 },
          { value: 'London', events: 1 },
        ],
        countries: [
          { value: 'ES', events: 2 },
          { value: 'GB', events: 1 },
        ],
      },
    })
    expect((await search('facets=true')).facets?.cities.map(({ value }) => value)).toEqual([
      'London',
      'Madrid',
      'Munich',
      'Neiafu',
      'Suva',
    ])
    expect((await search('keyword=qqqqqq&facets=true')).facets).toEqual({
      types: [],
      cities: [],
      countries: [],
    })
    expect(await search('keyword=qqqqqq')).toEqual({ events: [], total: 0 })
  })

  test('[F51] an event comes with all that a list shows of it', async () => {
    expect((await search('keyword=symphony')).events).toEqual([
      {
        eventId: 'dvorak01',
        name: 'Symphony No. 9',
        type: 'concert',
        status: 'onsale',
        startsAt: Date.parse('2040-06-30T23:30:00Z'),
        onSaleAt: Date.parse('2039-01-01T00:00:00Z'),
        competition: null,
        modelled: false,
        hot: false,
        venue: {
          venueId: 'kings',
          name: "King's Theatre",
          city: 'London',
          region: null,
          country: 'GB',
          lat: 51.5,
          lon: -0.12,
          timeZone: 'Europe/London',
          modelled: true,
        },
        performers: [{ performerId: 'dvorak', name: 'Antonín Dvořák', kind: 'sample' }],
        priceRange: { min: 1500, max: 3000, currency: 'EUR' },
      },
    ])
  })
})
