/**
 * `node load-tests/bench/draw.ts [entrants]`, a million where none is said: a draw on a Postgres and a Redis of its own, driven
 * by one node as in service. Tells how long each step takes, when the first are let in, how late the node's own event loop is,
 * and how long the commands of another process take meanwhile; what of it is promised goes to bench/queue.ts as targets.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import getPort from 'get-port'
import { migrate } from '../../db/migrate.ts'
import { Family } from '../../dev/child.ts'
import { findDataFolder, makeTemporaryFolder, projectRoot } from '../../dev/data-folder.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { startRedis } from '../../dev/redis.ts'
import { findRedis } from '../../dev/redis-binary.ts'
import { readDraw } from '../../queue/draw-record.ts'
import { RedisQueue } from '../../queue/redis-queue.ts'
import { MEMBER_BYTES } from '../../queue/verbs.ts'
import { systemClock } from '../../shared/clock.ts'
import { eventId } from '../../shared/ids.ts'
import { makeKeys } from '../../shared/keys.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres } from '../../shared/postgres.ts'
import { connectCommands, ready } from '../../shared/redis.ts'
import { PassTokens } from '../../shared/tokens.ts'
import type { Target } from './report/table.ts'

const ENTRANTS = Number(process.argv[2] ?? 1_000_000)
const A_CALL = 1_000
const BEAT_MS = 100
const ADMIT_MS = 250

const family = new Family(process.execPath, projectRoot)
const folder = makeTemporaryFolder('onsale-bench')
family.removeAtEnd(folder)
const kept = findDataFolder(process.env['ONSALE_DATA'])

async function stores() {
  const binary = await findRedis(kept, process.env['PATH'] ?? '', line => console.log(line))
  const [postgres, redis] = await Promise.all([
    startPostgres({
      family,
      folder: join(folder, 'postgres'),
      binariesFolder: kept,
      port: await getPort(),
      durable: true,
    }),
    startRedis({
      family,
      binary,
      folder: join(folder, 'redis'),
      port: await getPort(),
      durable: false,
      password: randomBytes(6).toString('hex'),
    }),
  ])
  const url = await postgres.database('bench')
  await migrate(url)
  return { url, redisUrl: redis.url }
}

/** Another process's commands, one after the other on a connection of its own; answers with their times, ms. */
function otherNode(redisUrl: string, key: string) {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Redis } = require('ioredis')
    const redis = new Redis(workerData.redisUrl)
    let ending = false
    parentPort.once('message', () => { ending = true })
    ;(async () => {
      const times = []
      while (!ending) {
        const began = performance.now()
        await redis.zscore(workerData.key, 'nobody at all ')
        times.push(performance.now() - began)
        await new Promise(resolve => setTimeout(resolve, 2))
      }
      redis.disconnect()
      parentPort.postMessage(times)
    })()`
  const worker = new Worker(code, { eval: true, workerData: { redisUrl, key } })
  return async () => {
    const times = new Promise<number[]>(resolve => worker.once('message', resolve))
    worker.postMessage('end')
    return spreadOf(await times)
  }
}

interface Spread {
  p99: number
  told: string
}

function spreadOf(times: number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  const told = `p50 ${at(0.5).toFixed(2)}, p99 ${at(0.99).toFixed(2)}, worst ${at(1).toFixed(1)} ms of ${times.length}`
  return { p99: at(0.99), told }
}

async function measure(): Promise<Target[]> {
  const { url, redisUrl } = await stores()
  const log = makeLog('bench', 'warn')
  const [pool, redis] = [connectPostgres(url, 'bench', log), connectCommands(redisUrl, log)]
  await ready(redis, 5_000)
  const keys = makeKeys('bench:')
  const event = eventId('evening01')
  await pool.query(SCENE)
  const { privateKey } = generateKeyPairSync('ed25519')
  const passes = new PassTokens(privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'))
  const secrets = {
    session: randomBytes(32),
    receipt: randomBytes(32),
    place: randomBytes(32),
    admin: randomBytes(32),
  }
  const config = { keys: secrets, NODE_NAME: 'bench', STRIPE_RPS: 20 }
  const queue = new RedisQueue({ redis, pool, keys, passes, config, log, clock: systemClock, door: 'socket' })
  await queue.configure(event, { state: 'pre_queue', method: 'random', rate: 1_000, cap: 10_000 }, 'bench')

  const { line, last, act } = keys.queue(event)
  const from = systemClock.now() * 1_000 - ENTRANTS
  for (let at = 0; at < ENTRANTS; at += A_CALL) {
    const some = Array.from({ length: Math.min(A_CALL, ENTRANTS - at) }, (_, i) => [
      from + at + i,
      randomBytes(MEMBER_BYTES),
    ])
    await redis.zadd(line, ...some.flat())
  }
  await redis.set(last, from + ENTRANTS)
  const quiet = otherNode(redisUrl, line)
  await systemClock.sleep(3_000)
  const before = await quiet()
  console.log(`another node's commands before: ${before.told}`)

  await redis.config('RESETSTAT')
  const other = otherNode(redisUrl, line)
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const reached = new Map<string, number>()
  const say = (what: string) => {
    if (!reached.has(what)) reached.set(what, performance.now())
  }
  say('doors')
  await queue.configure(event, { state: 'open' }, 'bench')
  let admitAt = 0
  while (!reached.has('drawn')) {
    await queue.sweep(event)
    const draw = await readDraw(pool, event)
    if (draw?.root != null) say('root')
    if (draw?.seed != null) say('seed')
    if (draw?.drawnAt != null) say('drawn')
    if (performance.now() - admitAt > ADMIT_MS) {
      admitAt = performance.now()
      await queue.admit(event)
      if ((await redis.zcard(act)) > 0) say('first admissions')
    }
    await systemClock.sleep(BEAT_MS)
  }
  loop.disable()
  const meanwhile = await other()
  const seconds = (what: string, from: string) => (reached.get(what)! - reached.get(from)!) / 1_000
  const since = (what: string, from: string) =>
    `${what}: ${seconds(what, from).toFixed(2)} s after the ${from}`
  console.log(`${ENTRANTS} entrants`)
  console.log([since('root', 'doors'), since('seed', 'root')].join('\n'))
  console.log([since('first admissions', 'seed'), since('drawn', 'seed')].join('\n'))
  console.log(`another node's commands meanwhile: ${meanwhile.told}`)
  const told = /latency_percentiles_usec_evalsha:(\S+)/.exec(await redis.info('latencystats'))?.[1]
  console.log(`time of a script in Redis, us: ${told}`)
  const ms = (ns: number) => (ns / 1e6).toFixed(1)
  console.log(
    `the driver's event loop was late by p99 ${ms(loop.percentile(99))}, at worst ${ms(loop.max)} ms`,
  )
  await queue.close()
  redis.disconnect()
  await pool.end()
  const entrants = ENTRANTS.toLocaleString('en-US')
  return [
    {
      name: 'the first drawn let in after the seed',
      bound: { most: 3 },
      measured: seconds('first admissions', 'seed'),
      unit: 's',
      note: `of ${entrants}; all drawn after ${seconds('drawn', 'seed').toFixed(1)} s; the root ${seconds('root', 'doors').toFixed(1)} s after the doors`,
    },
    {
      name: 'others’ commands during a draw, p99',
      bound: { most: 10 },
      measured: meanwhile.p99,
      unit: 'ms',
      note: `${meanwhile.told}; before it p99 ${before.p99.toFixed(2)}`,
    },
  ]
}

const SCENE = `
  insert into venues (id, name, city, country, lat, lon, time_zone, modelled)
    values ('v', 'Hall', 'Bonn', 'DE', 50.7, 7.1, 'Europe/Berlin', true);
  insert into seat_maps (hash, name, seats, units, geometry) values (repeat('0', 32), 'Hall', 0, 0,
    '{"format":1,"name":"Hall","width":1,"height":1,"focalPoint":{"x":0,"y":0},"stage":{"label":"","outline":[]},"categories":[],"sections":[],"areas":[]}');
  insert into events (id, name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency)
    values ('evening01', 'Evening', 'concert', 'v', repeat('0', 32), now() + interval '30 days', 'onsale', now(), 'EUR')`

try {
  const targets = await measure()
  process.send?.(targets)
} finally {
  await family.end()
}
