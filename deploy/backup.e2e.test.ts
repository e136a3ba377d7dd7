/** What is dumped comes back: a sale on a Postgres of the distribution, dumped, restored elsewhere, and served again. */
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type ChildOptions, Family, run } from '../dev/child.ts'
import { makeTemporaryFolder, projectRoot } from '../dev/data-folder.ts'
import { startOnsale } from '../dev/processes.ts'
import { unprivilegedUser } from '../dev/unprivileged.ts'
import { buyThrough } from './image/purchase.ts'

/** Where Debian and Ubuntu keep a Postgres with its tools, the newest first. */
const DEBIAN = '/usr/lib/postgresql'
const binaries = (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
  .sort((a, b) => Number(b) - Number(a))
  .map(version => join(DEBIAN, version, 'bin'))
  .find(folder =>
    ['initdb', 'postgres', 'pg_dump', 'pg_restore', 'psql'].every(tool => existsSync(join(folder, tool))),
  )

const user = unprivilegedUser()
const folder = makeTemporaryFolder('onsale-backup')
const family = new Family(process.execPath, projectRoot)
family.removeAtEnd(folder)
let port: number
const url = (database: string): string => `postgres://onsale@127.0.0.1:${port}/${database}`

beforeEach(({ skip }) =>
  skip(binaries === undefined && process.env['ONSALE_CI'] !== '1', 'no Postgres of the distribution'),
)
beforeAll(async () => {
  if (binaries === undefined) return
  port = await getPort()
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (user) chownSync(data, user.uid, user.gid)
  const as = (tool: string, args: string[]): ChildOptions => ({
    command: join(binaries, tool),
    args,
    cwd: data,
    user,
    env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  })
  await run(family, as('initdb', ['-D', data, '-U', 'onsale', '--encoding=UTF8', '--auth=trust']), 60_000)
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`, 'fsync=off']
  await family.start(as('postgres', ['-D', data, ...settings.flatMap(setting => ['-c', setting])]))
  await vi.waitFor(() => sql('postgres', 'select 1'), 20_000)
  await sql('postgres', 'create database sold')
  await sql('postgres', 'create database restored')
})
afterAll(() => family.end())

async function sql(database: string, statement: string): Promise<void> {
  const client = new pg.Client(url(database))
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

function script(name: string, database: string, ...args: string[]) {
  const env = { PATH: `${binaries}:/usr/bin:/bin`, DATABASE_URL: url(database), PGCONNECT_TIMEOUT: '5' }
  return spawnSync(join(projectRoot, 'deploy', name), args, { env, encoding: 'utf8' })
}

const Bookings = z.object({
  bookings: z.array(z.object({ status: z.string(), tickets: z.array(z.object({ ticketId: z.string() })) })),
})

test('[D14] a dump restored into another database, with an empty Redis, has every sale', async () => {
  const first = await startOnsale({ ports: 'free', env: { DATABASE_URL: url('sold') } })
  const { token, ticketIds } = await buyThrough(first.httpUrl, first.realtimeUrl)
  await first.stop()

  const dumped = script('backup.sh', 'sold', folder)
  expect(dumped.stderr).toBe('')
  expect(dumped.stdout).toMatch(/onsale-\d{8}T\d{6}Z\.dump\n$/)
  const dump = dumped.stdout.trim()
  expect(script('restore.sh', 'restored', dump)).toMatchObject({ status: 0, stderr: '' })
  const again = script('restore.sh', 'restored', dump)
  expect(again.status).toBe(1)
  expect(again.stderr).toMatch(/restore into an empty one/)

  const { ONSALE_SECRET, PASS_PRIVATE_KEY } = first.env
  const secrets = { ONSALE_SECRET, PASS_PRIVATE_KEY }
  const second = await startOnsale({ ports: 'free', env: { DATABASE_URL: url('restored'), ...secrets } })
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${second.httpUrl}/bookings`, { headers })
  const { bookings } = Bookings.parse(await answer.json())
  expect(bookings.map(({ status }) => status)).toEqual(['confirmed', 'confirmed'])
  expect(bookings.flatMap(({ tickets }) => tickets.map(({ ticketId }) => ticketId)).sort()).toEqual(
    ticketIds.sort(),
  )
  // Sold there, so not to be had: the next fan gets other seats.
  const next = await buyThrough(second.httpUrl, second.realtimeUrl)
  expect(next.ticketIds.filter(ticket => ticketIds.includes(ticket))).toEqual([])
  await second.stop()
})
