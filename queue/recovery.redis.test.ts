import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { systemClock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import { ready } from '../shared/redis.ts'
import {
  admitted,
  admitUntil,
  intercepted,
  joinInOrder,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  secrets,
  waiting,
} from './queue-fixture.ts'
import { Receipts } from './receipt.ts'

let redis: OwnRedis
let rig: QueueRig
beforeAll(async () => {
  redis = await ownRedis()
  rig = await queueRig(redis.url)
})
afterAll(async () => {
  await rig.close()
  await redis.stop()
})

const open = { state: 'open', rate: 100, cap: 100 } as const
const recoveryMs = 1_500

/** A Postgres that loses the connection at the commit of whatever said that a generation has begun. */
function failingCommits(failing: () => boolean): Pool {
  return intercepted(rig.pool, 'connect', async () => {
    const client = await rig.pool.connect()
    let begins = false
    return intercepted(client, 'query', async (text: string, values?: unknown[]) => {
      begins ||= text.includes('begun = true')
      if (!failing() || !begins || !/^commit/i.test(text)) return await client.query(text, values)
      await client.query('rollback')
      throw Object.assign(new Error('gone'), { code: '57P01' })
    })
  })
}

const generationOf = async (event: EventId) =>
  (await rig.pool.query('select generation from queue_settings where event_id = $1', [event])).rows[0]
    .generation

test('[Q28] after the loss of Redis receipts restore the order, newcomers stay behind, and the doors wait for both', async () => {
  const [one, two] = [rig.queue('a', { recoveryMs }), rig.queue('b', { recoveryMs })]
  const [event, visitors, newcomer] = [await rig.event(), newVisitors(30), newVisitor()]
  await one.configure(event, { ...open, state: 'paused', cap: 10 }, 'test')
  await one.sweep(event)
  const places = await joinInOrder(one, event, visitors)
  await one.configure(event, { state: 'open' }, 'test')
  await rig.redis.flushall()

  const late = waiting(await two.join(event, newcomer))
  expect(late.generation).toBe(places[0]!.generation + 1)
  expect((await two.tick(event)).state).toBe('recovering')
  await one.admit(event)
  // They come back in any order, from both nodes, and some twice.
  const back = visitors
    .map((visitor, i) => ({ visitor, receipt: places[i]!.receipt }))
    .toSorted((a, b) => (a.visitor < b.visitor ? -1 : 1))
  await Promise.all(
    [...back, ...back.slice(0, 9)].map(({ visitor, receipt }, i) =>
      (i % 2 ? one : two).join(event, visitor, { receipt }),
    ),
  )
  for (const [i, visitor] of visitors.entries()) {
    const place = waiting(await two.status(event, visitor))
    expect([place.position, place.score]).toEqual([i, places[i]!.score])
  }
  expect(waiting(await one.status(event, newcomer)).position).toBe(30)
  expect(late.score).toBeGreaterThan(places.at(-1)!.score)

  await admitUntil(one, event, async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === 10)
  expect(new Set((await one.passes(event, visitors)).map(admission => admission.visitorId))).toEqual(
    new Set(visitors.slice(0, 10)),
  )
}, 20_000)

test('[Q29] after the loss of Redis slots come back from Postgres, and nobody is admitted twice from one place', async () => {
  const queue = rig.queue('a', { recoveryMs: 50 })
  const [event, visitors] = [await rig.event(), newVisitors(6)]
  await queue.configure(event, { ...open, state: 'paused', cap: 4 }, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await queue.passes(event, visitors)).length === 4)
  const { pass } = admitted(await queue.status(event, visitors[0]!))
  await queue.end(event, visitors[3]!, 'purchased')
  await rig.redis.flushall()

  // The buyer's receipt is spent; the active find their slots; their passes hold.
  const buyer = waiting(await queue.join(event, visitors[3]!, { receipt: places[3]!.receipt }))
  expect(buyer.score).toBeGreaterThan(places[5]!.score)
  for (const i of [0, 1, 2]) admitted(await queue.join(event, visitors[i]!, { receipt: places[i]!.receipt }))
  expect(await queue.gate(event, visitors[0]!, pass)).toEqual({ ok: true })
  expect(await queue.gate(event, visitors[3]!, pass)).toEqual({ ok: false, code: 'pass_foreign' })
  for (const i of [4, 5])
    expect(waiting(await queue.join(event, visitors[i]!, { receipt: places[i]!.receipt })).score).toBe(
      places[i]!.score,
    )
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[4]!)).state === 'admitted')
  // Cap 4: three of before and the next in line.
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(4)
  const { rows } = await rig.pool.query(
    'select 1 from queue_admissions where event_id = $1 and visitor_id = $2',
    [event, visitors[3]],
  )
  expect(rows).toHaveLength(1)
})

