/**
 * Frees holds whose time is over, so that every map shows it. Any node may: the script frees each hold once. The index in
 * Redis says where to look now; twice a minute every event on sale is looked at, as an entry of the index may be lost.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../shared/clock.ts'
import type { EventStore } from '../shared/event-store.ts'
import { EVENT_ID, type EventId, eventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import { SWEEP_BATCH, SWEEP_EVERY_MS } from '../shared/limits.ts'
import type { Log } from '../shared/log.ts'
import { type Redis, redisMs } from '../shared/redis.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import { RECONCILE_EVERY_MS, SWEEPS_AT_ONCE } from './bounds.ts'
import type { Meters } from './meters.ts'

interface Parts {
  redis: Redis
  keys: Keys
  events: Pick<EventStore, 'find' | 'onSale'>
  inventory: Pick<Inventory, 'sweep'>
  clock: Clock
  log: Log
  meters: Pick<Meters, 'freed'>
}

export class SeatSweeper {
  readonly #parts: Parts
  readonly #end = new AbortController()
  #done: Promise<void> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  start(): void {
    this.#done = Promise.all([
      this.#every(SWEEP_EVERY_MS, () => this.sweepDue()),
      this.#every(RECONCILE_EVERY_MS, () => this.reconcile()),
    ]).then(() => undefined)
  }

  /** Resolves when the round under way has ended. */
  async close(): Promise<void> {
    this.#end.abort()
    await this.#done
  }

  /** One round of the index. Whoever takes an entry out sweeps; what is left over is entered again. */
  async sweepDue(): Promise<void> {
    const { redis, keys } = this.#parts
    const now = await this.#redisNow()
    const due = await redis.zrangebyscore(keys.sweep, '-inf', now, 'LIMIT', 0, SWEEP_BATCH)
    for (let at = 0; at < due.length; at += SWEEPS_AT_ONCE) {
      await Promise.all(due.slice(at, at + SWEEPS_AT_ONCE).map(id => this.#sweepTaken(id, now)))
    }
  }

  async reconcile(): Promise<void> {
    for (const event of await this.#parts.events.onSale()) {
      if (this.#end.signal.aborted) return
      await this.#sweep(event)
      await nextTurn()
    }
  }

  async #sweepTaken(id: string, now: number): Promise<void> {
    const { redis, keys, log } = this.#parts
    if ((await redis.zrem(keys.sweep, id)) === 0 || !EVENT_ID.test(id)) return
    try {
      await this.#sweep(eventId(id))
    } catch (err) {
      // Entered again by us, or found by the reconciliation.
      log.warn({ err, event: id }, 'a sweep failed')
      await redis.zadd(keys.sweep, 'LT', now + RECONCILE_EVERY_MS / 30, id)
    }
  }

  async #sweep(event: EventId): Promise<void> {
    const { redis, keys, events, inventory, meters } = this.#parts
    const found = await events.find(event)
    if (found === undefined) return
    const { freed, next } = await inventory.sweep(found.stock)
    meters.freed.inc(freed.length)
    if (next !== undefined) await redis.zadd(keys.sweep, 'LT', next, event)
  }

  /** Holds end by Redis's clock. */
  async #redisNow(): Promise<number> {
    return redisMs(await this.#parts.redis.time())
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#parts
    const { signal } = this.#end
    let failing = false
    while (!signal.aborted) {
      try {
        await work()
        failing = false
      } catch (err) {
        if (!failing) log.warn({ err }, 'sweeping is interrupted')
        failing = true
      }
      await clock.sleep(ms, signal)
    }
  }
}
