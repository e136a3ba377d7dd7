/**
 * Brings a database to the schema of this version: the numbered SQL files of db/migrations, forward only, each in
 * a transaction of its own, one runner at a time. A file that was applied is never edited: its checksum is kept,
 * and an edit, a gap or a database newer than the program is refused in words before anything is changed.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { reasonOf } from '../shared/errors.ts'
import { isInTheWay } from '../shared/postgres.ts'

export interface Migration {
  /** The file's name without .sql: four digits, a dash, words. */
  name: string
  sql: string
  checksum: string
}

export interface Applied {
  name: string
  checksum: string
}

/** What the operator has to mend, in one sentence; everything else that goes wrong is a fault. */
export class MigrationRefused extends Error {}

const FOLDER = new URL('./migrations/', import.meta.url)
/** Names the lock; any constant of our own will do. */
const LOCK_KEY = 7_306_017_701
const CONNECT_TIMEOUT_MS = 10_000
/** A second runner waits for the first; longer than any migration should take. */
const LOCK_TIMEOUT = '120s'

/** Applies every migration that the database lacks. Throws MigrationRefused where history and files disagree. */
export async function migrate(databaseUrl: string, folder: URL = FOLDER): Promise<void> {
  const migrations = await readMigrations(folder)
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'onsale-migrate',
  })
  // A cut connection also fails the query under way; without a listener it would end the process instead.
  client.on('error', () => {})
  await client.connect().catch((error: unknown) => {
    throw new MigrationRefused(`Postgres (DATABASE_URL) cannot be reached: ${reasonOf(error)}`)
  })
  try {
    await client.query("select set_config('lock_timeout', $1, false)", [LOCK_TIMEOUT])
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY])
    await client.query(
      `create table if not exists schema_migrations (
         name text primary key,
         checksum text not null,
         applied_at timestamptz not null default now()
       )`,
    )
    const applied = await client.query<Applied>('select name, checksum from schema_migrations order by name')
    for (const migration of pending(migrations, applied.rows)) await apply(client, migration)
  } finally {
    // Ending the session gives the lock back.
    await client.end()
  }
}

/** The migrations still to run, in order. */
export function pending(migrations: Migration[], applied: Applied[]): Migration[] {
  const known = new Map(migrations.map(migration => [migration.name, migration]))
  for (const { name, checksum } of applied) {
    const migration = known.get(name)
    if (migration === undefined)
      throw new MigrationRefused(`The database has migration ${name}, which this version of Onsale lacks.`)
    if (migration.checksum !== checksum)
      throw new MigrationRefused(
        `Migration ${name} was edited after it was applied: restore the file and put the change into a new one.`,
      )
  }
  const done = new Set(applied.map(({ name }) => name))
  const last = [...done].sort().at(-1) ?? ''
  const rest = migrations.filter(({ name }) => !done.has(name))
  const late = rest.find(({ name }) => name < last)
  if (late !== undefined)
    throw new MigrationRefused(
      `Migration ${late.name} comes before ${last}, which is applied: number it higher.`,
    )
  return rest
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const files = (await readdir(folder)).filter(file => file.endsWith('.sql')).sort()
  const migrations: Migration[] = []
  for (const file of files) {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(file))
      throw new MigrationRefused(`${file} is not named like a migration: four digits, a dash, words.`)
    if (migrations.at(-1)?.name.slice(0, 4) === file.slice(0, 4))
      throw new MigrationRefused(
        `Two migrations are numbered ${file.slice(0, 4)}: number the later one higher.`,
      )
    // Line ends are git's affair: the same file has the same checksum on every system.
    const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n')
    const checksum = createHash('sha256').update(sql).digest('hex')
    migrations.push({ name: file.slice(0, -'.sql'.length), sql, checksum })
  }
  return migrations
}

/** A migration that stands in the way of a live system, or waits behind it, gives way and comes again. */
const ATTEMPTS = 15
const PAUSE_MS = 2_000

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await applyOnce(client, migration)
      return
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined
      if (attempt >= ATTEMPTS || !isInTheWay(cause)) throw error
      await wait(PAUSE_MS)
    }
  }
}

async function applyOnce(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [name, checksum])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw new Error(`Migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Runs from the command line: one line either way. */
async function main(databaseUrl: string | undefined): Promise<void> {
  if (!databaseUrl) {
    console.error(
      'DATABASE_URL is not set: name the database to migrate, such as postgres://user@host:5432/onsale',
    )
    process.exitCode = 1
    return
  }
  try {
    await migrate(databaseUrl)
    console.log('The database is at the schema of this version.')
  } catch (error) {
    console.error(`Migrating failed: ${reasonOf(error)}`)
    process.exitCode = 1
  }
}

if (import.meta.main) await main(process.env['DATABASE_URL'])
