import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, makeApp, type TestApp } from '../app-fixture.ts'
import { insertSamples } from './catalogue-fixture.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
  await insertSamples(it.deps.pool)
})
afterAll(() => it.close())

interface Found {
  events: {
    eventId: string
    distanceKm?: number
    venue: { name: string }
    priceRange: unknown
    queue: unknown
  }[]
  page: number
  pageSize: number
  total: number
}

const search = (query: string): Promise<Answer<Found>> => it.call<Found>('GET', `/events/search?${query}`)
const ids = async (query: string): Promise<string[]> =>
  (await search(query)).body.events.map(({ eventId }) => eventId)

describe('words', () => {
  test('[F1] words are found whatever their case and accents', async () => {
    expect(await ids('keyword=bayern+munchen')).toEqual(['bayern01'])
    expect(await ids('keyword=B%C3%84YERN+M%C3%9CNCHEN')).toEqual(['bayern01'])
    expect(await ids('keyword=dvorak')).toEqual(['dvorak01'])
    expect(await ids('keyword=fussball')).toEqual(['bayern01'])
    expect(await ids('keyword=kings')).toEqual(['dvorak01'])
  })

  test.each(['bayren', 'bayrn', 'bayyern', 'bazern', 'abyern'])(
    '[F2] one typing error in a word is forgiven: %s',
    async word => {
      expect(await ids(`keyword=${word}+munchen`)).toEqual(['bayern01'])
      expect(await ids(`keyword=munchne+${word}`)).toEqual(['bayern01'])
    },
  )

  test('[F3] a word is found by its beginning', async () => {
    expect(await ids('keyword=bay+mun')).toEqual(['bayern01'])
    expect(await ids('artist=ars&sort=date')).toEqual(['arsenal1', 'bayern01'])
  })

  test('[F4] every word must be found, in whichever field; words that only join do not count', async () => {
    expect(await ids('keyword=arsenal+london')).toEqual(['arsenal1'])
    expect(await ids('keyword=tickets+for+nobody')).toEqual([])
    expect(await ids('keyword=arsenal+versus+the+bayern')).toEqual(['bayern01'])
    expect(await ids('keyword=qqqqqq')).toEqual([])
  })

  test('[F5] an error is forgiven also in a word that another event has, where nothing is found without', async () => {
    await it.deps.pool.query(`update performers set name = 'Dvorek' where id = 'sociedad'`)
    expect(await ids('artist=dvorek&type=concert')).toEqual(['dvorak01'])
    await it.deps.pool.query(`update performers set name = 'Real Sociedad' where id = 'sociedad'`)
  })

  test('[F6] closer names come first: as a phrase, then all words in name and performers, then elsewhere', async () => {
    expect(await ids('keyword=real+madrid')).toEqual(['arsenal1', 'madrid01', 'derby001'])
    expect(await ids('keyword=madrid')).toEqual(['derby001', 'arsenal1', 'madrid01'])
  })

  test('[F7] artist, name, venue, city and location look at their own field alone', async () => {
    expect(await ids('artist=madrid&sort=date')).toEqual(['derby001', 'arsenal1', 'madrid01'])
    expect(await ids('city=madrid&sort=date')).toEqual(['derby001', 'madrid01'])
    expect(await ids('venue=north+bank')).toEqual(['arsenal1'])
    expect(await ids('name=symphony')).toEqual(['dvorak01'])
    expect(await ids('artist=symphony')).toEqual([])
    expect(await ids('location=spain&sort=date')).toEqual(['derby001', 'madrid01'])
    expect(await ids('city=spain')).toEqual([])
    expect(await ids('city=Lodnon&sort=date')).toEqual(['arsenal1', 'dvorak01'])
  })

  test('[F8] a city is found by its own name and by the English one', async () => {
    expect(await ids('city=Munich')).toEqual(['bayern01'])
    expect(await ids('city=M%C3%BCnchen')).toEqual(['bayern01'])
  })

  test('[F9] whatever is typed is text: quotes, operators and wildcards mean nothing', async () => {
    for (const text of [
      `'`,
      `a' | 'b`,
      '&!()<->:*',
      `bayern' & !'arsenal`,
      '%',
      '\\',
      '🎟',
      'ﬀ',
      'x'.repeat(200),
    ]) {
      expect((await search(`keyword=${encodeURIComponent(text)}`)).status).toBe(200)
    }
    expect((await search('keyword=a%00b')).status).toBe(400)
  })
})

