/** So many a second, and as many at once after quiet. Where the clock goes back nothing is lost. */
import type { Clock } from '../shared/clock.ts'

export class TokenBucket {
  readonly #perSecond: number
  readonly #clock: Pick<Clock, 'now'>
  #tokens: number
  #at: number

  constructor(perSecond: number, clock: Pick<Clock, 'now'>) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#tokens = perSecond
    this.#at = clock.now()
  }

  /** Answers whether there was one. */
  take(): boolean {
    const now = this.#clock.now()
    const came = (Math.max(0, now - this.#at) * this.#perSecond) / 1_000
    this.#tokens = Math.min(this.#perSecond, this.#tokens + came)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
