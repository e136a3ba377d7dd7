/**
 * The query string of GET /events/search: every parameter with its bounds and its aliases (the Discovery API's
 * names among them), and what they mean together.
 */
import { z } from '@hono/zod-openapi'
import { textOrNone } from '../texts.ts'
import {
  EVENT_STATUSES,
  EVENT_TYPES,
  type EventType,
  type Near,
  type Search,
  SORTS,
  type When,
} from './search.ts'

const TEXT_LENGTH = 200
const RADIUS_KM = 50
/** Half of the way around the Earth. */
const RADIUS_MOST_KM = 20_038
const PAGE_SIZE = 20
const PAGE_SIZE_MOST = 100
/** Deeper pages are nobody's honest need and cost the engines more with each. */
const REACH = 10_000

/** What people call a type elsewhere. */
const TYPE_WORDS: Record<string, EventType> = {
  ...Object.fromEntries(EVENT_TYPES.map(type => [type, type])),
  soccer: 'football',
  sport: 'football',
  sports: 'football',
  music: 'concert',
  concerts: 'concert',
  theater: 'theatre',
  play: 'theatre',
  arts: 'theatre',
}

/** Before it there were no events of ours, and Postgres knows no year 0. */
const FIRST_YEAR = '1970'
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/
const MONTH = /^(\d{4})-(\d{2})$/
const POINT = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/

export const text = textOrNone(TEXT_LENGTH)
  .transform(value => value || undefined)
  .optional()

const number = (least: number, most: number) =>
  z
    .string()
    .regex(/^[+-]?\d{1,12}(\.\d{1,20})?$/, 'must be a number')
    .transform(Number)
    .refine(value => value >= least && value <= most, `must be from ${least} to ${most}`)
    .optional()

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine(value => value >= least && value <= most, `must be from ${least} to ${most}`)
    .optional()

const when = z
  .string()
  .transform((value, context): When => {
    const moment = z.iso.datetime({ offset: true }).safeParse(value)
    if (moment.success && value >= FIRST_YEAR) return { moment: new Date(value) }
    if (isDay(value)) return { day: value }
    context.addIssue({
      code: 'custom',
      message: 'must be a day (2026-12-05) or a time (2026-12-05T19:00:00Z)',
    })
    return z.NEVER
  })
  .optional()

const dayOrMonth = z
  .string()
  .refine(value => isDay(value) || isMonth(value), 'must be a day (2026-12-05) or a month (2026-12)')
  .optional()

const types = z
  .string()
  .transform((value, context): EventType[] => {
    const found = value.split(',').map(word => TYPE_WORDS[word.trim().toLowerCase()])
    if (found.every(type => type !== undefined)) return [...new Set(found)]
    context.addIssue({ code: 'custom', message: `must be one of ${EVENT_TYPES.join(', ')}` })
    return z.NEVER
  })
  .optional()

const statuses = z
  .string()
  .transform(value => value.split(',').map(word => word.trim()))
  .pipe(z.array(z.enum(EVENT_STATUSES)))
  .optional()

const sort = z
  .string()
  .transform((value, context): Search['sort'] => {
    const [, minus, name, order] = /^(-?)([a-zA-Z]+)(?:,(asc|desc))?$/.exec(value) ?? []
    const by = SORTS.find(known => known === name)
    if (by !== undefined) return { by, descending: minus === '-' || order === 'desc' }
    context.addIssue({
      code: 'custom',
      message: `must be one of ${SORTS.join(', ')}, with ,asc or ,desc behind it`,
    })
    return z.NEVER
  })
  .optional()

const id = z
  .string()
  .regex(/^[\w.:-]{1,64}$/, 'must be an id')
  .optional()

const country = z
  .string()
  .regex(/^[a-zA-Z]{2}$/, 'must be a country code of two letters')
  .transform(code => code.toUpperCase())
  .optional()

const pageSize = whole(1, PAGE_SIZE_MOST)

const told = { description: 'Alias, as in the Discovery API.' }

