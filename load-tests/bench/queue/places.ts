/** A line of millions: what places cost in memory and time, and what letting in and looking at them costs. */
import { randomBytes } from 'node:crypto'
import type { RedisQueue } from '../../../queue/redis-queue.ts'
import { verbKeys, verbs } from '../../../queue/verbs.ts'
import { systemClock } from '../../../shared/clock.ts'
import type { EventId } from '../../../shared/ids.ts'
import type { Arg, Script } from '../../../shared/lua.ts'
import { type Ground, infoOf, redisCost } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'

const A_CALL = 1_000
const MEMBER_BYTES = 14
/** Batches in each of a stretch's two turns. */
const BATCHES = 50
const IN_FLIGHT = 4
const ROUNDS = 60
const NODE = 'bench'
const SHADOW = 'bench:shadow'

export interface Filled {
  queue: RedisQueue
  event: EventId
  generation: number
  targets: Target[]
}

/** Fills a line, turn by turn with a plain sorted set of the same size, so that what else the machine does falls on both. */
export async function fill(ground: Ground, places: number): Promise<Filled> {
  const { redis } = ground
  const queue = ground.queue(NODE)
  const event = await ground.event(queue, {
    state: 'open',
    rate: 100_000,
    cap: 1_000_000,
    graceSeconds: 3_600,
    // Nobody comes to claim a turn here: a round is to let in, and not to set aside those of a round before. That is told by itself.
    claimSeconds: 600,
  })
  const { generation } = await queue.settings(event)
  const call = caller(ground, event, generation)
  const before = await infoOf(redis, 'memory', 'used_memory')
  const cost = { join: 0, add: 0, joined: 0, bytes: 0, seconds: 0, tail: 0, tailJoined: 0 }
  let score = 0
  while (cost.joined < places) {
    const count = Math.min(BATCHES, Math.ceil((places - cost.joined) / A_CALL))
    const batches = Array.from({ length: count }, newMembers)
    const began = performance.now()
    const memory = await infoOf(redis, 'memory', 'used_memory')
    const join = await redisCost(redis, () =>
      inFlight(batches, members => call(verbs.join, ['socket', Buffer.concat(members)])),
    )
    cost.seconds += (performance.now() - began) / 1_000
    cost.bytes += (await infoOf(redis, 'memory', 'used_memory')) - memory
    cost.join += join
    cost.joined += count * A_CALL
    if (cost.joined > 0.9 * places) {
      cost.tail += join
      cost.tailJoined += count * A_CALL
    }
    cost.add += await redisCost(redis, () =>
      inFlight(batches, members =>
        redis.call('ZADD', SHADOW, ...members.flatMap((one): Arg[] => [++score, one])),
      ),
    )
    if (cost.joined % 1_000_000 === 0) console.log(`  ${cost.joined.toLocaleString('en-US')} places`)
  }
  await redis.unlink(SHADOW)
  // Redis frees it beside its work, and the line should not pay for that.
  while ((await infoOf(redis, 'memory', 'lazyfree_pending_objects')) > 0) await systemClock.sleep(100)
  const roster = await redis.strlen(ground.keys.queue(event).roster(NODE))
  const inLine = (cost.bytes - roster) / cost.joined
  console.log(
    `  joins: ${(cost.joined / cost.seconds).toFixed(0)}/s by the wall, and ${before} bytes before them`,
  )
  return {
    queue,
    event,
    generation,
    targets: [
      {
        name: 'a place in the line',
        bound: { most: 125 },
        measured: inLine,
        unit: 'B',
        note: 'used_memory less the roster',
      },
      {
        name: 'a place with presence',
        bound: { most: 145 },
        measured: cost.bytes / cost.joined,
        unit: 'B',
        note: 'used_memory',
      },
      {
        name: 'batched joins against ZADD of the same',
        bound: { least: 0.4 },
        measured: cost.add / cost.join,
        unit: '',
        note: `${us(cost.join, cost.joined)} against ${us(cost.add, cost.joined)} us of Redis's CPU each`,
      },
      {
        name: 'joins one Redis takes',
        bound: { least: 150_000 },
        measured: (1_000 * cost.joined) / cost.join,
        unit: '/s',
        note: `by its CPU, all the way; ${us(cost.tail, cost.tailJoined)} us each in the last tenth`,
      },
    ],
  }
}

