/**
 * Changes of seats as the scripts publish them, so many at once that all of them make one frame, written to any channel: each server
 * is told the same on its own. With the event's meta kept in step, so that a node that compares finds nothing missing.
 */
import type { Ground } from '../ground/ground.ts'

/** Of two seats each. */
export const CHANGES_A_TICK = 25

export class Stream {
  readonly #ground: Ground
  readonly #channel: string
  readonly #meta: string | undefined
  readonly #epoch: number
  readonly #seats: number
  #seq: number

  constructor(
    ground: Ground,
    told: { channel: string; meta?: string; epoch: number; seq: number; seats: number },
  ) {
    this.#ground = ground
    this.#channel = told.channel
    this.#meta = told.meta
    this.#epoch = told.epoch
    this.#seq = told.seq
    this.#seats = told.seats
  }

  /** One transaction, so that Redis sends it together. */
  async tick(): Promise<void> {
    const told = this.#ground.redis.multi()
    const at = Date.now()
    for (let n = 0; n < CHANGES_A_TICK; n++) {
      this.#seq++
      const first = (this.#seq * 1_013) % (this.#seats - 1)
      const status = this.#seq % 3
      const diff = {
        e: this.#epoch,
        s: this.#seq,
        t: at,
        c: [first, status, first + 1, status],
        a: {},
        f: this.#seats,
      }
      told.publish(this.#channel, JSON.stringify(diff))
    }
    if (this.#meta !== undefined) told.hset(this.#meta, 'seq', this.#seq)
    await told.exec()
  }
}