export const SearchParameters = z
  .strictObject({
    keyword: text.openapi({ description: 'Words of names, performers, venues and places, in any order.' }),
    q: text.openapi({ description: 'Alias of keyword.' }),
    artist: text.openapi({ description: 'A performer: a team, an ensemble, an author.' }),
    name: text.openapi({ description: "Words of the event's name." }),
    venue: text.openapi({ description: "Words of the venue's name." }),
    city: text,
    location: text.openapi({ description: 'A city, region or country in words, or `lat,lon`.' }),
    countryCode: country,
    lat: number(-90, 90).openapi({ description: 'Degrees, with lon.' }),
    lon: number(-180, 180),
    radius: number(0.1, RADIUS_MOST_KM).openapi({
      description: `km around lat, lon; ${RADIUS_KM} by default.`,
    }),
    type: types.openapi({ description: `Of ${EVENT_TYPES.join(', ')}; several with commas.` }),
    event_type: types.openapi({ description: 'Alias of type.' }),
    classificationName: types.openapi(told),
    status: statuses.openapi({ description: `Of ${EVENT_STATUSES.join(', ')}; several with commas.` }),
    start: when.openapi({
      description: 'First day at the venue, or moment. Without it, what has begun is left out.',
    }),
    end: when.openapi({ description: 'Last day at the venue, or moment; it belongs to the range.' }),
    startDateTime: when.openapi(told),
    endDateTime: when.openapi(told),
    date: dayOrMonth.openapi({ description: 'A day (2026-12-05) or month (2026-12) at the venue.' }),
    venueId: id,
    performerId: id,
    attractionId: id.openapi(told),
    sort: sort.openapi({ description: `Of ${SORTS.join(', ')}; with ,asc or ,desc behind it.` }),
    page: whole(1, REACH).openapi({ description: 'From 1.' }),
    pageSize: pageSize.openapi({ description: `1 to ${PAGE_SIZE_MOST}; ${PAGE_SIZE} by default.` }),
    limit: pageSize.openapi({ description: 'Alias of pageSize.' }),
    size: pageSize.openapi(told),
    facets: z
      .enum(['true', 'false'], 'must be true or false')
      .transform(value => value === 'true')
      .optional()
      .openapi({ description: 'true: counts by type, city and country come with the answer.' }),
  })
  .superRefine((given, context) => {
    const fault = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    if (given.lat !== undefined && given.lon === undefined) fault('lon', 'is needed beside lat')
    if (given.lon !== undefined && given.lat === undefined) fault('lat', 'is needed beside lon')
    const point = given.lat !== undefined || POINT.test(given.location ?? '')
    if (given.radius !== undefined && !point) fault('radius', 'needs a point: lat and lon')
    if (given.sort?.by === 'distance' && !point) fault('sort', 'by distance needs a point: lat and lon')
    if (POINT.test(given.location ?? '') && pointOf(given.location ?? '') === undefined)
      fault('location', 'must be lat,lon: -90 to 90, -180 to 180')
    const { from, until } = rangeOf(given)
    if (from && until && isAfter(from, until)) fault(given.end ? 'end' : 'endDateTime', 'is before the start')
    if ((given.page ?? 1) * sizeOf(given) > REACH)
      fault('page', `page times pageSize must be at most ${REACH}`)
  })

export type Given = z.output<typeof SearchParameters>

/** What the parameters ask for. `now`: what began before is left out, unless it is asked for. */
export function searchOf(given: Given, now: number): Search {
  const { location } = given
  const near = nearOf(given)
  const range = rangeOf(given)
  // An end that has passed asks for what was.
  const upcoming =
    range.from === undefined && (range.until === undefined || spread(range.until, 'end') >= now)
  return {
    ...defined({
      keyword: given.keyword ?? given.q,
      artist: given.artist,
      name: given.name,
      venue: given.venue,
      city: given.city,
      place: POINT.test(location ?? '') ? undefined : location,
      venueId: given.venueId,
      performerId: given.performerId ?? given.attractionId,
      country: given.countryCode,
      near,
      from: upcoming ? { moment: new Date(now) } : range.from,
      until: range.until,
    }),
    types: given.type ?? given.event_type ?? given.classificationName ?? [],
    statuses: given.status ?? [],
    sort: given.sort ?? { by: 'relevance', descending: false },
    page: given.page ?? 1,
    pageSize: sizeOf(given),
    ...(given.facets ? { facets: true } : {}),
  }
}

function sizeOf(given: { pageSize?: number; limit?: number; size?: number } | Given): number {
  return given.pageSize ?? given.limit ?? given.size ?? PAGE_SIZE
}

function nearOf({ lat, lon, location, radius }: Given): Near | undefined {
  const point = lat !== undefined && lon !== undefined ? { lat, lon } : pointOf(location ?? '')
  return point && { ...point, radiusKm: radius ?? RADIUS_KM }
}

function pointOf(location: string): { lat: number; lon: number } | undefined {
  const [, lat, lon] = (POINT.exec(location) ?? []).map(Number)
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined
  return { lat, lon }
}

function rangeOf(given: Pick<Given, 'start' | 'end' | 'startDateTime' | 'endDateTime' | 'date'>): {
  from: When | undefined
  until: When | undefined
} {
  const { date } = given
  return {
    from:
      given.start ??
      given.startDateTime ??
      (date === undefined ? undefined : { day: isMonth(date) ? `${date}-01` : date }),
    until:
      given.end ??
      given.endDateTime ??
      (date === undefined ? undefined : { day: isMonth(date) ? lastDay(date) : date }),
  }
}

/** A moment and a day are compared kindly: we do not know yet whose day it is. */
function isAfter(from: When, until: When): boolean {
  if ('day' in from && 'day' in until) return from.day > until.day
  return spread(from, 'start') > spread(until, 'end')
}

/** A day somewhere on Earth begins 14 hours before UTC's and ends 12 after it. */
function spread(when: When, side: 'start' | 'end'): number {
  if ('moment' in when) return when.moment.getTime()
  const day = Date.parse(`${when.day}T00:00:00Z`)
  return side === 'start' ? day - 14 * 3_600_000 : day + 36 * 3_600_000 - 1
}

function isDay(value: string): boolean {
  return (
    DAY.test(value) && value >= FIRST_YEAR && new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value
  )
}

function isMonth(value: string): boolean {
  return MONTH.test(value) && isDay(`${value}-01`)
}

function lastDay(month: string): string {
  const [, year, number] = MONTH.exec(month) ?? []
  // Day 0 of the month after.
  return new Date(Date.UTC(Number(year), Number(number), 0)).toISOString().slice(0, 10)
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
