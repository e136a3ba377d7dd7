/**
 * A shop for tests: the HTTP tier on a port, the payment simulator that sends it webhooks, and the worker's jobs run
 * when the test says so.
 */
import { serve } from '@hono/node-server'
import { runMigrations, runOnce } from 'graphile-worker'
import { type Simulator, startSimulator } from '../../dev/stripe-simulator/server.ts'
import type { BookingId } from '../../shared/ids.ts'
import { Metrics } from '../../shared/metrics.ts'
import { type Answer, makeApp, type Overrides, type TestApp } from '../app-fixture.ts'
import { taskList } from '../payments/jobs.ts'
import { pump } from '../payments/outbox.ts'
import { saleRoutes } from './routes.ts'
import { makeSales, type Sales } from './sales.ts'
import type { BookingView } from './view.ts'

export const BUYER = { name: 'Ada Lovelace', email: 'ada@example.org' }
export const WEBHOOK_SECRET = 'whsec_one'
/** One being rotated out. */
export const OLD_SECRET = 'whsec_zero'
const STRIPE_KEY = 'sk_test_shop'

export interface Fan {
  token: string
  visitorId: string
  hold(
    seats: number[],
    more?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer<BookingView>>
  pay(bookingId: string, card?: string, more?: Record<string, unknown>): Promise<Answer<BookingView>>
  get(bookingId: string): Promise<BookingView>
  cancel(bookingId: string): Promise<Answer<BookingView>>
}

export interface Shop extends TestApp {
  simulator: Simulator
  /** The worker's view of the same shop. */
  sales: Sales
  webhookUrl: string
  fan(): Promise<Fan>
  ticket(index: number): string
  /** Runs every job there is, and those that follow from them. */
  work(): Promise<void>
  status(bookingId: string): Promise<string>
  /** 0 available, 1 held, 2 sold, 3 blocked, as maps show it. */
  shown(index: number): Promise<number>
}

export async function makeShop(overrides: Overrides = {}, swapped: Partial<Sales> = {}): Promise<Shop> {
  const simulator = await startSimulator({ secretKey: STRIPE_KEY, firstRetryMs: 50 })
  const shop = await makeApp({
    ...overrides,
    environment: {
      STRIPE_SECRET_KEY: STRIPE_KEY,
      STRIPE_API_BASE: simulator.url,
      STRIPE_WEBHOOK_SECRET: `${WEBHOOK_SECRET},${OLD_SECRET}`,
      INSTANCE: 'shop',
      ...overrides.environment,
    },
  })
  const { app, deps, eventId } = shop
  if (!app.routes.some(route => route.path === '/webhooks/stripe')) app.route('/', saleRoutes(deps))
  const sales = makeSales({ ...deps, metrics: new Metrics('worker') }, swapped)
  await runMigrations({ pgPool: deps.pool })
  const server = await listen(app)
  simulator.setWebhook({ url: `${server.url}/webhooks/stripe`, secrets: [WEBHOOK_SECRET] })
  const ticket = (index: number) => `${eventId}-${index}`
  return {
    ...shop,
    simulator,
    sales,
    ticket,
    webhookUrl: `${server.url}/webhooks/stripe`,
    fan: () => makeFan(shop, ticket),
    work: () => work(sales),
    status: async id => {
      const { rows } = await deps.pool.query('select status from bookings where id = $1', [id])
      return String(rows[0]?.status)
    },
    shown: async index => {
      const event = await deps.events.find(eventId)
      if (event === undefined) throw new Error('no event')
      const { state } = await deps.inventory.snapshot(event.stock)
      return ((state[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3
    },
    close: async () => {
      await simulator.close()
      await server.close()
      await shop.close()
    },
  }
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

async function makeFan(shop: TestApp, ticket: (index: number) => string): Promise<Fan> {
  const { token, visitorId } = await shop.session()
  return {
    token,
    visitorId,
    hold: (seats, more = {}, headers = {}) =>
      shop.call('POST', `/bookings/${shop.eventId}`, {
        token,
        headers,
        body: { ticketIds: seats.map(ticket), ...more },
      }),
    pay: (bookingId, card = 'pm_card_visa', more = {}) =>
      shop.call('PUT', `/bookings/${bookingId}/confirm`, {
        token,
        body: { paymentMethodId: card, buyer: BUYER, ...more },
      }),
    get: async bookingId => (await shop.call<BookingView>('GET', `/bookings/${bookingId}`, { token })).body,
    cancel: bookingId => shop.call('DELETE', `/bookings/${bookingId}`, { token }),
  }
}

async function work(sales: Sales): Promise<void> {
  const { pool } = sales
  let moved: number
  do {
    moved = await pump(pool)
    await runOnce({ pgPool: pool, taskList: taskList(sales), noHandleSignals: true })
  } while (moved > 0)
}

/** Polls until it holds, for five seconds at most. */
export async function until(holds: () => Promise<boolean>, what = 'it'): Promise<void> {
  const end = performance.now() + 5_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} did not come`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

export function bookingOf(answer: Answer<BookingView>): BookingId {
  if (answer.status >= 300) throw new Error(`no booking: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body.bookingId as BookingId
}
