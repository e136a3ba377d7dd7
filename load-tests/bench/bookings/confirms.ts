/**
 * Confirms a second on a Postgres with fsync: the transaction that sells, with the outbox's rows. The reads before it and what is
 * told to Redis after it are told apart.
 */
import { randomUUID } from 'node:crypto'
import { type Booking, findBooking } from '../../../http/bookings/booking-store.ts'
import { makeSales, type Sales } from '../../../http/bookings/sales.ts'
import type { StepName, Walker } from '../../../http/bookings/steps.ts'
import { findByIntent, type Payment } from '../../../http/payments/payment-store.ts'
import { sellPlainly } from '../../../http/payments/sale-store.ts'
import { settle } from '../../../http/payments/settle.ts'
import type { Intent } from '../../../http/payments/stripe.ts'
import { systemChance, systemClock } from '../../../shared/clock.ts'
import { EventStore } from '../../../shared/event-store.ts'
import { bookingId, eventId } from '../../../shared/ids.ts'
import { Metrics } from '../../../shared/metrics.ts'
import { connectPostgres, type Pool } from '../../../shared/postgres.ts'
import { RedisInventory } from '../../../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import type { Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { durablePostgres } from './durable.ts'
import { median, mostOf } from './spread.ts'

const CONNECTIONS = 16
const ROUNDS = 5
/** Bookings of two seats, of a round. */
const BOOKINGS = 2_000
const EVENT = 'confirms1'
/** What is told after the commit. */
const TOLD: ReadonlySet<StepName> = new Set(['settle.show', 'settle.leave', 'queue.payment'])

export async function confirms(ground: Ground): Promise<Target[]> {
  const url = await durablePostgres(ground, 'confirms')
  const pool = connectPostgres(url, 'confirms', ground.log, CONNECTIONS)
  try {
    const all = 2 * BOOKINGS * (2 * ROUNDS + 3)
    await insertSmallHouse(pool, EVENT, { length: Math.ceil(all / 4) })
    const silent = salesOn(ground, pool, async (name, work) =>
      TOLD.has(name) ? (undefined as never) : work(),
    )
    const loud = salesOn(ground, pool, (_, work) => work())
    const event = await loud.events.find(eventId(EVENT))
    if (event === undefined) throw new Error('the house is not there')
    await loud.inventory.rebuild(event.stock)
    await rateOf(await paid(pool, silent), transactionOf(pool))
    const rates = { bare: [] as number[], transaction: [] as number[], settled: [] as number[] }
    for (let n = 0; n < ROUNDS; n++) {
      rates.bare.push(await bareCommits(pool))
      rates.transaction.push(await rateOf(await paid(pool, silent), transactionOf(pool)))
      rates.settled.push(await rateOf(await paid(pool, silent), settleOf(silent)))
    }
    const told = await rateOf(await paid(pool, loud), settleOf(loud))
    const { bare, transaction, settled } = rates
    return [
      {
        name: `confirms of two seats, ${CONNECTIONS} connections`,
        bound: { least: 2_000 },
        measured: median(transaction),
        unit: '/s',
        note: `the transaction with its outbox, fsync on; best of ${ROUNDS} rounds ${Math.round(mostOf(transaction))}`,
      },
      {
        name: '  against bare inserts that are committed',
        measured: median(transaction.map((rate, n) => rate / bare[n]!)),
        unit: 'x',
        note: `${Math.round(median(bare))}/s by the same client`,
      },
      {
        name: '  with the reads before it',
        measured: median(settled),
        unit: '/s',
        note: 'a whole word of Stripe’s',
      },
      { name: '  and Redis and the queue told', measured: told, unit: '/s', note: 'in one process' },
    ]
  } finally {
    await pool.end()
  }
}

interface Paid {
  booking: Booking
  payment: Payment
  intent: Intent
}

let made = 0

/** Bookings that wait for their money, as they are read before the transaction. */
async function paid(pool: Pool, { config }: Sales): Promise<Paid[]> {
  const { rows } = await pool.query<{ booking: string; payment: string }>(PAID, [
    EVENT,
    2 * BOOKINGS * made++,
    BOOKINGS,
  ])
  const all: Paid[] = []
  for (const row of rows) {
    const intent = intentOf(config.INSTANCE, row)
    const [booking, payment] = await Promise.all([
      findBooking(pool, bookingId(row.booking)),
      findByIntent(pool, intent.id, row.payment),
    ])
    if (booking === undefined || payment === undefined) throw new Error('what was written is not there')
    all.push({ booking, payment, intent })
  }
  await pool.query('checkpoint')
  return all
}

const transactionOf =
  (pool: Pool) =>
  async ({ booking, payment, intent }: Paid) => {
    if (!(await sellPlainly(pool, booking, payment, intent))) throw new Error('it was not sold')
  }

const settleOf =
  (sales: Sales) =>
  async ({ intent }: Paid) => {
    const outcome = await settle(sales, intent)
    if (outcome !== 'confirmed') throw new Error(`settled as ${outcome}`)
  }

/** Of those a second. */
async function rateOf(list: Paid[], work: (paid: Paid) => Promise<void>): Promise<number> {
  const count = list.length
  const began = performance.now()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let one = list.pop(); one !== undefined; one = list.pop()) await work(one)
    }),
  )
  return (1_000 * count) / (performance.now() - began)
}

async function bareCommits(pool: Pool): Promise<number> {
  await pool.query('create table if not exists bare (id uuid primary key)')
  let left = BOOKINGS
  const began = performance.now()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (left-- > 0) await pool.query('insert into bare values ($1)', [randomUUID()])
    }),
  )
  return (1_000 * BOOKINGS) / (performance.now() - began)
}

function intentOf(instance: string, { booking, payment }: { booking: string; payment: string }): Intent {
  return {
    id: `pi_${payment}`,
    status: 'requires_capture',
    amount: AMOUNT,
    amountReceived: 0,
    amountCapturable: AMOUNT,
    currency: 'eur',
    metadata: { onsale: instance, bookingId: booking, paymentId: payment },
    paymentMethod: 'pm_card_visa',
    nextAction: undefined,
    declineCode: undefined,
  }
}

function salesOn({ redis, keys, config, log, queue }: Ground, pool: Pool, step: Walker): Sales {
  const parts = { pool, payPool: pool, holdPool: pool, redis, keys, log, clock: systemClock }
  const base = {
    ...parts,
    config,
    chance: systemChance,
    events: new EventStore(pool),
    inventory: new RedisInventory(parts),
    queue: queue('bench-confirms'),
    metrics: new Metrics('confirms'),
  }
  return makeSales(base, { step })
}

const AMOUNT = 10_300

/** Bookings that are being paid, with their items and payments, as `pay` has written them. */
const PAID = `
  with made as (
    insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at, pay_until, extended)
    select gen_random_uuid(), $1, gen_random_uuid(), 'paying', array[$2::int + 2 * n, $2::int + 2 * n + 1], ${AMOUNT}, 'EUR',
      (select generation from events where id = $1), now() + interval '6 minutes', now() + interval '5 minutes', true
    from generate_series(0, $3::int - 1) as n
    returning id, event_id, seats
  ), items as (
    insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee)
    select id, event_id, seat, 'adult', 5000, 150 from made, unnest(seats) as seat
  )
  insert into payments (id, booking_id, pi_id, params, capture_method, status, amount, currency)
  select payment, id, 'pi_' || payment, '{}', 'manual', 'open', ${AMOUNT}, 'EUR'
  from (select gen_random_uuid() as payment, id from made) as each
  returning booking_id as booking, id as payment`
