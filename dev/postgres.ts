/**
 * A Postgres of our own, from npm's binaries: made, started, awaited, ended. Listens on 127.0.0.1 only, asks for a password
 * that is made once, and never runs as root.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type Child, ChildFailed, type ChildOptions, type Family, run } from './child.ts'
import { packageVersion } from './data-folder.ts'
import { findPostgres } from './postgres-binaries.mjs'
import { endOrphan } from './recorded-process.ts'
import { giveTo, type User, unprivilegedUser } from './unprivileged.ts'

const READY_DEADLINE_MS = 60_000
const INITDB_DEADLINE_MS = 120_000
const POLL_MS = 50
const BARRED_PAUSE_MS = 250
const USER = 'onsale'

// For one machine that also runs the rest of Onsale. Logical replication feeds Elasticsearch where it is used; a slot that
// nobody reads must not fill the disk.
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  wal_level: 'logical',
  max_slot_wal_keep_size: '2GB',
  random_page_cost: '1.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

// Tests throw the data away: what a power cut would cost them is nothing.
const FORGETFUL: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/** The fast shutdown: clients are cut off, and nothing is to be recovered at the next start. */
export const POSTGRES_STOP = { stopSignal: 'SIGINT', stopDeadlineMs: 15_000 } as const

export type PostgresOptions = {
  family: Family
  /** Holds `data/` and `password`; made where missing, and then all of it is ours. */
  folder: string
  /** Where binaries are copied to that the unprivileged user cannot reach in the clone. */
  binariesFolder: string
  port: number
  durable: boolean
  onLine?: ChildOptions['onLine']
}

export type Postgres = {
  /** The URL of a database on it. */
  url: (database: string) => string
  /** Makes the database where it is missing. @returns its URL */
  database: (name: string) => Promise<string>
  child: Child
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { family, folder, port } = options
  const user = unprivilegedUser()
  const binaries = await reachableBinaries(options, user)
  const data = join(folder, 'data')
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o711)
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(options, user, binaries)
  const password = (await readFile(join(folder, 'password'), 'utf8')).trim()
  await endOrphan(join(data, 'postmaster.pid'), data)
  const settings = { ...SETTINGS, ...(options.durable ? {} : FORGETFUL), port: String(port) }
  const url = (database: string): string => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`
  const deadline = performance.now() + READY_DEADLINE_MS
  for (;;) {
    const child = await family.start({
      ...inFolder(folder),
      command: join(binaries, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      user,
      ...(options.onLine && { onLine: options.onLine }),
    })
    if (await becomesReady(child, url('postgres'), deadline)) {
      return { url, child, database: name => makeDatabase(url, name) }
    }
    // Sessions of a server that was killed take a moment to notice; until then their memory bars the next one.
    const barred = child.lastLines().some(line => line.includes('pre-existing shared memory block'))
    if (!barred || performance.now() > deadline) {
      throw new ChildFailed(`Postgres ended at its start:\n${child.lastLines().slice(-8).join('\n')}`)
    }
    await wait(BARRED_PAUSE_MS)
  }
}

async function makeDatabase(url: (database: string) => string, name: string): Promise<string> {
  const client = new pg.Client(url('postgres'))
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  return url(name)
}

async function initialise(options: PostgresOptions, user: User | null, binaries: string): Promise<void> {
  const { family, folder } = options
  const data = join(folder, 'data')
  // Made beside and renamed when whole, so that a killed initdb leaves nothing that looks like a cluster.
  const draft = join(folder, 'data.new')
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  await giveTo(user, draft)
  await giveTo(user, passwordFile)
  await run(
    family,
    {
      ...inFolder(folder),
      command: join(binaries, 'bin', 'initdb'),
      args: flags({
        pgdata: draft,
        username: USER,
        pwfile: passwordFile,
        auth: 'scram-sha-256',
        // Postgres's own locale sorts and folds the same on every system; libc's serves the text search parser alone.
        encoding: 'UTF8',
        'locale-provider': 'builtin',
        'builtin-locale': 'C.UTF-8',
        locale: 'C',
        'lc-ctype': process.platform === 'darwin' ? 'UTF-8' : 'C.UTF-8',
      }),
      user,
    },
    INITDB_DEADLINE_MS,
  )
  await rename(draft, data)
}

function flags(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}

/** Nothing of our environment reaches Postgres: PG* variables and locales would change what it does. */
function inFolder(folder: string): { cwd: string; env: Record<string, string> } {
  return { cwd: folder, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } }
}

/** npm's own files where the user can run them, else a copy in the data folder, made once per version. */
async function reachableBinaries(options: PostgresOptions, user: User | null): Promise<string> {
  const native = findPostgres()
  if (!user) return native
  const copy = join(options.binariesFolder, `postgres-${packageVersion(dirname(native))}`)
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`
    await cp(native, draft, { recursive: true, verbatimSymlinks: true })
    await rename(draft, copy).catch(() => rm(draft, { recursive: true }))
  }
  return copy
}

/** @returns false where Postgres ended instead */
async function becomesReady(child: Child, url: string, deadline: number): Promise<boolean> {
  for (;;) {
    if (!child.isAlive()) {
      await child.ended
      return false
    }
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      return true
    } catch (error) {
      if (performance.now() > deadline) throw new Error('Postgres was not ready in time', { cause: error })
    } finally {
      await client.end().catch(() => {})
    }
    await wait(POLL_MS)
  }
}
