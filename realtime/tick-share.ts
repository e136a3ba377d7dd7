/**
 * What telling positions may cost a node: a share of its thread, as CPU time. Where ticks need more, they come more seldom;
 * admissions and everything else never wait for them longer than for one slice's publication.
 */
import type { Clock } from '../shared/clock.ts'
import { QUEUE_TICK_SPARE_MS } from './bounds.ts'

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
}
