/**
 * Puts the demo catalogue into a migrated database, in one transaction, by a few statements over arrays. What is there
 * already is left alone: a second run does nothing, unless a date of the demo has passed; then it only moves dates.
 * The search index needs no word from here: its triggers follow every insert.
 */
import { performance } from 'node:perf_hooks'
import pg from 'pg'
import { systemClock } from '../../shared/clock.ts'
import { reasonOf } from '../../shared/errors.ts'
import { buildCatalogue, type Catalogue, type CatalogueEvent } from './catalogue.ts'
import { pricesOf } from './prices.ts'

export interface LoadResult {
  /** loaded: events were missing and are there now. moved: their dates had passed. unchanged: neither. */
  outcome: 'loaded' | 'moved' | 'unchanged'
  events: number
  onSale: number
  seconds: number
}

/** Names the lock under which one loader works at a time; any constant of our own will do. */
const LOCK_KEY = 7_306_017_702
const CONNECT_TIMEOUT_MS = 10_000
/** For the whole of one statement; the largest takes about a second. */
const STATEMENT_TIMEOUT_MS = 120_000

export async function loadCatalogue(databaseUrl: string, { now }: { now: Date }): Promise<LoadResult> {
  const started = performance.now()
  const catalogue = buildCatalogue(now)
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'onsale-catalogue',
  })
  // A cut connection also fails the query under way; without a listener it would end the process instead.
  client.on('error', () => {})
  await client.connect()
  try {
    const outcome = await inTransaction(client, () => bringUpToDate(client, catalogue, now))
    if (outcome === 'loaded')
      await client.query('analyze venues, performers, events, event_performers, event_prices')
    const { events } = catalogue
    const onSale = events.filter(({ status }) => status === 'onsale').length
    return { outcome, events: events.length, onSale, seconds: (performance.now() - started) / 1000 }
  } finally {
    await client.end()
  }
}

async function bringUpToDate(
  client: pg.Client,
  catalogue: Catalogue,
  now: Date,
): Promise<LoadResult['outcome']> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK_KEY])
  const { present, passed } = await stateOf(client, catalogue.events, now)
  const missing = present < catalogue.events.length
  if (!missing && passed === 0) return 'unchanged'
  if (missing) await insertMissing(client, catalogue)
  if (passed > 0) await moveDates(client, catalogue.events)
  return missing ? 'loaded' : 'moved'
}

/**
 * How many of the demo's events are there, and of how many the start, or the start of sales still to come, is over.
 * An operator who cancels or reschedules an event has taken its dates over.
 */
async function stateOf(
  client: pg.Client,
  events: CatalogueEvent[],
  now: Date,
): Promise<{ present: number; passed: number }> {
  const { rows } = await client.query<{ present: number; passed: number }>(
    `select count(*)::integer as present,
            count(*) filter (
              where e.status in ('onsale', 'offsale')
                and (e.starts_at <= $3 or (e.status = demo.status and e.status = 'offsale' and e.on_sale_at <= $3))
            )::integer as passed
       from unnest($1::text[], $2::text[]) as demo (id, status)
       join events e on e.id = demo.id`,
    [events.map(({ id }) => id), events.map(({ status }) => status), now],
  )
  return rows[0] ?? { present: 0, passed: 0 }
}

async function insertMissing(client: pg.Client, catalogue: Catalogue): Promise<void> {
  await insertVenues(client, catalogue)
  await insertMaps(client, catalogue)
  await client.query(
    `insert into performers (id, name, kind)
     select * from unnest($1::text[], $2::text[], $3::text[])
     on conflict do nothing`,
    columns(catalogue.performers, ({ id, name, kind }) => [id, name, kind]),
  )
  const inserted = await insertEvents(client, catalogue)
  const events = catalogue.events.filter(({ id }) => inserted.has(id))
  await insertEventPerformers(client, events)
  await insertPrices(client, events)
}

async function insertVenues(client: pg.Client, { venues }: Catalogue): Promise<void> {
  await client.query(
    `insert into venues (id, name, city, region, country, lat, lon, time_zone, modelled)
     select *, true
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[])
     on conflict do nothing`,
    columns(venues, ({ id, name, place }) => {
      const { city, region, country, lat, lon, timeZone } = place
      return [id, name, city, region, country, lat, lon, timeZone]
    }),
  )
}

async function insertMaps(client: pg.Client, { maps, venues }: Catalogue): Promise<void> {
  await client.query(
    `insert into seat_maps (hash, name, seats, units, geometry)
     select * from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::text[])
     on conflict do nothing`,
    columns(Object.values(maps), ({ hash, name, seats, units, geometry }) => [
      hash,
      name,
      seats,
      units,
      geometry,
    ]),
  )
  await client.query(
    `insert into venue_maps (venue_id, map_hash)
     select * from unnest($1::text[], $2::text[])
     on conflict do nothing`,
    columns(venues, ({ id, map }) => [id, maps[map].hash]),
  )
}

