/**
 * How an audit reads Postgres: one snapshot, in a transaction that cannot write and takes no lock anybody waits for; each
 * statement with a deadline, each answer with a bound.
 */
import { SECOND } from '../../shared/limits.ts'
import type { Pool } from '../../shared/postgres.ts'
import type { Fault, FaultKind, Repair } from './fault.ts'

/** Longer than in service: a join over a season's sales takes seconds. */
const STATEMENT_MS = 60 * SECOND
/** Faults of one kind that are read: past it their number no longer matters. */
export const MOST_OF_A_KIND = 1_000

/** A statement that answers what must not be: place, detail, and perhaps a repair as JSON. */
export interface Check {
  kind: FaultKind
  sql: string
}

export interface Snapshot {
  rows<Row>(sql: string, values?: unknown[]): Promise<Row[]>
}

export async function inSnapshot<T>(pool: Pool, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    await client.query(`set local statement_timeout = ${STATEMENT_MS}`)
    const snapshot: Snapshot = {
      rows: async (text, values = []) => {
        const asked = { text, values, query_timeout: STATEMENT_MS + SECOND }
        return (await client.query(asked)).rows
      },
    }
    return await work(snapshot)
  } finally {
    // Nothing was written: however it went, the connection is as new, or it is closed.
    const broken = await client.query('rollback').then(
      () => undefined,
      (error: Error) => error,
    )
    client.release(broken)
  }
}

/** What a check is told: seconds a job may take, seconds that Stripe may be asked again, Redis's now. */
export type Told = [jobSeconds: number, stripeSeconds: number, now: Date]

export async function faultsOf({ rows }: Snapshot, { kind, sql }: Check, told: Told): Promise<Fault[]> {
  // Named first, as Postgres refuses a value that no statement asks for.
  const found = await rows<{ place: string; detail: string; repair?: Repair | null }>(
    `with told as (select $1::float8, $2::float8, $3::timestamptz)
     select * from (${sql}) as fault order by 1, 2 limit ${MOST_OF_A_KIND}`,
    told,
  )
  return found.map(({ place, detail, repair }) => ({ kind, place, detail, repair: repair ?? undefined }))
}
