/**
 * The only clock and the only chance of the servers. They come in as arguments everywhere else, so that a
 * test can move time and a simulation can replay a run.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

export interface Clock {
  /** Wall clock, ms since 1970. */
  now(): number
  /** Resolves after ms, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Chance {
  /** A fraction in [0, 1): for jitter, never for secrets. */
  fraction(): number
  /** Bytes nobody can guess. */
  bytes(length: number): Buffer
  uuid(): string
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  },
}

export const systemChance: Chance = {
  fraction: () => Math.random(),
  bytes: length => randomBytes(length),
  uuid: () => randomUUID(),
}
