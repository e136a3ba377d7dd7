/**
 * The audit: looks at Postgres, Redis, the queues and Stripe, and where something is wrong looks again a little later. What both
 * looks found, word for word, is a fault; what only one found was a sale under way. It changes nothing; see repair.ts.
 */
import { type Clock, systemClock } from '../../shared/clock.ts'
import type { Config } from '../../shared/config.ts'
import { EventStore } from '../../shared/event-store.ts'
import { type Keys, makeKeys } from '../../shared/keys.ts'
import type { Log } from '../../shared/log.ts'
import type { Pool } from '../../shared/postgres.ts'
import { type Redis, redisMs } from '../../shared/redis.ts'
import type { Inventory } from '../../shared/seats/inventory.ts'
import { RedisInventory } from '../../shared/seats/redis-inventory.ts'
import { connect } from '../payments/stripe.ts'
import { type Fault, identityOf, isNote } from './fault.ts'
import { queueLook } from './queue-look.ts'
import { SALE_CHECKS } from './sale-checks.ts'
import { seatLook } from './seat-look.ts'
import { faultsOf, inSnapshot, type Told } from './snapshot.ts'
import { type StripeList, stripeList } from './stripe-list.ts'
import { stripeLook } from './stripe-look.ts'
import { JOB_CHECKS, STUCK_CHECKS } from './stuck-checks.ts'

export interface AuditParts {
  pool: Pool
  redis: Redis
  keys: Keys
  events: EventStore
  inventory: Inventory
  clock: Clock
  /** Undefined: nothing can be paid here. */
  stripe: StripeList | undefined
  /** INSTANCE: whose payments are ours. */
  instance: string
}

/** On these stores. `callsASecond`: how many the audit may make to Stripe. */
export function makeAuditParts(
  config: Pick<Config, 'KEY_PREFIX' | 'INSTANCE' | 'STRIPE_SECRET_KEY' | 'STRIPE_API_BASE'>,
  { pool, redis, log }: { pool: Pool; redis: Redis; log: Log },
  callsASecond: number,
): AuditParts {
  const base = { pool, redis, keys: makeKeys(config.KEY_PREFIX), clock: systemClock }
  const client = connect(config)
  return {
    ...base,
    events: new EventStore(pool),
    inventory: new RedisInventory({ ...base, log }),
    stripe: client && stripeList(client, systemClock, callsASecond),
    instance: config.INSTANCE,
  }
}

export interface Patience {
  /** Between the two looks: what takes longer is no sale under way. */
  pauseMs: number
  /** How long a worker may take for what needs nobody else. */
  jobSeconds: number
  /** How long it may take where Stripe has to be asked again: its pauses grow to an hour. */
  stripeSeconds: number
  /** How far back Stripe's lists are read. */
  stripeDays: number
}

/** A job waits ten seconds for a dead worker's lease. A payment that Stripe was away for is asked about after minutes. */
export const PATIENCE: Patience = { pauseMs: 2_000, jobSeconds: 60, stripeSeconds: 900, stripeDays: 3 }

export interface Found {
  faults: Fault[]
  notes: Fault[]
  looked: Looked
}

export interface Looked {
  bookings: number
  payments: number
  events: number
  queues: number
  intents: number
  refunds: number
}

export async function audit(parts: AuditParts, patience: Patience = PATIENCE): Promise<Found> {
  const first = await look(parts, patience)
  if (first.faults.length === 0) return { faults: [], notes: [], looked: first.looked }
  await parts.clock.sleep(patience.pauseMs)
  const before = new Set(first.faults.map(identityOf))
  const second = await look(parts, patience)
  const lasting = second.faults.filter(fault => before.has(identityOf(fault)))
  return {
    faults: lasting.filter(({ kind }) => !isNote(kind)),
    notes: lasting.filter(({ kind }) => isNote(kind)),
    looked: second.looked,
  }
}

async function look(parts: AuditParts, patience: Patience): Promise<{ faults: Fault[]; looked: Looked }> {
  const { pool, redis, stripe } = parts
  const now = new Date(redisMs(await redis.time()))
  const told: Told = [patience.jobSeconds, patience.stripeSeconds, now]
  const sales = await inSnapshot(pool, async snapshot => {
    const [there] = await snapshot.rows<{ jobs: string | null; bookings: number; payments: number }>(
      `select to_regclass('graphile_worker.jobs')::text as jobs, (select count(*) from bookings)::int as bookings,
         (select count(*) from payments)::int as payments`,
    )
    const { jobs = null, bookings = 0, payments = 0 } = there ?? {}
    const faults: Fault[] = []
    for (const check of [...SALE_CHECKS, ...STUCK_CHECKS, ...(jobs === null ? [] : JOB_CHECKS)])
      faults.push(...(await faultsOf(snapshot, check, told)))
    return { faults, bookings, payments, jobs: jobs !== null }
  })
  const seats = await seatLook(parts, sales.jobs)
  const queue = await queueLook(parts)
  const none = { faults: [], intents: 0, refunds: 0 }
  const money = stripe === undefined ? none : await stripeLook(parts, stripe, patience.stripeDays)
  return {
    faults: [...sales.faults, ...seats.faults, ...queue.faults, ...money.faults],
    looked: {
      bookings: sales.bookings,
      payments: sales.payments,
      events: seats.events,
      queues: queue.queues,
      intents: money.intents,
      refunds: money.refunds,
    },
  }
}
