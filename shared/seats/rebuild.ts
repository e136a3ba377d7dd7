/**
 * Brings an event's seats back into Redis from Postgres: sold and blocked seats, then live holds, and the meta last,
 * as every script refuses without it. One process does it at a time, under an advisory lock; the generation says
 * which life of Redis a script may believe.
 *
 * The meta is taken away before Postgres is read: a sale committed earlier is in what we read, and a mark sent
 * later is refused and comes again when the rebuild is done.
 */
import { chunks } from '../chunks.ts'
import type { Clock } from '../clock.ts'
import { Problem } from '../errors.ts'
import type { EventId } from '../ids.ts'
import type { Keys, SeatKeys } from '../keys.ts'
import { MINUTE, PAY_GUARD_MS } from '../limits.ts'
import type { Log } from '../log.ts'
import { Script } from '../lua.ts'
import { type Client, type Pool, transaction } from '../postgres.ts'
import { type Redis, redisMs } from '../redis.ts'
import { STATUS, type Stock } from './inventory.ts'

const open = new Script(import.meta.url, './lua/open.lua')

interface LiveHold {
  id: string
  visitor_id: string
  seats: number[]
  until: Date
}

/** Commands of one pipeline; keeps other callers' waits to some milliseconds. */
const PIPELINE = 500
const LIST_CHUNK = 1_000
/** After a rebuild entries of visitors are kept at least until the longest hold is over; each has its own end in it. */
const VISITOR_TTL_MS = 24 * 60 * MINUTE

export class SeatRebuild {
  readonly #redis: Redis
  readonly #pool: Pool
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #log: Log
  /** One number an event; events on sale are bounded by the catalogue. */
  readonly #generations = new Map<EventId, number>()
  readonly #running = new Map<EventId, Promise<boolean>>()
  readonly #reading = new Map<EventId, Promise<number>>()

  constructor(parts: { redis: Redis; pool: Pool; keys: Keys; clock: Clock; log: Log }) {
    this.#redis = parts.redis
    this.#pool = parts.pool
    this.#keys = parts.keys
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** The generation scripts are asked with; the first time it is read from Postgres, once for all who ask meanwhile. */
  async generation(stock: Stock): Promise<number> {
    const known = this.#generations.get(stock.eventId)
    if (known !== undefined) return known
    const reading = this.#reading.get(stock.eventId) ?? this.#readGeneration(stock.eventId)
    this.#reading.set(stock.eventId, reading)
    return reading.finally(() => this.#reading.delete(stock.eventId))
  }

  async #readGeneration(event: EventId): Promise<number> {
    const { rows } = await this.#pool.query<{ generation: number }>(
      'select generation from events where id = $1',
      [event],
    )
    const found = rows[0]?.generation ?? 0
    // A rebuild may have ended in the meantime: it knows better.
    const known = this.#generations.get(event) ?? found
    this.#generations.set(event, known)
    return known
  }

  /** Makes sure that Redis has the event's seats. True where they were missing or of another generation than we knew. */
  ensure(stock: Stock): Promise<boolean> {
    const running = this.#running.get(stock.eventId)
    if (running !== undefined) return running
    const run = this.#ensure(stock).finally(() => this.#running.delete(stock.eventId))
    this.#running.set(stock.eventId, run)
    return run
  }

