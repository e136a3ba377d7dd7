/**
 * Holds go before payments: seats are lost by who comes late, and a payment is not. A payment is some thirty ways to the stores, so as
 * many as come may be under way only while holds are answered in time; each slow hold halves the room that payments have, and time without
 * one gives it back. Who waits for room waits in order, within a caller's patience.
 */
import type { Clock } from '../../shared/clock.ts'

/** A hold in time is a few ms; as slow as this it waits behind others. */
const SLOW_MS = 30
/** Under way in one process: with an answer of Stripe's a second away, three times what STRIPE_RPS lets through. */
const MOST = 64
/** Between two steps of the room. */
const STEP_MS = 50

export class PayRoom {
  readonly #clock: Clock
  readonly #line: (() => void)[] = []
  #room = MOST
  #under = 0
  #steppedAt = 0
  #halvedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What a hold took, ms. */
  held(tookMs: number): void {
    if (tookMs < SLOW_MS) {
      this.#grow()
      return
    }
    const now = this.#clock.now()
    this.#steppedAt = now
    // The holds that were slow together count once.
    if (now - this.#halvedAt < STEP_MS) return
    this.#room = Math.max(1, Math.floor(Math.min(this.#room, this.#under) / 2))
    this.#halvedAt = now
  }

  /** Waits for room, at most so long; false where there was none. Whoever was let in leaves. */
  async enter(patienceMs: number): Promise<boolean> {
    this.#grow()
    if (this.#line.length === 0 && this.#under < this.#room) {
      this.#under++
      return true
    }
    const over = new AbortController()
    let isIn = false
    const enter = () => {
      isIn = true
      over.abort()
    }
    this.#line.push(enter)
    await this.#clock.sleep(patienceMs, over.signal)
    if (!isIn) this.#line.splice(this.#line.indexOf(enter), 1)
    return isIn
  }

  leave(): void {
    this.#under--
    this.#grow()
  }

  /** One more for each step that passed without a slow hold; then lets in whom there is room for. */
  #grow(): void {
    const steps = Math.floor((this.#clock.now() - this.#steppedAt) / STEP_MS)
    if (steps > 0) {
      this.#room = Math.min(MOST, this.#room + steps)
      this.#steppedAt += steps * STEP_MS
    }
    while (this.#under < this.#room) {
      const next = this.#line.shift()
      if (next === undefined) return
      this.#under++
      next()
    }
  }
}
