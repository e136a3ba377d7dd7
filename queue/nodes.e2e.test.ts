/** Three real nodes that admit at once and are killed while they do: counted in Redis and in Postgres. */
import { setTimeout as delay } from 'node:timers/promises'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Child, Family } from '../dev/child.ts'
import { projectRoot } from '../dev/data-folder.ts'
import { makeSecrets } from '../dev/new-secrets.ts'
import { type TestDatabase, testDatabase, testRedis } from '../dev/test-parts.ts'
import { startTier } from '../dev/tier.ts'
import { Fan } from '../realtime/node-fixture.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { eventId, type VisitorId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres, type Pool } from '../shared/postgres.ts'
import { connectCommands, type Redis, ready, redisMs } from '../shared/redis.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { PassTokens, SessionTokens } from '../shared/tokens.ts'
import { RedisQueue } from './redis-queue.ts'

const event = eventId('evening01')
const log = makeLog('test', 'silent')
const [RATE, BURST, CAP, FANS] = [10, 10, 12, 80]
let database: TestDatabase
let environment: Record<string, string>
let family: Family
let pool: Pool
let redis: Redis
let queue: RedisQueue
let sessions: SessionTokens

beforeAll(async () => {
  database = await testDatabase()
  const piece = testRedis()
  environment = {
    ...makeSecrets(),
    DATABASE_URL: database.url,
    REDIS_URL: piece.url,
    KEY_PREFIX: piece.keyPrefix,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
  }
  const config = readConfig(environment)
  family = new Family(process.execPath, projectRoot)
  pool = connectPostgres(database.url, 'test', log, 4)
  await insertSmallHouse(pool, event, { length: 50 })
  redis = connectCommands(piece.url, log)
  await ready(redis, 5_000)
  const parts = { redis, pool, keys: makeKeys(config.KEY_PREFIX), clock: systemClock, log }
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  queue = new RedisQueue({ ...parts, config, passes, door: 'poll' })
  sessions = new SessionTokens(config.keys.session, 3_600)
})

afterAll(async () => {
  await family.end()
  redis.disconnect()
  await pool.end()
  await database.drop()
})

interface Node {
  child: Child
  port: number
}

let started = 0

async function startNode(): Promise<Node> {
  const [port, name] = [await getPort(), `node-${started++}`]
  const child = await startTier({
    family,
    name,
    node: process.execPath,
    script: 'realtime/main.ts',
    cwd: projectRoot,
    env: { PATH: process.env['PATH'], ...environment, REALTIME_PORT: String(port), NODE_NAME: name },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    onLine: () => undefined,
  })
  return { child, port }
}

/** Waits on whatever node there is until let in, stays a moment, leaves. Answers the scores it was told. */
async function fan(
  nodes: Node[],
  first: number,
  deadline: AbortSignal,
): Promise<{ scores: Set<number>; turns: number }> {
  const visitor = systemChance.uuid() as VisitorId
  const token = sessions.issue(visitor)
  const scores = new Set<number>()
  let receipt: string | undefined
  for (let attempt = first; !deadline.aborted; attempt++) {
    const own = new Fan(nodes[attempt % nodes.length]!.port, token)
    const closed = own.closed.then(() => 'closed' as const)
    const told = await Promise.race([closed, own.next('welcome', 2_000).catch(() => 'closed' as const)])
    if (told !== 'closed') {
      own.say({ type: 'join', eventId: event, ...(receipt === undefined ? {} : { receipt }) })
      const answer = await Promise.race([closed, own.next('place', 5_000).catch(() => 'closed' as const)])
      const place = answer === 'closed' ? undefined : answer.place
      if (place?.state === 'waiting') {
        scores.add(place.score)
        receipt = place.receipt
      }
      const turn = async () => own.next('admitted', 30_000).catch(() => 'closed' as const)
      const end = place?.state === 'admitted' ? place : await Promise.race([closed, turn()])
      if (end !== 'closed') {
        await delay(300)
        // Not through the node, which may be killed before it hears it: the slot would stay for its ten minutes.
        await queue.leave(event, visitor)
        own.close()
        return { scores, turns: 1 }
      }
    }
    own.close()
    await delay(50)
  }
  return { scores, turns: 0 }
}

