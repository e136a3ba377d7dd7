/**
 * A process of Onsale that dies at a step: the sales' routes on a port, or a worker's labour, killed with SIGKILL before or after
 * the step it was told. Only the fault walk starts it; nothing of service knows of it.
 */
import { serve } from '@hono/node-server'
import { readConfig } from '../../shared/config.ts'
import type { BookingId, EventId } from '../../shared/ids.ts'
import { TAKE_TTL_MS } from '../../shared/limits.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres } from '../../shared/postgres.ts'
import { connectCommands, ready } from '../../shared/redis.ts'
import { saleRoutes } from '../bookings/routes.ts'
import { makeSales, type Sales } from '../bookings/sales.ts'
import type { StepName, Walker } from '../bookings/steps.ts'
import { makeDeps } from '../deps.ts'
import { onError } from '../middleware/problems.ts'
import type { IntentStatus } from '../payments/stripe.ts'
import { newRoutes } from '../routing.ts'
import { type Deed, labour, operate } from './labour-fixture.ts'

export interface Orders {
  role: 'http' | 'worker' | 'operator'
  /** Where it dies; undefined: nowhere. */
  death: { step: StepName; when: 'before' | 'after' } | undefined
  /** This step fails each time, as where Redis is away. */
  broken: StepName | undefined
  /** What Stripe says of each PaymentIntent that cannot be captured. */
  says: IntentStatus | undefined
  /** Before this step what is held without a booking is lost, and somebody else takes these seats. */
  stolen: { step: StepName; eventId: string; seats: number[] } | undefined
  /** For an operator. */
  deed: Deed | undefined
}

/** Swaps what the orders say is broken. */
export function troubled(
  sales: Sales,
  { broken, says, stolen }: Pick<Orders, 'broken' | 'says' | 'stolen'>,
  step: Walker,
): Sales {
  const { stripe } = sales
  return {
    ...sales,
    step: async (name, work) => {
      if (name === broken) throw new Error('Redis is away')
      if (name === stolen?.step) await steal(sales, stolen)
      return step(name, work)
    },
    stripe:
      says === undefined
        ? stripe
        : {
            ...stripe,
            capture: async () => ({ ok: false, reason: 'state', intent: undefined }),
            retrieve: async id => {
              const seen = await stripe.retrieve(id)
              return seen.ok ? { ok: true, value: { ...seen.value, status: says } } : seen
            },
          },
  }
}

async function steal(
  { redis, keys, inventory, pool, events, chance }: Sales,
  { eventId, seats }: NonNullable<Orders['stolen']>,
) {
  const event = await events.find(eventId as EventId)
  if (event === undefined) throw new Error('no event')
  for (const id of await redis.zrange(keys.seats(event.eventId).expiries, '0', '-1')) {
    const { rowCount } = await pool.query('select from bookings where id = $1', [id])
    if (rowCount === 0) await inventory.release(event.stock, id as BookingId)
  }
  const taker = { booking: chance.uuid() as BookingId }
  await inventory.take(event.stock, taker, { seats, areas: [] }, TAKE_TTL_MS)
}

function dying(death: Orders['death']): Walker {
  const die = (): Promise<never> => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise(() => undefined)
  }
  return async (name, work) => {
    if (name === death?.step && death.when === 'before') return die()
    const result = await work()
    if (name === death?.step) return die()
    return result
  }
}

async function main(orders: Orders): Promise<void> {
  const config = readConfig()
  const log = makeLog('http', 'silent')
  const pool = connectPostgres(config.DATABASE_URL, 'actor', log, 6)
  const redis = connectCommands(config.REDIS_URL, log)
  await ready(redis, 10_000)
  const deps = makeDeps({ config, pool, redis, log }, 'http')
  const sales = troubled(makeSales(deps), orders, dying(orders.death))
  switch (orders.role) {
    case 'http': {
      const app = newRoutes()
      app.onError(onError(log))
      app.route('/', saleRoutes(deps, sales))
      serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`port ${port}`))
      return
    }
    case 'worker':
      console.log('port 0')
      await labour(sales)
      return process.exit(0)
    case 'operator':
      console.log('port 0')
      if (orders.deed !== undefined) await operate(sales, orders.deed)
      return process.exit(0)
    default:
      orders.role satisfies never
  }
}

const [, , told] = process.argv
if (told !== undefined && import.meta.main) await main(JSON.parse(told))
