/**
 * What a test file asks for: a database, a piece of Redis or a Redis of its own to break. All of it stands on the
 * system that test-system.ts started for the run, and is gone when the run ends, whether given back or not.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import getPort from 'get-port'
import { Redis as Client } from 'ioredis'
import pg from 'pg'
import { inject } from 'vitest'
import { loadCatalogue } from '../db/catalogue/load.ts'
import { Family } from './child.ts'
import { makeTemporaryFolder, projectRoot } from './data-folder.ts'
import { REDIS_STOP, type Redis, startRedis } from './redis.ts'

const CATALOGUE_LOCK = 7_306_017_703

export type TestDatabase = { url: string; drop: () => Promise<void> }

/**
 * A database of the newest schema, with no rows of ours, for one test file.
 * @param options.catalogue with the demo catalogue; the run's first such database takes some seconds, the others are copies
 */
export async function testDatabase({ catalogue = false } = {}): Promise<TestDatabase> {
  const { postgresUrl, template } = inject('system')
  const name = `test_${randomName()}`
  const source = catalogue ? await catalogueTemplate() : template
  await asAdmin(postgresUrl, client => client.query(`create database ${name} template ${source}`))
  return {
    url: databaseUrl(name),
    drop: () => asAdmin(postgresUrl, client => client.query(`drop database if exists ${name} with (force)`)),
  }
}

/** Made by whoever needs it first, while the others wait. */
async function catalogueTemplate(): Promise<string> {
  const { postgresUrl, template } = inject('system')
  const [name, draft] = [`${template}_catalogue`, `${template}_catalogue_draft`]
  await asAdmin(postgresUrl, async client => {
    // Ending the session gives the lock back.
    await client.query('select pg_advisory_lock($1)', [CATALOGUE_LOCK])
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 1) return
    await client.query(`drop database if exists ${draft}`)
    await client.query(`create database ${draft} template ${template}`)
    await loadCatalogue(databaseUrl(draft), { now: new Date() })
    await client.query(`alter database ${draft} rename to ${name}`)
  })
  return name
}

function databaseUrl(name: string): string {
  const url = new URL(inject('system').postgresUrl)
  url.pathname = name
  return url.href
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

export type TestRedis = {
  url: string
  /** Every key and channel of the file begins with it; ends in a colon. */
  keyPrefix: string
  /** Removes the file's keys. */
  clean: () => Promise<void>
}

/** The run's Redis, shared with other files: never flush it, never stop it. */
export function testRedis(): TestRedis {
  const { redisUrl } = inject('system')
  const keyPrefix = `t${randomName()}:`
  return { url: redisUrl, keyPrefix, clean: () => removeKeys(redisUrl, keyPrefix) }
}

async function removeKeys(url: string, keyPrefix: string): Promise<void> {
  const client = new Client(url)
  try {
    for await (const keys of client.scanStream({ match: `${keyPrefix}*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys)
    }
  } finally {
    client.disconnect()
  }
}

export type OwnRedis = {
  url: string
  /** As a crash would: nothing is written any more. */
  kill: () => Promise<void>
  /** On the same port with the same password; empty, unless it is durable. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

/** A Redis that the file may flush, stall, kill and restart. It knows DEBUG unless it is durable. */
export async function ownRedis({ durable = false } = {}): Promise<OwnRedis> {
  const { redisBinary } = inject('system')
  const family = new Family(process.execPath, projectRoot)
  const folder = makeTemporaryFolder('onsale-test-redis')
  family.removeAtEnd(folder)
  const port = await getPort()
  const password = randomName()
  const start = (): Promise<Redis> =>
    startRedis({ family, binary: redisBinary, folder, port, durable, password })
  let redis = await start()
  const stop = async (): Promise<void> =>
    void (await redis.child.stop(REDIS_STOP.stopSignal, REDIS_STOP.stopDeadlineMs))
  return {
    url: redis.url,
    kill: async () => void (await redis.child.kill()),
    restart: async () => {
      await stop()
      redis = await start()
    },
    stop: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function randomName(): string {
  return randomBytes(6).toString('hex')
}
