/** What an on-sale's statements read, counted by Postgres: each finds its own rows, however many others there are. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { bookingId, eventId, type VisitorId } from '../../shared/ids.ts'
import { makeLog } from '../../shared/log.ts'
import { type Client, connectPostgres, type Pool } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { findByIntent, type NewPayment } from '../payments/payment-store.ts'
import { capturePlainly, noteTold, sellPlainly } from '../payments/sale-store.ts'
import type { Intent } from '../payments/stripe.ts'
import { beginPlainly } from './begin-store.ts'
import { findBooking } from './booking-store.ts'
import { insertBookings } from './insert-store.ts'

const EVENT = eventId('reads1')
const OTHERS = 2_000
/** A fan's own rows, and what leads to them. */
const FEW = 100
const PRICE = 5_150

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await testDatabase()
  pool = connectPostgres(database.url, 'reads', makeLog('test', 'silent'), 1)
  await insertSmallHouse(pool, EVENT, { length: 3_000 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

test('[B105] What a hold, its payment and its sale read does not grow with the event’s bookings, also before Postgres has counted them.', async () => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    // As in the first minutes of an on-sale: plans are kept that were made when there was nothing.
    for (let nth = 0; nth < 8; nth++) await buys(client, nth)
    await client.query(OTHER_FANS, [EVENT, OTHERS])
    const before = await read(client)
    await buys(client, 8)
    const own = Object.entries(await read(client)).map(([table, rows]) => [
      table,
      rows - (before[table] ?? 0),
    ])
    expect(own.filter(([, rows]) => Number(rows) > FEW)).toEqual([])
    expect(own.length).toBeGreaterThan(4)
  } finally {
    await client.query('rollback')
    client.release()
  }
})

/** Rows read in this transaction, by table. */
async function read(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ table: string; read: number }>(
    `select relname as table, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_xact_user_tables`,
  )
  return Object.fromEntries(rows.map(({ table, read }) => [table, read]))
}

/** One fan holds a seat, pays, and the money is had. */
async function buys(client: Client, seat: number): Promise<void> {
  const [id, paymentId, now] = [bookingId(randomUUID()), randomUUID(), Date.now()]
  const { rows } = await client.query<{ hash: string }>('select map_hash as hash from events where id = $1', [
    EVENT,
  ])
  const [held] = await insertBookings(client, [
    {
      booking: {
        id,
        eventId: EVENT,
        visitorId: randomUUID() as VisitorId,
        total: PRICE,
        currency: 'EUR',
        createdAt: now,
        expiresAt: now + 300_000,
        mapHash: rows[0]?.hash ?? '',
        items: [{ index: seat, ticketType: 'adult', price: 5_000, fee: 150, feeShare: 0, discount: 0 }],
        idem: { key: randomUUID(), hash: 'of the call' },
      },
      allowance: { most: 8, held: 0, budgetMs: 3_600_000, leastMs: 1_000, since: now - 3_600_000 },
    },
  ])
  expect(held).toMatchObject({ ok: true })
  const booking = await findBooking(client, id)
  if (booking === undefined) throw new Error('no booking')
  const beginning = {
    personId: randomUUID(),
    buyer: { name: 'Ada Lovelace', email: 'ada@example.org' },
    payUntil: now + 300_000,
    expiresAt: now + 360_000,
    waiting: undefined,
  }
  const asked: NewPayment = {
    id: paymentId,
    bookingId: id,
    params: { amount: PRICE, currency: 'eur', capture_method: 'manual' },
    amount: PRICE,
    currency: 'EUR',
  }
  expect(await beginPlainly(client, booking, beginning, asked)).toBe(true)
  const intent = { id: `pi_${paymentId}`, status: 'requires_capture', amountReceived: 0 } as Intent
  const [paying, payment] = [await findBooking(client, id), await findByIntent(client, intent.id, paymentId)]
  if (paying === undefined || payment === undefined) throw new Error('no payment')
  const sold = await sellPlainly(client, paying, payment, intent)
  expect(sold?.toldBy).toEqual(expect.any(Number))
  await noteTold(client, sold?.toldBy ?? 0)
  const taken = { ...intent, status: 'succeeded', amountReceived: PRICE } as Intent
  const authorized = await findByIntent(client, intent.id, paymentId)
  if (authorized === undefined) throw new Error('no payment')
  expect(await capturePlainly(client, authorized, taken)).toBe(true)
}

const OTHER_FANS = `
  with made as (
    insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at, pay_until,
      idem_key, idem_hash)
    select gen_random_uuid(), $1, gen_random_uuid(), case n % 2 when 0 then 'in_progress' else 'paying' end,
      array[100 + n], ${PRICE}, 'EUR', 1, now() + interval '6 minutes', now() + interval '5 minutes', gen_random_uuid()::text, 'of a call'
    from generate_series(1, $2::int) as n
    returning id, event_id, seats
  ), items as (
    insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee)
    select id, event_id, seat, 'adult', 5000, 150 from made, unnest(seats) as seat
  ), payments as (
    insert into payments (id, booking_id, pi_id, params, capture_method, status, amount, currency)
    select gen_random_uuid(), id, 'pi_' || id, '{}', 'manual', 'open', ${PRICE}, 'EUR' from made
  )
  insert into outbox (kind, payload) select 'mail', jsonb_build_object('bookingId', id) from made`
