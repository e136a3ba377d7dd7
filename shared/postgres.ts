/**
 * The pool and the transaction. Postgres is the truth of sales, blocks and admissions; every wait on it has an
 * end, and what can be tried again is tried again here.
 */
import pg from 'pg'
import { LOCK_MS, POOL_SIZE, POOL_WAIT_MS, STATEMENT_MS } from './limits.ts'
import type { Log } from './log.ts'
import { PreparingClient } from './prepared.ts'

export type Pool = pg.Pool
export type Client = pg.PoolClient
/** Either of the two: whatever can run a query. */
export type Queryable = Pick<pg.Pool, 'query'>

// bigint comes as text by default; ours stay below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

export function connectPostgres(
  url: string,
  application: string,
  log: Log,
  size = POOL_SIZE,
  { waitMs = POOL_WAIT_MS, settings = [] }: { waitMs?: number; settings?: readonly string[] } = {},
): Pool {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    application_name: `onsale-${application}`,
    max: size,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: 2 * STATEMENT_MS,
    // The server may be gone without a word: give up a little after it would have.
    query_timeout: STATEMENT_MS + 1_000,
    keepAlive: true,
    ...(settings.length > 0 && { options: settings.map(setting => `-c ${setting}`).join(' ') }),
  })
  // Without a listener the end of an idle connection (restart, failover) ends the process.
  pool.on('error', err => log.warn({ err }, 'an idle Postgres connection ended'))
  // The same of one that is in use: its query rejects, which is all its user needs to know.
  pool.on('connect', client =>
    client.on('error', err => log.warn({ err }, 'a Postgres connection ended in use')),
  )
  return pool
}

const IN_THE_WAY = new Set(['40P01', '40001', '55P03'])
const ATTEMPTS = 4

/** Runs work in one transaction; work may run up to 4 times, so its effects belong in the transaction. */
export async function transaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, work)
    } catch (error) {
      if (attempt >= ATTEMPTS || !isInTheWay(error)) throw error
    }
  }
}

async function once<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** SQLSTATE of a database error; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** Deadlock, serialisation failure, lock not available: nothing was written, and the same may well succeed now. */
export function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.has(sqlState(error) ?? '')
}

/**
 * Not now: unreachable (08), starting or stopping (57P), out of connections or disk (53), past a deadline of ours
 * (57014, 25P03), still in the way after all retries (40P01, 40001, 55P03), read-only after a failover (25006).
 */
const NOT_NOW = /^(08|57P|53|57014|25P03|40P01|40001|55P03|25006)/

/** Postgres cannot be reached or cannot answer now: answer 503. */
export function isAway(error: unknown): boolean {
  const code = sqlState(error) ?? ''
  if (NOT_NOW.test(code) || /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_)/.test(code)) return true
  return (
    error instanceof Error &&
    /timeout exceeded when trying to connect|Connection terminated|has encountered a connection error|Query read timeout/.test(
      error.message,
    )
  )
}
