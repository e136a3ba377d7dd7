/**
 * An event file, checked as a whole: every fault at once, by place, or the event it describes. Pure, so that the command line
 * says offline what the server would.
 */
import { createHash } from 'node:crypto'
import type { EventRecord, PriceRecord } from '../../shared/event-store.ts'
import { hint } from '../../shared/fault-words.ts'
import { type EventId, eventId } from '../../shared/ids.ts'
import { instantOf, localTimeOf } from '../../shared/local-time.ts'
import { layOut } from '../../shared/seats/lay-out.ts'
import { mapFaults, type Place } from '../../shared/seats/map-faults.ts'
import { isRowGone, type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { type BookingPricing, percentOf } from '../../shared/wire/booking-price.ts'
import { stepOf } from '../../shared/wire/currency.ts'
import { type Fault, Faults } from './event-faults.ts'
import { EventFile, MapFile, MOST_TICKETS, type PriceFile, VenueFile } from './event-file.ts'
import { houseOf, idsOf, tariffFaults } from './event-house.ts'
import { type Readable, readPrices, readSections, readStanding, UNREAD } from './event-readable.ts'
import { pricingOf } from './price-file.ts'

export interface Known {
  /** ms since 1970 */
  now: number
  /** The zone of the venue that venueId names, and the map that mapHash names; unknown offline. */
  timeZone?: string | undefined
  map?: SeatMap | undefined
  /** The map is the event's as it stands: where categories and prices do not fit, it is the prices that are wrong. */
  isStanding?: boolean
  /** A start that stood before may have passed. */
  startedAt?: number | undefined
}

/** What is brought: every word of the file made into what is stored. */
export interface NewEvent {
  eventId: EventId
  name: string
  type: EventRecord['type']
  startsAt: number
  /** Undefined where the file leaves it open. */
  onSaleAt: number | undefined
  status: EventRecord['status'] | undefined
  currency: string
  hot: boolean
  competition: string | null
  performers: { name: string; kind: string }[]
  venue: VenueFile | { venueId: string }
  /** Undefined offline where the file names a map by its hash. */
  map: SeatMap | undefined
  mapHash: string | undefined
  prices: PriceContent[]
  pricing: BookingPricing
}

/** `feePercent`: how much of the fee follows from the price. */
export type PriceContent = PriceRecord & { feePercent: number }

export type Checked = { ok: true; event: NewEvent } | { ok: false; faults: Fault[]; more: number }

export function checkEventFile(raw: unknown, known: Known): Checked {
  const faults = new Faults()
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    faults.tell([], 'the file must hold one event: an object { ... }')
    return { ok: false, faults: faults.list, more: 0 }
  }
  const file = raw as Record<string, unknown>
  faults.ofForm(EventFile, raw)
  const times = timesOf(file, known, faults)
  placeFaults(file, faults)
  stepFaults(file, faults)
  const prices = readPrices(file['prices'])
  const map = mapOf(file, prices, known, faults)
  if (!faults.none) return { ok: false, faults: faults.list, more: faults.more }
  const event = EventFile.parse(raw)
  const venue = event.venue ?? { venueId: event.venueId ?? '' }
  const named = `${event.name}|${'name' in venue ? `${venue.name}|${venue.city}` : venue.venueId}|${times.startsAt}`
  return {
    ok: true,
    event: {
      eventId: eventId(event.id ?? createHash('sha256').update(named).digest('hex').slice(0, 12)),
      name: event.name,
      type: event.type,
      startsAt: times.startsAt ?? 0,
      onSaleAt: times.onSaleAt,
      status: event.status,
      currency: event.currency,
      hot: event.hot ?? false,
      competition: event.competition ?? null,
      performers: (event.performers ?? []).map(one =>
        typeof one === 'string' ? { name: one, kind: 'performer' } : one,
      ),
      venue,
      map,
      mapHash: event.mapHash,
      prices: pricesOf(event.prices, map, event.currency),
      pricing: pricingOf(event.bookingFee, event.discounts),
    },
  }
}

interface Times {
  startsAt: number | undefined
  onSaleAt: number | undefined
}

function timesOf(file: Record<string, unknown>, known: Known, faults: Faults): Times {
  const venue = VenueFile.shape.timeZone.safeParse(
    (file['venue'] as Record<string, unknown> | undefined)?.['timeZone'],
  )
  const zone = venue.success && isZone(venue.data) ? venue.data : (known.timeZone ?? 'UTC')
  const read = (key: 'startsAt' | 'onSaleAt'): number | undefined => {
    const parsed = EventFile.shape[key].safeParse(file[key])
    if (!parsed.success || parsed.data === undefined) return undefined
    const at = momentOf(parsed.data, zone)
    if (typeof at === 'number') return at
    faults.tell([key], at.fault)
    return undefined
  }
  const [startsAt, onSaleAt] = [read('startsAt'), read('onSaleAt')]
  if (startsAt !== undefined && startsAt <= known.now && startsAt !== known.startedAt)
    faults.tell(['startsAt'], `"${file['startsAt']}" is over: an event to sell is yet to come`)
  if (startsAt !== undefined && onSaleAt !== undefined && onSaleAt >= startsAt)
    faults.tell(['onSaleAt'], 'must be before startsAt')
  return { startsAt, onSaleAt }
}