describe('places and days', () => {
  test('[F10] lat, lon and radius in km find what is near, with its distance, also across the date line', async () => {
    expect(await ids('lat=51.5&lon=-0.12&radius=10&sort=distance')).toEqual(['dvorak01', 'arsenal1'])
    expect(await ids('lat=51.5&lon=-0.12&radius=3')).toEqual(['dvorak01'])
    const { body } = await search('lat=-18.2&lon=179.9&radius=800&sort=distance')
    expect(body.events.map(({ eventId, distanceKm }) => [eventId, distanceKm])).toEqual([
      ['suva0001', 154.2],
      ['nuku0001', 647.2],
    ])
    expect(await ids('location=51.5,-0.12')).toEqual(['dvorak01', 'arsenal1'])
    expect((await search('lat=90&lon=0&radius=20038')).body.total).toBe(9)
  })

  test('[F11] a day or month is meant as the clocks at the venue show it', async () => {
    // 23:30 UTC on 30 June is half past midnight in London.
    expect(await ids('date=2040-07-01&sort=date')).toEqual(['dvorak01', 'suva0001'])
    expect(await ids('date=2040-06')).toEqual([])
    expect(await ids('date=2040-07&sort=date')).toEqual(['dvorak01', 'suva0001', 'nuku0001'])
    expect(await ids('start=2040-05-01&end=2040-05-01')).toEqual(['madrid01'])
    expect(await ids('start=2040-06-30T23:30:00Z&end=2040-07-01T08:00:00Z&sort=date')).toEqual([
      'dvorak01',
      'suva0001',
    ])
    expect(await ids('start=2040-06-30T23:31:00Z&end=2040-07-01T09:59:59%2B02:00')).toEqual([])
  })

  test('[F12] what has begun is left out unless it is asked for', async () => {
    expect(await ids('keyword=long+ago')).toEqual([])
    expect(await ids('keyword=long+ago&end=2001-12-31')).toEqual(['past0001'])
    expect(await ids('date=2001-01')).toEqual(['past0001'])
  })
})

