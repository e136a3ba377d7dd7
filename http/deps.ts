/** What the routes of this tier are given: made once in main.ts, made anew in each test. */
import type { Queue, QueueNode } from '../queue/queue.ts'
import type { Chance, Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import type { EventStore } from '../shared/event-store.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Metrics } from '../shared/metrics.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import type { PassTokens, SessionTokens } from '../shared/tokens.ts'

export interface HttpDeps {
  config: Config
  pool: Pool
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
