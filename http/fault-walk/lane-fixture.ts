/**
 * One lane of the fault walk: a shop of its own, in which one death after the other is died and healed. Lanes share Postgres's
 * and Redis's processes, and nothing in them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { TAKE_TTL_MS } from '../../shared/limits.ts'
import { type AuditParts, audit, PATIENCE } from '../audit/audit.ts'
import type { Fault } from '../audit/fault.ts'
import { stripeList } from '../audit/stripe-list.ts'
import { saleRoutes } from '../bookings/routes.ts'
import { type Fan, type House, makeShop, SECRET, type Shop, salesOf } from '../bookings/sale-fixture.ts'
import type { Walker } from '../bookings/steps.ts'
import type { HttpDeps } from '../deps.ts'
import { onError } from '../middleware/problems.ts'
import { connect } from '../payments/stripe.ts'
import { newRoutes } from '../routing.ts'
import { type Orders, troubled } from './actor-fixture.ts'
import { labour, operate } from './labour-fixture.ts'

/** Where an act happens: on a process that may die, or, to see which steps it takes, on one that notes them. */
export interface Stage {
  url: string
  /** Settles when a worker's labour is done, or its process is dead. */
  ended: Promise<void>
}

/** Of the left section: best available is asked for in the right one. */
const SEATS = 20
const SEATS_OF_A_WALK = 4
const HEAL_MS = 20_000
/** Nothing may be left waiting. */
const NOW = { ...PATIENCE, pauseMs: 0, jobSeconds: 0, stripeSeconds: 0, stripeDays: 1 }

export class Lane {
  readonly shop: Shop
  readonly #parts: AuditParts
  #house: House | undefined
  #seat = SEATS