/** What rounds of admission and looks at the line cost, with everyone here and with a third of the line away. */
export async function letIn(ground: Ground, { event, generation }: Filled): Promise<Target[]> {
  const { redis, keys } = ground
  const call = caller(ground, event, generation)
  const { act, bucket, sketch, tail, line } = keys.queue(event)
  const longest: Longest = {}
  const round = async () => {
    await redis.hset(bucket, 'at', '0', 'tokens', '500')
    await redis.unlink(sketch)
    const clock = await redis.time()
    await redis.hset(
      bucket,
      'at',
      String(Number(clock[0]) * 1_000 + Math.floor(Number(clock[1]) / 1_000) - 300),
    )
    const admitted = await timed(ground, async () => {
      const answer = (await call(verbs.admit, [500])) as [string, number, number]
      return answer[1]
    })
    const looked = await timed(ground, async () => {
      await call(verbs.sketch, [])
      return 0
    })
    longest.admit = Math.max(longest.admit ?? 0, admitted.ms)
    longest.sketch = Math.max(longest.sketch ?? 0, looked.ms)
    return { ms: admitted.ms + looked.ms, count: admitted.count }
  }
  await redis.config('SET', 'slowlog-log-slower-than', '1000')
  await redis.slowlog('RESET')
  const rounds = Math.min(ROUNDS, Math.floor((await redis.zcard(line)) / 4 / 500))
  // Redis moves a set into its larger table with the commands on it, a bucket each: right after growing every removal pays for that.
  const grown = await repeat(Math.min(rounds, 20), round)
  const again = await reload(ground, event, generation)
  const here = await repeat(rounds, round)
  const whole = await repeat(20, async () => {
    await redis.unlink(tail)
    return await timed(ground, async () => {
      await call(verbs.tail, [])
      return 0
    })
  })
  longest.tail = Math.max(...whole.map(one => one.ms))
  longest.away = await thirdAway(ground, event, generation)
  const away = await repeat(rounds, round)
  const joins = await repeat(20, () =>
    timed(ground, async () => {
      await call(verbs.join, ['socket', Buffer.concat(newMembers())])
      return A_CALL
    }),
  )
  longest.join = Math.max(...joins.map(one => one.ms))
  await redis.zunionstore(act, 1, act, 'WEIGHTS', 0)
  const missed = await repeat(Math.min(rounds, 20), round)
  const slow = (await redis.slowlog('GET', 128)) as [number, number, number, string[]][]
  const scripts = slow.filter(([, , , [name = '']]) => /^eval/i.test(name)).map(([, , took]) => took / 1_000)
  return [
    {
      name: '500 let in, as the line has just grown',
      measured: mean(grown.map(one => one.ms)),
      unit: 'ms',
      note: `with the front of the sketch; then everyone reloads the page once, ${again.toFixed(2)} us each`,
    },
    {
      name: '500 let in, and the front of the sketch',
      bound: { most: 4 },
      measured: mean(here.map(one => one.ms)),
      unit: 'ms',
      note: `mean of ${rounds}; ${mean(here.map(one => one.count)).toFixed(0)} let in each; ${spreadOf(here)}`,
    },
    {
      name: 'the rest of the sketch',
      bound: { most: 4 },
      measured: mean(whole.map(one => one.ms)),
      unit: 'ms',
      note: `at most every 5 s; ${spreadOf(whole)}`,
    },
    {
      name: '500 let in with a third of the line away',
      bound: { most: 8 },
      measured: mean(away.map(one => one.ms)),
      unit: 'ms',
      note: `${mean(away.map(one => one.count)).toFixed(0)} let in each; ${spreadOf(away)}`,
    },
    {
      name: 'the same, and 200 turns that nobody claimed set aside',
      measured: mean(missed.map(one => one.ms)),
      unit: 'ms',
      note: spreadOf(missed),
    },
    {
      name: 'the longest script',
      bound: { most: 15 },
      measured: Math.max(...Object.values(longest)),
      unit: 'ms',
      note: `by Redis's CPU, each alone: ${Object.entries(longest)
        .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
        .join(', ')}`,
    },
    {
      name: 'and with its waiting for a core',
      measured: Math.max(0, ...scripts),
      unit: 'ms',
      note: 'by the clock on the wall',
    },
  ]
}

