/**
 * How many calls the payment provider is asked a second, counted for all nodes in Redis: it takes so many of an endpoint, and
 * four times as many of an account. Payments have a rate of their own, two calls each; all others share as much again, so
 * that nothing that happens behind a sale takes a fan's turn.
 */
import type { Config } from '../../shared/config.ts'
import type { Keys } from '../../shared/keys.ts'
import { SECOND } from '../../shared/limits.ts'
import { Script } from '../../shared/lua.ts'
import { isRedisAway, type Redis } from '../../shared/redis.ts'

/** Every call but those of a payment's own: creating and confirming. */
export type BackCall = 'retrieve' | 'capture' | 'cancel' | 'refund' | 'refunds' | 'events'

export interface Turns {
  /** One payment may be put to the provider now. */
  payment(): Promise<boolean>
  /** The provider has just said that it is too much: no payment for a while. */
  pause(): Promise<void>
  /** Ms to wait before this call; undefined where that is too long. */
  back(call: BackCall): Promise<number | undefined>
}

/** A job waits so long with a worker in its hands; past it, it comes again. */
const BACK_WAIT_MS = 2 * SECOND
/** Of a rate, how much may come at once: together never more than an endpoint takes in a second. */
const AT_ONCE = 0.2
const BACK_SHARE = 2
export const PAUSE_MS = SECOND

const count = new Script(import.meta.url, './turn.lua')

export function makeTurns({
  redis,
  keys,
  config,
}: {
  redis: Redis
  keys: Keys
  config: Pick<Config, 'STRIPE_RPS'>
}): Turns {
  const wait = async (mostMs: number, pauseMs: number, rates: Record<string, number>) => {
    const paces = Object.values(rates).flatMap(rate => [
      Math.round(1e6 / rate),
      Math.max(1, Math.floor(rate * AT_ONCE)),
    ])
    const names = Object.keys(rates).map(rate => keys.provider(rate))
    return Number(await count.run(redis, names, [mostMs, pauseMs, ...paces]))
  }
  const { STRIPE_RPS: rate } = config
  return {
    payment: async () => (await wait(0, 0, { pay: rate })) === 0,
    async pause() {
      await wait(0, PAUSE_MS, { pay: rate })
    },
    async back(call) {
      try {
        const waitMs = await wait(BACK_WAIT_MS, 0, { [call]: rate, back: BACK_SHARE * rate })
        return waitMs < 0 ? undefined : waitMs
      } catch (error) {
        // Nobody counts: the provider itself says where it is too much.
        if (isRedisAway(error)) return 0
        throw error
      }
    },
  }
}
