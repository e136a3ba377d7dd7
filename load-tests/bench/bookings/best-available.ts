/**
 * Best available at a stadium: how long one choice among 82,000 seats takes, and how often two hundred fans who press at
 * the same moment meet each other, served by four processes that know nothing of each other.
 */
import { stadium } from '../../../db/catalogue/maps/stadium.ts'
import { type HoldRequest, hold } from '../../../http/bookings/hold.ts'
import { HoldBody } from '../../../http/bookings/order.ts'
import { makeSales, type Sales } from '../../../http/bookings/sales.ts'
import { systemChance, systemClock } from '../../../shared/clock.ts'
import { EventStore } from '../../../shared/event-store.ts'
import { visitorId } from '../../../shared/ids.ts'
import { Metrics } from '../../../shared/metrics.ts'
import { bestTogether } from '../../../shared/seats/best-available.ts'
import { hashOf, textOf } from '../../../shared/seats/map-text.ts'
import { RedisInventory } from '../../../shared/seats/redis-inventory.ts'
import { freeSeats, Stretches } from '../../../shared/seats/stretches.ts'
import { seeded } from '../../chance.ts'
import type { Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'

const WARM_UP = 60
const CHOICES = 400
const PARTIES = [1, 2, 4, 8]
const FANS = 200
const PROCESSES = 4
const EVENT = 'benchstadium'

export async function bestAvailable(ground: Ground): Promise<Target[]> {
  return [...choosing(), ...(await crowd(ground))]
}

/** Reading the state and scoring every window, as a server does for each picture of the house. */
function choosing(): Target[] {
  const map = stadium()
  const stretches = new Stretches(map)
  const random = seeded(7)
  const anything = {
    accessible: 0,
    categories: new Uint8Array(map.categories.length).fill(1),
    sections: new Uint8Array(map.sections.length).fill(1),
  }
  return [0, 0.5, 0.9].map(sold => {
    const state = new Uint8Array(Math.ceil(stretches.seats / 4))
    for (let index = 0; index < stretches.seats; index++)
      if (random() < sold) state[index >> 2]! |= 2 << (6 - 2 * (index & 3))
    const took: number[] = []
    for (let run = -WARM_UP; run < CHOICES; run++) {
      const began = performance.now()
      const free = freeSeats(state, stretches.seats)
      bestTogether(stretches, free, { ...anything, quantity: PARTIES[(run + WARM_UP) % 4]! }, 256)
      if (run >= 0) took.push(performance.now() - began)
    }
    return {
      name: `best of 82,000 seats, ${100 * sold} % sold, p99`,
      bound: { most: 5 },
      measured: took.toSorted((a, b) => a - b)[Math.floor(0.99 * took.length)]!,
      unit: 'ms',
      note: `parties of ${PARTIES.join(', ')}; ${CHOICES} choices after ${WARM_UP}`,
    }
  })
}

/** Whole holds, from the wish to the booking in Postgres. */
async function crowd(ground: Ground): Promise<Target[]> {
  await bringStadium(ground)
  const processes = Array.from({ length: PROCESSES }, (_, at) => processOf(ground, at))
  // The first look of each process makes the house's picture; a sale has long begun.
  await Promise.all(processes.map((sales, at) => attempt(sales, ground, PROCESSES - at)))
  const tries: number[] = []
  const began = performance.now()
  await Promise.all(
    Array.from({ length: FANS }, async (_, at) =>
      tries.push(await attempt(processes[at % PROCESSES]!, ground, 2)),
    ),
  )
  const ms = performance.now() - began
  const note = `${FANS} fans, two seats each, ${PROCESSES} processes, ${Math.round(ms)} ms in all`
  const mean = tries.reduce((sum, count) => sum + count, 0) / FANS
  return [
    {
      name: 'tries of any fan, best available',
      bound: { most: 12 },
      measured: Math.max(...tries),
      unit: '',
      note,
    },
    { name: 'tries on average', bound: { most: 6 }, measured: mean, unit: '', note: '' },
  ]
}

/** How many takes it took. */
async function attempt(sales: Sales, { config }: Ground, quantity: number): Promise<number> {
  let takes = 0
  const counted: Sales = {
    ...sales,
    step: (name, work) => {
      if (name === 'hold.take') takes++
      return work()
    },
  }
  const request: HoldRequest = {
    visitorId: visitorId(systemChance.uuid()),
    eventId: EVENT,
    body: HoldBody.parse({ bestAvailable: { quantity: Math.min(quantity, config.MAX_TICKETS_PER_BOOKING) } }),
    key: undefined,
    pass: undefined,
  }
  await hold(counted, request)
  return takes
}

function processOf(ground: Ground, at: number): Sales {
  const { pool, redis, keys, config, log } = ground
  const parts = { pool, payPool: pool, holdPool: pool, redis, keys, log, clock: systemClock }
  return makeSales({
    ...parts,
    config,
    chance: systemChance,
    events: new EventStore(pool),
    inventory: new RedisInventory(parts),
    queue: ground.queue(`bench-best-${at}`),
    metrics: new Metrics(`best${at}`),
  })
}

async function bringStadium({ pool }: Ground): Promise<void> {
  const map = stadium()
  const hash = hashOf(map)
  await pool.query(
    `insert into venues (id, name, city, country, lat, lon, time_zone, modelled)
     values ('benchstadium', 'Stadium', 'Wien', 'AT', 48.2, 16.4, 'Europe/Vienna', true) on conflict do nothing`,
  )
  await pool.query(
    'insert into seat_maps (hash, name, seats, units, geometry) values ($1, $2, 82000, 0, $3) on conflict do nothing',
    [hash, map.name, textOf(map)],
  )
  await pool.query(
    `insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency)
     values ($1, 'A final', 'football', 'benchstadium', $2, now() + interval '30 days', 'onsale', now(), 'EUR')
     on conflict do nothing`,
    [EVENT, hash],
  )
  await pool.query(
    `insert into event_prices (event_id, category, ticket_type, ticket_type_name, position, price, fee)
     select $1, category, 'adult', 'Adult', 0, 5000, 150 from unnest($2::text[]) as category on conflict do nothing`,
    [EVENT, map.categories.map(({ id }) => id)],
  )
}
