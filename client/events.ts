/** What is on sale: search, an event, a venue's map. Shapes as GET /openapi.json documents them. */
import type { QueueJson } from '../shared/wire/queue-json.ts'
import type { Http } from './http.ts'

export type { QueueJson } from '../shared/wire/queue-json.ts'

export interface SearchQuery {
  keyword?: string
  artist?: string
  venue?: string
  city?: string
  lat?: number
  lon?: number
  /** km around lat, lon. */
  radius?: number
  type?: string
  status?: string
  /** RFC 3339 or a date. */
  start?: string
  end?: string
  sort?: string
  /** From 1. */
  page?: number
  pageSize?: number
}

export interface SearchAnswer<Found = EventSummary> {
  events: Found[]
  page: number
  pageSize: number
  total: number
}

export type EventStatus = 'onsale' | 'offsale' | 'postponed' | 'rescheduled' | 'canceled'

export interface Venue {
  venueId: string
  name: string
  city: string
  region: string | null
  /** ISO 3166-1 alpha-2 */
  country: string
  lat: number
  lon: number
  timeZone: string
  modelled: boolean
}

export interface Performer {
  performerId: string
  name: string
  kind: string
}

/** Money is in minor units of the event's currency. */
export interface Price {
  category: string
  ticketType: string
  ticketTypeName: string
  price: number
  fee: number
}

/** `events`: how many are to come. */
export type Suggestion =
  | { kind: 'performer'; performerId: string; name: string; events: number }
  | { kind: 'city'; name: string; country: string; events: number }
  | { kind: 'venue'; venueId: string; name: string; city: string; country: string; events: number }
  | { kind: 'event'; eventId: string; name: string; startsAt: string; city: string; timeZone: string }

interface EventHead {
  eventId: string
  name: string
  type: string
  status: EventStatus
  /** RFC 3339 */
  startsAt: string
  onSaleAt: string
  competition: string | null
  modelled: boolean
  /** A rush is expected. */
  hot: boolean
  venue: Venue
  performers: Performer[]
}

export interface EventSummary extends EventHead {
  priceRange: { min: number; max: number; currency: string } | null
  /** Where the search has a point. */
  distanceKm?: number
  queue: Pick<QueueJson, 'state'> | null
  url: string
}

export interface EventDetail extends EventHead {
  currency: string
  categories: { categoryId: string; name: string; colour: string }[]
  prices: Price[]
  /** Besides each ticket's fee: an amount, and a part of the discounted prices, once a booking. */
  bookingFee: { amount: number; percent: number }
  /** The one that takes off most counts: an amount, or a part of the prices without fees. */
  discounts: { name: string; minTickets: number; amount: number; percent: number }[]
  areas: { areaId: string; name: string; category: string; capacity: number }[]
  maxTickets: number
  /** What is done about seats chosen by hand that leave a lone one. */
  orphanRule: 'off' | 'warn' | 'refuse'
  availability: { free: number | null; total: number }
  /** null where it cannot be told now. */
  queue: QueueJson | null
  links: { self: string; page: string; map: string; seats: string; queue: string; bookings: string }
}

export class Events {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  search<Found = EventSummary>(query: SearchQuery = {}): Promise<SearchAnswer<Found>> {
    return this.#http.json('/events/search', { query: { ...query } })
  }

  /** What to offer while somebody types. `signal` gives up what the next letter has overtaken. */
  async suggest(q: string, signal?: AbortSignal): Promise<Suggestion[]> {
    const call = { query: { q }, signal }
    return (await this.#http.json<{ suggestions: Suggestion[] }>('/events/suggest', call)).suggestions
  }

  /** The whole answer is handed through; name your own type for members beyond these. */
  get<Event = EventDetail>(eventId: string): Promise<Event> {
    return this.#http.json(`/events/${eventId}`)
  }

  /** The geometry never changes: browsers keep it for ever. `path` is the event's `links.map`. */
  map<SeatMap>(path: string): Promise<SeatMap> {
    return this.#http.json(path)
  }
}
