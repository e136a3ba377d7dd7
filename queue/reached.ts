/** Tells a store that cannot be reached from a fault of ours: the first becomes Problem `queue_unavailable`. */
import { Problem } from '../shared/errors.ts'
import { isAway } from '../shared/postgres.ts'

/** Replies of Redis that mean "not now", not "you are wrong". */
const NOT_NOW = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|OOM|BUSY|TRYAGAIN|MISCONF)/

/** Away stores become Problem `queue_unavailable`; faults of ours stay what they are. */
export async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Problem || !isUnreachable(error)) throw error
    throw new Problem('queue_unavailable', 'The queue cannot be reached', { retryAfter: 2 }, { cause: error })
  }
}

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ReplyError') return NOT_NOW.test(error.message)
  return isAway(error) || error.name === 'MaxRetriesPerRequestError' || REDIS_AWAY.test(error.message)
}

/** ioredis has no codes of its own for these. */
const REDIS_AWAY = /^(Command timed out|Connection is closed|Stream isn't writeable|Socket timeout)/
