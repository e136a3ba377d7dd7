/** How many have come and been let in, counted by the scripts, for operators: only the difference of two readings means anything. */
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import { type Redis, redisMs } from '../shared/redis.ts'
import { reached } from './reached.ts'

export interface FlowCounts {
  /** Newcomers who were given a place since Redis knows this event; a loss of Redis begins at 0. */
  joined: number
  admitted: number
  /** When it was so, ms by Redis's clock. */
  at: number
}

export async function flowCounts(redis: Redis, keys: Keys, event: EventId): Promise<FlowCounts> {
  const [counted, time] = await reached(
    Promise.all([redis.hmget(keys.queue(event).bucket, 'joined', 'admitted'), redis.time()]),
  )
  return { joined: Number(counted[0] ?? 0), admitted: Number(counted[1] ?? 0), at: redisMs(time) }
}
