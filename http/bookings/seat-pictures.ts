/**
 * What this process sees of the seats when it chooses for fans: one picture an event, read from Redis when somebody asks
 * and shared by all who ask at once, and what is learned between two pictures. Who chooses alone gets the best there is.
 * Fans who choose at the same moment are spread over the best choices; over the more of them, the more often they met lately.
 */
import { LRUCache } from 'lru-cache'
import type { EventRecord } from '../../shared/event-store.ts'
import { type Best, bestApart, bestTogether, type Wish } from '../../shared/seats/best-available.ts'
import type { Inventory, SeatSnapshot } from '../../shared/seats/inventory.ts'
import { freeSeats, Stretches } from '../../shared/seats/stretches.ts'
import { FreshReads } from '../events/fresh-reads.ts'

/** A stadium's stretches take 2 MB. */
const MAPS_KEPT = 32
const EVENTS_KEPT = 500
/** One fan of many is given one of so many choices, however seldom they met. */
const SPREAD_LEAST = 32
const SPREAD_MOST = 256
/** Before anybody met somebody: as many more for each other fan of this process, as others' processes have such too. */
const SPREAD_PER_FAN = 8
/** A conflict widens the spread, a hold without one narrows it. */
const WIDER = 1.5
const NARROWER = 0.95
/** Pieced together one by one, each a look at the whole house. */
const APART_MOST = 4

export class SeatPictures {
  readonly #inventory: Inventory
  readonly #maps = new LRUCache<string, Stretches>({ max: MAPS_KEPT })
  readonly #crowds = new LRUCache<string, Crowd>({ max: EVENTS_KEPT })
  readonly #reads = new FreshReads<Picture>()

  constructor(inventory: Inventory) {
    this.#inventory = inventory
  }

  /** Not older than the call. */
  read(event: EventRecord): Promise<Picture> {
    return this.#reads.read(event.eventId, async () => {
      const snapshot = await this.#inventory.snapshot(event.stock)
      return new Picture(this.#stretches(event), snapshot, this.#crowd(event))
    })
  }

  #stretches({ mapHash, plan }: EventRecord): Stretches {
    const known = this.#maps.get(mapHash) ?? new Stretches(plan.map)
    this.#maps.set(mapHash, known)
    return known
  }

  #crowd({ eventId }: EventRecord): Crowd {
    const known = this.#crowds.get(eventId) ?? new Crowd()
    this.#crowds.set(eventId, known)
    return known
  }
}

/** Who else chooses seats of one event, as far as this process knows. */
class Crowd {
  spread = SPREAD_LEAST
  /** Seats that a fan of this process is about to take. */
  readonly trying = new Set<number>()
}

export class Picture {
  readonly stretches: Stretches
  readonly free: Uint8Array
  /** Free units of each standing area. */
  readonly areas: readonly number[]
  readonly #crowd: Crowd
  readonly #found = new Map<string, Best>()
  /** Taken by others since. */
  readonly #gone = new Set<number>()

  constructor(stretches: Stretches, snapshot: SeatSnapshot, crowd: Crowd) {
    this.stretches = stretches
    this.free = freeSeats(snapshot.state, snapshot.seats)
    this.areas = snapshot.areas
    this.#crowd = crowd
  }

  /** Empty where there is none. Found once for all who wish for the same. */
  best(wish: Wish, together: boolean): Best {
    const key = `${wish.quantity} ${wish.accessible} ${wish.categories.join('')} ${wish.sections.join('')} ${together}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const side = bestTogether(this.stretches, this.free, wish, SPREAD_MOST)
    const best =
      side.choices.length > 0 || together ? side : bestApart(this.stretches, this.free, wish, APART_MOST)
    this.#found.set(key, best)
    return best
  }

  /**
   * The best that nobody is known to have, nor to be taking if it can be; one of the best where others choose too: in this
   * process just now, or in another, as whoever `met` somebody knows. Undefined: only a new picture helps.
   */
  pick({ choices }: Best, fraction: number, met: boolean): number[] | undefined {
    const { spread, trying } = this.#crowd
    const there = choices.filter(choice => !choice.some(index => this.#gone.has(index)))
    const alone = there.filter(choice => !choice.some(index => trying.has(index)))
    // Whoever tries the last ones may not get them.
    const open = alone.length > 0 ? alone : there
    // As if the others were parties of the same size.
    const others = Math.ceil(trying.size / (choices[0]?.length ?? 1))
    const among = met ? spread : Math.min(spread, 1 + SPREAD_PER_FAN * others)
    return open[Math.floor(fraction * Math.min(open.length, Math.round(among)))]
  }

  /** While `work` tries to take them, others of this process choose other seats. */
  async trying<T>(seats: readonly number[], work: () => Promise<T>): Promise<T> {
    const { trying } = this.#crowd
    for (const index of seats) trying.add(index)
    try {
      return await work()
    } finally {
      for (const index of seats) {
        trying.delete(index)
        this.#gone.add(index)
      }
    }
  }

  /** How it went widens or narrows what the next fans are spread over. */
  met(somebody: boolean): void {
    const { spread } = this.#crowd
    this.#crowd.spread = Math.min(SPREAD_MOST, Math.max(SPREAD_LEAST, spread * (somebody ? WIDER : NARROWER)))
  }
}
