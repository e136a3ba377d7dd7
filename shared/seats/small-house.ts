/** A house small enough to think about, for tests: two sections of two rows, one standing area. */
import type { Queryable } from '../postgres.ts'
import type { Row, SeatMap, Section } from './seat-map.ts'

export const SMALL_HOUSE_HASH = '0'.repeat(32)

/** 2 sections x 2 rows x `length` seats, then 10 units of standing. Seat 0 is accessible, seat 1 its companion. */
export function smallHouse(length = 10): SeatMap {
  const sections = ['Left', 'Right'].map((name, s): Section => {
    const left = s * (length * 60 + 200)
    return {
      id: name.toLowerCase(),
      name,
      outline: [left, 0, left + length * 60, 0, left + length * 60, 300, left, 300],
      rows: [0, 1].map(r =>
        row(String.fromCharCode(65 + r), (s * 2 + r) * length, length, left + 30, 60 + r * 100),
      ),
    }
  })
  const first = sections[0]?.rows[0]
  if (first !== undefined) Object.assign(first, { accessible: [0], companion: [1] })
  return {
    format: 1,
    name: 'Small house',
    width: 2 * (length * 60 + 200),
    height: 600,
    focalPoint: { x: length * 60, y: 500 },
    stage: { label: 'Stage', outline: [0, 450, 600, 450, 600, 550, 0, 550] },
    categories: [
      { id: 'a', name: 'Front', colour: '#3355aa' },
      { id: 'b', name: 'Back', colour: '#aa5533' },
      { id: 'floor', name: 'Standing', colour: '#55aa33' },
    ],
    sections,
    areas: [
      {
        id: 'floor',
        name: 'Floor',
        category: 'floor',
        first: 4 * length,
        capacity: 10,
        outline: [0, 320, 600, 320, 600, 420, 0, 420],
      },
    ],
  }
}

function row(name: string, first: number, length: number, x: number, y: number): Row {
  const xy = [x, y, ...Array.from({ length: length - 1 }, () => [60, 0]).flat()]
  return { name, category: name === 'A' ? 'a' : 'b', first, xy }
}

/** An event in the small house, on sale unless told otherwise: adults 50.00 in front, 30.00 behind, 20.00 standing. */
export async function insertSmallHouse(
  database: Queryable,
  eventId: string,
  { status = 'onsale', length = 10 } = {},
): Promise<void> {
  const map = smallHouse(length)
  const hash = length === 10 ? SMALL_HOUSE_HASH : String(length).padStart(32, '0')
  await database.query(
    `insert into venues (id, name, city, region, country, lat, lon, time_zone, modelled)
     values ('small', 'Small House', 'Wien', null, 'AT', 48.2, 16.37, 'Europe/Vienna', true) on conflict do nothing`,
  )
  await database.query(
    `insert into seat_maps (hash, name, seats, units, geometry) values ($1, $2, $3, 10, $4) on conflict do nothing`,
    [hash, map.name, 4 * length, JSON.stringify(map)],
  )
  await database.query(`insert into venue_maps values ('small', $1) on conflict do nothing`, [hash])
  await database.query(
    `insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency)
     values ($1, 'An evening', 'concert', 'small', $2, now() + interval '30 days', $3, now(), 'EUR')`,
    [eventId, hash, status],
  )
  await database.query(
    `insert into event_prices (event_id, category, ticket_type, ticket_type_name, position, price, fee)
     select $1, c.category, t.type, t.name, t.position, c.price * t.percent / 100, 150
     from (values ('a', 5000), ('b', 3000), ('floor', 2000)) as c(category, price),
       (values ('adult', 'Adult', 0, 100), ('reduced', 'Reduced', 1, 50)) as t(type, name, position, percent)`,
    [eventId],
  )
}