  async #ensure(stock: Stock): Promise<boolean> {
    const before = this.#generations.get(stock.eventId)
    const generation = await transaction(this.#pool, async client => {
      await client.query(`select pg_advisory_xact_lock(hashtext('onsale seats'), hashtext($1))`, [
        stock.eventId,
      ])
      const { rows } = await client.query<{ generation: number }>(
        'select generation from events where id = $1',
        [stock.eventId],
      )
      const recorded = rows[0]?.generation ?? 0
      const stands = await this.#redis.hget(this.#keys.seats(stock.eventId).meta, 'generation')
      if (recorded > 0 && stands === String(recorded)) return recorded
      return this.#raise(client, stock)
    })
    this.#generations.set(stock.eventId, generation)
    return generation !== before
  }

  async #raise(client: Client, stock: Stock): Promise<number> {
    const began = this.#clock.now()
    const keys = this.#keys.seats(stock.eventId)
    await refuseAnotherMap(client, stock)
    await this.#redis.del(keys.meta)
    await this.#clear(keys)
    const { rows } = await client.query<{ generation: number; epoch: number }>(
      'update events set generation = generation + 1, epoch = epoch + 1 where id = $1 returning generation, epoch',
      [stock.eventId],
    )
    const next = rows[0]
    if (next === undefined) throw new Error(`event ${stock.eventId} is gone`)
    const taken = await this.#read(client, stock)
    const free = await this.#write(keys, stock, taken)
    const units = stock.areas.reduce((sum, area) => sum + area.capacity, 0)
    const news = JSON.stringify({
      e: next.epoch,
      s: 0,
      t: redisMs(await this.#redis.time()),
      c: [],
      a: [],
      f: free,
    })
    const { generation, epoch } = next
    const opened = await open.run(
      this.#redis,
      [keys.meta, keys.state, keys.channel],
      [generation, epoch, stock.seats, units, free, news],
    )
    if (opened !== 1) throw new Problem('recovering', 'Redis lost its data again.', { retryAfter: 1 })
    this.#log.info({ event: stock.eventId, ...next, free, ms: this.#clock.now() - began }, 'seats rebuilt')
    return next.generation
  }

  async #clear(keys: SeatKeys): Promise<void> {
    for (const pattern of [keys.everySeat, keys.everyHold, keys.everyVisitor]) {
      let cursor = '0'
      do {
        const [next, found] = await this.#redis.scan(cursor, 'MATCH', escaped(pattern), 'COUNT', 1_000)
        if (found.length > 0) await this.#redis.unlink(...found)
        cursor = next
      } while (cursor !== '0')
    }
    await this.#redis.unlink(keys.state, keys.log, keys.expiries)
  }

  async #read(client: Client, stock: Stock): Promise<{ status: Uint8Array; holds: LiveHold[] }> {
    const units = stock.areas.reduce((sum, area) => sum + area.capacity, 0)
    const status = new Uint8Array(stock.seats + units)
    const sold = await client.query<{ seat_index: number }>(
      `select seat_index from tickets where event_id = $1 and status = 'sold'`,
      [stock.eventId],
    )
    const blocked = await client.query<{ seat_index: number }>(
      'select seat_index from seat_blocks where event_id = $1',
      [stock.eventId],
    )
    const holds = await client.query<LiveHold>(LIVE_HOLDS, [stock.eventId, PAY_GUARD_MS / 1_000])
    for (const row of blocked.rows) status[row.seat_index] = STATUS.blocked
    for (const row of sold.rows) status[row.seat_index] = STATUS.sold
    // A hold's end is by Redis's clock: a node ahead of it must not free seats early.
    const now = redisMs(await this.#redis.time())
    const live: LiveHold[] = []
    for (const hold of holds.rows) {
      const free = hold.seats.every(index => status[index] === STATUS.available)
      if (!free || hold.until.getTime() <= now) continue
      for (const index of hold.seats) status[index] = STATUS.held
      live.push(hold)
    }
    return { status, holds: live }
  }

  /** Answers how many seats and units are available. */
  async #write(
    keys: SeatKeys,
    stock: Stock,
    taken: { status: Uint8Array; holds: LiveHold[] },
  ): Promise<number> {
    const { status, holds } = taken
    const state = Buffer.alloc(Math.ceil(status.length / 4))
    let free = 0
    for (const [index, value] of status.entries()) {
      state[index >> 2] = (state[index >> 2] ?? 0) | (value << (6 - 2 * (index & 3)))
      if (value === STATUS.available) free++
    }
    await this.#redis.set(keys.state, state)
    for (const [area, { first, capacity }] of stock.areas.entries()) {
      await this.#redis.unlink(keys.freeUnits(area))
      const units = range(first, capacity).filter(index => status[index] === STATUS.available)
      // Taken from the right: the lowest numbers go first.
      units.reverse()
      for (const chunk of chunks(units, LIST_CHUNK)) await this.#redis.rpush(keys.freeUnits(area), ...chunk)
    }
    for (const chunk of chunks(holds, PIPELINE)) await this.#writeHolds(keys, stock, chunk)
    return free
  }

  async #writeHolds(keys: SeatKeys, stock: Stock, holds: LiveHold[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const hold of holds) {
      const until = hold.until.getTime()
      const booking = hold.id as Parameters<SeatKeys['hold']>[0]
      const seats = hold.seats.filter(index => index < stock.seats)
      for (const index of seats) pipeline.set(keys.seat(index), hold.id, 'PXAT', until, 'NX')
      const units = stock.areas.flatMap((area, position) =>
        hold.seats
          .filter(index => index >= area.first && index < area.first + area.capacity)
          .map(index => `${position}:${index}`),
      )
      const visitor = hold.visitor_id
      pipeline.hset(keys.hold(booking), { seats: seats.join(','), units: units.join(','), until, visitor })
      const ofVisitor = keys.visitor(visitor as Parameters<SeatKeys['visitor']>[0])
      pipeline.hset(ofVisitor, hold.id, `${until}:${hold.seats.join(',')}`)
      pipeline.pexpire(ofVisitor, VISITOR_TTL_MS)
      pipeline.zadd(keys.expiries, until, hold.id)
    }
    const results = await pipeline.exec()
    for (const [error] of results ?? []) if (error !== null) throw error
  }
}

/** Whoever still has an older map of the event must not bring back its seats: see `changeEvent`. */
async function refuseAnotherMap(client: Client, { eventId, seats, areas }: Stock): Promise<void> {
  const { rows } = await client.query<{ seats: number; capacities: number[] }>(
    `select m.seats, case when m.units = 0 then '[]'
       else jsonb_path_query_array(m.geometry::jsonb, '$.areas[*].capacity') end as capacities
     from events e join seat_maps m on m.hash = e.map_hash where e.id = $1`,
    [eventId],
  )
  const now = rows[0]
  const same = now?.seats === seats && now.capacities.join() === areas.map(({ capacity }) => capacity).join()
  if (now !== undefined && !same)
    throw new Problem('recovering', 'The event has another seat map now.', { retryAfter: 1 })
}

/**
 * The last word on when each live hold ends; a payment's guard stands behind its end. Newest first: where two claim a
 * seat, the older was never activated (its process died), lost the seat within seconds, and another fan took it.
 */
const LIVE_HOLDS = `
  select id, visitor_id, seats,
    case status when 'in_progress' then expires_at else pay_until + make_interval(secs => $2) end as until
  from bookings
  where event_id = $1 and status in ('in_progress', 'paying', 'closing')
  order by taken_at desc, id`

/** SCAN's MATCH reads [ ] * ? \ as signs; a hash tag's braces are plain. */
function escaped(pattern: string): string {
  return pattern.replace(/[[\]?\\]/g, '\\$&')
}

function range(first: number, length: number): number[] {
  return Array.from({ length }, (_, offset) => first + offset)
}
