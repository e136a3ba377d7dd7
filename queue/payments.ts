/** Payments that wait for the provider's word, by event: no more are let in than can pay in time. */
import type { Clock } from '../shared/clock.ts'
import type { BookingId, EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Redis } from '../shared/redis.ts'
import { reached } from './reached.ts'

export class Payments {
  readonly #parts: { redis: Redis; keys: Keys; clock: Clock }

  constructor(parts: { redis: Redis; keys: Keys; clock: Clock }) {
    this.#parts = parts
  }

  /**
   * One is under way until `endsAt`, ms, or over where none is given. Whose end nobody told is forgotten with the next, and all of
   * them by themselves; a queue that is switched off takes none of them away, as they are paid all the same.
   */
  async note(event: EventId, booking: BookingId, endsAt?: number): Promise<void> {
    const { redis, keys, clock } = this.#parts
    const { paying } = keys.queue(event)
    if (endsAt === undefined) {
      await reached(redis.zrem(paying, booking))
      return
    }
    await reached(redis.zadd(paying, endsAt, booking))
    await reached(redis.zremrangebyscore(paying, '-inf', clock.now()))
    // As long as the longest of them.
    await reached(redis.pexpireat(paying, endsAt, 'NX'))
    await reached(redis.pexpireat(paying, endsAt, 'GT'))
  }
}
