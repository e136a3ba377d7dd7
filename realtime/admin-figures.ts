/**
 * The figures of one event as operators see them, read at most once a second on a node, however many watch. Seats and line
 * come from Redis and must be fresh; what Postgres knows may be some seconds old, and stays while Postgres is away.
 */
import { type FlowCounts, flowCounts } from '../queue/flow.ts'
import { Kept } from '../queue/kept.ts'
import type { Queue } from '../queue/queue.ts'
import type { Clock } from '../shared/clock.ts'
import type { EventRecord, EventStore } from '../shared/event-store.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import { type AreaUnits, heatOf } from '../shared/seats/heat.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import type { AdminSample, AdminStatus } from '../shared/wire/messages.ts'
import { ACTS_EVERY_MS, FIGURES_MS, MONEY_EVERY_MS, UNITS_EVERY_MS } from './bounds.ts'
import { KnownLast } from './known-last.ts'

/** A status but for what differs from node to node and from reading to reading. */
export interface Figures extends Required<Omit<AdminStatus, 'nodes' | 'forecast' | 'rateIn' | 'rateOut'>> {
  flow: FlowCounts
}

export interface FiguresParts {
  redis: Redis
  keys: Keys
  pool: Pool
  events: Pick<EventStore, 'find'>
  inventory: Pick<Inventory, 'snapshot'>
  queue: Pick<Queue, 'info'>
  clock: Clock
}

export class EventFigures {
  readonly #parts: FiguresParts
  readonly #figures: Kept<EventId, Figures | undefined>
  readonly #events: KnownLast<EventId, EventRecord | undefined>
  readonly #units: KnownLast<EventId, AreaUnits[]>
  readonly #revenue: KnownLast<EventId, number>
  readonly #lastAct: KnownLast<EventId, number>

  constructor(parts: FiguresParts) {
    this.#parts = parts
    const { clock, events, pool } = parts
    const one = async (sql: string, event: EventId) =>
      (await pool.query<{ value: number }>(sql, [event])).rows[0]?.value ?? 0
    this.#figures = new Kept({ read: event => this.#read(event), forMs: FIGURES_MS, orLast: false, clock })
    this.#events = new KnownLast({ read: event => events.find(event), forMs: FIGURES_MS, clock })
    this.#units = new KnownLast({ read: event => this.#readUnits(event), forMs: UNITS_EVERY_MS, clock })
    this.#revenue = new KnownLast({ read: event => one(REVENUE, event), forMs: MONEY_EVERY_MS, clock })
    this.#lastAct = new KnownLast({ read: event => one(LAST_ACT, event), forMs: ACTS_EVERY_MS, clock })
  }

  /** Undefined where there is no such event. */
  get(event: EventId): Promise<Figures | undefined> {
    return this.#figures.get(event)
  }

  async #read(event: EventId): Promise<Figures | undefined> {
    const found = await this.#events.get(event)
    if (found === undefined) return undefined
    const { queue, inventory, redis, keys } = this.#parts
    const [info, seats, units, revenue, lastAct, flow] = await Promise.all([
      queue.info(event),
      inventory.snapshot(found.stock),
      found.stock.areas.length === 0 ? [] : this.#units.get(event),
      this.#revenue.get(event),
      this.#lastAct.get(event),
      flowCounts(redis, keys, event),
    ])
    const heat = heatOf(found.plan, seats, units)
    const sum = (of: 'total' | 'held' | 'sold') => heat.reduce((total, part) => total + part[of], 0)
    const [held, sold] = [sum('held'), sum('sold')]
    return {
      eventId: event,
      queue: info,
      currency: found.currency,
      at: seats.now,
      waiting: info.waiting,
      active: info.active,
      free: sum('total') - held - sold,
      holds: held,
      sold,
      revenue,
      heat,
      lastAct,
      flow,
    }
  }

  async #readUnits(event: EventId): Promise<AreaUnits[]> {
    const { areas } = (await this.#events.get(event))?.stock ?? { areas: [] }
    const { rows } = await this.#parts.pool.query<AreaUnits>(UNITS, [
      event,
      areas.map(({ first }) => first),
      areas.map(({ first, capacity }) => first + capacity),
    ])
    return rows
  }
}

export function sampleOf(figures: Figures, rates: Pick<AdminSample, 'rateIn' | 'rateOut'>): AdminSample {
  const { at, waiting, active, free, holds, sold, revenue } = figures
  return { at, waiting, active, free, holds, sold, revenue, ...rates }
}

/** As refundedOf in http/payments: what has gone back or is on its way. */
const REVENUE = `
  select (select coalesce(sum(p.captured), 0) from bookings b join payments p on p.booking_id = b.id
      where b.event_id = $1)::bigint
    - (select coalesce(sum(r.amount), 0) from refunds r join payments p on p.id = r.payment_id
      join bookings b on b.id = p.booking_id where b.event_id = $1 and r.status <> 'failed')::bigint as value`

const LAST_ACT = 'select coalesce(max(id), 0)::bigint as value from audit_log where event_id = $1'

const UNITS = `
  select (select count(*) from tickets t where t.event_id = $1 and t.status = 'sold'
      and t.seat_index >= a.first and t.seat_index < a.past) as sold,
    (select count(*) from seat_blocks b where b.event_id = $1
      and b.seat_index >= a.first and b.seat_index < a.past) as blocked
  from unnest($2::integer[], $3::integer[]) with ordinality as a (first, past, place)
  order by a.place`
