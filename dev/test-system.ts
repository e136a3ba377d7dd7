/**
 * What stands while a test run lasts (vitest's global setup): one Postgres with a migrated template, one Redis, both our own,
 * on free ports, in a temporary folder, with nothing kept. DATABASE_URL and REDIS_URL are not looked at. What test files
 * ask for is in test-parts.ts.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import getPort from 'get-port'
import type { TestProject } from 'vitest/node'
import { migrate } from '../db/migrate.ts'
import { Family } from './child.ts'
import { findDataFolder, makeTemporaryFolder, projectRoot } from './data-folder.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { findRedis, type RedisBinary } from './redis-binary.ts'

const TEMPLATE = 'onsale_template'

export type TestSystem = {
  postgresUrl: string
  template: string
  redisUrl: string
  redisBinary: RedisBinary
  /** Kept over runs: what is slow to fetch. */
  dataFolder: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    system: TestSystem
  }
}

// Vitest calls this for each of its projects; all of them share one system, which ends with the last.
let shared: Promise<Started> | undefined
let users = 0

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  users += 1
  shared ??= startSystem()
  const { system, stop } = await shared
  project.provide('system', system)
  return async () => {
    users -= 1
    if (users === 0) await stop()
  }
}

type Started = { system: TestSystem; stop: () => Promise<void> }

async function startSystem(): Promise<Started> {
  // Its reaper also removes what is left of us after Ctrl-C or a crash.
  const family = new Family(process.execPath, projectRoot)
  try {
    return await raise(family)
  } catch (error) {
    await family.end()
    throw error
  }
}

async function raise(family: Family): Promise<Started> {
  const folder = makeTemporaryFolder('onsale-test')
  const dataFolder = findDataFolder(process.env['ONSALE_DATA'])
  family.removeAtEnd(folder)
  const redisBinary = await findRedis(dataFolder, process.env['PATH'] ?? '', line => console.log(line))
  const [postgres, redis] = await Promise.all([
    startTestPostgres(family, folder, dataFolder),
    getPort().then(port =>
      startRedis({
        family,
        binary: redisBinary,
        folder: join(folder, 'redis'),
        port,
        password: randomBytes(12).toString('hex'),
        durable: false,
      }),
    ),
  ])
  return {
    system: {
      postgresUrl: postgres.url('postgres'),
      template: TEMPLATE,
      redisUrl: redis.url,
      redisBinary,
      dataFolder,
    },
    stop: () => family.end(),
  }
}

/** With the template that every test database is a copy of: copying files is far quicker than migrating. */
async function startTestPostgres(family: Family, folder: string, binariesFolder: string): Promise<Postgres> {
  const port = await getPort()
  const postgres = await startPostgres({
    family,
    folder: join(folder, 'postgres'),
    binariesFolder,
    port,
    durable: false,
  })
  await migrate(await postgres.database(TEMPLATE))
  return postgres
}
