/**
 * What the flows of a sale are given: the tier's parts, Stripe, the walker of steps, and what is counted. Made once
 * a process, by the http tier and by the worker.
 */
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import type { EventId } from '../../shared/ids.ts'
import type { Metrics } from '../../shared/metrics.ts'
import { redisMs } from '../../shared/redis.ts'
import type { HttpDeps } from '../deps.ts'
import { LineSpeed } from '../payments/line-speed.ts'
import { paced } from '../payments/paced.ts'
import { type Gateway, stripeGateway } from '../payments/stripe.ts'
import { makeTurns, type Turns } from '../payments/turns.ts'
import { type Mailer, makeMailer } from '../tickets/mailer.ts'
import { TicketCodes } from '../tickets/ticket-codes.ts'
import { type Booking, type Call, findByKeys } from './booking-store.ts'
import { Inserts } from './insert-store.ts'
import { PayRoom } from './pay-room.ts'
import { SeatPictures } from './seat-pictures.ts'
import { straight, type Walker } from './steps.ts'
import { Together } from './together.ts'

/** Of one read: some milliseconds of Postgres. */
const CALLS_AT_ONCE = 500

export type SalesParts = Omit<HttpDeps, 'sessions' | 'passes'>

export interface Sales extends SalesParts {
  stripe: Gateway
  turns: Turns
  lineSpeed: LineSpeed
  step: Walker
  pictures: SeatPictures
  payRoom: PayRoom
  /** Bookings by Idempotency-Key. */
  calls: Together<Call, Booking | undefined>
  /** Writes bookings. */
  inserts: Inserts
  /** Undefined where no mail is set up. */
  mailer: Mailer | undefined
  codes: TicketCodes
  counts: ReturnType<typeof makeCounts>
}

export function makeSales(
  parts: SalesParts,
  swapped: Partial<Pick<Sales, 'stripe' | 'step' | 'mailer'>> = {},
): Sales {
  const counts = makeCounts(parts.metrics)
  const turns = makeTurns(parts)
  const gateway = stripeGateway(parts.config, reason => counts.stripe.inc({ reason }))
  const stripe = paced(gateway, turns, parts.clock)
  const lineSpeed = new LineSpeed(parts.clock, parts.config.STRIPE_RPS)
  const pictures = new SeatPictures(parts.inventory)
  const payRoom = new PayRoom(parts.clock)
  const calls = new Together<Call, Booking | undefined>(CALLS_AT_ONCE, asked => findByKeys(parts.pool, asked))
  const inserts = new Inserts(parts.holdPool)
  const mailer = makeMailer(parts.config)
  const codes = new TicketCodes(parts.config)
  return {
    ...parts,
    stripe,
    turns,
    lineSpeed,
    step: straight,
    pictures,
    payRoom,
    calls,
    inserts,
    mailer,
    codes,
    counts,
    ...swapped,
  }
}

/** For a payment's flow: its connections are those of payments. */
export function onPayPool(sales: Sales): Sales {
  return { ...sales, pool: sales.payPool }
}

function makeCounts(metrics: Metrics) {
  return {
    holds: metrics.counter('holds_total', 'Holds asked for, by what came of it', ['outcome']),
    settled: metrics.counter('settled_total', 'Words of Stripe acted on, by what came of it', ['outcome']),
    declined: metrics.counter('payments_declined_total', 'Payments a bank declined'),
    /** Somebody has to look. */
    alarms: metrics.counter('payments_alarms_total', 'What only a person can put right, by kind', ['kind']),
    stripe: metrics.counter('stripe_faults_total', 'Calls to Stripe that came to nothing, by why', [
      'reason',
    ]),
  }
}

/** Redis's clock, ms: the one that ends holds. Ours stands in for it while Redis is away. */
export async function redisNow({ redis, clock, step }: Sales): Promise<number> {
  try {
    return redisMs(await step('time.read', () => redis.time()))
  } catch {
    return clock.now()
  }
}

export async function eventOf({ events, step }: Sales, id: EventId): Promise<EventRecord> {
  const event = await step('event.read', () => events.find(id))
  if (event === undefined) throw new Problem('event_not_found', `There is no event ${id}.`)
  return event
}
