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

export class Slowdown {
  /** The forecast that others are held against: when it was told, and the end it told; ms. */
  #base: { at: number; end: number } | undefined
  #since: number | undefined

  /** Another place: what was told of the one before is no promise. */
  forget(): void {
    this.#base = undefined
    this.#since = undefined
  }

  /** Takes the forecast told now, ms. */
  of(now: number, wait: WaitTime | null, bound: Bound): Slower | undefined {
    const base = this.#base
    // Nobody is let in: there is no number to hold against another, but that there is none is news to whom one was told.
    if (wait === null) return base === undefined ? undefined : reason(bound)
    const end = now + 1_000 * wait.p50
    const off = base === undefined ? 0 : end - base.end
    const margin = base === undefined ? 0 : Math.max(LEAST_MS, SHARE * (base.end - base.at))
    if (off > margin) this.#since ??= now
    else this.#since = undefined
    const isOld = this.#since !== undefined && now - this.#since > SAID_MS
    if (base === undefined || off < -margin || isOld) {
      this.#base = { at: now, end }
      this.#since = undefined
    }
    return this.#since === undefined ? undefined : reason(bound)
  }
}

function reason(bound: Bound): Slower | undefined {
  return bound === 'none' || bound === 'sold_out' ? undefined : bound
}
