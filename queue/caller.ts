/**
 * Calls a verb in the generation that Postgres says. Where Redis has another or none, that is mended first; where the queue
 * is off there is nothing to call. What cannot be reached becomes one Problem, `queue_unavailable`.
 */
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Arg, Script } from '../shared/lua.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { Generations } from './generations.ts'
import { Kept } from './kept.ts'
import { reached } from './reached.ts'
import { readSettings, type StoredSettings, settingsNeverSet } from './settings.ts'
import { parseAnswer, verbKeys } from './verbs.ts'

export interface CallerParts {
  redis: Redis
  pool: Pool
  keys: Keys
  node: string
  clock: Clock
  generations: Generations
}

export interface Answer {
  word: string
  rest: string[]
  /** What it was called with. */
  settings: StoredSettings
}

/** A change is in effect everywhere within a second. */
const SETTINGS_MS = 900
/** The second call mends; the third meets another process's mending. */
const ATTEMPTS = 3

export class Caller {
  readonly #parts: CallerParts
  readonly #settings: Kept<EventId, StoredSettings>

  constructor(parts: CallerParts) {
    this.#parts = parts
    this.#settings = new Kept({
      read: async event => (await readSettings(parts.pool, event)) ?? settingsNeverSet(),
      forMs: SETTINGS_MS,
      orLast: true,
      clock: parts.clock,
    })
  }

  settings(event: EventId): Promise<StoredSettings> {
    return reached(this.#settings.get(event))
  }

  refresh(event: EventId): void {
    this.#settings.drop(event)
  }

  async settle(event: EventId): Promise<void> {
    await reached(this.#parts.generations.settle(event))
    this.refresh(event)
  }

  /** Undefined where the queue is off. The arguments follow the generation. */
  async call(
    event: EventId,
    verb: Script,
    args: (settings: StoredSettings) => Arg[] | Promise<Arg[]>,
  ): Promise<Answer | undefined> {
    const { redis, keys, node } = this.#parts
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const settings = await this.settings(event)
      if (settings.state === 'off') return undefined
      const given = await reached(Promise.resolve(args(settings)))
      const answer = parseAnswer(
        await reached(verb.run(redis, verbKeys(keys, event, node), [settings.generation, ...given])),
      )
      if (answer.word !== 'NOGEN' && answer.word !== 'STALE') return { ...answer, settings }
      await this.settle(event)
    }
    throw new Problem('queue_unavailable', 'The queue is being restored', { retryAfter: 1 })
  }
}
