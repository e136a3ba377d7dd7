/**
 * What telling a line may cost a node: a share of its thread, as CPU time. Where ticks need more, they come more seldom, and what
 * each of a whole line hears takes as long as it needs; admissions and everything else never wait for them longer than for one slice.
 */
import type { Clock } from '../shared/clock.ts'
import { QUEUE_TICK_SPARE_MS, SHARE_AGAIN_MS, SOCKETS_A_TURN } from './bounds.ts'

export class TickShare {
  readonly #clock: Clock
  readonly #cpu: () => number
  /** Of a core, 0 to 1. */
  readonly #share: number
  /** CPU that may be spent now, ms. Spent past nought, as a publication's cost is known after it. */
  #left: number
  #at: number

  constructor({ clock, cpu, tickPercent }: { clock: Clock; cpu: () => number; tickPercent: number }) {
    this.#clock = clock
    this.#cpu = cpu
    this.#share = tickPercent / 100
    this.#left = QUEUE_TICK_SPARE_MS * this.#share
    this.#at = clock.now()
  }

  get isSpent(): boolean {
    const now = this.#clock.now()
    const since = Math.max(0, now - this.#at)
    this.#at = now
    this.#left = Math.min(QUEUE_TICK_SPARE_MS * this.#share, this.#left + since * this.#share)
    return this.#left <= 0
  }

  /** Runs it, and the turn of the loop in which uWS writes what it published. */
  async pay(publish: () => void): Promise<void> {
    const began = this.#cpu()
    publish()
    await new Promise(resolve => setImmediate(resolve))
    this.#left -= this.#cpu() - began
  }

  /** Tells each of them something, so many a turn of the loop, and goes on when there is a share left. */
  async each<One>(all: readonly One[], tell: (one: One) => void): Promise<void> {
    for (let at = 0; at < all.length; at += SOCKETS_A_TURN) {
      while (this.isSpent) await this.#clock.sleep(SHARE_AGAIN_MS)
      await this.pay(() => {
        for (const one of all.slice(at, at + SOCKETS_A_TURN)) tell(one)
      })
    }
  }
}