function momentOf(written: string, zone: string): number | { fault: string } {
  const [, date = '', time = '', rest = ''] = /^(\S{10})[T ](\d\d:\d\d)(.*)$/.exec(written) ?? []
  const day = Date.parse(`${date}T${time}:00Z`)
  const fault = `"${written}" is no day of the calendar, or no time of a day`
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return { fault }
  // Of years that four digits and Postgres can write, in every zone.
  if (!/^[1-8]/.test(date)) return { fault: `"${written}" is a year that nobody sells tickets for` }
  if (/Z$|[+-]\d\d:\d\d$/.test(rest)) {
    const at = Date.parse(written.replace(' ', 'T'))
    return Number.isNaN(at) ? { fault } : at
  }
  if (!/^(:00(\.0+)?)?$/.test(rest)) return { fault: `"${written}": without a zone, to the minute` }
  const at = instantOf({ date, time, clock: zone })
  if (localTimeOf(at, zone) !== `${date}T${time}`)
    return { fault: `the clocks of ${zone} never show ${date} ${time}: they are put forward then` }
  return at.getTime()
}

function placeFaults(file: Record<string, unknown>, faults: Faults): void {
  const { currency, venue, venueId } = file
  if (typeof currency === 'string' && !CURRENCIES.has(currency))
    faults.tell(
      ['currency'],
      `"${currency}" is no currency (ISO 4217, such as "EUR")${hint(currency, CURRENCIES)}`,
    )
  if (venue === undefined && venueId === undefined)
    faults.tell(['venue'], 'is missing; or name one that is known already, as venueId')
  if (venue !== undefined && venueId !== undefined) faults.tell(['venueId'], 'and venue: give one of the two')
  if (typeof venue !== 'object' || venue === null) return
  const { timeZone, country } = venue as Record<string, unknown>
  if (typeof timeZone === 'string' && timeZone !== '' && !isZone(timeZone))
    faults.tell(
      ['venue', 'timeZone'],
      `"${timeZone}" is no time zone (IANA, such as "Europe/Vienna")${hint(timeZone, Intl.supportedValuesOf('timeZone'), 1)}`,
    )
  if (typeof country === 'string' && /^[A-Z]{2}$/.test(country) && COUNTRIES.of(country) === undefined)
    faults.tell(['venue', 'country'], `"${country}" is no country (ISO 3166, such as "AT")`)
}

/** Amounts that no payment provider would charge. */
function stepFaults(file: Record<string, unknown>, faults: Faults): void {
  const { currency, bookingFee } = file
  const step = typeof currency === 'string' ? stepOf(currency) : 1
  const check = (place: Place, part: unknown, keys: string[]): void => {
    for (const key of keys) {
      const amount = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : 0
      if (Number.isInteger(amount) && Number(amount) % step !== 0)
        faults.tell([...place, key], `must be a multiple of ${step}: nothing else is charged in ${currency}`)
    }
  }
  for (const [list, ...keys] of [
    ['prices', 'price', 'fee'],
    ['discounts', 'amount'],
  ] as const)
    for (const [at, part] of arrayOf(file[list]).entries()) check([list, at], part, keys)
  check(['bookingFee'], bookingFee, ['amount'])
}

function arrayOf(raw: unknown): unknown[] {
  return Array.isArray(raw) ? raw : []
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))
const COUNTRIES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })

