/** The real matches as events: teams as performers, each home team in one modelled ground of its own. */
import { CURRENCIES } from './countries.ts'
import { usualTime } from './dates.ts'
import { type Draft, idOf, type Performer, type Venue } from './draft.ts'
import { type Club, type Fixture, readFixtures } from './fixtures.ts'
import { placeOfClub } from './places.ts'
import { slug } from './plain.ts'

/** The match that everybody wants to see; the demo's queue is for it. */
const HOT = { home: 'FC Bayern München', away: 'Borussia Dortmund' }

/** Thirty-four more clubs whose first home match of the season is on sale. */
export const ON_SALE_CLUBS = [
  ...['Borussia Dortmund', '1. FC Köln', 'Hamburger SV', 'Eintracht Frankfurt'],
  ...['Manchester United FC', 'Manchester City FC', 'Liverpool FC', 'Arsenal FC', 'Chelsea FC', 'Everton FC'],
  ...['Tottenham Hotspur FC', 'Newcastle United FC', 'Celtic FC', 'Rangers FC'],
  ...['Real Madrid CF', 'FC Barcelona', 'Club Atlético de Madrid', 'Valencia CF'],
  ...['AC Milan', 'FC Internazionale Milano', 'AS Roma', 'SSC Napoli'],
  ...['Paris Saint-Germain FC', 'Olympique de Marseille', 'AFC Ajax', 'Feyenoord Rotterdam'],
  ...['FC Porto', 'Sport Lisboa e Benfica', 'Galatasaray', 'Rapid Wien'],
  ...['CR Flamengo', 'Inter Miami CF', 'Los Angeles Galaxy', 'Yokohama F. Marinos'],
]

/** Competitions that ask the full price. */
const FIRST = new Set([
  'Brasileiro Série A',
  'Copa Libertadores',
  'Deutsche Bundesliga',
  'English Premier League',
  'French Ligue 1',
  'Italian Serie A',
  'Major League Soccer',
  'Spain Primera División',
])

export function footballDrafts(): Draft[] {
  const fixtures = readFixtures()
  const onSale = onSaleIdentities(fixtures)
  const venues = new Map<string, Venue>()
  return fixtures.map((fixture): Draft => {
    const { identity, competition, date, time, clock, home, away } = fixture
    const id = slug(home.country, home.name)
    const venue = venues.get(id) ?? groundOf(home)
    venues.set(id, venue)
    return {
      id: idOf(`football|${identity}`),
      name: `${home.name} vs ${away.name}`,
      type: 'football',
      venue,
      past: { date, time: time ?? usualTime(date), clock },
      performers: [team(home), team(away)],
      competition,
      tariff: FIRST.has(competition) ? 'football-first' : 'football-other',
      modelled: false,
      onSale: onSale.has(identity),
      hot: isHot(fixture),
    }
  })
}

function onSaleIdentities(fixtures: Fixture[]): Set<string> {
  const inOrder = fixtures.toSorted(
    (a, b) => a.date.localeCompare(b.date) || a.identity.localeCompare(b.identity),
  )
  const chosen = [
    inOrder.find(isHot),
    ...ON_SALE_CLUBS.map(club => inOrder.find(fixture => fixture.home.name === club && !isHot(fixture))),
  ]
  return new Set(chosen.flatMap(fixture => fixture?.identity ?? []))
}

function isHot({ home, away }: Fixture): boolean {
  return home.name === HOT.home && away.name === HOT.away
}

function groundOf(club: Club): Venue {
  if (CURRENCIES[club.country] === undefined) throw new Error(`no currency for ${club.country}`)
  const place = placeOfClub(club.name, club.country, club.regions)
  return { id: slug(club.country, club.name), name: `${club.name} Stadium`, place, map: 'stadium' }
}

function team({ name, country }: Club): Performer {
  return { id: slug(country, name), name, kind: 'team' }
}
