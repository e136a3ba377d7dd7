/**
 * Whether a wait has become longer by more than a fifth than it was told, and why: what bounds admission now. Small ups and downs of a
 * measured pace are no news.
 */
import type { Bound, WaitTime } from '../shared/wire/messages.ts'

/** The operator's rate, as many being in as may be, or as seats are left, or as can pay; or a pause. */
export type Slower = Exclude<Bound, 'none' | 'sold_out'>

const SHARE = 1 / 5
const LEAST_MS = 10_000
/** For so long it is news; after that it is how it is. */
const SAID_MS = 120_000

/** Later than any that could be told. */
const NEVER = Number.MAX_VALUE

export class Slowdown {
  /** The forecast that others are held against: when it was told, and the end it told; ms. */
  #at = 0
  #end = NEVER
  #since: number | undefined

  /** Another place: what was told of the one before is no promise. */
  forget(): void {
    this.#end = NEVER
    this.#since = undefined
  }

  /** Takes the forecast told now, ms. */
  of(now: number, wait: WaitTime | null, bound: Bound): Slower | undefined {
    const slower = bound === 'none' || bound === 'sold_out' ? undefined : bound
    // Nobody is let in: there is no number to hold against another, but that there is none is news to whom one was told.
    if (wait === null) return this.#end === NEVER ? undefined : slower
    const end = now + 1_000 * wait.p50
    const margin = Math.max(LEAST_MS, SHARE * (this.#end - this.#at))
    if (end > this.#end + margin) this.#since ??= now
    else this.#since = undefined
    const isOld = now - (this.#since ?? now) > SAID_MS
    if (end < this.#end - margin || isOld) {
      this.#at = now
      this.#end = end
      this.#since = undefined
    }
    return this.#since === undefined ? undefined : slower
  }
}
