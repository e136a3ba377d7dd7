/**
 * Finding events: the contract that search in Postgres and search in Elasticsearch both keep. parameters.ts makes a
 * `Search` of a query string; what an engine is given has been checked.
 */
import type { EventRecord, VenueRecord } from '../../shared/event-store.ts'
import type { EventId } from '../../shared/ids.ts'

export const EVENT_TYPES = ['football', 'concert', 'theatre'] as const
export type EventType = (typeof EVENT_TYPES)[number]
export const EVENT_STATUSES = ['onsale', 'offsale', 'postponed', 'rescheduled', 'canceled'] as const
export const SORTS = ['relevance', 'date', 'name', 'distance', 'price'] as const

export interface SearchEngine {
  /**
   * Every condition must hold. Words are found whole or by their beginning, without regard to case and accents; a
   * word that no event has is found with one typing error forgiven.
   */
  search(search: Search): Promise<SearchResult>
}

export interface Search {
  /** In names, performers, venues, cities, regions, countries, competitions, types. */
  keyword?: string
  artist?: string
  name?: string
  venue?: string
  city?: string
  /** A city, region or country in words. */
  place?: string
  venueId?: string
  performerId?: string
  /** ISO 3166-1 alpha-2 */
  country?: string
  types: EventType[]
  statuses: EventRecord['status'][]
  near?: Near
  /** Both ends belong to the range. */
  from?: When
  until?: When
  sort: { by: (typeof SORTS)[number]; descending: boolean }
  /** From 1. */
  page: number
  pageSize: number
  /** Count what was found by type, city and country too. */
  facets?: boolean
}

export interface Near {
  lat: number
  lon: number
  radiusKm: number
}

/** A moment, or a day as the clocks at the venue show it (YYYY-MM-DD). */
export type When = { moment: Date } | { day: string }

export interface SearchResult {
  events: FoundEvent[]
  /** All that were found, on every page. */
  total: number
  /** Of all that were found; where it was asked for. */
  facets?: Facets
  /** The engine that should have answered could not: another did. */
  degraded?: true
}

/** The most frequent values of each, at most FACET_VALUES, the most frequent first. */
export interface Facets {
  types: FacetCount[]
  cities: FacetCount[]
  countries: FacetCount[]
}

export interface FacetCount {
  value: string
  events: number
}

export const FACET_VALUES = 20

export interface FoundEvent {
  eventId: EventId
  name: string
  type: EventType
  status: EventRecord['status']
  /** ms since 1970 */
  startsAt: number
  onSaleAt: number
  competition: string | null
  modelled: boolean
  venue: VenueRecord
  performers: EventRecord['performers']
  /** Of the first ticket type, fees included, in minor units; null where the event has no prices yet. */
  priceRange: { min: number; max: number; currency: string } | null
  /** A rush is expected. */
  hot: boolean
  /** Only of a search near a point. */
  distanceKm?: number
}