/** An offset such as "+01:00" is none: Postgres reads it the other way round. */
function isZone(name: string): boolean {
  if (!/^[a-z]/i.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function mapOf(
  file: Record<string, unknown>,
  prices: Readable<PriceFile>,
  known: Known,
  faults: Faults,
): SeatMap | undefined {
  priceFaults(prices.parts, faults)
  const isSpoken = file['sections'] !== undefined || file['standing'] !== undefined
  const given = [isSpoken, file['map'] !== undefined, file['mapHash'] !== undefined].filter(Boolean).length
  if (given === 0) faults.tell([], 'the house is missing: give sections, standing, both, or map, or mapHash')
  if (given > 1) faults.tell([], 'the house is told twice: give sections and standing, or map, or mapHash')
  if (given !== 1) return undefined
  if (isSpoken) return spokenMap(file, prices, faults)
  if (file['mapHash'] !== undefined) {
    const place = known.isStanding === true ? 'prices' : 'mapHash'
    if (known.map !== undefined) tariff(categoriesOf(known.map, [place]), prices, known.map, faults)
    return known.map
  }
  const parsed = MapFile.safeParse(file['map'])
  if (!parsed.success) return undefined
  const map = parsed.data as SeatMap
  mapFaults(map, (place, message) => faults.tell(['map', ...place], message))
  tariff(categoriesOf(map, ['map']), prices, map, faults)
  sizeFaults(new SeatPlan(map).tickets, ['map'], faults)
  return map
}

function spokenMap(
  file: Record<string, unknown>,
  prices: Readable<PriceFile>,
  faults: Faults,
): SeatMap | undefined {
  const venue = VenueFile.safeParse(file['venue'])
  const [sections, standing] = [readSections(file['sections']), readStanding(file['standing'])]
  const words = {
    name: venue.success ? venue.data.name : String(file['name']).slice(0, 120),
    stage: typeof file['stage'] === 'string' ? file['stage'] : 'Stage',
    sections: sections.parts,
    standing: standing.parts,
    categories: [...pricedAs(prices).keys()],
  }
  const house = houseOf(words, faults.tell)
  const used = new Map<string, Place>()
  const use = (category: string | undefined, place: Place): void => {
    if (category !== undefined && category !== UNREAD && !used.has(category)) used.set(category, place)
  }
  for (const [s, section] of words.sections.entries()) {
    const rows = typeof section?.rows === 'object' ? section.rows : []
    const own = rows.map(row => (typeof row === 'object' ? row.category : undefined))
    for (const [r, category] of own.entries()) use(category, ['sections', s, 'rows', r, 'category'])
    if (rows.length === 0 || own.includes(undefined)) use(section?.category, ['sections', s, 'category'])
  }
  for (const [a, area] of words.standing.entries()) use(area?.category, ['standing', a, 'category'])
  tariffFaults(used, pricedAs(prices), faults.tell, {
    house: sections.complete && standing.complete,
    prices: unreadPrices(prices),
  })
  const seats = house.sections.reduce(
    (sum, { rows }) => sum + rows.reduce((n, row) => n + row.labels.length, 0),
    0,
  )
  sizeFaults(seats + house.areas.reduce((sum, { capacity }) => sum + capacity, 0), [], faults)
  return faults.none ? layOut(house) : undefined
}

function tariff(used: Map<string, Place>, prices: Readable<PriceFile>, map: SeatMap, faults: Faults): void {
  const ids = new Map(map.categories.map(({ id, name }) => [name, id]))
  const priced = new Map([...pricedAs(prices)].map(([name, place]) => [ids.get(name) ?? name, place]))
  tariffFaults(used, priced, faults.tell, { house: true, prices: unreadPrices(prices) })
}

/** Every category that a place of the map has; tombstones have no price. */
function categoriesOf(map: SeatMap, place: Place): Map<string, Place> {
  const rows = map.sections.flatMap((section, s) =>
    section.rows.flatMap((row, r): [string, Place][] =>
      isRowGone(row) ? [] : [[row.category, ['sections', s, 'rows', r, 'category']]],
    ),
  )
  const areas = map.areas.flatMap(({ category, capacity, gone }, a): [string, Place][] =>
    gone === capacity ? [] : [[category, ['areas', a, 'category']]],
  )
  return new Map(
    [...rows, ...areas].reverse().map(([id, at]) => [id, place[0] === 'map' ? [...place, ...at] : place]),
  )
}

function pricedAs({ parts }: Readable<PriceFile>): Map<string, Place> {
  const priced = new Map<string, Place>()
  for (const [p, price] of parts.entries())
    if (price !== undefined && !priced.has(price.category))
      priced.set(price.category, ['prices', p, 'category'])
  return priced
}

/** Prices of which nobody knows what they are for. Where there is no price at all, that is the fault. */
function unreadPrices({ parts }: Readable<PriceFile>): number {
  return parts.length === 0 ? Number.POSITIVE_INFINITY : parts.filter(price => price === undefined).length
}

function priceFaults(prices: (PriceFile | undefined)[], faults: Faults): void {
  const seen = new Set<string>()
  for (const [p, price] of prices.entries()) {
    if (price === undefined) continue
    const { category, ticketType = ADULT } = price
    if (ticketType === UNREAD) continue
    const key = `${category}|${ticketType}`
    if (seen.has(key)) faults.tell(['prices', p], `${ticketType} in ${category} has a price already`)
    seen.add(key)
  }
}

function sizeFaults(total: number, place: Place, faults: Faults): void {
  if (total > MOST_TICKETS)
    faults.tell(
      place,
      `there are ${total.toLocaleString('en')} tickets; one event may have ${MOST_TICKETS.toLocaleString('en')}`,
    )
  if (total === 0 && faults.none) faults.tell(place, 'there is not one seat and no standing room')
}

const ADULT = 'Adult'

/** Ticket types in the order of the file; the first of them is sold where none is asked for. */
function pricesOf(prices: PriceFile[], map: SeatMap | undefined, currency: string): PriceContent[] {
  const types = idsOf(new Set(prices.map(({ ticketType = ADULT }) => ticketType)))
  const categories = map?.categories ?? []
  return prices.map(({ category, ticketType = ADULT, price, fee = 0, feePercent = 0 }) => ({
    category: categories.find(({ id, name }) => id === category || name === category)?.id ?? category,
    ticketType: types.get(ticketType) ?? ticketType,
    ticketTypeName: ticketType,
    price,
    fee: fee + percentOf(price, feePercent, stepOf(currency)),
    feePercent,
  }))
}
