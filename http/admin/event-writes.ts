/** An operator's event in Postgres: brought whole or not at all, changed with a line of the audit log. */

import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { writeAudit } from '../../shared/audit-log.ts'
import { invalid, Problem } from '../../shared/errors.ts'
import { type EventRecord, PRICING } from '../../shared/event-store.ts'
import type { EventId } from '../../shared/ids.ts'
import { type Client, type Pool, type Queryable, transaction } from '../../shared/postgres.ts'
import { hashOf, textOf } from '../../shared/seats/map-text.ts'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import type { BookingPricing } from '../../shared/wire/booking-price.ts'
import type { NewEvent, PriceContent } from './event-check.ts'
import { type NewHouse, rehouse, writeTombstones } from './event-rehouse.ts'

/** All of an event that an operator sets. Times are ISO 8601 in UTC. */
export interface EventContent {
  name: string
  type: EventRecord['type']
  status: EventRecord['status']
  startsAt: string
  onSaleAt: string
  currency: string
  hot: boolean
  competition: string | null
  venueId: string
  mapHash: string
  performers: { name: string; kind: string }[]
  prices: PriceContent[]
  pricing: BookingPricing
}

export interface Written {
  eventId: EventId
  outcome: 'created' | 'changed' | 'unchanged'
  content: EventContent
  /** Where the same seats go on in another house: the epoch in which they do. */
  epoch?: number
}

/** `forget`: takes the seats out of Redis, where they become others. */
interface Rehousing {
  house: NewHouse
  forget?: () => Promise<unknown>
}

/** @throws Problem event_exists where another event has the id */
export async function createEvent(pool: Pool, event: NewEvent, now: number, actor: string): Promise<Written> {
  const { eventId } = event
  return await transaction(pool, async client => {
    const before = await contentOf(client, eventId)
    if (before !== undefined) return unchanged(event, before)
    const content = await contentFor(client, event, {
      onSaleAt: new Date(now).toISOString(),
      status: (event.onSaleAt ?? now) <= now ? 'onsale' : 'offsale',
    })
    const { rowCount } = await client.query(
      `insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency, hot, competition,
         booking_fee, booking_fee_percent)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (id) do nothing`,
      [eventId, ...columnsOf(content)],
    )
    if (rowCount === 0) {
      // Somebody was quicker by a moment: what they brought is committed now.
      const theirs = await contentOf(client, eventId)
      if (theirs === undefined) throw new Error(`event ${eventId} was there and is gone`)
      return unchanged(event, theirs)
    }
    await writeParts(client, eventId, content)
    if (event.map !== undefined) await writeTombstones(client, eventId, new SeatPlan(event.map), actor)
    await writeAudit(client, actor, 'event.import', eventId, { event: content })
    return { eventId, outcome: 'created', content }
  })
}

/** What is not said by the file, such as a status that has changed since, is no difference. */
function unchanged(event: NewEvent, before: EventContent): Written {
  const same = isDeepStrictEqual(given(event, before), before)
  if (same) return { eventId: event.eventId, outcome: 'unchanged', content: before }
  throw new Problem(
    'event_exists',
    `There is an event ${event.eventId} already, "${before.name}", and this is another: ${differences(given(event, before), before).join(', ')}. ` +
      `To change it, PUT /admin/events/${event.eventId}; to bring a second event, give it an id of its own.`,
    { members: { eventId: event.eventId, differs: differences(given(event, before), before) } },
  )
}

/**
 * What an operator may always set is set; venue and money only where nobody ever had a seat, seats only that nobody ever had. Undefined, and nothing done, where
 * the event is no longer the `known` one that the change was made of: it would take back what somebody else has just set.
 */
