/** What a bench stands on: a Redis and a Postgres of its own, one event after the other, and the real queue. */
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import getPort from 'get-port'
import { migrate } from '../../../db/migrate.ts'
import { Family } from '../../../dev/child.ts'
import { findDataFolder, makeTemporaryFolder, projectRoot } from '../../../dev/data-folder.ts'
import { makeSecrets } from '../../../dev/new-secrets.ts'
import { startPostgres } from '../../../dev/postgres.ts'
import { startRedis } from '../../../dev/redis.ts'
import { findRedis } from '../../../dev/redis-binary.ts'
import type { QueueChange } from '../../../queue/queue.ts'
import { RedisQueue } from '../../../queue/redis-queue.ts'
import { systemClock } from '../../../shared/clock.ts'
import { type Config, readConfig } from '../../../shared/config.ts'
import { type EventId, eventId } from '../../../shared/ids.ts'
import { type Keys, makeKeys } from '../../../shared/keys.ts'
import { type Log, makeLog } from '../../../shared/log.ts'
import { connectPostgres, type Pool } from '../../../shared/postgres.ts'
import { connectCommands, type Redis, ready } from '../../../shared/redis.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import { PassTokens } from '../../../shared/tokens.ts'

export interface Ground {
  family: Family
  redis: Redis
  redisPid: number
  pool: Pool
  keys: Keys
  passes: PassTokens
  config: Config
  /** Of a tier's process. */
  environment: Record<string, string>
  log: Log
  /** Goes with the ground. */
  folder: string
  queue(node: string): RedisQueue
  /** An event with a queue as said. */
  event(queue: RedisQueue, change: QueueChange): Promise<EventId>
  close(): Promise<void>
}

export async function makeGround(): Promise<Ground> {
  const family = new Family(process.execPath, projectRoot)
  const folder = makeTemporaryFolder('onsale-bench')
  family.removeAtEnd(folder)
  const kept = findDataFolder(process.env['ONSALE_DATA'])
  const binary = await findRedis(kept, process.env['PATH'] ?? '', line => console.log(line))
  const [redisPort, postgresPort] = [await getPort(), await getPort()]
  const server = await startRedis({
    family,
    binary,
    folder: join(folder, 'redis'),
    port: redisPort,
    durable: false,
    password: randomBytes(8).toString('hex'),
  })
  const postgres = await startPostgres({
    family,
    folder: join(folder, 'postgres'),
    binariesFolder: kept,
    port: postgresPort,
    durable: false,
  })
  const databaseUrl = await postgres.database('bench')
  await migrate(databaseUrl)
  const { ADMIN_TOKEN, ONSALE_SECRET, PASS_PRIVATE_KEY } = makeSecrets()
  const environment = {
    ADMIN_TOKEN,
    ONSALE_SECRET,
    PASS_PRIVATE_KEY,
    DATABASE_URL: databaseUrl,
    REDIS_URL: server.url,
    KEY_PREFIX: 'bench:',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
  }
  const config = readConfig(environment)
  const log = makeLog('bench', 'error')
  const pool = connectPostgres(databaseUrl, 'bench', log)
  // A bench waits where service would give up: a slow answer is a figure, not a fault.
  const commands = connectCommands(server.url, log)
  const redis = commands.duplicate({ commandTimeout: 120_000, socketTimeout: 120_000 })
  commands.disconnect()
  await ready(redis, 10_000)
  const keys = makeKeys(config.KEY_PREFIX)
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  const queues: RedisQueue[] = []
  let events = 0
  return {
    family,
    redis,
    redisPid: server.child.pid,
    pool,
    keys,
    passes,
    config,
    environment,
    log,
    folder,
    queue: node => {
      const queue = new RedisQueue({
        redis,
        pool,
        keys,
        passes,
        config: { ...config, NODE_NAME: node },
        clock: systemClock,
        log,
        door: 'socket',
      })
      queues.push(queue)
      return queue
    },
    event: async (queue, change) => {
      const id = `bench${++events}`
      await insertSmallHouse(pool, id)
      await queue.configure(eventId(id), change, 'bench')
      return eventId(id)
    },
    close: async () => {
      for (const queue of queues) await queue.close().catch(() => undefined)
      redis.disconnect()
      await pool.end()
      await family.end()
    },
  }
}

/** CPU that a process's living threads have had so far, ms: exact where Linux tells, which /proc/pid/stat is not. */
export async function cpuOf(pid: number): Promise<number> {
  return await scheduled(pid, 0)
}

/** How long they could have run so far and had no core, ms: what a busy machine adds to every age. */
export async function waitedOf(pid: number): Promise<number> {
  return await scheduled(pid, 1)
}

async function scheduled(pid: number, field: 0 | 1): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const told = threads.map(thread =>
    readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0 0'),
  )
  return (await Promise.all(told)).reduce((sum, text) => sum + Number(text.split(' ')[field]), 0) / 1e6
}

/** Resident memory of a process, bytes. */
export async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
}

/** A number of INFO. */
export async function infoOf(redis: Redis, section: string, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await redis.info(section))?.[1])
}

/** CPU of Redis's main thread, ms: what its commands cost, with reading and answering them. */
export async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  const of = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
  return 1_000 * (of('used_cpu_user_main_thread') + of('used_cpu_sys_main_thread'))
}

/** What running something cost Redis's main thread, ms. */
export async function redisCost(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const before = await redisCpu(redis)
  await work()
  return (await redisCpu(redis)) - before
}
