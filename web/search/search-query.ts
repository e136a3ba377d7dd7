/** A search as the address bar holds it: what a fan has typed and set, to the page's URL and to the server's parameters. */
import type { SearchQuery } from '../../client/events.ts'

export interface Wish {
  keyword: string
  type: string
  city: string
  /** YYYY-MM-DD, or empty. */
  start: string
  end: string
  /** Around where the fan is. */
  near: { lat: number; lon: number } | undefined
  /** Only what is on sale now. */
  onSale: boolean
  /** Empty: the closest, or near a place the nearest, first. */
  sort: '' | 'date' | 'name'
  page: number
}

export const TYPES = [
  { id: 'football', name: 'Football' },
  { id: 'concert', name: 'Concerts' },
  { id: 'theatre', name: 'Theatre' },
] as const

export const SORTS = [
  { id: 'date', name: 'Soonest first' },
  { id: 'name', name: 'A to Z' },
] as const

export const PAGE_SIZE = 20
/** A day's trip. */
const RADIUS_KM = 150
const DAY = /^\d{4}-\d{2}-\d{2}$/

export function wishOf(query: Record<string, string>): Wish {
  const day = (text: string | undefined) => (text !== undefined && DAY.test(text) ? text : '')
  const point = /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)$/.exec(query['near'] ?? '')
  const page = Number(query['page'])
  return {
    keyword: query['q'] ?? '',
    type: TYPES.find(({ id }) => id === query['type'])?.id ?? '',
    city: query['city'] ?? '',
    start: day(query['start']),
    end: day(query['end']),
    near: point === null ? undefined : { lat: Number(point[1]), lon: Number(point[2]) },
    onSale: query['sale'] === 'on',
    sort: SORTS.find(({ id }) => id === query['sort'])?.id ?? '',
    page: Number.isInteger(page) && page > 1 ? page : 1,
  }
}

/** The page's address for it; what is not set is not in it. */
export function addressOf({ keyword, type, city, start, end, near, onSale, sort, page }: Wish): string {
  const said: [string, string][] = [
    ['q', keyword.trim()],
    ['type', type],
    ['city', city.trim()],
    ['start', start],
    ['end', end],
    // A hundredth of a degree is a kilometre: enough to search by, and not anybody's front door.
    ['near', near === undefined ? '' : `${near.lat.toFixed(2)},${near.lon.toFixed(2)}`],
    ['sale', onSale ? 'on' : ''],
    ['sort', sort],
    ['page', page > 1 ? String(page) : ''],
  ]
  const query = new URLSearchParams(said.filter(([, value]) => value !== '')).toString()
  return query === '' ? '/' : `/?${query}`
}

export function askedOf({ keyword, type, city, start, end, near, onSale, sort, page }: Wish): SearchQuery {
  return {
    ...(keyword.trim() === '' ? {} : { keyword: keyword.trim() }),
    ...(type === '' ? {} : { type }),
    ...(city.trim() === '' ? {} : { city: city.trim() }),
    ...(start === '' ? {} : { start }),
    ...(end === '' ? {} : { end }),
    ...(near === undefined ? {} : { ...near, radius: RADIUS_KM, sort: 'distance' }),
    ...(onSale ? { status: 'onsale' } : {}),
    ...(sort === '' ? {} : { sort }),
    page,
    pageSize: PAGE_SIZE,
  }
}

/** Whether anything but the words is set. */
export function isNarrowed({ type, city, start, end, near, onSale }: Wish): boolean {
  return type !== '' || city !== '' || start !== '' || end !== '' || near !== undefined || onSale
}

export const UNNARROWED = { type: '', city: '', start: '', end: '', near: undefined, onSale: false } as const