export async function changeEvent(
  pool: Pool,
  event: NewEvent,
  known: EventContent,
  actor: string,
  rehousing?: Rehousing,
): Promise<Written | undefined> {
  const { eventId } = event
  return await transaction(pool, async client => {
    // The lock of rebuilds: none may bring back seats of the old map while the map changes.
    await client.query(`select pg_advisory_xact_lock(hashtext('onsale seats'), hashtext($1))`, [eventId])
    await client.query('select from events where id = $1 for update', [eventId])
    const before = await contentOf(client, eventId)
    if (before === undefined) throw new Problem('event_not_found', `There is no event ${eventId}.`)
    if (!isDeepStrictEqual(before, known)) return undefined
    const content = await contentFor(client, event, before)
    const differs = differences(content, before)
    if (differs.length === 0) return { eventId, outcome: 'unchanged', content }
    const fixed = differs.filter(key => FIXED.includes(key))
    if (fixed.length > 0) await refuseInUse(client, eventId, before, fixed)
    const house = differs.includes('mapHash') ? rehousing?.house : undefined
    if (house !== undefined) await rehouse(client, eventId, before.status, house, actor)
    await rehousing?.forget?.()
    await client.query(
      `update events set name = $2, type = $3, venue_id = $4, map_hash = $5, starts_at = $6, status = $7, on_sale_at = $8,
         currency = $9, hot = $10, competition = $11, booking_fee = $12, booking_fee_percent = $13 where id = $1`,
      [eventId, ...columnsOf(content)],
    )
    if (differs.includes('performers'))
      await client.query('delete from event_performers where event_id = $1', [eventId])
    if (differs.includes('prices'))
      await client.query('delete from event_prices where event_id = $1', [eventId])
    if (differs.includes('pricing'))
      await client.query('delete from event_discounts where event_id = $1', [eventId])
    await writeParts(client, eventId, content, differs)
    const told = (from: EventContent) => Object.fromEntries(differs.map(key => [key, from[key]]))
    const seats = house === undefined ? {} : { leaves: listed(house.leaves), returns: listed(house.returns) }
    const detail = { before: told(before), after: told(content), ...seats }
    await writeAudit(client, actor, 'event.change', eventId, detail)
    const written: Written = { eventId, outcome: 'changed', content }
    if (house === undefined || rehousing?.forget !== undefined) return written
    const epoch = await nextEpoch(client, eventId)
    return epoch === undefined ? written : { ...written, epoch }
  })
}

/** Undefined where the event's seats were never in Redis. */
async function nextEpoch(client: Client, eventId: EventId): Promise<number | undefined> {
  const { rows } = await client.query<{ epoch: number }>(
    'update events set epoch = epoch + 1 where id = $1 and generation > 0 returning epoch',
    [eventId],
  )
  return rows[0]?.epoch
}

/** Seats by index, "3-7, 12": a section of a stadium takes one short line of the audit log. */
function listed(indices: number[]): string {
  const spans: [number, number][] = []
  for (const index of indices) {
    const last = spans.at(-1)
    if (last?.[1] === index - 1) last[1] = index
    else spans.push([index, index])
  }
  return spans.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(', ')
}

/** Where a ticket is for, and in which money. Which seat it is, rehouse() sees to. */
const FIXED: (keyof EventContent)[] = ['venueId', 'currency']
const FIXED_WORDS: Partial<Record<keyof EventContent, string>> = {
  venueId: 'the venue',
  currency: 'the currency',
}

async function refuseInUse(
  client: Client,
  eventId: EventId,
  before: EventContent,
  fixed: (keyof EventContent)[],
): Promise<void> {
  const what = fixed.map(key => FIXED_WORDS[key] ?? key).join(', ')
  const { rows } = await client.query<{ used: boolean }>(
    `select exists (select from bookings where event_id = $1) or exists (select from tickets where event_id = $1)
       or exists (select from seat_blocks where event_id = $1) as used`,
    [eventId],
  )
  if (rows[0]?.used === true)
    throw new Problem(
      'map_in_use',
      `Seats of this event were held, sold or blocked, so ${what} cannot change. Bring it as another event, with an id of its own.`,
      { members: { fields: fixed } },
    )
  if (before.status === 'onsale')
    throw new Problem(
      'map_in_use',
      `The event is on sale, so ${what} cannot change. Take it off sale first: PUT {"status": "offsale"}; then change it; then PUT {"status": "onsale"}.`,
      { members: { fields: fixed, eventStatus: before.status } },
    )
}

