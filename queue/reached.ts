/** Tells a store that cannot be reached from a fault of ours: the first becomes Problem `queue_unavailable`. */
import { Problem } from '../shared/errors.ts'
import { isAway } from '../shared/postgres.ts'
import { isRedisAway } from '../shared/redis.ts'

/** Away stores become Problem `queue_unavailable`; faults of ours stay what they are. */
export async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Problem || !(isAway(error) || isRedisAway(error))) throw error
    throw new Problem('queue_unavailable', 'The queue cannot be reached', { retryAfter: 2 }, { cause: error })
  }
}
