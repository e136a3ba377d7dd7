/**
 * How often visitors without a socket ask: seldom far behind, often where one's turn may come any moment, less when more ask
 * than one process should answer. What comes much too early is refused before it costs Redis anything.
 */
import { LRUCache } from 'lru-cache'
import type { Chance, Clock } from '../../shared/clock.ts'
import type { EventId, VisitorId } from '../../shared/ids.ts'

/** Polls a second that one process answers with ease: a batch of some milliseconds each 5 ms. */
const POLLS_PER_SECOND = 1_000
const VISITORS_KEPT = 200_000
/** A reload, a second tab, a lost answer: so many early polls cost nothing. */
const SPARE = 3
const LEAST_SECONDS = 2

interface Pace {
  /** When the next poll is due, ms, and how long that was from the one before. */
  due: number
  interval: number
  spare: number
}

export class PollPace {
  readonly #clock: Pick<Clock, 'now'>
  readonly #chance: Pick<Chance, 'fraction'>
  readonly #paces = new LRUCache<string, Pace>({ max: VISITORS_KEPT })
  /** Polls of this second and of the one before. */
  #second = 0
  #count = 0
  #before = 0

  constructor({ clock, chance }: { clock: Pick<Clock, 'now'>; chance: Pick<Chance, 'fraction'> }) {
    this.#clock = clock
    this.#chance = chance
  }

  /** Seconds that a poll came too early; 0 where it may be answered. */
  early(event: EventId, visitor: VisitorId): number {
    const now = this.#clock.now()
    this.#see(now)
    const pace = this.#paces.get(`${event} ${visitor}`)
    if (pace === undefined) return 0
    if (now >= pace.due - pace.interval / 2) {
      pace.spare = Math.min(SPARE, pace.spare + 1)
      return 0
    }
    pace.spare -= 1
    if (pace.spare >= 0) return 0
    pace.spare = 0
    return Math.max(1, Math.ceil((pace.due - now) / 1_000))
  }

  /** Seconds until the visitor should ask again: always several times a grace, so that a lost poll loses no place. */
  next(event: EventId, visitor: VisitorId, position: number, graceSeconds: number): number {
    const wished = position < 100 ? LEAST_SECONDS : position < 1_000 ? 5 : position < 10_000 ? 10 : 20
    const stretched = wished * Math.max(1, this.#before / POLLS_PER_SECOND)
    const jittered = stretched * (1 + this.#chance.fraction() / 4)
    const seconds = Math.max(1, Math.min(Math.ceil(jittered), Math.floor(graceSeconds / 3)))
    const name = `${event} ${visitor}`
    const spare = this.#paces.get(name)?.spare ?? SPARE
    const interval = 1_000 * seconds
    this.#paces.set(name, { due: this.#clock.now() + interval, interval, spare })
    return seconds
  }

  /** Who waits no more asks when they like. */
  forget(event: EventId, visitor: VisitorId): void {
    this.#paces.delete(`${event} ${visitor}`)
  }

  #see(now: number): void {
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#before = second === this.#second + 1 ? this.#count : 0
      this.#second = second
      this.#count = 0
    }
    this.#count++
  }
}
