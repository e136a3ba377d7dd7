/**
 * The whole demo catalogue as values, for a given now: venues, performers, maps, events with their dates and states.
 * Deterministic: the same now gives the same catalogue, and another now the same ids on other dates.
 * What of it is real and what is modelled stands in DATA.md.
 */
import { instantOf } from '../../shared/local-time.ts'
import { hashOf, textOf } from '../../shared/seats/map-text.ts'
import { type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { CURRENCIES } from './countries.ts'
import { plusWeeks, tenOClockBetween, weeksUntil } from './dates.ts'
import { type Draft, type MapName, type Performer, shareOf, type Venue } from './draft.ts'
import { footballDrafts } from './football.ts'
import { arena } from './maps/arena.ts'
import { club } from './maps/club.ts'
import { stadium } from './maps/stadium.ts'
import { theatre } from './maps/theatre.ts'
import { stageDrafts } from './stage.ts'

export interface StoredMap {
  hash: string
  name: string
  seats: number
  units: number
  geometry: string
}

export interface CatalogueEvent extends Omit<Draft, 'past' | 'onSale'> {
  startsAt: Date
  status: 'onsale' | 'offsale'
  onSaleAt: Date
  currency: string
}

export interface Catalogue {
  maps: Record<MapName, StoredMap>
  venues: Venue[]
  performers: Performer[]
  events: CatalogueEvent[]
}

const DAY_MS = 86_400_000

export function buildCatalogue(now: Date): Catalogue {
  const football = footballDrafts()
  const dates = football.map(({ past }) => past.date).sort()
  const season = { first: dates[0] ?? '', last: dates.at(-1) ?? '' }
  const drafts = [...football, ...stageDrafts(season)]
  const weeks = weeksUntil(season.first, now)
  return {
    maps: {
      theatre: stored(theatre()),
      arena: stored(arena()),
      stadium: stored(stadium()),
      club: stored(club()),
    },
    venues: byId(drafts.map(({ venue }) => venue)),
    performers: byId(drafts.flatMap(({ performers }) => performers)),
    events: drafts.map(draft => dated(draft, weeks, now)),
  }
}

function dated({ past, onSale, ...draft }: Draft, weeks: number, now: Date): CatalogueEvent {
  const startsAt = instantOf({ ...past, date: plusWeeks(past.date, weeks) })
  const currency = CURRENCIES[draft.venue.place.country]
  if (currency === undefined) throw new Error(`no currency for ${draft.venue.place.country}`)
  const share = shareOf(draft.id)
  return {
    ...draft,
    startsAt,
    currency,
    status: onSale ? 'onsale' : 'offsale',
    // On sale since one to two weeks ago, or from a day in the second half of the time that is left.
    onSaleAt: onSale
      ? tenOClockBetween(new Date(now.getTime() - 14 * DAY_MS), new Date(now.getTime() - DAY_MS), share / 2)
      : tenOClockBetween(now, startsAt, 0.5 + share * 0.4),
  }
}

function stored(map: SeatMap): StoredMap {
  const { seats, units } = new SeatPlan(map)
  return { hash: hashOf(map), name: map.name, seats, units, geometry: textOf(map) }
}

function byId<T extends { id: string }>(items: T[]): T[] {
  return [...new Map(items.map(item => [item.id, item])).values()]
}
