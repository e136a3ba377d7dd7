/**
 * How every process begins: its stores are waited for, as everything starts at once after a power cut, and what an operator has
 * to mend is told in one line that names the variable, without a stack; then the process ends with 1.
 */
import type { Clock } from './clock.ts'
import { ConfigError } from './config.ts'
import { reasonOf } from './errors.ts'
import { SECOND } from './limits.ts'
import type { Pool } from './postgres.ts'
import { type Redis, ready } from './redis.ts'

/** How long the parts we stand on may take to come up. */
const START_MS = 30 * SECOND
const RETRY_MS = 500

/** What an operator has to mend, in one line. */
export class StartRefused extends Error {
  override name = 'StartRefused'
}

/** Runs a process's main, and ends the process where it cannot start. */
export async function runProcess(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const known = error instanceof ConfigError || error instanceof StartRefused
    const told = known || !(error instanceof Error) ? reasonOf(error) : (error.stack ?? error.message)
    console.error(`onsale ${name} cannot start: ${told}`)
    process.exit(1)
  }
}

/** Resolves once Postgres has our schema and each connection to Redis is ready. @throws StartRefused after 30 s */
export async function storesReady(stores: { pool: Pool; redis: Redis[]; clock: Clock }): Promise<void> {
  await Promise.all([postgresReady(stores.pool, stores.clock), ...stores.redis.map(redisReady)])
}

async function postgresReady(pool: Pool, clock: Clock): Promise<void> {
  const deadline = clock.now() + START_MS
  for (;;) {
    try {
      const { rows } = await pool.query<{ events: string | null }>(`select to_regclass('events') as events`)
      if (rows[0]?.events !== null) return
      throw new StartRefused('The database (DATABASE_URL) is empty: run `npm run migrate` on it first.')
    } catch (error) {
      if (error instanceof StartRefused) throw error
      if (clock.now() > deadline) throw away('Postgres (DATABASE_URL)', error)
      await clock.sleep(RETRY_MS)
    }
  }
}

async function redisReady(redis: Redis): Promise<void> {
  let last: unknown
  const hear = (error: unknown) => {
    last = error
  }
  redis.on('error', hear)
  await ready(redis, START_MS).catch(() => {
    throw away('Redis (REDIS_URL)', last)
  })
  redis.off('error', hear)
  // Rights may keep us from asking.
  const info = await redis.info('cluster').catch(() => '')
  if (/cluster_enabled:1/.test(info))
    throw new StartRefused(
      'Redis (REDIS_URL) is a node of a Cluster: one Redis is needed, with replicas or without.',
    )
}

function away(store: string, error: unknown): StartRefused {
  const why = error === undefined ? '' : `: ${reasonOf(error).replace(/\.$/, '')}`
  return new StartRefused(`${store} cannot be reached in ${START_MS / SECOND} s${why}.`)
}

/** `variable` says which port it is. */
export function portRefused(variable: string, port: number, error: unknown): StartRefused {
  const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const name = `port ${port} (${variable})`
  return new StartRefused(busy ? `${name} is in use.` : `${name} cannot be listened on: ${reasonOf(error)}.`)
}
