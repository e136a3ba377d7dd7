/**
 * An event in schema.org's words, for search engines and those who read its page by program. The fields are those that
 * Google's event listings ask for: https://developers.google.com/search/docs/appearance/structured-data/event
 */

import type { EventRecord } from '../../shared/event-store.ts'
import { majorUnits } from '../../shared/wire/currency.ts'
import { offsetTime } from './venue-time.ts'

const SCHEMA = 'https://schema.org'

const EVENT_KINDS = { football: 'SportsEvent', concert: 'MusicEvent', theatre: 'TheaterEvent' } as const
/** By the catalogue's kinds; whoever else performs is a group. */
const PERFORMER_KINDS = new Map([
  ['team', 'SportsTeam'],
  ['orchestra', 'MusicGroup'],
  ['ensemble', 'MusicGroup'],
  ['company', 'TheaterGroup'],
  ['composer', 'Person'],
  ['playwright', 'Person'],
])
const EVENT_STATES = {
  onsale: 'EventScheduled',
  offsale: 'EventScheduled',
  postponed: 'EventPostponed',
  rescheduled: 'EventRescheduled',
  canceled: 'EventCancelled',
} as const

/** `free`: undefined where it is not known. */
export function eventData(event: EventRecord, url: string, free: number | undefined, now: number): object {
  const { venue } = event
  return {
    '@context': SCHEMA,
    '@type': EVENT_KINDS[event.type],
    '@id': url,
    name: event.name,
    url,
    startDate: offsetTime(event.startsAt, venue.timeZone),
    eventStatus: `${SCHEMA}/${EVENT_STATES[event.status]}`,
    eventAttendanceMode: `${SCHEMA}/OfflineEventAttendanceMode`,
    ...(event.competition === null
      ? {}
      : { superEvent: { '@type': 'EventSeries', name: event.competition } }),
    location: {
      '@type': 'Place',
      name: venue.name,
      address: {
        '@type': 'PostalAddress',
        addressLocality: venue.city,
        ...(venue.region === null ? {} : { addressRegion: venue.region }),
        addressCountry: venue.country,
      },
      geo: { '@type': 'GeoCoordinates', latitude: venue.lat, longitude: venue.lon },
    },
    performer: event.performers.map(({ name, kind }) => ({
      '@type': PERFORMER_KINDS.get(kind) ?? 'PerformingGroup',
      name,
    })),
    ...offersOf(event, url, free, now),
  }
}

/** What the first ticket type costs, fees included. */
export function priceRange({
  prices,
}: Pick<EventRecord, 'prices'>): { min: number; max: number } | undefined {
  const [first] = prices
  if (first === undefined) return undefined
  const all = prices
    .filter(({ ticketType }) => ticketType === first.ticketType)
    .map(({ price, fee }) => price + fee)
  return { min: Math.min(...all), max: Math.max(...all) }
}

function offersOf(event: EventRecord, url: string, free: number | undefined, now: number): object {
  const range = priceRange(event)
  if (range === undefined || event.status === 'canceled') return {}
  const availability = availabilityOf(event, free, now)
  return {
    offers: {
      '@type': 'AggregateOffer',
      url,
      priceCurrency: event.currency,
      lowPrice: majorUnits(range.min, event.currency),
      highPrice: majorUnits(range.max, event.currency),
      validFrom: offsetTime(event.onSaleAt, event.venue.timeZone),
      ...(availability === undefined ? {} : { availability: `${SCHEMA}/${availability}` }),
    },
  }
}

/** Before the sale `validFrom` says all there is to say. */
function availabilityOf({ status, onSaleAt }: EventRecord, free: number | undefined, now: number) {
  if (status === 'onsale') return free === 0 ? 'SoldOut' : 'InStock'
  return status === 'offsale' && onSaleAt > now ? undefined : 'OutOfStock'
}
