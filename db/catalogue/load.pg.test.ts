import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { hashOf } from '../../shared/seats/map-text.ts'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import { describeLoad, loadCatalogue } from './load.ts'

const now = new Date('2026-11-22T21:00:00Z')
const weeksLater = (weeks: number) => new Date(now.getTime() + weeks * 7 * 86_400_000)

describe('loading the catalogue', () => {
  let database: TestDatabase
  let client: pg.Client

  beforeAll(async () => {
    database = await testDatabase()
    client = new pg.Client(database.url)
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  const one = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row> => {
    const { rows } = await client.query<Row>(sql, values)
    return rows[0]!
  }
  /** A checksum over everything that a load writes. */
  const everything = async () => {
    const tables = [
      'venues',
      'performers',
      'seat_maps',
      'venue_maps',
      'events',
      'event_performers',
      'event_prices',
    ]
    const sums = tables.map(
      t => `(select md5(string_agg(x::text, '|' order by x::text)) from ${t} x) as ${t}`,
    )
    return one(`select ${sums.join(', ')}`)
  }

  it('[C17] takes less than 30 s, also for two at once, and writes everything once', async () => {
    const loads = await Promise.all([
      loadCatalogue(database.url, { now }),
      loadCatalogue(database.url, { now }),
    ])
    expect(loads.map(({ outcome }) => outcome).sort()).toEqual(['loaded', 'unchanged'])
    for (const { seconds } of loads) expect(seconds).toBeLessThan(30)
    const counts = await one(
      `select (select count(*)::integer from events) as events,
              (select count(*)::integer from events where status = 'onsale') as "onSale",
              (select count(*)::integer from events where hot) as hot,
              (select count(*)::integer from seat_maps) as maps,
              (select count(*)::integer from events e where not exists (
                 select from venue_maps v where v.venue_id = e.venue_id and v.map_hash = e.map_hash)) as unmapped,
              (select count(*)::integer from events e where not exists (
                 select from event_prices p where p.event_id = e.id and p.position = 0)) as unpriced,
              (select count(*)::integer from event_search) as found`,
    )
    expect(counts).toEqual({
      events: 7_817,
      onSale: 60,
      hot: 1,
      maps: 4,
      unmapped: 0,
      unpriced: 0,
      found: 7_817,
    })
  })

  it('[C17] stores each map as the text whose hash it is named by', async () => {
    const { rows } = await client.query<{ hash: string; seats: number; units: number; geometry: string }>(
      'select hash, seats, units, geometry from seat_maps order by seats',
    )
    expect(rows.map(({ seats, units }) => seats + units)).toEqual([1_200, 1_500, 18_000, 82_000])
    for (const { hash, seats, units, geometry } of rows) {
      const map = JSON.parse(geometry)
      const plan = new SeatPlan(map)
      expect([hashOf(map), plan.seats, plan.units]).toEqual([hash, seats, units])
    }
  })

  it('[C18] does nothing the second time, and says so', async () => {
    const before = await everything()
    const again = await loadCatalogue(database.url, { now: new Date(now.getTime() + 3_600_000) })
    expect(again).toMatchObject({ outcome: 'unchanged', events: 7_817, onSale: 60 })
    expect(describeLoad({ ...again, seconds: 0.5 })).toBe(
      'The demo catalogue is loaded already: 7817 events, nothing to do (0.5 s)',
    )
    expect(await everything()).toEqual(before)
  })

  it('[C19] moves the dates once the first of them has passed, and nothing else', async () => {
    const { id, starts } = await one<{ id: string; starts: Date }>(
      'select id, starts_at as starts from events where hot',
    )
    const canceled = await one<{ id: string; starts: Date }>(
      `update events set status = 'canceled', starts_at = '2026-12-01'
        where id = (select id from events where status = 'offsale' limit 1) returning id, starts_at as starts`,
    )
    await client.query("update event_prices set price = 1 where event_id = $1 and category = 'premium'", [id])
    const opened = await one<{ id: string }>(
      `update events set status = 'onsale', on_sale_at = '2026-11-30'
        where id = (select id from events where status = 'offsale' limit 1) returning id, on_sale_at`,
    )
    const moved = await loadCatalogue(database.url, { now: weeksLater(6) })
    expect(moved.outcome).toBe('moved')
    expect(describeLoad(moved)).toMatch(/^Some dates of the demo had passed: moved its 7817 events on \(/)
    const after = await one<{ starts: Date; price: number }>(
      `select starts_at as starts, (select max(price) from event_prices where event_id = $1 and category = 'premium') as price
         from events where id = $1`,
      [id],
    )
    expect(after.price).toBe(1)
    expect(after.starts.getTime() - starts.getTime()).toBe(
      weeksLater(6).getTime() - now.getTime() - 3_600_000,
    )
    expect(await one('select id, starts_at as starts from events where id = $1', [canceled.id])).toEqual(
      canceled,
    )
    expect(await one('select id, on_sale_at from events where id = $1', [opened.id])).toEqual(opened)
    const past = await one('select count(*)::integer as n from events where starts_at < $1', [weeksLater(7)])
    expect(past).toEqual({ n: 1 })
    expect((await loadCatalogue(database.url, { now: weeksLater(6) })).outcome).toBe('unchanged')
  })

  it('[C19] puts back what is missing and leaves the rest as it is', async () => {
    await client.query('delete from events where hot')
    const before = await one("select count(*)::integer as n from events where status = 'canceled'")
    const again = await loadCatalogue(database.url, { now: weeksLater(6) })
    expect(again.outcome).toBe('loaded')
    expect(await one("select count(*)::integer as n from events where status = 'canceled'")).toEqual(before)
    const hot = await one(
      `select count(*)::integer as prices, (select count(*)::integer from event_performers p where p.event_id = max(e.id)) as teams
         from events e join event_prices on event_id = e.id where hot`,
    )
    expect(hot).toEqual({ prices: 10, teams: 2 })
  })
})
