/** How true the waiting times were that visitors of one line were told on this node when they joined: the latest of them. */
import type { ForecastError, WaitTime } from '../shared/wire/messages.ts'

/** As many as say something, and no more than a sort a second bears. */
const KEPT = 200

export class ForecastErrors {
  readonly #kept: { error: number; covered: boolean }[] = []

  /** Somebody was let in after `seconds`. */
  saw(seconds: number, { p50, p90 }: WaitTime): void {
    this.#kept.push({ error: Math.abs(seconds / p50 - 1), covered: seconds <= p90 })
    if (this.#kept.length > KEPT) this.#kept.shift()
  }

  /** Undefined until somebody was. */
  get latest(): ForecastError | undefined {
    const errors = this.#kept.map(({ error }) => error).sort((a, b) => a - b)
    const p50Error = errors[Math.floor(errors.length / 2)]
    if (p50Error === undefined) return undefined
    const covered = this.#kept.filter(one => one.covered).length / errors.length
    return { p50Error, covered, visitors: errors.length }
  }
}
