/** Values read at most once in a while, whoever asks; concurrent callers share one read. */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../shared/clock.ts'

export interface KeptOptions<Key, Value> {
  read(key: Key): Promise<Value>
  forMs: number
  /** Whether the last value serves on while a new one cannot be read. */
  orLast: boolean
  clock: Clock
}

interface Entry<Value> {
  /** When it was asked for; dropped: long ago. */
  at: number
  value: Promise<Value>
}

const KEYS_AT_MOST = 5_000

export class Kept<Key extends string, Value> {
  readonly #options: KeptOptions<Key, Value>
  readonly #entries = new LRUCache<Key, Entry<Value>>({ max: KEYS_AT_MOST })

  constructor(options: KeptOptions<Key, Value>) {
    this.#options = options
  }

  get(key: Key): Promise<Value> {
    const { clock, forMs } = this.#options
    const last = this.#entries.get(key)
    const age = last === undefined ? Number.POSITIVE_INFINITY : clock.now() - last.at
    if (last !== undefined && age >= 0 && age < forMs) return last.value
    const entry = { at: clock.now(), value: this.#read(key, last?.value) }
    this.#entries.set(key, entry)
    // A failed read is not kept: who asks next, asks anew.
    entry.value.catch(() => {
      if (this.#entries.peek(key) === entry) this.#entries.delete(key)
    })
    return entry.value
  }

  /** The next who asks gets a fresh one, also where a read is under way. */
  drop(key: Key): void {
    const entry = this.#entries.peek(key)
    if (entry !== undefined) entry.at = Number.NEGATIVE_INFINITY
  }

  async #read(key: Key, last: Promise<Value> | undefined): Promise<Value> {
    try {
      return await this.#options.read(key)
    } catch (error) {
      if (this.#options.orLast && last !== undefined) return await last.catch(() => Promise.reject(error))
      throw error
    }
  }
}
