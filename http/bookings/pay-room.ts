/**
 * Holds go before payments: seats are lost by who comes late, and a payment is not. A payment is some thirty ways to the stores, so as
 * many as come may be under way only while holds are answered in time; each slow hold halves the room that payments have, and time without
 * one gives it back. Whom there is no room for waits in the line of payments, which any other process serves as well; and where holds
 * are late, for their turn to come into it.
 */
import type { Clock } from '../../shared/clock.ts'
import { Fading, type Holds, LateHolds } from './late-holds.ts'

/** Under way in one process: with an answer of Stripe's a second away, three times what STRIPE_RPS lets through. */
const MOST = 64
/**
 * After a calm so many: an on-sale's first payments come with its holds, and what has begun cannot be put off. Each few that end in a room
 * that is full open it by one, as holds have borne them.
 */
const FIRST = 16
const ENDED_TO_OPEN = 4
/** Where there is less room than this, holds have been late within the last seconds. */
const NARROW = FIRST
/** Where it has been narrow for so long there is this much at least: who pays waits no longer for holds that stay late. */
const NARROW_MOST_MS = 30_000
const LEAST_THEN = 8
/** Of those whom there is no room for, so many wait for it: so none of it is left unused. The others are told to come again, or stand in the line where no hold is late. */
export const MOST_WAITING = 64
/** Calls under way in one process, those that wait among them; who comes past it is told to come again. */
export const MOST_CALLS = 256
/** Whoever is told to come again does so after this, s; and where many are, later, so that no more than so many a second come. */
const AGAIN_SECONDS = 3
export const AGAIN_MOST_SECONDS = 20
const AGAIN_A_SECOND = 100
/** Holds that are slow within this count once; and so often those who wait are looked after. */
const STEP_MS = 50
/**
 * By one in so long what is less than the first grows: slowly, as one that is too wide takes a second to find out; and what is
 * more than those under way shrinks.
 */
const GROW_MS = 200

export type Leave = () => void

export class PayRoom {
  readonly #clock: Clock
  #room = FIRST
  #under = 0
  #ended = 0
  #calls = 0
  #steppedAt = 0
  #halvedAt = 0
  #narrowSince = 0
  #attended = false
  readonly #late: LateHolds
  readonly #refused = new Fading(1_000 * AGAIN_MOST_SECONDS)
  /** In the order they came. */
  readonly #waiting: { until: number; come: (leave: Leave | undefined) => void }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#late = new LateHolds(clock)
  }

  /** What a hold took, ms; what was refused may be answered faster than any hold. */
  held(tookMs: number, isRefused = false): void {
    const now = this.#clock.now()
    this.#grow()
    if (!this.#late.took(tookMs, isRefused)) return
    // The holds that were slow together count once; and where nobody pays it is not payments that they waited for.
    if (this.#under === 0 || now - this.#halvedAt < STEP_MS) return
    if (!this.isNarrow()) this.#narrowSince = now
    const least = now - this.#narrowSince < NARROW_MOST_MS ? 1 : LEAST_THEN
    this.#room = Math.max(least, Math.floor(Math.min(this.#room, this.#under) / 2))
    this.#halvedAt = now
    this.#steppedAt = now
  }

  /** The holds since it was last asked. */
  holds(): Holds {
    return this.#late.lately()
  }

  /** How many more payments may begin now. */
  left(): number {
    this.#grow()
    return Math.max(0, this.#room - this.#under)
  }

  /** Holds are late: what can wait has to. */
  isNarrow(): boolean {
    this.#grow()
    return this.#room < NARROW
  }

  /** As wide as it ever is and full, or enough wait: who comes now is better off in the line. */
  isFull(): boolean {
    return this.#waiting.length >= MOST_WAITING || (this.#room >= MOST && this.left() === 0)
  }

  /** False where holds are late and enough wait for room already. */
  takesMore(): boolean {
    return this.#waiting.length < MOST_WAITING || !this.isNarrow()
  }

  /** Takes room for a payment, and answers what gives it back; undefined where there is none. */
  enter(): Leave | undefined {
    if (this.left() === 0) return undefined
    this.#under++
    return () => {
      this.#open()
      this.#under--
      this.#serve()
    }
  }

  /** The same, in turn; undefined where none came within this time, ms, or too many wait. */
  async wait(mostMs: number): Promise<Leave | undefined> {
    if (!this.takesMore()) return undefined
    return new Promise(come => {
      this.#waiting.push({ until: this.#clock.now() + mostMs, come })
      this.#serve()
      void this.#attend()
    })
  }

  /** Takes up a call to pay, and answers what hangs up; undefined where too many call at once. */
  call(): Leave | undefined {
    if (this.#calls >= MOST_CALLS) return undefined
    this.#calls++
    return () => void this.#calls--
  }

  /** Somebody is told to come again. Answers when, s. */
  refuse(): number {
    const refused = this.#refused.add(1, this.#clock.now())
    return Math.min(AGAIN_MOST_SECONDS, Math.max(AGAIN_SECONDS, refused / AGAIN_A_SECOND))
  }

  /** While somebody waits: room comes with time, too. */
  async #attend(): Promise<void> {
    if (this.#attended) return
    this.#attended = true
    for (; this.#waiting.length > 0; this.#serve()) await this.#clock.sleep(STEP_MS)
    this.#attended = false
  }

  #serve(): void {
    const now = this.#clock.now()
    const all = this.#waiting.splice(0)
    this.#waiting.push(...all.filter(({ until }) => until > now))
    for (const { until, come } of all) if (until <= now) come(undefined)
    while (this.#waiting.length > 0) {
      const leave = this.enter()
      if (leave === undefined) return
      this.#waiting.shift()?.come(leave)
    }
  }

  /** One payment has ended. */
  #open(): void {
    // Those that a slow hold left beyond the room have opened nothing.
    if (this.#under !== this.#room || this.isNarrow()) return
    this.#ended = (this.#ended + 1) % ENDED_TO_OPEN
    if (this.#ended === 0) this.#room = Math.min(MOST, this.#room + 1)
  }

  #grow(): void {
    const steps = Math.floor((this.#clock.now() - this.#steppedAt) / GROW_MS)
    if (steps <= 0) return
    this.#steppedAt += steps * GROW_MS
    if (this.#room < FIRST) this.#room = Math.min(FIRST, this.#room + steps)
    else this.#room = Math.max(FIRST, Math.min(this.#room, this.#under), this.#room - steps)
  }
}
