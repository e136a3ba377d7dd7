/**
 * A shop for tests: the HTTP tier on a port, the payment simulator that sends it webhooks, and the worker's jobs, run
 * when the test says so. Each test sells in a house of its own.
 */
import { serve } from '@hono/node-server'
import { runMigrations, runOnce } from 'graphile-worker'
import { type Simulator, startSimulator } from '../../dev/stripe-simulator/server.ts'
import type { PaymentState } from '../../dev/stripe-simulator/simulator-state.ts'
import {
  type BookingId,
  type EventId,
  ticketId,
  eventId as toEventId,
  type VisitorId,
} from '../../shared/ids.ts'
import { Metrics } from '../../shared/metrics.ts'
import { STATUS_NAMES, type Stock } from '../../shared/seats/inventory.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { type Answer, makeApp, type Overrides, type TestApp } from '../app-fixture.ts'
import { quiet } from '../payments/job-runner.ts'
import { taskList } from '../payments/jobs.ts'
import { pump } from '../payments/outbox.ts'
import { payQueueRound } from '../payments/pay-in-turn.ts'
import type { PayRequest } from './pay.ts'
import { makeSales, type Sales } from './sales.ts'
import type { StepName, Walker } from './steps.ts'
import type { BookingView } from './view.ts'

export const BUYER = { name: 'Ada Lovelace', email: 'ada@example.org' }
export const SECRET = 'whsec_one'
/** One being rotated out. */
export const OLD_SECRET = 'whsec_zero'
const STRIPE_KEY = 'sk_test_shop'
/** Of the small house's front: 50.00 and a fee of 1.50. */
export const FRONT = 5_150

/** What paying with a good card asks of `pay` itself. */
export function payRequest(fan: Fan, booking: string, amount?: number): PayRequest {
  return {
    visitorId: fan.visitorId as VisitorId,
    bookingId: booking,
    paymentMethodId: 'pm_card_visa',
    buyer: BUYER,
    amount,
    returnUrl: 'http://localhost/',
  }
}

/** What a sale answers: a booking, or a problem. */
export type Told = BookingView & {
  code: string
  detail: string
  tickets: string[] & BookingView['tickets']
} & Record<string, unknown>

