/**
 * Bookings by Idempotency-Key, read for many callers at once: in a fight for seats most calls lose, and each has to know that it did
 * not win before. A read carries all that came while the one before it was under way, and begins after each of them asked.
 */
import type { VisitorId } from '../../shared/ids.ts'
import type { Queryable } from '../../shared/postgres.ts'
import { type Booking, type Call, findByKeys } from './booking-store.ts'

/** Of one read: some milliseconds of Postgres. */
const MOST = 500
/** One at a time, so that many share the next; but a read that hangs must not hold up everybody until its deadline. */
const PATIENCE_MS = 50
const READS = 4

interface Asked extends Call {
  resolve: (booking: Booking | undefined) => void
  reject: (error: unknown) => void
}

export class CallStore {
  readonly #db: Queryable
  #waiting: Asked[] = []
  #running = 0
  #patience: NodeJS.Timeout | undefined

  constructor(db: Queryable) {
    this.#db = db
  }

  find(visitorId: VisitorId, key: string): Promise<Booking | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ visitorId, key, resolve, reject })
      // After whatever else has come in the same moment.
      if (this.#waiting.length === 1) setImmediate(() => this.#next())
    })
  }

  /** Begins a read where none is under way, or the last has taken long. */
  #next(): void {
    const mayRead = this.#running === 0 || (this.#patience === undefined && this.#running < READS)
    if (this.#waiting.length === 0 || !mayRead) return
    const asked = this.#waiting.splice(0, MOST)
    this.#running++
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      this.#patience = undefined
      this.#next()
    }, PATIENCE_MS)
    findByKeys(this.#db, asked)
      .then(
        found => {
          for (const [at, { resolve }] of asked.entries()) resolve(found[at])
        },
        (error: unknown) => {
          for (const { reject } of asked) reject(error)
        },
      )
      .finally(() => {
        this.#running--
        if (this.#running === 0) {
          clearTimeout(this.#patience)
          this.#patience = undefined
        }
        this.#next()
      })
  }
}
