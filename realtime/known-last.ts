/**
 * What an operator may see a little old: the last value is answered at once and read anew behind. Only the first is waited
 * for, so a slow or absent Postgres delays nothing that is known.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../shared/clock.ts'

interface Known<Value> {
  value: Value
  /** When its reading began. */
  at: number
}

const KEYS_AT_MOST = 1_000

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
    if (age < 0 || age >= this.#forMs) this.#refresh(key).catch(() => undefined)
    return known.value
  }

  #refresh(key: Key): Promise<Value> {
    const under = this.#reading.get(key)
    if (under !== undefined) return under
    const at = this.#clock.now()
    const reading = this.#read(key)
      .then(value => {
        this.#known.set(key, { value, at })
        return value
      })
      .finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }
}
