/** A handful of events to search: names with accents, namesakes, three continents, both sides of the date line. */
import type { Queryable } from '../../shared/postgres.ts'
import { SMALL_HOUSE_HASH } from '../../shared/seats/small-house.ts'

const VENUES: [
  id: string,
  name: string,
  city: string,
  country: string,
  lat: number,
  lon: number,
  zone: string,
][] = [
  ['arena', 'Fußball Arena', 'Munich', 'DE', 48.2188, 11.6247, 'Europe/Berlin'],
  ['kings', "King's Theatre", 'London', 'GB', 51.5, -0.12, 'Europe/London'],
  ['north', 'North Bank Stadium', 'London', 'GB', 51.555, -0.108, 'Europe/London'],
  ['bern', 'Casa Bernabéu', 'Madrid', 'ES', 40.453, -3.688, 'Europe/Madrid'],
  ['suva', 'Suva Hall', 'Suva', 'FJ', -18.1416, 178.4419, 'Pacific/Fiji'],
  ['nuku', 'Nuku Hall', 'Neiafu', 'TO', -18.65, -173.983, 'Pacific/Tongatapu'],
]

const PERFORMERS = {
  bayern: 'FC Bayern München',
  arsenal: 'Arsenal FC',
  real: 'Real Madrid CF',
  sociedad: 'Real Sociedad',
  atletico: 'Atlético Madrid',
  dvorak: 'Antonín Dvořák',
}

interface Sample {
  id: string
  name: string
  type: 'football' | 'concert' | 'theatre'
  venue: string
  performers: (keyof typeof PERFORMERS)[]
  startsAt: string
  status?: string
  hot?: boolean
  price?: number
}

/** Most in 2040, so that no clock passes them. */
export const SAMPLES: Sample[] = [
  {
    id: 'bayern01',
    name: 'FC Bayern München vs Arsenal FC',
    type: 'football',
    venue: 'arena',
    performers: ['bayern', 'arsenal'],
    startsAt: '2040-03-10T19:00:00Z',
    price: 6000,
  },
  {
    id: 'arsenal1',
    name: 'Arsenal FC vs Real Madrid CF',
    type: 'football',
    venue: 'north',
    performers: ['arsenal', 'real'],
    startsAt: '2040-03-01T19:00:00Z',
    price: 8000,
  },
  {
    id: 'derby001',
    name: 'Real Sociedad vs Atlético Madrid',
    type: 'football',
    venue: 'bern',
    performers: ['sociedad', 'atletico'],
    startsAt: '2040-02-01T20:00:00Z',
    price: 4000,
  },
  {
    id: 'madrid01',
    name: 'Real Madrid CF vs Real Sociedad',
    type: 'football',
    venue: 'bern',
    performers: ['real', 'sociedad'],
    startsAt: '2040-05-01T20:00:00Z',
    price: 7000,
  },
  {
    id: 'dvorak01',
    name: 'Symphony No. 9',
    type: 'concert',
    venue: 'kings',
    performers: ['dvorak'],
    startsAt: '2040-06-30T23:30:00Z',
    status: 'onsale',
    price: 3000,
  },
  {
    id: 'suva0001',
    name: 'Pacific Night',
    type: 'concert',
    venue: 'suva',
    performers: [],
    startsAt: '2040-07-01T08:00:00Z',
    price: 1000,
  },
  {
    id: 'nuku0001',
    name: 'Pacific Morning',
    type: 'theatre',
    venue: 'nuku',
    performers: [],
    startsAt: '2040-07-02T08:00:00Z',
    price: 900,
  },
  {
    id: 'past0001',
    name: 'Long ago',
    type: 'concert',
    venue: 'kings',
    performers: [],
    startsAt: '2001-01-01T20:00:00Z',
  },
  // Only who asks for that year meets these.
  ...(
    [
      ['gone1999', '04', 'offsale', true],
      ['cold1999', '05', 'onsale', false],
      ['hot1999', '06', 'onsale', true],
    ] as const
  ).map(([id, month, status, hot]) => ({
    id,
    name: 'Old play',
    type: 'theatre' as const,
    venue: 'kings',
    performers: [],
    startsAt: `1999-${month}-01T20:00:00Z`,
    status,
    hot,
  })),
]

/** Needs the small house's map, as every event pins one. */
export async function insertSamples(database: Queryable): Promise<void> {
  for (const [id, name, city, country, lat, lon, zone] of VENUES) {
    await database.query('insert into venues values ($1, $2, $3, null, $4, $5, $6, $7, true)', [
      id,
      name,
      city,
      country,
      lat,
      lon,
      zone,
    ])
  }
  for (const [id, name] of Object.entries(PERFORMERS))
    await database.query(`insert into performers values ($1, $2, 'sample')`, [id, name])
  for (const {
    id,
    name,
    type,
    venue,
    performers,
    startsAt,
    status = 'offsale',
    hot = false,
    price,
  } of SAMPLES) {
    await database.query(
      `insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency, hot)
       values ($1, $2, $3, $4, $5, $6, $7, '2039-01-01Z', 'EUR', $8)`,
      [id, name, type, venue, SMALL_HOUSE_HASH, startsAt, status, hot],
    )
    for (const [position, performer] of performers.entries())
      await database.query('insert into event_performers values ($1, $2, $3)', [id, performer, position])
    if (price !== undefined)
      await database.query(
        `insert into event_prices values ($1, 'a', 'adult', 'Adult', 0, $2, 0), ($1, 'b', 'adult', 'Adult', 0, $2 / 2, 0)`,
        [id, price],
      )
  }
}
