/**
 * What Elasticsearch knows of an event: read from Postgres a page at a time, made into documents for the mapping of
 * elastic-index.ts. The words are those of event_search (0003-search.sql).
 */
import { createHash } from 'node:crypto'
import type { EventRecord, VenueRecord } from '../../shared/event-store.ts'
import { eventId } from '../../shared/ids.ts'
import type { Queryable } from '../../shared/postgres.ts'
import { plainWords, type WordField } from './elastic-query.ts'
import type { Stored } from './elastic-search.ts'
import type { EventType } from './search.ts'

export interface EventDocument extends Stored, Record<WordField, string> {
  eventId: string
  type: EventType
  status: EventRecord['status']
  /** 0: on sale and hot; 1: on sale; 2: not on sale. */
  saleRank: number
  /** ms since 1970 */
  startsAt: number
  /** As the clocks at the venue show it. */
  localDay: string
  venueId: string
  performerIds: string[]
  cityName: string
  country: string
  at: { lat: number; lon: number }
  /** As the other engine sorts by it. */
  sortName: string
  /** Absent where the event has no prices yet. */
  priceMin?: number
}

/** Events read and sent at once: some 1.5 MB. */
const PAGE = 1_000

/** What documents are made of. Times are numbers, so that no session's settings show in them. */
const SOURCES = [
  `select id, name, type, venue_id, extract(epoch from starts_at), status, extract(epoch from on_sale_at), currency,
    competition, modelled, hot from events`,
  'select event_id, price from event_prices',
  'select * from event_performers',
  'select * from performers',
  'select * from venues',
  'select * from country_names',
  'select * from city_names',
]

/**
 * Another one as soon as anything that a document is made of has changed, whatever wrote it. One look at each table, and
 * no order: a tenth of the work of reading the documents.
 */
export async function fingerprint(database: Queryable): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    const { rows } = await database.query<{ digest: string }>(
      `select concat(count(*), ' ', sum(hashtextextended(r::text, 0))) as digest from (${source}) r`,
    )
    hash.update(`${rows[0]?.digest}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Every event, in pages, in the order of their ids. */
export async function* documents(database: Queryable): AsyncGenerator<EventDocument[]> {
  for (let after = ''; ; ) {
    const { rows }: { rows: Row[] } = await database.query<Row>(ROWS, [after, PAGE])
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(documentOf)
    after = last.id
  }
}

const ROWS = `
  select e.id, e.name, e.type, e.status, (extract(epoch from e.starts_at) * 1000)::bigint as starts_at,
    (extract(epoch from e.on_sale_at) * 1000)::bigint as on_sale_at, e.currency, e.competition, e.modelled,
    e.hot, sale_rank(e.status, e.hot) as sale_rank,
    ((e.starts_at at time zone v.time_zone)::date)::text as local_day, search_text(e.name) as sort_name,
    jsonb_build_object('venueId', v.id, 'name', v.name, 'city', v.city, 'region', v.region, 'country', v.country,
      'lat', v.lat, 'lon', v.lon, 'timeZone', v.time_zone, 'modelled', v.modelled) as venue,
    performers.list as performers, prices.least as price_min, prices.most as price_max,
    others.names as other_names, c.names as country_names
  from (select * from events where id > $1 order by id limit $2) e
  join venues v on v.id = e.venue_id
  left join country_names c on c.code = v.country
  cross join lateral (
    select jsonb_agg(jsonb_build_object('performerId', p.id, 'name', p.name, 'kind', p.kind) order by ep.position) as list
    from event_performers ep join performers p on p.id = ep.performer_id where ep.event_id = e.id
  ) performers
  cross join lateral (
    select min(price + fee) as least, max(price + fee) as most from event_prices
      where event_id = e.id and position = 0
  ) prices
  cross join lateral (
    select string_agg(case n.name when v.city then n.other else n.name end, ' ' order by n.name, n.other) as names
    from city_names n where v.city in (n.name, n.other)
  ) others
  order by e.id`

interface Row {
  id: string
  name: string
  type: EventType
  status: EventRecord['status']
  starts_at: number
  on_sale_at: number
  currency: string
  competition: string | null
  modelled: boolean
  hot: boolean
  sale_rank: number
  local_day: string
  sort_name: string
  venue: VenueRecord
  performers: EventRecord['performers'] | null
  price_min: number | null
  price_max: number | null
  other_names: string | null
  country_names: string | null
}

function documentOf(row: Row): EventDocument {
  const { venue, price_min: min, price_max: max, currency } = row
  const performers = row.performers ?? []
  const artists = performers.map(performer => performer.name)
  const title = words(row.name, ...artists)
  const city = words(venue.city, row.other_names)
  const place = words(city, venue.region, row.country_names)
  return {
    words: words(title, venue.name, place, row.competition, row.type),
    title,
    name: words(row.name),
    artist: words(...artists),
    venue: words(venue.name),
    city,
    place,
    eventId: row.id,
    type: row.type,
    status: row.status,
    saleRank: row.sale_rank,
    startsAt: row.starts_at,
    localDay: row.local_day,
    venueId: venue.venueId,
    performerIds: performers.map(performer => performer.performerId),
    cityName: venue.city,
    country: venue.country,
    at: { lat: venue.lat, lon: venue.lon },
    sortName: row.sort_name,
    ...(min === null ? {} : { priceMin: min }),
    event: {
      eventId: eventId(row.id),
      name: row.name,
      type: row.type,
      status: row.status,
      startsAt: row.starts_at,
      onSaleAt: row.on_sale_at,
      competition: row.competition,
      modelled: row.modelled,
      hot: row.hot,
      venue,
      performers,
      priceRange: min === null || max === null ? null : { min, max, currency },
    },
  }
}

function words(...parts: (string | null)[]): string {
  return plainWords(parts.filter(part => part !== null).join(' '))
}
