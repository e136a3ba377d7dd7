/**
 * What an operator may see a little old: the last value is answered at once and read anew behind. Only the first is waited
 * for, and for a moment one that nobody asked for in a while: a slow or absent Postgres delays little that is known.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../shared/clock.ts'

interface Known<Value> {
  value: Value
  /** When its reading began. */
  at: number
  /** How long it serves, ms. */
  for: number
}

const KEYS_AT_MOST = 1_000
/** Reading takes a twentieth of the time at most: the money of 40,000 bookings is a sum of 0.2 s. */
const REST = 20
/** Yet a reading that once met a slow Postgres does not stay for long. */
const REST_AT_MOST_MS = 30_000
/** A value this many times older than it should be is waited for, so long. */
const STALE = 3
const STALE_WAIT_MS = 500

export class KnownLast<Key extends string, Value> {
  readonly #read: (key: Key) => Promise<Value>
  readonly #forMs: number
  readonly #clock: Clock
  readonly #known = new LRUCache<Key, Known<Value>>({ max: KEYS_AT_MOST })
  readonly #reading = new Map<Key, Promise<Value>>()

  constructor(parts: { read: (key: Key) => Promise<Value>; forMs: number; clock: Clock }) {
    this.#read = parts.read
    this.#forMs = parts.forMs
    this.#clock = parts.clock
  }

  /** Rejects only where nothing is known. */
  async get(key: Key): Promise<Value> {
    const known = this.#known.get(key)
    if (known === undefined) return await this.#refresh(key)
    const age = this.#clock.now() - known.at
    if (age >= 0 && age < known.for) return known.value
    const fresh = this.#refresh(key).catch(() => known.value)
    if (age >= 0 && age < STALE * known.for) return known.value
    return await Promise.race([fresh, this.#clock.sleep(STALE_WAIT_MS).then(() => known.value)])
  }

  #refresh(key: Key): Promise<Value> {
    const under = this.#reading.get(key)
    if (under !== undefined) return under
    const at = this.#clock.now()
    const reading = this.#read(key)
      .then(value => {
        const took = Math.max(0, this.#clock.now() - at)
        this.#known.set(key, {
          value,
          at,
          for: Math.max(this.#forMs, Math.min(REST * took, REST_AT_MOST_MS)),
        })
        return value
      })
      .finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }
}
