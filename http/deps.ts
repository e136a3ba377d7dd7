/** What the routes of this tier, and the worker's jobs, are given: made once a process, made anew in each test. */
import type { Queue, QueueNode } from '../queue/queue.ts'
import { RedisQueue } from '../queue/redis-queue.ts'
import { type Chance, type Clock, systemChance, systemClock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { type Keys, makeKeys } from '../shared/keys.ts'
import { SESSION_SECONDS } from '../shared/limits.ts'
import type { Log } from '../shared/log.ts'
import { Metrics } from '../shared/metrics.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { PassTokens, SessionTokens } from '../shared/tokens.ts'

export interface HttpDeps {
  config: Config
  pool: Pool
  /** Of payments alone: nobody else waits for a connection behind them. */
  payPool: Pool
  /** Where holds are written; see connectHolds. */
  holdPool: Pool
  redis: Redis
  keys: Keys
  events: EventStore
  inventory: Inventory
  /** And the list of queues that are on: a login moves places in each. */
  queue: Queue & Pick<QueueNode, 'events'>
  sessions: SessionTokens
  passes: PassTokens
  clock: Clock
  chance: Chance
  log: Log
  metrics: Metrics
}

/** All of it on these stores. `tier` names the metrics. */
export function makeDeps(
  {
    config,
    pool,
    payPool = pool,
    holdPool = pool,
    redis,
    log,
  }: Pick<HttpDeps, 'config' | 'pool' | 'redis' | 'log'> & Partial<Pick<HttpDeps, 'payPool' | 'holdPool'>>,
  tier: string,
): HttpDeps {
  const keys = makeKeys(config.KEY_PREFIX)
  const base = { config, pool, payPool, holdPool, redis, keys, clock: systemClock, chance: systemChance, log }
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  return {
    ...base,
    metrics: new Metrics(tier),
    events: new EventStore(pool),
    inventory: new RedisInventory(base),
    queue: new RedisQueue({ ...base, passes, door: 'poll' }),
    sessions: new SessionTokens(config.keys.session, SESSION_SECONDS),
    passes,
  }
}