test('[Q30] many processes that find Redis empty begin one new generation', async () => {
  const queues = ['a', 'b', 'c', 'd'].map(node => rig.queue(node, { recoveryMs: 50 }))
  const event = await rig.event()
  await queues[0]!.configure(event, open, 'test')
  const before = await generationOf(event)
  await rig.redis.flushall()
  await Promise.all([
    ...queues.map(queue => queue.join(event, newVisitor())),
    ...queues.map(queue => queue.admit(event)),
    ...queues.map(queue => queue.sweep(event)),
    ...queues.map(queue => queue.tick(event)),
  ])
  expect(await generationOf(event)).toBe(before + 1)
  expect(await queues[0]!.events()).toContain(event)
})

test('[Q31] newcomers after a loss stay behind everybody of before, also where the clock of Redis went back', async () => {
  const queue = rig.queue('a', { recoveryMs: 50 })
  const event = await rig.event()
  await queue.configure(event, open, 'test')
  const [seconds] = await rig.redis.time()
  // As if its clock had been an hour ahead when the last one came.
  await rig.redis.set(rig.keys.queue(event).last, String((Number(seconds) + 3_600) * 1e6))
  const before = waiting(await queue.join(event, newVisitor()))
  await queue.sweep(event)
  await rig.redis.flushall()
  expect(waiting(await queue.join(event, newVisitor())).score).toBeGreaterThan(before.score)
})

test('[Q55] where the word that a line has begun was lost, a sweep says it, and a loss after that is a loss', async () => {
  const [event, queue] = [await rig.event(), rig.queue('b', { recoveryMs })]
  // A line of before, whose floor this process has raised just now.
  await queue.configure(event, open, 'test')
  await queue.sweep(event)
  await queue.configure(event, { state: 'off' }, 'test')
  let failing = true
  const pool = failingCommits(() => failing)
  const first = rig.queue('a', { recoveryMs, pool })
  await expect(first.configure(event, { ...open, state: 'paused', cap: 1 }, 'test')).rejects.toMatchObject({
    code: 'queue_unavailable',
  })
  failing = false
  const { rows } = await rig.pool.query('select begun from queue_settings where event_id = $1', [event])
  expect(rows[0].begun).toBe(false)

  queue.refresh(event)
  const visitors = newVisitors(3)
  const places = await joinInOrder(queue, event, visitors)
  // The floor is high already, as a clock that went back leaves it.
  const floor = places[0]!.score + 3_600e6
  await rig.pool.query('update queue_settings set score_floor = $2 where event_id = $1', [event, floor])
  await queue.sweep(event)
  await rig.redis.flushall()
  const newcomer = waiting(await queue.join(event, newVisitor()))
  expect(newcomer.generation).toBe(places[0]!.generation + 1)
  expect(newcomer.score).toBeGreaterThanOrEqual(floor)
  for (const [i, visitor] of visitors.entries())
    expect(waiting(await queue.join(event, visitor, { receipt: places[i]!.receipt }))).toMatchObject({
      position: i,
      score: places[i]!.score,
    })
})

test('[Q32] a receipt restores nothing within its own generation, for another visitor or event, or where it was tampered with', async () => {
  const queue = rig.queue('a', { recoveryMs: 5_000 })
  const [event, other] = [await rig.event(), await rig.event()]
  await queue.configure(event, open, 'test')
  await queue.configure(other, open, 'test')
  const [leaver, thief] = [newVisitor(), newVisitor()]
  const own = waiting(await queue.join(event, leaver))
  await queue.leave(event, leaver)
  const again = waiting(await queue.join(event, leaver, { receipt: own.receipt }))
  expect(again.score).toBeGreaterThan(own.score)
  await rig.redis.flushall()
  const stolen = waiting(await queue.join(event, thief, { receipt: again.receipt }))
  expect(stolen.score).toBeGreaterThan(again.score)
  expect(waiting(await queue.join(other, leaver, { receipt: again.receipt })).score).toBeGreaterThan(
    again.score,
  )
  const claims = {
    eventId: event,
    visitorId: thief,
    score: 1,
    generation: 1,
    phase: 'line',
    seen: 0,
  } as const
  const forged = new Receipts(Buffer.alloc(32)).issue(claims)
  await queue.leave(event, thief)
  expect(waiting(await queue.join(event, thief, { receipt: forged })).score).toBeGreaterThan(again.score)
  expect(waiting(await queue.join(event, leaver, { receipt: again.receipt })).score).toBe(again.score)
  expect(new Receipts(secrets.receipt).check(`${again.receipt}x`, event, leaver)).toBeUndefined()
  expect(new Receipts(secrets.receipt).check('x'.repeat(100_000), event, leaver)).toBeUndefined()
})