/** Everyone in the line, ten calls' worth at a time. */
async function* everyone({ redis, keys }: Ground, event: EventId): AsyncGenerator<Buffer[]> {
  const { line } = keys.queue(event)
  const size = await redis.zcard(line)
  for (let at = 0; at < size; at += 10 * A_CALL)
    yield (await redis.callBuffer('ZRANGE', line, at, at + 10 * A_CALL - 1)) as Buffer[]
}

function callsOf(members: Buffer[]): Buffer[][] {
  return Array.from({ length: Math.ceil(members.length / A_CALL) }, (_, i) =>
    members.slice(i * A_CALL, (i + 1) * A_CALL),
  )
}

/** Everyone in the line asks for their place again, and has the one they had. Answers Redis's CPU for one, us. */
async function reload(ground: Ground, event: EventId, generation: number): Promise<number> {
  const call = caller(ground, event, generation)
  let [spent, asked] = [0, 0]
  for await (const members of everyone(ground, event)) {
    spent += await redisCost(ground.redis, () =>
      inFlight(callsOf(members), chunk => call(verbs.join, ['socket', Buffer.concat(chunk)])),
    )
    asked += members.length
  }
  return (1_000 * spent) / asked
}

/** The real way: a node's visitors have gone. The grace is an hour, so nobody is given up meanwhile. Answers the longest call, ms. */
async function thirdAway(ground: Ground, event: EventId, generation: number): Promise<number> {
  const call = caller(ground, event, generation)
  let longest = 0
  for await (const members of everyone(ground, event)) {
    const [alone = [], ...others] = callsOf(members.filter((_, i) => i % 3 === 0))
    const cost = await redisCost(ground.redis, () => call(verbs.presence, ['away', ...alone]))
    longest = Math.max(longest, cost)
    await Promise.all(others.map(chunk => call(verbs.presence, ['away', ...chunk])))
  }
  return longest
}

interface Round {
  /** Redis's CPU. */
  ms: number
  count: number
}

/** Of each script the most of Redis's CPU that a call took, ms. */
type Longest = Partial<Record<'admit' | 'sketch' | 'tail' | 'away' | 'join', number>>

async function timed({ redis }: Ground, work: () => Promise<number>): Promise<Round> {
  let count = 0
  const ms = await redisCost(redis, async () => {
    count = await work()
  })
  return { ms, count }
}

function newMembers(): Buffer[] {
  const bytes = randomBytes(A_CALL * MEMBER_BYTES)
  return Array.from({ length: A_CALL }, (_, i) => bytes.subarray(i * MEMBER_BYTES, (i + 1) * MEMBER_BYTES))
}

function caller(ground: Ground, event: EventId, generation: number) {
  const keys = verbKeys(ground.keys, event, NODE)
  return (verb: Script, args: Arg[]) => verb.run(ground.redis, keys, [generation, ...args])
}

async function inFlight<T>(all: T[], run: (one: T) => Promise<unknown>): Promise<void> {
  const next = all.values()
  const one = async () => {
    for (const each of next) await run(each)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, one))
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = []
  for (let i = 0; i < times; i++) done.push(await work())
  return done
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function spreadOf(rounds: Round[]): string {
  const sorted = rounds.map(({ ms }) => ms).sort((a, b) => a - b)
  return `median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(2)}, most ${sorted.at(-1)?.toFixed(1)}`
}

function us(ms: number, count: number): string {
  return ((1_000 * ms) / count).toFixed(2)
}
