/**
 * From a slot in Redis to a pass in the visitor's hand: the admission is written in Postgres first, in batches. Where that
 * fails no pass is given, the slot stays, and whoever asks again gets it.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import type { PassTokens } from '../shared/tokens.ts'
import { recordAdmissions, type Slot } from './admissions.ts'
import { Batcher } from './batcher.ts'
import type { Admission } from './queue.ts'
import { reached } from './reached.ts'

export interface GrantsParts {
  pool: Pool
  passes: PassTokens
  clock: Clock
}

/** A pass ends before its slot, so that a pass that still counts always meets its slot. */
const PASS_ENDS_BEFORE_MS = 2_000
const KEPT = 20_000
const WINDOW_MS = 5
const ROWS_A_STATEMENT = 500
const WAITING_AT_MOST = 20_000

export class Grants {
  readonly #parts: GrantsParts
  readonly #granted = new LRUCache<string, Admission>({ max: KEPT })
  readonly #records: Batcher<EventId, Slot, boolean>

  constructor(parts: GrantsParts) {
    this.#parts = parts
    this.#records = new Batcher({
      run: (event, slots) => reached(recordAdmissions(parts.pool, event, slots)),
      windowMs: WINDOW_MS,
      most: ROWS_A_STATEMENT,
      bound: WAITING_AT_MOST,
      full: () => new Problem('queue_unavailable', 'Too many admissions at once', { retryAfter: 1 }),
      clock: parts.clock,
    })
  }

  /** Undefined where this place was ended before, in Postgres's memory: it admits no more. */
  async grant(event: EventId, slot: Slot): Promise<Admission | undefined> {
    const name = `${event} ${slot.visitor} ${slot.score} ${slot.until}`
    const known = this.#granted.get(name)
    if (known !== undefined) return known
    if (!(await this.#records.add(event, slot))) return undefined
    // Whole seconds, as JWTs count: the visitor hears what the pass says.
    const until = Math.floor((slot.until - PASS_ENDS_BEFORE_MS) / 1_000) * 1_000
    const pass = this.#parts.passes.issue({ visitorId: slot.visitor, eventId: event, until })
    const admission = { visitorId: slot.visitor, pass, until }
    this.#granted.set(name, admission)
    return admission
  }
}
