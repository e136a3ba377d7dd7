/**
 * Gathers calls of a short time into one, by key: a crowd that joins together costs Redis one script a thousand
 * visitors. What waits is bounded; past it, and where the store fails, callers are told at once.
 */
import type { Clock } from '../shared/clock.ts'

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

export interface BatcherOptions<Key, Item, Result> {
  /** Answers in the items' order. */
  run(key: Key, items: Item[]): Promise<Result[]>
  /** How long the first of a batch waits for others. */
  windowMs: number
  /** Items of one run. */
  most: number
  /** Items of one key that may wait. */
  bound: number
  /** What a caller past the bound is told. */
  full(): Error
  clock: Clock
}

export class Batcher<Key, Item, Result> {
  readonly #options: BatcherOptions<Key, Item, Result>
  readonly #waiting = new Map<Key, Waiting<Item, Result>[]>()

  constructor(options: BatcherOptions<Key, Item, Result>) {
    this.#options = options
  }

  add(key: Key, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key)
      if (waiting === undefined) {
        this.#waiting.set(key, [{ item, resolve, reject }])
        void this.#drain(key)
      } else if (waiting.length < this.#options.bound) {
        waiting.push({ item, resolve, reject })
      } else {
        reject(this.#options.full())
      }
    })
  }

  /** One run at a time a key: while Redis is slow, batches grow instead of queueing up behind each other. */
  async #drain(key: Key): Promise<void> {
    const { windowMs, most, clock } = this.#options
    const waiting = this.#waiting.get(key)!
    while (waiting.length > 0) {
      if (waiting.length < most) await clock.sleep(windowMs)
      const batch = waiting.splice(0, most)
      const failure = await this.#settle(key, batch)
      if (failure !== undefined) for (const { reject } of waiting.splice(0)) reject(failure.error)
    }
    this.#waiting.delete(key)
  }

  async #settle(key: Key, batch: Waiting<Item, Result>[]): Promise<{ error: unknown } | undefined> {
    try {
      const results = await this.#options.run(
        key,
        batch.map(({ item }) => item),
      )
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!)
      return undefined
    } catch (error) {
      for (const { reject } of batch) reject(error)
      return { error }
    }
  }
}
