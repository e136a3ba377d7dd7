/**
 * How many calls the payment provider is asked a second, counted for all nodes in Redis: it takes so many of an endpoint, and
 * four times as many of an account. Payments have a rate of their own, two calls each; all others share as much again, so
 * that nothing that happens behind a sale takes a fan's turn.
 */
import type { Clock } from '../../shared/clock.ts'
import type { Config } from '../../shared/config.ts'
import type { Keys } from '../../shared/keys.ts'
import { SECOND } from '../../shared/limits.ts'
import { Script } from '../../shared/lua.ts'
import { isRedisAway, type Redis } from '../../shared/redis.ts'
import { type Holds, LATE_SHARE } from '../bookings/late-holds.ts'

/** Every call but those of a payment's own: creating and confirming. */
export type BackCall = 'retrieve' | 'capture' | 'cancel' | 'refund' | 'refunds' | 'events'

export interface Turns {
  /** How a process's holds were answered since it last said so. */
  tell(holds: Holds): Promise<void>
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

/**
 * Where one hold in so many is late, of as many as tell something, payments are this slow everywhere: cores and stores are for holds.
 * For so long at most, which comes back while they are in time: whoever stands in the line was told how long that takes.
 */
const HOLDS_TO_TELL = 20
const LATE_RPS = 2
export const LATE_MOST_MS = 30 * SECOND
/** After a calm so many a second, and from there on up as fast as holds bear it: what has begun when they come cannot be put off. */
const FIRST_RPS = 20
/** For so long a process believes what it read. */
const PACE_KEPT_MS = 250

const count = new Script(import.meta.url, './turn.lua')
const holds = new Script(import.meta.url, './holds.lua')

export function makeTurns({
  redis,
  keys,
  config,
  clock,
}: {
  redis: Redis
  clock: Clock
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
  let wanted = false
  const paceOf = async ({ all, late }: Holds) => {
    const more = wanted ? 1 : 0
    wanted = false
    const args = [all, late, HOLDS_TO_TELL, LATE_SHARE, LATE_MOST_MS, LATE_RPS, FIRST_RPS, more]
    return Number(await holds.run(redis, [keys.provider('holds')], args))
  }
  let known = { pace: FIRST_RPS, at: 0 }
  const paceNow = async () => {
    const now = clock.now()
    if (now - known.at < PACE_KEPT_MS && now >= known.at) return known.pace
    // The others go by what was known until it is read.
    known = { ...known, at: now }
    known = { pace: await paceOf({ all: 0, late: 0 }), at: now }
    return known.pace
  }
  return {
    async tell(some) {
      if (some.all > 0) known = { pace: await paceOf(some), at: clock.now() }
    },
    async payment() {
      const pace = await paceNow()
      const isTurn = (await wait(0, 0, { pay: Math.min(rate, pace) })) === 0
      wanted ||= !isTurn && pace < rate
      return isTurn
    },
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
