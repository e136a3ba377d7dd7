/**
 * When the node speaks to everybody. All publications of a tick go out in one synchronous block, as several in one turn
 * become one write a socket. The first after quiet goes at once; then a tick is as long as flushing needs, measured as CPU
 * time of this thread: wall time would count others' work and run away.
 */
import type { Clock } from '../shared/clock.ts'
import { TICK_BUSY_MS, TICK_BUSY_WATCHERS, TICK_CALM_MS, TICK_OVERLOAD_MS, TICK_SHARE } from './bounds.ts'
import type { Meters } from './meters.ts'

export interface TickerParts {
  clock: Clock
  /** CPU time of this thread, ms. */
  cpu: () => number
  watchers: () => number
  meters: Pick<Meters, 'tickLate' | 'overload' | 'tickSeconds'>
}

/** Late by as much is worth counting. */
const LATE_MS = 50

export class Ticker {
  readonly #parts: TickerParts
  #due: (() => void)[] = []
  #flushedAt = Number.NEGATIVE_INFINITY
  /** CPU a flush takes, smoothed, ms. */
  #cost = 0
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined

  constructor(parts: TickerParts) {
    this.#parts = parts
  }

  /** Runs it in the next flush. */
  soon(publish: () => void): void {
    this.#due.push(publish)
    if (this.#timer !== undefined) return
    const now = this.#parts.clock.now()
    const at = this.#flushedAt + this.#interval()
    // Not in this very turn: what Redis sent together is told together. A clock that was set back shall not silence us.
    if (at <= now || at > now + TICK_OVERLOAD_MS) this.#timer = setImmediate(() => this.#flush(now))
    else this.#timer = setTimeout(() => this.#flush(at), at - now)
  }

  close(): void {
    clearTimeout(this.#timer as NodeJS.Timeout | undefined)
    clearImmediate(this.#timer as NodeJS.Immediate | undefined)
    this.#due = []
  }

  #interval(): number {
    const { watchers, meters } = this.#parts
    const needed = this.#cost / TICK_SHARE
    const most = watchers() > TICK_BUSY_WATCHERS ? TICK_OVERLOAD_MS : TICK_BUSY_MS
    if (needed > TICK_BUSY_MS) meters.overload.inc()
    const interval = Math.min(most, Math.max(TICK_CALM_MS, needed))
    meters.tickSeconds.set(interval / 1_000)
    return interval
  }

  #flush(planned: number): void {
    const { clock, cpu, meters } = this.#parts
    const now = clock.now()
    if (now - planned >= LATE_MS) meters.tickLate.inc()
    this.#timer = undefined
    this.#flushedAt = now
    const due = this.#due
    this.#due = []
    const began = cpu()
    for (const publish of due) publish()
    // uWS writes to its sockets when the turn ends: the next turn knows what that took.
    setImmediate(() => {
      this.#cost += (cpu() - began - this.#cost) / 4
    })
  }
}
