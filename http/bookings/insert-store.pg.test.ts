import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { bookingId, type EventId, eventId, type VisitorId } from '../../shared/ids.ts'
import { makeLog } from '../../shared/log.ts'
import type { Pool } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { itemsOf } from './booking-store.ts'
import { connectHolds, Inserts, insertBookings, type Wish } from './insert-store.ts'

const EVENT = eventId('wishes1')
const OVER = eventId('wishes2')
const NOW = Date.now()

let database: TestDatabase
let pool: Pool
const maps = new Map<EventId, string>()
beforeAll(async () => {
  database = await testDatabase()
  pool = connectHolds(database.url, makeLog('test', 'silent'))
  for (const id of [EVENT, OVER]) {
    await insertSmallHouse(pool, id, { length: 40 })
    const { rows } = await pool.query<{ hash: string }>('select map_hash as hash from events where id = $1', [
      id,
    ])
    maps.set(id, rows[0]?.hash ?? '')
  }
  await pool.query(`update events set status = 'offsale' where id = $1`, [OVER])
  await pool.query(
    `insert into seat_blocks (event_id, seat_index, reason, actor) values ($1, 9, 'camera', 'test')`,
    [EVENT],
  )
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

interface Asked {
  event?: EventId
  visitor?: VisitorId
  key?: string
  map?: string
  most?: number
  budgetMs?: number
}

function wish(
  seats: number[],
  { event = EVENT, visitor, key, map, most = 8, budgetMs = 3_600_000 }: Asked = {},
): Wish {
  return {
    booking: {
      id: bookingId(randomUUID()),
      eventId: event,
      visitorId: visitor ?? (randomUUID() as VisitorId),
      mapHash: map ?? maps.get(event) ?? '',
      total: 5_150 * seats.length,
      currency: 'EUR',
      createdAt: NOW,
      expiresAt: NOW + 300_000,
      items: seats.map(index => ({
        index,
        ticketType: 'adult',
        price: 5_000 + index,
        fee: 150,
        feeShare: 7,
        discount: 3,
      })),
      idem: key === undefined ? undefined : { key, hash: 'of the call' },
    },
    allowance: { most, held: 0, budgetMs, leastMs: 1_000, since: NOW - 3_600_000 },
  }
}

const write = (wishes: Wish[]) => insertBookings(pool, wishes)
const held = { ok: true, expiresAt: NOW + 300_000 }
const count = async () => Number((await pool.query('select count(*)::int as n from bookings')).rows[0].n)

test('[B107] holds are written together, with the items of each, and what one of them cannot have is refused to it alone', async () => {
  await pool.query(
    `with sold as (
       insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at)
       values ($2, $1, $2, 'confirmed', '{7}', 5150, 'EUR', 1, now()) returning id)
     insert into tickets (event_id, seat_index, status, booking_id) select $1, 7, 'sold', id from sold`,
    [EVENT, randomUUID()],
  )
  const before = await count()
  const plain = [wish([0, 1]), wish([2]), wish([30, 31, 32])]
  const told = await write([
    ...plain,
    wish([6, 7]),
    wish([8, 9]),
    wish([10], { event: OVER }),
    wish([11], { map: 'of another house' }),
    wish([12], { most: -1 }),
    wish([13], { budgetMs: 500 }),
    wish([14], { budgetMs: 60_000 }),
  ])
  expect(told).toEqual([
    held,
    held,
    held,
    { ok: false, reason: 'taken', sold: [7], blocked: [] },
    { ok: false, reason: 'taken', sold: [], blocked: [9] },
    { ok: false, reason: 'not_on_sale' },
    { ok: false, reason: 'not_on_sale' },
    { ok: false, reason: 'limit', bought: 0 },
    { ok: false, reason: 'budget' },
    { ok: true, expiresAt: NOW + 60_000 },
  ])
  expect(await count()).toBe(before + 4)
  const items = await itemsOf(
    pool,
    plain.map(({ booking }) => booking.id),
  )
  for (const { booking } of plain)
    expect(items.get(booking.id)).toEqual(
      booking.items.map(item => ({ ...item, id: expect.any(Number), state: 'held' })),
    )
})

test('[B107] what a visitor has bought and held before counts for their wish, and for no other', async () => {
  const [buyer, holder] = [randomUUID() as VisitorId, randomUUID() as VisitorId]
  await write([wish([20, 21], { visitor: buyer }), wish([22], { visitor: holder })])
  await pool.query(`update bookings set status = 'confirmed' where visitor_id = $1`, [buyer])
  await pool.query(
    `update booking_items set state = 'sold' where booking_id = (select id from bookings where visitor_id = $1)`,
    [buyer],
  )
  await pool.query(
    `update bookings set status = 'expired', taken_at = taken_at - interval '10 minutes', expires_at = taken_at - interval '5 minutes',
       changed_at = taken_at where visitor_id = $1`,
    [holder],
  )
  const limits = { most: 1, budgetMs: 300_500 }
  const told = await write([
    wish([23], { visitor: buyer, ...limits }),
    wish([24], { visitor: holder, ...limits }),
    wish([25], limits),
  ])
  expect(told).toEqual([{ ok: false, reason: 'limit', bought: 2 }, { ok: false, reason: 'budget' }, held])
})

test('[B107] a key that was used spoils its own hold alone, also where two of one call have it', async () => {
  const visitor = randomUUID() as VisitorId
  expect(await write([wish([33], { visitor, key: 'a' })])).toEqual([held])
  const told = await write([
    wish([34], { visitor, key: 'a' }),
    wish([35], { key: 'a' }),
    wish([36], { visitor, key: 'b' }),
    wish([37], { visitor, key: 'b' }),
    wish([38]),
  ])
  const used = { ok: false, reason: 'key_used' }
  expect([told[0], told[1], told[4]]).toEqual([used, held, held])
  expect([told[2], told[3]]).toEqual(expect.arrayContaining([used, held]))
})

test('[B107] what locks one event makes no other wait, and where Postgres writes nothing each is told so in time', async () => {
  const other = eventId('wishes3')
  await insertSmallHouse(pool, other, { length: 40 })
  const { rows } = await pool.query<{ hash: string }>('select map_hash as hash from events where id = $1', [
    other,
  ])
  maps.set(other, rows[0]?.hash ?? '')
  const inserts = new Inserts(pool)
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select from events where id = $1 for update', [EVENT])
    const order: string[] = []
    const locked = inserts.insert(wish([26])).then(
      () => order.push('locked'),
      (error: unknown) => order.push(error instanceof Error ? error.message : 'refused'),
    )
    await inserts.insert(wish([26], { event: other })).then(() => order.push('other'))
    await locked
    expect(order).toEqual(['other', expect.stringMatching('lock timeout')])
  } finally {
    await client.query('rollback')
    client.release()
  }
  const broken = { query: () => Promise.reject(Object.assign(new Error('away'), { code: '57P01' })) } as never
  const away = new Inserts(broken)
  await expect(Promise.all([away.insert(wish([39])), away.insert(wish([39]))])).rejects.toThrow('away')
})
