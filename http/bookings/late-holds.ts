/** Whether this process answers holds late: by what each took, against what they take here in calm. */
import type { Clock } from '../../shared/clock.ts'

/** A hold in time is a few ms; as slow as this, and so many times as slow as they are here in calm, it waits behind others. */
const SLOW_MS = 20
const SLOW_TIMES = 4
/** What they are in calm is at most this, and is forgotten so fast: it doubles, until one was faster. */
const CALM_MOST_MS = 100
const DOUBLES_MS = 60_000
/** One in so many is late, of those that still count: a second later half of them do. */
export const LATE_SHARE = 0.05
const HALF_MS = 1_000
/** Two of them within a sixth of a second. */
const LATE_LEAST = 1.8

export interface Holds {
  all: number
  late: number
}

/** A count of which half is left after so long. */
export class Fading {
  readonly #halfMs: number
  #count = 0
  #at = 0

  constructor(halfMs: number) {
    this.#halfMs = halfMs
  }

  /** Answers how many there are with these. */
  add(more: number, now: number): number {
    this.#count = this.#count * 2 ** (-Math.max(0, now - this.#at) / this.#halfMs) + more
    this.#at = now
    return this.#count
  }
}

export class LateHolds {
  readonly #clock: Clock
  #calmMs = SLOW_MS / SLOW_TIMES
  #calmAt: number
  #told: Holds = { all: 0, late: 0 }
  readonly #all = new Fading(HALF_MS)
  readonly #late = new Fading(HALF_MS)

  constructor(clock: Clock) {
    this.#clock = clock
    this.#calmAt = clock.now()
  }

  /** What a hold took, ms; what was refused may be answered faster than any hold. True where it was late, as too many are. */
  took(ms: number, isRefused: boolean): boolean {
    const now = this.#clock.now()
    if (!isRefused && ms >= 1) {
      const doubled = this.#calmMs * 2 ** Math.min(10, Math.max(0, now - this.#calmAt) / DOUBLES_MS)
      this.#calmMs = Math.min(CALM_MOST_MS, Math.max(1, Math.min(ms, doubled)))
      this.#calmAt = now
    }
    const isLate = ms >= Math.max(SLOW_MS, SLOW_TIMES * this.#calmMs)
    const more = isLate ? 1 : 0
    this.#told = { all: this.#told.all + 1, late: this.#told.late + more }
    const [all, late] = [this.#all.add(1, now), this.#late.add(more, now)]
    return isLate && late >= LATE_LEAST && late >= LATE_SHARE * all
  }

  /** The holds since it was last asked. */
  lately(): Holds {
    const told = this.#told
    this.#told = { all: 0, late: 0 }
    return told
  }
}