export interface Fan {
  token: string
  visitorId: string
  hold(
    seats: number[],
    more?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer<Told>>
  /** Holds, and answers the booking's id. */
  held(...seats: number[]): Promise<BookingId>
  pay(booking: string, card?: string, more?: Record<string, unknown>): Promise<Answer<Told>>
  get(booking: string): Promise<BookingView>
  cancel(booking: string): Promise<Answer<Told>>
}

/** One event on sale: 40 seats, then 10 standing. */
export interface House {
  eventId: EventId
  stock: Stock
  ticket(index: number): string
  fan(): Promise<Fan>
  /** As maps show it: available, held, sold, blocked. */
  shown(index: number): Promise<string>
}

export interface Shop extends TestApp {
  simulator: Simulator
  /** The worker's view of the same shop. */
  sales: Sales
  webhookUrl: string
  house(): Promise<House>
  /** Serves the line of those who wait to pay, and runs every job there is, and those that follow from them. */
  work(): Promise<void>
  /** What Stripe has of a booking's payment. */
  atStripe(booking: string): PaymentState | undefined
  /** What is not as it must be (I1, I2); empty when all is well. */
  audit(): Promise<string[]>
}

export async function makeShop(overrides: Overrides = {}): Promise<Shop> {
  const simulator = await startSimulator({ secretKey: STRIPE_KEY, firstRetryMs: 50 })
  const made = await makeApp({
    ...overrides,
    environment: {
      STRIPE_SECRET_KEY: STRIPE_KEY,
      STRIPE_API_BASE: simulator.url,
      STRIPE_WEBHOOK_SECRET: `${SECRET},${OLD_SECRET}`,
      INSTANCE: 'shop',
      // Tests of many payments wait for no turn; those of the line say so.
      STRIPE_RPS: '10000',
      ...overrides.environment,
    },
  })
  const { app, deps } = made
  deps.pool.on('connect', client => client.on('error', () => undefined))
  await runMigrations({ pgPool: deps.pool, logger: quiet(deps.log) })
  const server = await listen(app)
  const webhookUrl = `${server.url}/webhooks/stripe`
  simulator.setWebhook({ url: webhookUrl, secrets: [SECRET] })
  const sales = salesOf(made)
  const shop: Shop = {
    ...made,
    simulator,
    sales,
    webhookUrl,
    house: () => openHouse(made),
    work: () => work(sales),
    atStripe: booking => simulator.state().payments.find(({ metadata }) => metadata['bookingId'] === booking),
    audit: () => audit(shop),
    close: async () => {
      await simulator.close()
      await server.close()
      await made.close()
    },
  }
  return shop
}

/** The flows as another process would run them, with another walker or another Stripe. */
export function salesOf({ deps }: TestApp, swapped: Partial<Sales> = {}): Sales {
  return { ...makeSales({ ...deps, metrics: new Metrics('other') }), ...swapped }
}

export class Killed extends Error {}

/** A process that dies before or after a step: from then on it takes no step at all. */
export function killedAt(step: StepName, when: 'before' | 'after'): Walker {
  let dead = false
  return async (name, work) => {
    if (dead || (name === step && when === 'before')) {
      dead = true
      throw new Killed(name)
    }
    const result = await work()
    if (name === step) {
      dead = true
      throw new Killed(name)
    }
    return result
  }
}

let houses = 0

async function openHouse(shop: TestApp): Promise<House> {
  const eventId = toEventId(`house${++houses}`)
  await insertSmallHouse(shop.deps.pool, eventId)
  const event = await shop.deps.events.find(eventId)
  if (event === undefined) throw new Error('no event')
  const { stock } = event
  return {
    eventId,
    stock,
    ticket: index => ticketId(eventId, index),
    fan: () => makeFan(shop, eventId),
    shown: async index => {
      const { state } = await shop.deps.inventory.snapshot(stock)
      return STATUS_NAMES[(((state[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3) as 0 | 1 | 2 | 3]
    },
  }
}

async function makeFan(shop: TestApp, eventId: EventId): Promise<Fan> {
  const { token, visitorId } = await shop.session()
  const fan: Fan = {
    token,
    visitorId,
    hold: (seats, more = {}, headers = {}) =>
      shop.call<Told>('POST', `/bookings/${eventId}`, {
        token,
        headers,
        body: { ticketIds: seats.map(index => ticketId(eventId, index)), ...more },
      }),
    held: async (...seats) => {
      const { status, body } = await fan.hold(seats)
      if (status !== 201) throw new Error(`not held: ${status} ${JSON.stringify(body)}`)
      return body.bookingId as BookingId
    },
    pay: (booking, card = 'pm_card_visa', more = {}) =>
      shop.call<Told>('PUT', `/bookings/${booking}/confirm`, {
        token,
        body: { paymentMethodId: card, buyer: BUYER, ...more },
      }),
    get: async booking => (await shop.call<BookingView>('GET', `/bookings/${booking}`, { token })).body,
    cancel: booking => shop.call<Told>('DELETE', `/bookings/${booking}`, { token }),
  }
  return fan
}

function listen(app: TestApp['app']): Promise<{ url: string; close: () => Promise<void> }> {
  return new Promise(resolve => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise(done => {
            server.close(() => done())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      }),
    )
  })
}

async function work(sales: Sales): Promise<void> {
  const { pool } = sales
  const line = payQueueRound(sales)
  let moved: number
  do {
    await line.work()
    await line.idle()
    moved = await pump(pool)
    await runOnce({
      pgPool: pool,
      taskList: taskList(sales),
      noHandleSignals: true,
      logger: quiet(sales.log),
    })
  } while (moved > 0)
}

/** Polls until it holds, for a quarter of a minute at most. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The clocks' hands are where the booking's time to pay, or its guard too, is over. */
export async function timeIsOver(
  { deps }: TestApp,
  booking: string,
  what: 'pay' | 'guard' | 'hold',
): Promise<void> {
  const column = what === 'pay' ? 'pay_until' : 'expires_at'
  await deps.pool.query(`update bookings set ${column} = now() - interval '1 second' where id = $1`, [
    booking,
  ])
}

async function audit(shop: Shop): Promise<string[]> {
  const faults: string[] = []
  const { rows } = await shop.deps.pool.query<{ fault: string }>(FAULTS)
  faults.push(...rows.map(row => row.fault))
  const sold = await shop.deps.pool.query<{ pi_id: string; sold: number }>(SOLD_BY_INTENT)
  const worth = new Map(sold.rows.map(row => [row.pi_id, row.sold]))
  for (const { id, status, amount, captured, refunded } of shop.simulator.state().payments) {
    const kept = status === 'requires_capture' ? amount : captured - refunded
    if (kept !== (worth.get(id) ?? 0))
      faults.push(`${id} (${status}): Stripe has ${kept}, sold ${worth.get(id) ?? 0}`)
  }
  return faults
}

/** Each a sentence about rows that must not be. */
const FAULTS = `
  select format('%s-%s is sold without an item', event_id, seat_index) as fault from tickets t
  where status = 'sold' and not exists (select from booking_items i join bookings b on b.id = i.booking_id
    where (i.event_id, i.seat_index, i.state) = (t.event_id, t.seat_index, 'sold') and i.booking_id = t.booking_id
      and b.status = 'confirmed')
  union all
  select format('item %s is sold without a ticket', id) from booking_items i
  where state = 'sold' and not exists (select from tickets t
    where (t.event_id, t.seat_index, t.status, t.booking_id) = (i.event_id, i.seat_index, 'sold', i.booking_id))
  union all
  select format('booking %s sums to %s, not %s', b.id, sum(price + fee - discount), b.total)
  from bookings b join booking_items i on i.booking_id = b.id group by b.id
  having sum(price + fee - discount) <> b.total
  union all
  select format('payment %s captured %s, worth %s', p.id, p.captured, worth) from payments p, lateral (
    select coalesce((select sum(price + fee - discount) from booking_items i
        where i.booking_id = p.booking_id and i.state = 'sold'), 0)
      + coalesce((select sum(amount) from refunds r where r.payment_id = p.id and r.status <> 'failed'), 0) as worth
  ) as sums
  where p.status = 'captured' and p.captured <> worth`

const SOLD_BY_INTENT = `
  select p.pi_id, coalesce(sum(i.price + i.fee - i.discount), 0)::bigint as sold
  from payments p join booking_items i on i.booking_id = p.booking_id and i.state = 'sold'
  where p.pi_id is not null and p.status in ('authorized', 'captured') group by p.pi_id`