test('[Q136] three nodes killed and started again while they admit: cap and rate hold, nobody is let in twice, nobody is lost', async () => {
  const nodes = await Promise.all([startNode(), startNode(), startNode()])
  await queue.configure(event, { state: 'open', rate: RATE, burst: BURST, cap: CAP, factor: 9 }, 'test')
  const { act, bucket } = makeKeys(environment['KEY_PREFIX']!).queue(event)
  const samples: { at: number; admitted: number; active: number }[] = []
  const over = new AbortController()
  const sampling = (async () => {
    while (!over.signal.aborted) {
      const [time, admitted, active] = (await redis
        .multi()
        .time()
        .hget(bucket, 'admitted')
        .zcard(act)
        .exec())!
      const at = redisMs(time![1] as string[])
      samples.push({ at, admitted: Number(admitted![1] ?? 0), active: Number(active![1]) })
      await delay(20)
    }
  })()
  const killing = (async () => {
    for (const i of [0, 1, 2, 1]) {
      await delay(400 + Math.floor(systemChance.fraction() * 900))
      await nodes[i]!.child.kill()
      nodes[i] = await startNode()
    }
  })()
  const fans = await Promise.all(
    Array.from({ length: FANS }, (_, i) => fan(nodes, i, AbortSignal.timeout(30_000))),
  )
  await killing
  over.abort()
  await sampling

  expect(Math.max(...samples.map(({ active }) => active))).toBeLessThanOrEqual(CAP)
  // Above the rate by the burst at most, from any moment to any later one.
  let [least, above] = [Number.POSITIVE_INFINITY, 0]
  for (const { at, admitted } of samples) {
    const ahead = admitted - (RATE * at) / 1_000
    least = Math.min(least, ahead)
    above = Math.max(above, ahead - least)
  }
  expect(above).toBeLessThanOrEqual(BURST + 0.001)
  expect(fans.map(({ turns }) => turns)).toEqual(fans.map(() => 1))
  // One place each, whatever died: told with one score from the first to the last.
  for (const { scores } of fans) expect(scores.size).toBeLessThanOrEqual(1)
  const { rows } = await pool.query('select visitor_id, count(*)::int as n from queue_admissions group by 1')
  expect(rows).toHaveLength(FANS)
  expect(rows.every(({ n }) => n === 1)).toBe(true)
})

test('[Q260] a node killed between an admission’s script and its record: another lets its visitor in, once', async () => {
  const [dies, lives] = [await startNode(), await startNode()]
  await queue.configure(event, { state: 'off' }, 'test')
  await queue.configure(event, { state: 'open', rate: 10, burst: 10, cap: 1, factor: 9 }, 'test')
  const { act, since } = makeKeys(environment['KEY_PREFIX']!).queue(event)
  const visitor = systemChance.uuid() as VisitorId
  const token = sessions.issue(visitor)
  const blocking = await pool.connect()
  try {
    // No record is written until this ends.
    await blocking.query('begin; lock table queue_admissions in share mode')
    const first = new Fan(dies.port, token)
    await first.next('welcome')
    first.say({ type: 'join', eventId: event })
    const member = queue.member(event, visitor)
    await expect.poll(() => redis.zscore(since, member), { timeout: 10_000, interval: 5 }).not.toBeNull()
    await dies.child.kill()
    await first.closed
    expect(first.all('admitted')).toEqual([])
  } finally {
    await blocking.query('rollback')
    blocking.release()
  }
  const again = new Fan(lives.port, token)
  await again.next('welcome')
  again.say({ type: 'join', eventId: event })
  const { place } = await again.next('place', 5_000)
  if (place.state !== 'admitted') throw new Error(`expected a turn, got ${place.state}`)
  expect(await queue.gate(event, visitor, place.pass)).toEqual({ ok: true })
  expect(await redis.zcard(act)).toBe(1)
  const { rows } = await pool.query(
    'select ended_at from queue_admissions where event_id = $1 and visitor_id = $2',
    [event, visitor],
  )
  expect(rows).toEqual([{ ended_at: null }])
  again.close()
}, 60_000)
