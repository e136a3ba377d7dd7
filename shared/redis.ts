/**
 * Three connections to Redis with three policies. Commands fail fast, so that a caller can answer 503; the
 * publisher drops what it cannot send, as a stale diff does harm after an outage; the subscriber comes back for
 * ever, and its listeners resync. No address is ever logged with its password.
 */
import { Redis, type RedisOptions } from 'ioredis'
import { REDIS_COMMAND_MS } from './limits.ts'
import type { Log } from './log.ts'

export type { Redis } from 'ioredis'

const shared = {
  connectTimeout: 2_000,
  keepAlive: 5_000,
  retryStrategy: attempt => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000),
  protocol: 2,
} satisfies RedisOptions

/** What is asked in one turn of the event loop goes out in one write: a write to a socket costs more than the command it carries. */
class TogetherRedis extends Redis {
  #held = false

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    const socket = this.stream
    if (!this.#held && this.status === 'ready') {
      this.#held = true
      socket.cork()
      setImmediate(() => {
        this.#held = false
        socket.uncork()
      })
    }
    return super.sendCommand(command, stream)
  }
}

/** For scripts and reads: rejects at once while Redis is away, after 2 s where it does not answer. */
export function connectCommands(url: string, log: Log): Redis {
  return watched(
    new TogetherRedis(url, {
      ...shared,
      connectionName: 'onsale-commands',
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: REDIS_COMMAND_MS,
      // A half-open connection must not stall every command behind it for minutes.
      socketTimeout: 2 * REDIS_COMMAND_MS,
    }),
    'commands',
    log,
  )
}

/** For the Socket.IO adapter's admin traffic: what cannot be sent now is dropped. */
export function connectPublisher(url: string, log: Log): Redis {
  return watched(
    new Redis(url, {
      ...shared,
      connectionName: 'onsale-publisher',
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: REDIS_COMMAND_MS,
    }),
    'publisher',
    log,
  )
}

/** For diffs and admissions. Its owner resyncs on every `ready` after the first: what was published between is lost. */
export function connectSubscriber(url: string, log: Log): Redis {
  return watched(
    new Redis(url, {
      ...shared,
      connectionName: 'onsale-subscriber',
      autoResubscribe: true,
      maxRetriesPerRequest: null,
    }),
    'subscriber',
    log,
  )
}

/** Replies that mean "not now", not "you are wrong"; and what ioredis, which has no codes, says of a connection. */
const NOT_NOW = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|OOM|BUSY|TRYAGAIN|MISCONF)\b/
const UNREACHABLE =
  /^Command timed out|^Connection is closed|^Stream isn't writeable|^Socket timeout|max retries per request|^All sentinels are unreachable|^Failed to refresh slots cache/

/** Redis cannot be reached, does not answer in time, or does not take writes now. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ReplyError') return NOT_NOW.test(error.message)
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    error.name === 'ClusterAllFailedError' ||
    UNREACHABLE.test(error.message)
  )
}

/** The answer of TIME, seconds and microseconds as texts, in ms. */
export function redisMs(time: readonly (string | number)[]): number {
  return Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000)
}

/** Resolves once the connection is ready; throws after the deadline. */
export async function ready(redis: Redis, deadlineMs: number): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis is not ready after ${deadlineMs} ms`)), deadlineMs)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** ioredis throws an 'error' event nobody hears; it tells of each failed attempt, we log the first of a row. */
function watched(redis: Redis, role: string, log: Log): Redis {
  let down = false
  redis.on('error', err => {
    if (!down) log.warn({ err, role }, 'Redis connection lost')
    down = true
  })
  redis.on('ready', () => {
    if (down) log.info({ role }, 'Redis connection back')
    down = false
  })
  return redis
}