/** The ids of those that were not there. */
async function insertEvents(client: pg.Client, { events, maps }: Catalogue): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `insert into events
       (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency, hot, modelled, competition)
     select *
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
                   $8::timestamptz[], $9::text[], $10::boolean[], $11::boolean[], $12::text[])
     on conflict do nothing
     returning id`,
    columns(events, event => [
      event.id,
      event.name,
      event.type,
      event.venue.id,
      maps[event.venue.map].hash,
      event.startsAt,
      event.status,
      event.onSaleAt,
      event.currency,
      event.hot,
      event.modelled,
      event.competition,
    ]),
  )
  return new Set(rows.map(({ id }) => id))
}

async function insertEventPerformers(client: pg.Client, events: CatalogueEvent[]): Promise<void> {
  const parts = events.flatMap(({ id, performers }) =>
    performers.map((performer, position) => ({ id, performer: performer.id, position })),
  )
  await client.query(
    `insert into event_performers (event_id, performer_id, position)
     select * from unnest($1::text[], $2::text[], $3::integer[])`,
    columns(parts, ({ id, performer, position }) => [id, performer, position]),
  )
}

/** Events share some hundred price lists, so only those are sent, and Postgres multiplies them out. */
async function insertPrices(client: pg.Client, events: CatalogueEvent[]): Promise<void> {
  const keyOf = ({ tariff, currency }: CatalogueEvent) => `${tariff} ${currency}`
  const lists = new Map(events.map(event => [keyOf(event), event]))
  const prices = [...lists].flatMap(([key, { tariff, currency }]) =>
    pricesOf(tariff, currency).map(price => ({ key, ...price })),
  )
  await client.query(
    `insert into event_prices (event_id, category, ticket_type, ticket_type_name, position, price, fee)
     select event.id, list.category, list.ticket_type, list.ticket_type_name, list.position, list.price, list.fee
       from unnest($1::text[], $2::text[]) as event (id, key)
       join unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::integer[], $9::integer[])
         as list (key, category, ticket_type, ticket_type_name, position, price, fee) using (key)`,
    [
      ...columns(events, event => [event.id, keyOf(event)]),
      ...columns(prices, ({ key, category, ticketType, ticketTypeName, position, price, fee }) => {
        return [key, category, ticketType, ticketTypeName, position, price, fee]
      }),
    ],
  )
}

/** Nothing but the dates: bookings, prices and what an operator has set stay as they are. */
async function moveDates(client: pg.Client, events: CatalogueEvent[]): Promise<void> {
  await client.query(
    `update events e
        set starts_at = demo.starts_at,
            on_sale_at = case when e.status = demo.status then demo.on_sale_at else e.on_sale_at end
       from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
              as demo (id, status, starts_at, on_sale_at)
      where e.id = demo.id and e.status in ('onsale', 'offsale')`,
    columns(events, ({ id, status, startsAt, onSaleAt }) => [id, status, startsAt, onSaleAt]),
  )
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

type Value = string | number | boolean | Date | null

/** One array for each column, as unnest wants them. */
function columns<Item>(items: Item[], row: (item: Item) => Value[]): Value[][] {
  const rows = items.map(row)
  return (rows[0] ?? []).map((_, column) => rows.map(values => values[column] ?? null))
}

/** Runs from the command line: one line either way. */
async function main(databaseUrl: string | undefined): Promise<void> {
  if (!databaseUrl) {
    console.error('DATABASE_URL is not set: name the migrated database to load the demo catalogue into')
    process.exitCode = 1
    return
  }
  try {
    console.log(describeLoad(await loadCatalogue(databaseUrl, { now: new Date(systemClock.now()) })))
  } catch (error) {
    console.error(`Loading the demo catalogue failed: ${reasonOf(error)}`)
    process.exitCode = 1
  }
}

/** What a load did, in one line. */
export function describeLoad({ outcome, events, onSale, seconds }: LoadResult): string {
  const took = `(${seconds.toFixed(1)} s)`
  if (outcome === 'loaded') return `Loaded the demo catalogue: ${events} events, ${onSale} on sale ${took}`
  if (outcome === 'moved') return `Some dates of the demo had passed: moved its ${events} events on ${took}`
  return `The demo catalogue is loaded already: ${events} events, nothing to do ${took}`
}

if (import.meta.main) await main(process.env['DATABASE_URL'])