/** The event as it is, or undefined. */
export async function contentOf(db: Queryable, eventId: EventId): Promise<EventContent | undefined> {
  const { rows } = await db.query<EventContent & { startsAt: Date; onSaleAt: Date }>(CONTENT, [eventId])
  const row = rows[0]
  if (row === undefined) return undefined
  return { ...row, startsAt: iso(row.startsAt), onSaleAt: iso(row.onSaleAt), prices: sorted(row.prices) }
}

const CONTENT = `
  select e.name, e.type, e.status, e.starts_at as "startsAt", e.on_sale_at as "onSaleAt", e.currency, e.hot, e.competition,
    e.venue_id as "venueId", e.map_hash as "mapHash",
    coalesce((select jsonb_agg(jsonb_build_object('name', p.name, 'kind', p.kind) order by ep.position)
      from event_performers ep join performers p on p.id = ep.performer_id where ep.event_id = e.id), '[]') as performers,
    coalesce((select jsonb_agg(jsonb_build_object('category', category, 'ticketType', ticket_type,
        'ticketTypeName', ticket_type_name, 'price', price, 'fee', fee, 'feePercent', fee_percent) order by position, category)
      from event_prices where event_id = e.id), '[]') as prices,
    ${PRICING} as pricing
  from events e where e.id = $1`

/** The content that a file asks for; what it leaves open stays as it is. */
function given(event: NewEvent, open: Pick<EventContent, 'onSaleAt' | 'status'>): EventContent {
  const { name, type, status, startsAt, onSaleAt, currency, hot, competition, venue, performers, prices } =
    event
  return {
    name,
    type,
    status: status ?? open.status,
    startsAt: iso(new Date(startsAt)),
    onSaleAt: onSaleAt === undefined ? open.onSaleAt : iso(new Date(onSaleAt)),
    currency,
    hot,
    competition,
    venueId: 'venueId' in venue ? venue.venueId : venueIdOf(venue),
    mapHash: event.mapHash ?? (event.map === undefined ? '' : hashOf(event.map)),
    performers,
    prices: sorted(prices),
    pricing: event.pricing,
  }
}

/** The same, with its venue and its map stored. */
async function contentFor(
  client: Client,
  event: NewEvent,
  open: Pick<EventContent, 'onSaleAt' | 'status'>,
): Promise<EventContent> {
  const content = given(event, open)
  await storeVenue(client, event, content.venueId)
  await storeMap(client, event, content.mapHash)
  await client.query('insert into venue_maps (venue_id, map_hash) values ($1, $2) on conflict do nothing', [
    content.venueId,
    content.mapHash,
  ])
  return content
}

async function storeVenue(client: Client, { venue }: NewEvent, id: string): Promise<void> {
  if ('venueId' in venue) {
    const { rowCount } = await client.query('select from venues where id = $1', [id])
    if (rowCount === 0) throw invalid('venueId', `there is no venue "${id}"`)
    return
  }
  const { name, city, region = null, country, lat, lon, timeZone } = venue
  await client.query(
    `insert into venues (id, name, city, region, country, lat, lon, time_zone, modelled)
     values ($1, $2, $3, $4, $5, $6, $7, $8, false) on conflict (id) do nothing`,
    [id, name, city, region, country, lat, lon, timeZone],
  )
}

/** Made of all that is said of it: a corrected venue is another, and nobody's event moves. */
function venueIdOf(venue: Exclude<NewEvent['venue'], { venueId: string }>): string {
  const { name, city, region, country, lat, lon, timeZone } = venue
  return `venue-${shortHash([name, city, region ?? '', country, lat, lon, timeZone])}`
}