test('[Q33] whoever brings a receipt when the doors have passed its place is called next, and pushes nobody back', async () => {
  const queue = rig.queue('a', { recoveryMs: 50 })
  const [event, late, others] = [await rig.event(), newVisitor(), newVisitors(4)]
  await queue.configure(event, { ...open, state: 'paused', cap: 2 }, 'test')
  const [own] = await joinInOrder(queue, event, [late])
  const places = await joinInOrder(queue, event, others)
  await rig.redis.flushall()
  await Promise.all(others.map((visitor, i) => queue.join(event, visitor, { receipt: places[i]!.receipt })))
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === 2)
  expect(waiting(await queue.join(event, late, { receipt: own!.receipt })).position).toBe(0)
  expect(waiting(await queue.status(event, others[3]!)).position).toBe(1)
  await queue.leave(event, others[0]!)
  await admitUntil(queue, event, async () => (await queue.status(event, late)).state === 'admitted')
})

test('[Q34] what was spent before a loss is not given again: the bucket begins empty', async () => {
  const queue = rig.queue('a', { recoveryMs: 10 })
  const event = await rig.event()
  await queue.configure(event, { state: 'open', rate: 2, burst: 50, cap: 1_000 }, 'test')
  await rig.redis.flushall()
  await Promise.all(newVisitors(60).map(visitor => queue.join(event, visitor)))
  await delay(300)
  await queue.admit(event)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBeLessThanOrEqual(3)
})

test('[Q35] while Redis is away every call says queue_unavailable, with a time to try again, and none guesses', async () => {
  const queue = rig.queue('a', { recoveryMs: 50 })
  const [event, visitor] = [await rig.event(), newVisitor()]
  await queue.configure(event, open, 'test')
  await queue.join(event, visitor)
  await redis.kill()
  const away = { code: 'queue_unavailable', status: 503, extra: { retryAfter: 2 } }
  await expect(queue.join(event, visitor)).rejects.toMatchObject(away)
  await expect(queue.status(event, visitor)).rejects.toMatchObject(away)
  // Not the beat of before.
  queue.refresh(event)
  await expect(queue.tick(event)).rejects.toMatchObject(away)
  await expect(queue.admit(event)).rejects.toMatchObject(away)
  await expect(queue.passes(event, [visitor])).rejects.toMatchObject(away)
  await redis.restart()
  await ready(rig.redis, 10_000)
  waiting(await queue.join(event, visitor))
})

test('[Q179] who was called back and is re-asserted by a node has one place, not two', async () => {
  const [queue, event, visitor] = [rig.queue('a', { recoveryMs: 50 }), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, state: 'paused' }, 'test')
  const { score } = waiting(await queue.join(event, visitor))
  const { cfg, line, returned } = rig.keys.queue(event)
  const member = queue.member(event, visitor)
  await rig.redis.zrem(line, member)
  await rig.redis.zadd(returned, score, member)
  await rig.redis.hset(cfg, 'restoreUntil', systemClock.now() + 60_000)
  await queue.reassert(event, [{ visitorId: visitor, score }])
  expect(await rig.redis.zscore(line, member)).toBeNull()
  expect(await rig.redis.zscore(returned, member)).not.toBeNull()
})

test('[Q191] admissions of before a loss are read in pages, however many there are, and the latest of each visitor counts', async () => {
  const event = await rig.event()
  const rows: number[] = []
  const counted = intercepted(rig.pool, 'connect', async () => {
    const client = await rig.pool.connect()
    return intercepted(client, 'query', async (text: string, values?: unknown[]) => {
      const answer = await client.query(text, values)
      rows.push(answer.rows.length)
      return answer
    })
  })
  const queue = rig.queue('a', { recoveryMs, pool: counted })
  await queue.configure(event, { ...open, cap: 20_000 }, 'test')
  // A buyer in every two, and some who were in twice.
  await rig.pool.query(
    `insert into queue_admissions (event_id, visitor_id, member, generation, score, admitted_at, until, ended_at, reason)
     select $1, lpad(to_hex(n), 32, '0')::uuid, decode(lpad(to_hex(n), 28, '0'), 'hex'), 1, 1000 * turn + n, now(),
       now() + interval '1 hour', case when n % 2 = 0 or turn = 1 then now() end,
       case when n % 2 = 0 or turn = 1 then 'purchased' end
     from generate_series(1, 11000) n, generate_series(1, 2) turn where turn = 2 or n <= 1500`,
    [event],
  )
  await rig.redis.flushall()
  await queue.tick(event)
  const { spent, act, called, since } = rig.keys.queue(event)
  expect(await rig.redis.zcard(spent)).toBe(11_000)
  expect(await rig.redis.zscore(spent, Buffer.from('7'.padStart(28, '0'), 'hex'))).toBe('2007')
  expect(await Promise.all([rig.redis.zcard(act), rig.redis.hlen(called), rig.redis.zcard(since)])).toEqual([
    5_500, 5_500, 5_500,
  ])
  expect(rows.some(count => count > 1_000)).toBe(true)
  expect(Math.max(...rows)).toBeLessThanOrEqual(5_000)
})
