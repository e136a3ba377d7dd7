/**
 * Events and seat maps as both tiers read them. Maps are immutable and kept while they are used; events are kept
 * for a second, so that a crowd on one event page costs Postgres one read a second a node.
 */
import { LRUCache } from 'lru-cache'
import { type EventId, eventId as toEventId } from './ids.ts'
import type { Pool } from './postgres.ts'
import type { Stock } from './seats/inventory.ts'
import { type SeatMap, SeatPlan } from './seats/seat-map.ts'
import type { BookingPricing } from './wire/booking-price.ts'

export type EventStatus = 'onsale' | 'offsale' | 'postponed' | 'rescheduled' | 'canceled'

export interface EventRecord {
  eventId: EventId
  name: string
  type: 'football' | 'concert' | 'theatre'
  status: EventStatus
  /** ms since 1970 */
  startsAt: number
  onSaleAt: number
  /** ISO 4217; prices are in its minor units. */
  currency: string
  hot: boolean
  modelled: boolean
  competition: string | null
  venue: VenueRecord
  performers: { performerId: string; name: string; kind: string }[]
  prices: PriceRecord[]
  pricing: BookingPricing
  mapHash: string
  plan: SeatPlan
  stock: Stock
}

export interface VenueRecord {
  venueId: string
  name: string
  city: string
  region: string | null
  country: string
  lat: number
  lon: number
  timeZone: string
  modelled: boolean
}

export interface PriceRecord {
  category: string
  ticketType: string
  ticketTypeName: string
  price: number
  fee: number
}

/** Text as stored and sent, and the plan made of it. */
export interface StoredMap {
  hash: string
  text: string
  plan: SeatPlan
}

const EVENT_TTL_MS = 1_000
const EVENTS_KEPT = 2_000
/** A stadium's plan and text take some 3 MB. */
const MAPS_KEPT = 32

export class EventStore {
  readonly #pool: Pool
  readonly #events: LRUCache<string, { event: EventRecord | undefined }>
  readonly #maps: LRUCache<string, StoredMap>

  constructor(pool: Pool) {
    this.#pool = pool
    this.#maps = new LRUCache({ max: MAPS_KEPT, fetchMethod: hash => this.#readMap(hash) })
    this.#events = new LRUCache({
      max: EVENTS_KEPT,
      ttl: EVENT_TTL_MS,
      fetchMethod: async id => ({ event: await this.#readEvent(id) }),
    })
  }

  /** Undefined where there is no such event. Concurrent callers share one read. */
  async find(id: EventId): Promise<EventRecord | undefined> {
    return (await this.#events.fetch(id))?.event
  }

  /** As it is now, for who has seen that what we keep of it is old. Kept from now on. */
  async findAnew(id: EventId): Promise<EventRecord | undefined> {
    // A read that is under way may have begun before, and would be shared.
    await this.#events.fetch(id)
    return (await this.#events.fetch(id, { forceRefresh: true }))?.event
  }

  async map(hash: string): Promise<StoredMap | undefined> {
    return this.#maps.fetch(hash)
  }

  async venueHasMap(venueId: string, hash: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      'select 1 from venue_maps where venue_id = $1 and map_hash = $2',
      [venueId, hash],
    )
    return rowCount === 1
  }

  /** Every event on sale now: whom the sweepers and the reconciler look after. */
  async onSale(): Promise<EventId[]> {
    const { rows } = await this.#pool.query<{ id: string }>(`select id from events where status = 'onsale'`)
    return rows.map(row => toEventId(row.id))
  }

  async #readEvent(id: string): Promise<EventRecord | undefined> {
    const { rows } = await this.#pool.query<EventRow>(EVENT, [id])
    const row = rows[0]
    if (row === undefined) return undefined
    const map = await this.#maps.fetch(row.map_hash)
    if (map === undefined) throw new Error(`event ${id} pins map ${row.map_hash}, which is not stored`)
    return {
      eventId: toEventId(row.id),
      name: row.name,
      type: row.type,
      status: row.status,
      startsAt: row.starts_at.getTime(),
      onSaleAt: row.on_sale_at.getTime(),
      currency: row.currency,
      hot: row.hot,
      modelled: row.modelled,
      competition: row.competition,
      venue: row.venue,
      performers: row.performers,
      prices: row.prices,
      pricing: row.pricing,
      mapHash: row.map_hash,
      plan: map.plan,
      stock: stockOf(toEventId(row.id), map.plan),
    }
  }

  async #readMap(hash: string): Promise<StoredMap | undefined> {
    const { rows } = await this.#pool.query<{ geometry: string }>(
      'select geometry from seat_maps where hash = $1',
      [hash],
    )
    const text = rows[0]?.geometry
    if (text === undefined) return undefined
    return { hash, text, plan: new SeatPlan(JSON.parse(text) as SeatMap) }
  }
}

export function stockOf(eventId: EventId, plan: SeatPlan): Stock {
  const areas = plan.map.areas.map(({ first, capacity }) => ({ first, capacity }))
  return { eventId, seats: plan.seats, areas }
}

interface EventRow {
  id: string
  name: string
  type: EventRecord['type']
  status: EventStatus
  starts_at: Date
  on_sale_at: Date
  currency: string
  hot: boolean
  modelled: boolean
  competition: string | null
  map_hash: string
  venue: VenueRecord
  performers: EventRecord['performers']
  prices: PriceRecord[]
  pricing: BookingPricing
}

/** Of an event `e`. */
export const PRICING = `
  jsonb_build_object('bookingFee', jsonb_build_object('amount', e.booking_fee, 'percent', e.booking_fee_percent),
    'discounts', coalesce((select jsonb_agg(jsonb_build_object('name', name, 'minTickets', least_tickets, 'amount', amount,
        'percent', percent) order by position)
      from event_discounts where event_id = e.id), '[]'))`

const EVENT = `
  select e.id, e.name, e.type, e.status, e.starts_at, e.on_sale_at, e.currency, e.hot, e.modelled, e.competition,
    e.map_hash,
    jsonb_build_object('venueId', v.id, 'name', v.name, 'city', v.city, 'region', v.region, 'country', v.country,
      'lat', v.lat, 'lon', v.lon, 'timeZone', v.time_zone, 'modelled', v.modelled) as venue,
    coalesce((select jsonb_agg(jsonb_build_object('performerId', p.id, 'name', p.name, 'kind', p.kind)
        order by ep.position)
      from event_performers ep join performers p on p.id = ep.performer_id where ep.event_id = e.id), '[]') as performers,
    coalesce((select jsonb_agg(jsonb_build_object('category', category, 'ticketType', ticket_type,
        'ticketTypeName', ticket_type_name, 'price', price, 'fee', fee) order by position, category)
      from event_prices where event_id = e.id), '[]') as prices,
    ${PRICING} as pricing
  from events e join venues v on v.id = e.venue_id
  where e.id = $1`
