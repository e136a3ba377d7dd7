/**
 * Search on Postgres alone: full text over event_search (see 0003-search.sql), each condition one line of SQL with
 * its parameters. Where nothing is found, it is asked once more with a typing error forgiven in every word, also in
 * those that happen to be another event's.
 */
import type { EventRecord, VenueRecord } from '../../shared/event-store.ts'
import { eventId } from '../../shared/ids.ts'
import type { Queryable } from '../../shared/postgres.ts'
import {
  type EventType,
  FACET_VALUES,
  type FacetCount,
  type Facets,
  type FoundEvent,
  type Near,
  type Search,
  type SearchEngine,
  type SearchResult,
  type When,
} from './search.ts'

export class PostgresSearch implements SearchEngine {
  readonly #database: Queryable

  constructor(database: Queryable) {
    this.#database = database
  }

  async search(search: Search): Promise<SearchResult> {
    const strict = await this.#ask(search, false)
    if (strict.total > 0 || wordsOf(search).length === 0) return strict
    return this.#ask(search, true)
  }

  async #ask(search: Search, forgiving: boolean): Promise<SearchResult> {
    const { text, values } = statement(search, forgiving)
    const { rows } = await this.#database.query<Row>(text, values)
    const events = rows.flatMap(row => (row.id === null ? [] : [found(row, search.near)]))
    const total = rows[0]?.total ?? 0
    return { events, total, ...(search.facets ? { facets: await this.#count(search, forgiving) } : {}) }
  }

  async #count(search: Search, forgiving: boolean): Promise<Facets> {
    const { text, values } = counting(search, forgiving)
    const { rows } = await this.#database.query<FacetCount & { facet: keyof Facets }>(text, values)
    const of = (wanted: keyof Facets): FacetCount[] =>
      rows.flatMap(({ facet, value, events }) => (facet === wanted ? [{ value, events }] : []))
    return { types: of('types'), cities: of('cities'), countries: of('countries') }
  }
}

/** The parameters that are matched as words, and the column that serves each. */
function wordsOf(search: Search): [column: string, words: string][] {
  const given: [string, string | undefined][] = [
    ['words', search.keyword],
    ['artist', search.artist],
    ['name', search.name],
    ['venue', search.venue],
    ['city', search.city],
    ['place', search.place],
  ]
  return given.filter((pair): pair is [string, string] => pair[1] !== undefined)
}

/** One row an event of the page, each with the total; one row of nulls where the page is empty. */
export function statement(search: Search, forgiving: boolean): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const bind: Bind = value => `$${values.push(value)}`
  const keys = order(search, bind)
  const found = `select e.id, ${keys.map(({ key }, i) => `${key} as key${i}`).join(', ')}
    from ${tables(search)}
    where ${conditions(search, forgiving, bind).join('\n      and ')}`
  const by = keys.map(({ way }, i) => `key${i} ${way}`).join(', ')
  const page = `limit ${bind(search.pageSize)} offset ${bind((search.page - 1) * search.pageSize)}`
  const distance = search.near === undefined ? 'null::float8' : distanceTo(search.near, bind)
  // Words cost a look at each event, once for total and page; without them indices give both at once.
  const kept = wordsOf(search).length > 0 ? 'materialized' : 'not materialized'
  const text = `
  with found as ${kept} (${found})
  select n.total, p.*
  from (select count(*)::int as total from found) n
  left join (
    select e.id, e.name, e.type, e.status, e.starts_at, e.on_sale_at, e.currency, e.competition, e.modelled, e.hot,
      jsonb_build_object('venueId', v.id, 'name', v.name, 'city', v.city, 'region', v.region, 'country', v.country,
        'lat', v.lat, 'lon', v.lon, 'timeZone', v.time_zone, 'modelled', v.modelled) as venue,
      (select jsonb_agg(jsonb_build_object('performerId', r.id, 'name', r.name, 'kind', r.kind) order by ep.position)
        from event_performers ep join performers r on r.id = ep.performer_id where ep.event_id = e.id) as performers,
      prices.*, ${distance} as distance, page.place
    from unnest(array(select id from found order by ${by} ${page})) with ordinality page(id, place)
    join events e on e.id = page.id
    join venues v on v.id = e.venue_id
    cross join lateral (
      select min(price + fee) as price_min, max(price + fee) as price_max from event_prices
      where event_id = e.id and position = 0
    ) prices
  ) p on true
  order by p.place`
  return { text, values }
}

/** One row a value of each facet, the most frequent first; the order among equals is the other engine's too. */
function counting(search: Search, forgiving: boolean): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const bind: Bind = value => `$${values.push(value)}`
  const most = bind(FACET_VALUES)
  const each = Object.entries({ types: 'type', cities: 'city', countries: 'country' }).map(
    ([facet, column]) => `(select '${facet}' as facet, ${column} collate "C" as value, count(*)::int as events
      from found group by 2 order by 3 desc, 2 limit ${most})`,
  )
  const text = `
  with found as materialized (select e.type, place.city, place.country
    from ${tables(search)} join venues place on place.id = e.venue_id
    where ${conditions(search, forgiving, bind).join('\n      and ')})
  ${each.join(' union all ')}`
  return { text, values }
}

/** Only those that a condition or the order looks at. */
function tables(search: Search): string {
  const days = [search.from, search.until].some(when => when !== undefined && 'day' in when)
  const joins = ['events e']
  if (days || search.near !== undefined || search.country !== undefined)
    joins.push('join venues v on v.id = e.venue_id')
  if (wordsOf(search).length > 0) joins.push('join event_search s on s.event_id = e.id')
  if (search.sort.by === 'price')
    joins.push(
      'left join (select event_id, min(price + fee) as price from event_prices where position = 0 group by event_id) l on l.event_id = e.id',
    )
  return joins.join('\n      ')
}

