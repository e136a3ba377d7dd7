/**
 * Holds go before payments: seats are lost by who comes late, and a payment is not. A payment is some thirty ways to the stores, so as
 * many as come may be under way only while holds are answered in time; each slow hold halves the room that payments have, and time without
 * one gives it back. Whom there is no room for waits in the line of payments, which any other process serves as well.
 */
import type { Clock } from '../../shared/clock.ts'

/** A hold in time is a few ms; as slow as this it waits behind others. */
const SLOW_MS = 30
/** Under way in one process: with an answer of Stripe's a second away, three times what STRIPE_RPS lets through. */
const MOST = 64
/** Calls under way in one process, those that only go into the line among them; who comes past it is told to come again. */
export const MOST_CALLS = 256
/** Between two steps of the room. */
const STEP_MS = 50

export class PayRoom {
  readonly #clock: Clock
  #room = MOST
  #under = 0
  #calls = 0
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
    // The holds that were slow together count once; and where nobody pays it is not payments that they waited for.
    if (this.#under === 0 || now - this.#halvedAt < STEP_MS) return
    this.#room = Math.max(1, Math.floor(Math.min(this.#room, this.#under) / 2))
    this.#halvedAt = now
  }

  /** How many more payments may begin now. */
  left(): number {
    this.#grow()
    return Math.max(0, this.#room - this.#under)
  }

  /** Takes room for a payment, and answers what gives it back; undefined where there is none. */
  enter(): (() => void) | undefined {
    if (this.left() === 0) return undefined
    this.#under++
    return () => void this.#under--
  }

  /** Takes up a call to pay, and answers what hangs up; undefined where too many call at once. */
  call(): (() => void) | undefined {
    if (this.#calls >= MOST_CALLS) return undefined
    this.#calls++
    return () => void this.#calls--
  }

  /** One more for each step that passed without a slow hold. */
  #grow(): void {
    const steps = Math.floor((this.#clock.now() - this.#steppedAt) / STEP_MS)
    if (steps <= 0) return
    this.#room = Math.min(MOST, this.#room + steps)
    this.#steppedAt += steps * STEP_MS
  }
}