async function storeMap(client: Client, { map, mapHash }: NewEvent, hash: string): Promise<void> {
  if (mapHash !== undefined) {
    const { rowCount } = await client.query('select from seat_maps where hash = $1', [hash])
    if (rowCount === 0) throw invalid('mapHash', `there is no seat map ${hash}`)
    return
  }
  if (map === undefined) throw new Error('a checked event without a map')
  const { seats, units } = new SeatPlan(map)
  await client.query(
    `insert into seat_maps (hash, name, seats, units, geometry) values ($1, $2, $3, $4, $5) on conflict (hash) do nothing`,
    [hash, map.name, seats, units, textOf(map)],
  )
}

/** Performers and prices of an event that has none (of them) now. */
async function writeParts(
  client: Client,
  eventId: EventId,
  { performers, prices, pricing }: EventContent,
  parts: (keyof EventContent)[] = ['performers', 'prices', 'pricing'],
): Promise<void> {
  if (parts.includes('performers') && performers.length > 0) {
    const ids = performers.map(({ name, kind }) => `own-${shortHash([name, kind])}`)
    const names = performers.map(({ name }) => name)
    await client.query(
      `insert into performers (id, name, kind) select * from unnest($1::text[], $2::text[], $3::text[]) on conflict (id) do nothing`,
      [ids, names, performers.map(({ kind }) => kind)],
    )
    await client.query(
      `insert into event_performers (event_id, performer_id, position)
       select $1, one.id, one.position - 1 from unnest($2::text[]) with ordinality as one (id, position)`,
      [eventId, ids],
    )
  }
  const { discounts } = pricing
  if (parts.includes('pricing') && discounts.length > 0)
    await client.query(
      `insert into event_discounts (event_id, position, name, least_tickets, amount, percent)
       select $1, one.position - 1, one.name, one.least, one.amount, one.percent
       from unnest($2::text[], $3::integer[], $4::integer[], $5::numeric[])
         with ordinality as one (name, least, amount, percent, position)`,
      [
        eventId,
        discounts.map(({ name }) => name),
        discounts.map(({ minTickets }) => minTickets),
        discounts.map(({ amount }) => amount),
        discounts.map(({ percent }) => percent),
      ],
    )
  if (!parts.includes('prices')) return
  const types = [...new Set(prices.map(({ ticketType }) => ticketType))]
  await client.query(
    `insert into event_prices (event_id, category, ticket_type, ticket_type_name, position, price, fee, fee_percent)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::numeric[])`,
    [
      eventId,
      prices.map(({ category }) => category),
      prices.map(({ ticketType }) => ticketType),
      prices.map(({ ticketTypeName }) => ticketTypeName),
      prices.map(({ ticketType }) => types.indexOf(ticketType)),
      prices.map(({ price }) => price),
      prices.map(({ fee }) => fee),
      prices.map(({ feePercent }) => feePercent),
    ],
  )
}

function columnsOf(content: EventContent): unknown[] {
  const { name, type, venueId, mapHash, startsAt, status, onSaleAt, currency, hot, competition } = content
  const { amount, percent } = content.pricing.bookingFee
  return [
    name,
    type,
    venueId,
    mapHash,
    startsAt,
    status,
    onSaleAt,
    currency,
    hot,
    competition,
    amount,
    percent,
  ]
}

function differences(one: EventContent, other: EventContent): (keyof EventContent)[] {
  return (Object.keys(one) as (keyof EventContent)[]).filter(key => !isDeepStrictEqual(one[key], other[key]))
}

/** As they are read back: by ticket type in the order given, then by category. */
function sorted(prices: PriceContent[]): PriceContent[] {
  const types = [...new Set(prices.map(({ ticketType }) => ticketType))]
  return prices
    .map(({ category, ticketType, ticketTypeName, price, fee, feePercent }) => ({
      category,
      ticketType,
      ticketTypeName,
      price,
      fee,
      feePercent,
    }))
    .sort(
      (a, b) =>
        types.indexOf(a.ticketType) - types.indexOf(b.ticketType) ||
        (a.category < b.category ? -1 : a.category > b.category ? 1 : 0),
    )
}

function shortHash(parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}

function iso(date: Date): string {
  return date.toISOString()
}
