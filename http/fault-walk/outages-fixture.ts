/**
 * The faults that leave the process alive: Redis loses everything or starts again, Postgres is away, Stripe fails. Each strikes
 * right before one step, once; a Postgres that is away stays so until the fan has an answer.
 */
import { type OwnRedis, ownRedis } from '../../dev/test-parts.ts'
import { connectPostgres } from '../../shared/postgres.ts'
import { ready } from '../../shared/redis.ts'
import type { StepName, Walker } from '../bookings/steps.ts'
import { type HttpDeps, makeDeps } from '../deps.ts'
import { Door } from './door-fixture.ts'
import { Lane } from './lane-fixture.ts'

export type Outage = 'FLUSHALL' | 'Redis restarts' | 'Postgres is away'

/** A lane whose Redis is its own, and whose acts reach Postgres through a door that can be shut. */
export class FrailLane {
  readonly lane: Lane
  readonly deps: HttpDeps
  readonly #redis: OwnRedis
  readonly #door: Door

  private constructor(lane: Lane, redis: OwnRedis, door: Door, deps: HttpDeps) {
    this.lane = lane
    this.deps = deps
    this.#redis = redis
    this.#door = door
  }

  static async open(): Promise<FrailLane> {
    const redis = await ownRedis()
    const lane = await Lane.open(redis.url)
    const { deps } = lane.shop
    const door = await Door.to(new URL(deps.config.DATABASE_URL))
    const pool = connectPostgres(door.url, 'frail', deps.log, 6)
    pool.on('connect', client => client.on('error', () => undefined))
    return new FrailLane(
      lane,
      redis,
      door,
      makeDeps({ ...deps, pool, payPool: pool, holdPool: pool }, 'frail'),
    )
  }

  async close(): Promise<void> {
    await this.deps.pool.end()
    await this.#door.shut()
    await this.lane.close()
    await this.#redis.stop()
  }

  /** Strikes before the first such step. */
  striking(at: StepName, outage: Outage): { walker: Walker; struck: Promise<void> } {
    let isNew = true
    let done: () => void = () => undefined
    const struck = new Promise<void>(resolve => {
      done = resolve
    })
    const walker: Walker = async (name, work) => {
      if (name === at && isNew) {
        isNew = false
        await this.#strike(outage)
        done()
      }
      return work()
    }
    return { walker, struck }
  }

  async #strike(outage: Outage): Promise<void> {
    switch (outage) {
      case 'FLUSHALL':
        await this.deps.redis.flushall()
        return
      case 'Redis restarts':
        await this.#redis.restart()
        return
      case 'Postgres is away':
        await this.#door.shut()
        return
      default:
        outage satisfies never
    }
  }

  /** What was away is there again. */
  async mend(): Promise<void> {
    await this.#door.open()
    await ready(this.deps.redis, 10_000)
  }
}

/** Where Stripe is called, by whom, and what names that call at the simulator. */
export const STRIPE_CALLS: { step: StepName; scenario: string; path: string; method: 'GET' | 'POST' }[] = [
  { step: 'pay.create', scenario: 'pays', path: '/v1/payment_intents', method: 'POST' },
  { step: 'pay.confirm', scenario: 'pays', path: '/v1/payment_intents/*/confirm', method: 'POST' },
  {
    step: 'capture.call',
    scenario: 'does what follows a sale',
    path: '/v1/payment_intents/*/capture',
    method: 'POST',
  },
  {
    step: 'close.cancel',
    scenario: 'gives back what is being paid',
    path: '/v1/payment_intents/*/cancel',
    method: 'POST',
  },
  {
    step: 'return.void',
    scenario: 'gives back an authorisation',
    path: '/v1/payment_intents/*/cancel',
    method: 'POST',
  },
  { step: 'refund.call', scenario: 'makes a refund', path: '/v1/refunds', method: 'POST' },
  {
    step: 'reconcile.look',
    scenario: 'asks about a payment nobody told of',
    path: '/v1/payment_intents/*',
    method: 'GET',
  },
  { step: 'events.list', scenario: 'does what follows a sale', path: '/v1/events', method: 'GET' },
]

export const STRIPE_FAULTS = {
  'Stripe: 500': { failNext: { status: 500 } },
  'Stripe: 500, done all the same': { failNext: { status: 500, afterEffect: true } },
  'Stripe: 429': { failNext: { status: 429 } },
  'Stripe: reset': { resetNext: {} },
  'Stripe: reset, done all the same': { resetNext: { afterEffect: true } },
  'Stripe: timeout': { timeoutNext: {} },
  'Stripe: timeout, done all the same': { timeoutNext: { afterEffect: true } },
} as const
export type StripeFault = keyof typeof STRIPE_FAULTS

/** One of each manner; a timeout takes eight seconds. */
export const QUICK_STRIPE_FAULTS: StripeFault[] = [
  'Stripe: 500',
  'Stripe: 429',
  'Stripe: reset, done all the same',
]

export function knobOf(fault: StripeFault, call: { path: string; method: 'GET' | 'POST' }): object {
  return Object.fromEntries(
    Object.entries(STRIPE_FAULTS[fault]).map(([knob, how]) => [
      knob,
      { ...how, path: call.path, method: call.method },
    ]),
  )
}