  private constructor(shop: Shop) {
    this.shop = shop
    const client = connect(shop.deps.config)
    this.#parts = {
      ...shop.deps,
      stripe: client && stripeList(client, shop.deps.clock, 10_000),
      instance: shop.deps.config.INSTANCE,
    }
  }

  static async open(redisUrl?: string): Promise<Lane> {
    // A limit per category is looked at only where it is lower than a visitor's.
    const environment = { MAX_TICKETS_PER_CATEGORY: '3' }
    return new Lane(await makeShop({ environment, ...(redisUrl === undefined ? {} : { redisUrl }) }))
  }

  close(): Promise<void> {
    return this.shop.close()
  }

  /** Seats nobody has touched, and a fan. */
  async fresh(): Promise<{ house: House; fan: Fan; seats: number[] }> {
    if (this.#house === undefined || this.#seat + SEATS_OF_A_WALK > SEATS) {
      // What was walked there is over: the audit need not look at it for ever.
      if (this.#house !== undefined) await this.#forget(this.#house)
      this.#house = await this.shop.house()
      this.#seat = 0
    }
    const seats = Array.from({ length: SEATS_OF_A_WALK }, (_, at) => this.#seat + at)
    this.#seat += SEATS_OF_A_WALK
    return { house: this.#house, fan: await this.#house.fan(), seats }
  }

  async #forget({ eventId }: House): Promise<void> {
    const { redis, keys, pool } = this.shop.deps
    await pool.query(`update events set generation = 0, status = 'offsale' where id = $1`, [eventId])
    await redis.del(keys.seats(eventId).meta)
  }

  /** A process that dies as it is told. */
  async actor(orders: Orders): Promise<Stage & { child: ChildProcess }> {
    const { config } = this.shop.deps
    const plain = Object.entries(config).filter(([, value]) => ['string', 'number'].includes(typeof value))
    const child = spawn(process.execPath, ['http/fault-walk/actor-fixture.ts', JSON.stringify(orders)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...Object.fromEntries(plain.map(([name, value]) => [name, String(value)])),
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        STRIPE_WEBHOOK_SECRET: config.STRIPE_WEBHOOK_SECRET.join(','),
        NODE_NAME: 'actor',
      },
    })
    const gone = once(child, 'exit')
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', chunk => resolve(/port (\d+)/.exec(String(chunk))?.[1] ?? '0'))
      gone.then(
        ([code, signal]) => reject(new Error(`the actor ended at its start: ${code ?? signal}`)),
        reject,
      )
    })
    return { child, url: `http://127.0.0.1:${port}`, ended: gone.then(() => undefined) }
  }

  /** The same in this process, under a walker that sees its steps. */
  async here(
    orders: Orders,
    step: Walker,
    deps: HttpDeps = this.shop.deps,
  ): Promise<Stage & { close: () => void }> {
    const sales = troubled(salesOf({ ...this.shop, deps }), orders, step)
    if (orders.role === 'worker')
      return { url: '', ended: labour(sales).catch(() => undefined), close: () => undefined }
    if (orders.role === 'operator') {
      const done = orders.deed === undefined ? Promise.resolve() : operate(sales, orders.deed)
      return { url: '', ended: done.catch(() => undefined), close: () => undefined }
    }
    const app = newRoutes()
    app.onError(onError(sales.log))
    app.route('/', saleRoutes(deps, sales))
    return new Promise(resolve => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve({
          url: `http://127.0.0.1:${port}`,
          ended: new Promise(() => undefined),
          close: () => server.close(),
        }),
      )
    })
  }

  /** Stripe's events go here from now on; without an address, to the shop. */
  hear(url?: string): void {
    const to = url === undefined ? this.shop.webhookUrl : `${url}/webhooks/stripe`
    this.shop.simulator.setWebhook({ url: to, secrets: [SECRET] })
  }

  /** The seconds that a take lives, and an Idempotency-Key is under way, are over. */
  async secondsPass(): Promise<void> {
    const { redis, keys, inventory } = this.shop.deps
    const flights = await redis.keys(`${keys.prefix}s:*:k:*`)
    if (flights.length > 0) await redis.del(...flights)
    if (this.#house === undefined) return
    const { expiries, hold, seat } = keys.seats(this.#house.eventId)
    const now = Number((await redis.time())[0]) * 1_000
    for (const booking of await redis.zrangebyscore(expiries, 0, now + TAKE_TTL_MS + 1_000)) {
      const seats = await redis.hget(hold(booking as Parameters<typeof hold>[0]), 'seats')
      await redis.zadd(expiries, 1, booking)
      for (const index of (seats ?? '').split(',').filter(text => text !== ''))
        await redis.del(seat(Number(index)))
    }
    await inventory.sweep(this.#house.stock)
  }

  /** Nobody comes back: holds and times to pay end. */
  async timeIsOver(): Promise<void> {
    await this.shop.deps.pool.query(
      `update bookings set pay_until = case status when 'paying' then now() - interval '1 s' else pay_until end,
         expires_at = case status when 'in_progress' then now() - interval '1 s' else expires_at end
       where status in ('in_progress', 'paying')`,
    )
  }

  /** A worker does what is left, until an audit that waits for nothing is clean; answers what is left after 20 s. */
  async heal(): Promise<Fault[]> {
    const { pool, redis, keys, clock } = this.shop.deps
    const end = performance.now() + HEAL_MS
    for (;;) {
      // What the lease does after ten seconds, and a job's pause after a failure.
      await pool.query(
        `select graphile_worker.force_unlock_workers(array_agg(distinct locked_by)) from graphile_worker.jobs where locked_by is not null`,
      )
      await pool.query('update graphile_worker._private_jobs set run_at = now() where run_at > now()')
      await pool.query('update pay_queue set due_at = now()')
      // And the pause before a payment is asked about again, which grows with its age.
      await pool.query(
        `update payments set created_at = greatest(checked_at, changed_at) where status in ('creating', 'open', 'authorized')`,
      )
      // Stripe's word to wait is over.
      await redis.del(keys.provider('pay'))
      await labour(this.shop.sales)
      const { faults } = await audit(this.#parts, NOW)
      // The audit finds no fault in a payment that waits; the next scenario would serve it.
      const { rows } = await pool.query('select from pay_queue limit 1')
      if ((faults.length === 0 && rows.length === 0) || performance.now() > end) return faults
      await clock.sleep(50)
    }
  }
}
