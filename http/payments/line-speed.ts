/** How fast the line of those who pay moves, as this process sees it when it looks somebody's place up. */
import type { Clock } from '../../shared/clock.ts'
import { SECOND } from '../../shared/limits.ts'

/** It is judged by what was served in these last seconds. */
const WINDOW_MS = 20 * SECOND
const SAMPLE_MS = SECOND
const LEAST_MS = 3 * SECOND
const LULL_MS = 3 * SECOND
/** Payments a second. Slower than that it is for moments only: see LATE_MOST_MS in turns.ts. */
const LEAST_RPS = 10

export class LineSpeed {
  readonly #clock: Clock
  readonly #mostRps: number
  /** Who was first when, newest last. */
  #seen: { at: number; first: number }[] = []

  /** @param mostRps payments a second, at most */
  constructor(clock: Clock, mostRps: number) {
    this.#clock = clock
    this.#mostRps = mostRps
  }

  /** How long it takes until so many are served, s. `first`: the number of who is first now. */
  secondsFor(places: number, first: number): number {
    const now = this.#clock.now()
    const since = now - (this.#seen.at(-1)?.at ?? now)
    // Nobody stood in it for a while, or the clock was set: what was before says nothing.
    if (since > LULL_MS || since < 0) this.#seen = []
    if (since >= SAMPLE_MS || this.#seen.length === 0) {
      this.#seen = this.#seen.filter(({ at }) => now - at <= WINDOW_MS)
      this.#seen.push({ at: now, first })
    }
    return Math.ceil(places / this.#rps())
  }

  /** As fast as it may be where nothing is known yet. */
  #rps(): number {
    const [oldest, newest] = [this.#seen.at(0), this.#seen.at(-1)]
    if (oldest === undefined || newest === undefined || newest.at - oldest.at < LEAST_MS) return this.#mostRps
    const rps = (SECOND * (newest.first - oldest.first)) / (newest.at - oldest.at)
    return Math.min(this.#mostRps, Math.max(LEAST_RPS, rps))
  }
}