type Bind = (value: unknown) => string

function conditions(search: Search, forgiving: boolean, bind: Bind): string[] {
  const all = wordsOf(search).map(
    ([column, words]) => `s.${column} @@ (select search_query(${bind(words)}, ${bind(forgiving)}))`,
  )
  if (search.venueId !== undefined) all.push(`e.venue_id = ${bind(search.venueId)}`)
  if (search.country !== undefined) all.push(`v.country = ${bind(search.country)}`)
  if (search.performerId !== undefined)
    all.push(
      `e.id in (select event_id from event_performers where performer_id = ${bind(search.performerId)})`,
    )
  if (search.types.length > 0) all.push(`e.type = any(${bind(search.types)})`)
  if (search.statuses.length > 0) all.push(`e.status = any(${bind(search.statuses)})`)
  if (search.near !== undefined) all.push(...within(search.near, bind))
  if (search.from !== undefined) all.push(...notBefore(search.from, bind))
  if (search.until !== undefined) all.push(...notAfter(search.until, bind))
  return all.length > 0 ? all : ['true']
}

const LOCAL_DAY = '(e.starts_at at time zone v.time_zone)::date'

/** The day's condition on starts_at alone is for the index: no place is further from UTC than 14 hours. */
function notBefore(when: When, bind: Bind): string[] {
  if ('moment' in when) return [`e.starts_at >= ${bind(when.moment)}`]
  const day = bind(when.day)
  return [
    `e.starts_at >= (${day}::date::timestamp at time zone 'UTC') - interval '14 hours'`,
    `${LOCAL_DAY} >= ${day}::date`,
  ]
}

function notAfter(when: When, bind: Bind): string[] {
  if ('moment' in when) return [`e.starts_at <= ${bind(when.moment)}`]
  const day = bind(when.day)
  return [
    `e.starts_at < (${day}::date::timestamp at time zone 'UTC') + interval '38 hours'`,
    `${LOCAL_DAY} <= ${day}::date`,
  ]
}

const EARTH_KM = 6371.0088
const KM_PER_DEGREE = 111.19

/** A band of latitudes for the index, then the distance: right across the poles and the date line too. */
function within(near: Near, bind: Bind): string[] {
  const band = near.radiusKm / KM_PER_DEGREE + 0.01
  return [
    `v.lat between ${bind(near.lat - band)} and ${bind(near.lat + band)}`,
    `${distanceTo(near, bind)} <= ${bind(near.radiusKm)}`,
  ]
}

/** Haversine, km. */
function distanceTo({ lat, lon }: Near, bind: Bind): string {
  const [toLat, toLon] = [`${bind(lat)}::float8`, `${bind(lon)}::float8`]
  const half = `sin(radians(v.lat - ${toLat}) / 2) ^ 2
        + cos(radians(${toLat})) * cos(radians(v.lat)) * sin(radians(v.lon - ${toLon}) / 2) ^ 2`
  // Rounding must not push the root of an antipode past 1.
  return `${2 * EARTH_KM} * asin(least(1, sqrt(${half})))`
}

interface Key {
  key: string
  way: string
}

function order({ sort, keyword, near }: Search, bind: Bind): Key[] {
  const way = sort.descending ? 'desc' : 'asc'
  const start = { key: 'e.starts_at', way: 'asc' }
  // No two events are equal, so that pages neither repeat nor leave out one.
  const last = { key: 'e.id', way: 'asc' }
  switch (sort.by) {
    case 'relevance': {
      const onSale = { key: 'sale_rank(e.status, e.hot)', way }
      return [...(keyword === undefined ? [] : [{ key: closeness(bind(keyword)), way }]), onSale, start, last]
    }
    case 'date':
      return [{ key: 'e.starts_at', way }, last]
    case 'name':
      return [{ key: 'search_text(e.name)', way }, start, last]
    case 'distance':
      // parameters.ts asks for the point.
      return [...(near === undefined ? [] : [{ key: distanceTo(near, bind), way }]), start, last]
    case 'price':
      return [{ key: 'l.price', way: `${way} nulls last` }, start, last]
  }
}

/** The keyword as a phrase in name or performers; all its words there; all its words anywhere; beginnings and typos. */
function closeness(keyword: string): string {
  return `case
      when s.words @@ (select search_exactly(${keyword}, ' <-> ', 'A')) then 0
      when s.words @@ (select search_exactly(${keyword}, ' & ', 'A')) then 1
      when s.words @@ (select search_exactly(${keyword}, ' & ', '')) then 2
      else 3 end`
}

interface Row {
  total: number
  id: string | null
  name: string
  type: EventType
  status: EventRecord['status']
  starts_at: Date
  on_sale_at: Date
  currency: string
  competition: string | null
  modelled: boolean
  hot: boolean
  venue: VenueRecord
  performers: EventRecord['performers'] | null
  price_min: number | null
  price_max: number | null
  distance: number | null
}

function found(row: Row & { id: string | null }, near: Near | undefined): FoundEvent {
  const { price_min: min, price_max: max, currency } = row
  return {
    eventId: eventId(row.id ?? ''),
    name: row.name,
    type: row.type,
    status: row.status,
    startsAt: row.starts_at.getTime(),
    onSaleAt: row.on_sale_at.getTime(),
    competition: row.competition,
    modelled: row.modelled,
    hot: row.hot,
    venue: row.venue,
    performers: row.performers ?? [],
    priceRange: min === null || max === null ? null : { min, max, currency },
    ...(near === undefined ? {} : { distanceKm: Math.round((row.distance ?? 0) * 10) / 10 }),
  }
}
