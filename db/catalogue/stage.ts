/**
 * Three hundred modelled concerts and plays: in each of sixty cities two concerts in an arena, a recital and two plays
 * in a theatre, given by performers that call themselves a demo; in Berlin a night in a club, where all stand, instead of the
 * second concert. Every event of this file is marked modelled.
 */
import type { LocalTime } from '../../shared/local-time.ts'
import { type Draft, idOf, type Performer, shareOf, type Venue } from './draft.ts'
import { type Place, placeOfCity } from './places.ts'
import { plain, slug } from './plain.ts'
import type { Tariff } from './prices.ts'
import { CHAMBER, CITIES, ORCHESTRAL, PLAYS, type Work } from './repertoire.ts'

interface Slot {
  works: Work[]
  type: Draft['type']
  hall: 'arena' | 'theatre'
  tariff: Tariff
  by: { kind: Performer['kind']; name: string }
  author: 'composer' | 'playwright'
  time: string
  /** Its days of the season, as shares of it: no two events of a hall fall on one day. */
  from: number
  to: number
}

const ORCHESTRA = {
  works: ORCHESTRAL,
  type: 'concert',
  hall: 'arena',
  tariff: 'arena-concert',
  by: { kind: 'orchestra', name: 'Demo Symphony Orchestra of' },
  author: 'composer',
  time: '19:30',
} as const
const RECITAL = {
  works: CHAMBER,
  type: 'concert',
  hall: 'theatre',
  tariff: 'theatre-recital',
  by: { kind: 'ensemble', name: 'Demo Chamber Players of' },
  author: 'composer',
  time: '18:00',
} as const
const PLAY = {
  works: PLAYS,
  type: 'theatre',
  hall: 'theatre',
  tariff: 'theatre-play',
  by: { kind: 'company', name: 'Demo Theatre Company of' },
  author: 'playwright',
  time: '20:00',
} as const

const SLOTS: Slot[] = [
  { ...ORCHESTRA, from: 0, to: 0.5 },
  { ...ORCHESTRA, from: 0.5, to: 1 },
  { ...PLAY, from: 0, to: 0.33 },
  { ...RECITAL, from: 0.33, to: 0.67 },
  { ...PLAY, from: 0.67, to: 1 },
]

const HALLS = { arena: 'Arena', theatre: 'City Theatre' } as const
const DAY_MS = 86_400_000
/** Beside the night in the club. */
const ON_SALE = { concert: 14, theatre: 10 }
const CLUB_CITY = 'Berlin'
const CLUB_SLOT = 1

/** Spread over the days of the football season, from the first on. */
export function stageDrafts(season: { first: string; last: string }): Draft[] {
  const cities = CITIES.flatMap(([country, ...names]) => names.map(name => placeOfCity(name, country)))
  const drafts = cities.flatMap((place, c) =>
    SLOTS.map((slot, s) =>
      place.city === CLUB_CITY && s === CLUB_SLOT
        ? clubNight(place, season)
        : draft(place, c, slot, s, season),
    ),
  )
  const soonest = drafts.toSorted(
    (a, b) => a.past.date.localeCompare(b.past.date) || a.id.localeCompare(b.id),
  )
  for (const [type, count] of Object.entries(ON_SALE)) {
    for (const event of soonest.filter(event => event.type === type && !event.onSale).slice(0, count))
      event.onSale = true
  }
  return drafts
}

function draft(
  place: Place,
  c: number,
  slot: Slot,
  s: number,
  season: { first: string; last: string },
): Draft {
  // A step that shares no factor with the lists' lengths goes through all of a list before it repeats.
  const work = slot.works[(c * 5 + s * 11) % slot.works.length]
  if (work === undefined) throw new Error('a slot without works')
  const identity = `stage|${place.country}|${place.city}|${s}`
  return {
    id: idOf(identity),
    name: `${work.author}: ${work.title}`,
    type: slot.type,
    venue: hallOf(place, slot.hall),
    past: {
      date: dayOf(identity, slot, season),
      time: slot.time,
      clock: place.timeZone,
    } satisfies LocalTime,
    performers: [
      {
        id: slug(place.country, `${slot.by.name} ${place.city}`),
        name: `${slot.by.name} ${place.city}`,
        kind: slot.by.kind,
      },
      {
        id: `${slot.author}-${plain(work.author).replaceAll(' ', '-')}`,
        name: work.author,
        kind: slot.author,
      },
    ],
    competition: null,
    tariff: slot.tariff,
    modelled: true,
    onSale: false,
    hot: false,
  }
}

/** The one event of the demo where nobody sits. */
function clubNight(place: Place, season: { first: string; last: string }): Draft {
  const identity = `club|${place.country}|${place.city}`
  const name = `${place.city} Club`
  const players = [`Demo Club Players of ${place.city}`, `Demo Night Ensemble of ${place.city}`]
  return {
    id: idOf(identity),
    name: `A Night at the ${name}`,
    type: 'concert',
    venue: { id: slug(place.country, name), name, place, map: 'club' },
    past: { date: dayOf(identity, { from: 0.1, to: 0.2 }, season), time: '22:00', clock: place.timeZone },
    performers: players.map(name => ({ id: slug(place.country, name), name, kind: 'ensemble' })),
    competition: null,
    tariff: 'club-night',
    modelled: true,
    onSale: true,
    hot: false,
  }
}

function hallOf(place: Place, hall: Slot['hall']): Venue {
  const name = `${place.city} ${HALLS[hall]}`
  return { id: slug(place.country, name), name, place, map: hall }
}

function dayOf(
  identity: string,
  { from, to }: Pick<Slot, 'from' | 'to'>,
  { first, last }: { first: string; last: string },
): string {
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS
  const day = Math.floor((from + shareOf(identity) * (to - from)) * days)
  return new Date(Date.parse(first) + day * DAY_MS).toISOString().slice(0, 10)
}