describe('the list', () => {
  test('[F13] a search for nothing shows events on sale first, then by date', async () => {
    const { body } = await search('')
    expect(body.events.map(({ eventId }) => eventId)).toEqual([
      'evening01',
      'dvorak01',
      'evening02',
      'derby001',
      'arsenal1',
      'bayern01',
      'madrid01',
      'suva0001',
      'nuku0001',
    ])
    expect(body).toMatchObject({ page: 1, pageSize: 20, total: 9 })
    expect(body.events[0]?.queue).toEqual({ state: 'off' })
    expect(body.events[1]).toMatchObject({
      name: 'Symphony No. 9',
      type: 'concert',
      status: 'onsale',
      startsAt: '2040-06-30T23:30:00.000Z',
      onSaleAt: '2039-01-01T00:00:00.000Z',
      venue: { venueId: 'kings', name: "King's Theatre", city: 'London', country: 'GB' },
      performers: [{ performerId: 'dvorak', name: 'Antonín Dvořák' }],
      priceRange: { min: 1500, max: 3000, currency: 'EUR' },
      url: 'http://localhost:3000/e/dvorak01',
    })
  })

  test('[F14] conditions are combined, and type, status, country, venueId and performerId are exact', async () => {
    expect(await ids('type=football&countryCode=gb')).toEqual(['arsenal1'])
    expect(await ids('type=concert,theatre&status=offsale&start=2040-01-01&sort=date')).toEqual([
      'suva0001',
      'nuku0001',
    ])
    expect(await ids('venueId=bern&performerId=real')).toEqual(['madrid01'])
    expect(await ids('keyword=real&lat=51.5&lon=-0.1&start=2040-01-01&end=2040-12-31&type=football')).toEqual(
      ['arsenal1'],
    )
    expect(await ids('venueId=bern&type=concert')).toEqual([])
  })

  test('[F15] other names of parameters are understood', async () => {
    const pairs = [
      ['pageSize=2', 'limit=2'],
      ['pageSize=2', 'size=2'],
      ['type=football', 'event_type=soccer'],
      ['type=concert', 'classificationName=music'],
      ['performerId=real', 'attractionId=real'],
      ['start=2040-05-01T00:00:00Z', 'startDateTime=2040-05-01T00:00:00Z'],
      ['end=2040-05-01T00:00:00Z', 'endDateTime=2040-05-01T00:00:00Z'],
      ['city=Madrid', 'location=Madrid'],
      ['keyword=arsenal', 'q=arsenal'],
      ['start=2040-07-02&end=2040-07-02', 'date=2040-07-02'],
    ] as const
    for (const [ours, theirs] of pairs) {
      const [one, two] = [await search(ours), await search(theirs)]
      expect(two.body, theirs).toEqual(one.body)
      expect(one.body.total, ours).toBeGreaterThan(0)
    }
  })

  test('[F16] pages count from 1, repeat nothing and leave nothing out; past the end the page is empty', async () => {
    const pages = await Promise.all([1, 2, 3, 4, 5].map(page => search(`pageSize=2&page=${page}`)))
    const all = pages.flatMap(({ body }) => body.events.map(({ eventId }) => eventId))
    expect(new Set(all).size).toBe(9)
    const { body } = await search('pageSize=2&page=6')
    expect(body).toEqual({ events: [], page: 6, pageSize: 2, total: 9 })
  })

  test('[F17] sort orders by date, name, price or distance, either way', async () => {
    const football = (sort: string) => ids(`type=football&sort=${sort}`)
    expect(await football('date')).toEqual(['derby001', 'arsenal1', 'bayern01', 'madrid01'])
    expect(await football('date,desc')).toEqual(['madrid01', 'bayern01', 'arsenal1', 'derby001'])
    expect(await football('-date')).toEqual(await football('date,desc'))
    expect(await football('name')).toEqual(['arsenal1', 'bayern01', 'madrid01', 'derby001'])
    expect(await football('price')).toEqual(['derby001', 'bayern01', 'madrid01', 'arsenal1'])
    expect(await football('price,desc')).toEqual(['arsenal1', 'madrid01', 'bayern01', 'derby001'])
  })

  test('[F18] an event is found by its new name as soon as it is renamed, and not by the old one', async () => {
    await it.deps.pool.query(`update events set name = 'Island Jazz' where id = 'suva0001'`)
    expect(await ids('keyword=jazz')).toEqual(['suva0001'])
    expect(await ids('keyword=pacific')).toEqual(['nuku0001'])
    await it.deps.pool.query(`update events set name = 'Pacific Night' where id = 'suva0001'`)
    await it.deps.pool.query('select refresh_event_search()')
    expect(await ids('keyword=jazz')).toEqual([])
  })
})

const FAULTS: [query: string, fields: string[]][] = [
  ['lat=1', ['query.lon']],
  ['lon=1', ['query.lat']],
  ['lat=91&lon=181', ['query.lat', 'query.lon']],
  ['lat=x&lon=1', ['query.lat']],
  ['radius=10', ['query.radius']],
  ['lat=1&lon=1&radius=0', ['query.radius']],
  ['lat=1&lon=1&radius=99999', ['query.radius']],
  ['location=91,0', ['query.location']],
  ['start=yesterday', ['query.start']],
  ['start=2040-02-30', ['query.start']],
  ['start=2040-05-02&end=2040-05-01', ['query.end']],
  ['start=2040-05-02T00:00:00', ['query.start']],
  ['date=2040-13', ['query.date']],
  ['date=0000-01-01', ['query.date']],
  ['type=circus', ['query.type']],
  ['status=gone', ['query.status.0']],
  ['sort=loudness', ['query.sort']],
  ['sort=distance', ['query.sort']],
  ['page=0', ['query.page']],
  ['page=1.5', ['query.page']],
  ['pageSize=101', ['query.pageSize']],
  ['limit=0', ['query.limit']],
  ['page=200&pageSize=100', ['query.page']],
  ['countryCode=GER', ['query.countryCode']],
  [`keyword=${'x'.repeat(201)}`, ['query.keyword']],
  ['keyword=a&keyword=b', ['query.keyword']],
]

test.each(FAULTS)('[F19] a parameter out of bounds is refused by its name: %s', async (query, fields) => {
  const { status, body } = await it.call<{ code: string; errors: { field: string }[] }>(
    'GET',
    `/events/search?${query}`,
  )
  expect([status, body.code]).toEqual([400, 'invalid_request'])
  expect(body.errors.map(({ field }) => field)).toEqual(fields)
})
