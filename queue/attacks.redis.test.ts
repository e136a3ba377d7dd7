/** What a crowd, a crash or a lost message may do to a line, each tried by name. Others stand beside what they attack. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import { clockedRedis, movableTime } from './clock-fixture.ts'
import { BEGIN, RECOVERY, RealLine, SETTINGS } from './line-fixture.ts'
import {
  admitted,
  drawAndAdopt,
  intercepted,
  joinInOrder,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  verbsNotCalled,
  waiting,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'

let server: OwnRedis
let rig: QueueRig
beforeAll(async () => {
  server = await ownRedis()
  rig = await queueRig(server.url)
})
afterAll(async () => {
  await rig.close()
  await server.stop()
})

const [a, b] = [{ node: 'a' }, { node: 'b' }]
const open = { state: 'open', rate: 100, cap: 100 } as const

/** Nodes of one event on a clock that the test moves. */
async function clocked(names: string[], ahead: number[] = []) {
  const time = movableTime(BEGIN)
  const { redis } = clockedRedis(rig.redis, time)
  const nodes = names.map((name, i) =>
    rig.queue(name, { redis, clock: time.clock(ahead[i]), recoveryMs: RECOVERY }),
  )
  return { time, nodes, event: await rig.event() }
}

async function round(node: RedisQueue, event: EventId, time: { now: number }, ms = 250): Promise<void> {
  time.now += ms
  await node.admit(event)
}

const recorded = async (event: EventId) =>
  (
    await rig.pool.query<{ visitor_id: VisitorId; score: number }>(
      'select visitor_id, score from queue_admissions where event_id = $1',
      [event],
    )
  ).rows

test('[Q125] FLUSHALL while hundreds join and are let in: the order of before comes back, newcomers behind, nobody twice', async () => {
  const { time, nodes, event } = await clocked(['a', 'b'])
  const [one, two] = nodes as [RedisQueue, RedisQueue]
  const crowd = newVisitors(300)
  await one.configure(event, { state: 'open', rate: 40, burst: 40, cap: 30, passSeconds: 600 }, 'test')
  const joined = await Promise.all(
    crowd.map(async (who, i) => ({ who, place: waiting(await [one, two][i % 2]!.join(event, who)) })),
  )
  joined.sort((x, y) => x.place.score - y.place.score)
  const visitors = joined.map(({ who }) => who)
  await round(one, event, time)
  await one.passes(event, visitors.slice(0, 10))
  const buyer = visitors[0]!
  await one.end(event, buyer, 'purchased')
  const [, ...inside] = visitors.slice(0, 10)

  const flush = rig.redis.flushall()
  const strangers = newVisitors(50)
  const back = joined
    .toSorted((x, y) => (x.who < y.who ? -1 : 1))
    .map(({ who, place }) => one.join(event, who, { receipt: place.receipt }))
  await Promise.all([flush, ...strangers.map(who => two.join(event, who)), ...back, round(two, event, time)])
  const standing = await Promise.all(visitors.map(who => two.status(event, who)))
  for (const who of inside) admitted(standing[visitors.indexOf(who)]!)
  const others = visitors.slice(10)
  const ranks = others.map(who => waiting(standing[visitors.indexOf(who)]!).position)
  expect(ranks).toEqual(others.map((_, i) => i))
  for (const who of [buyer, ...strangers])
    expect(waiting(await two.status(event, who)).position).toBeGreaterThanOrEqual(others.length)

  for (let turn = 0; turn < 20; turn++) await round(one, event, time)
  await one.passes(event, visitors)
  expect((await recorded(event)).length).toBe(31)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(30)
})

test('[Q126] whoever was called and not told, as the news was lost or its node died before or after the record, is let in by the next who asks, once', async () => {
  const { time, nodes, event } = await clocked(['a', 'b'])
  const [dying, other] = nodes as [RedisQueue, RedisQueue]
  const [visitors] = [newVisitors(2)]
  await other.configure(event, { ...open, claimSeconds: 15 }, 'test')
  const places = await joinInOrder(dying, event, visitors)
  await round(dying, event, time)
  // Nobody heard of it; the frontier in the next tick tells.
  await rig.redis.del(rig.keys.queue(event).sketch)
  other.refresh(event)
  expect((await other.tick(event)).frontier).toBe(places[1]!.score)
  // The record is written and its writer dies before it answers.
  const pool = intercepted(rig.pool, 'query', async (text: string, values: unknown[]) => {
    await rig.pool.query(text, values)
    if (text.includes('insert into queue_admissions'))
      throw Object.assign(new Error('gone'), { code: '57P01' })
  })
  const killed = rig.queue('k', { pool, redis: clockedRedis(rig.redis, time).redis, clock: time.clock() })
  // It reads its settings by the pool of before.
  await expect(killed.passes(event, [visitors[0]!])).rejects.toThrow()
  const [first] = await dying.passes(event, visitors)
  const passes = await other.passes(event, visitors)
  expect(passes.map(({ until }) => until)).toEqual([first!.until, first!.until])
  expect((await recorded(event)).map(({ score }) => score).sort()).toEqual(places.map(({ score }) => score))
})

test('[Q139] a receipt hoarded since long before a loss brings nothing back, one of somebody who was there does', async () => {
  const { time, nodes, event } = await clocked(['a'])
  const node = nodes[0]!
  await node.configure(event, { ...open, state: 'paused', graceSeconds: 60 }, 'test')
  const [hoarder, waits] = newVisitors(2)
  const [hoarded] = await joinInOrder(node, event, [hoarder!, waits!])
  await node.leave(event, hoarder!)
  // Eight minutes, in which nodes sweep and whoever waits hears now and then.
  for (let second = 0; second < 480; second += 4) {
    time.now += 4_000
    await node.sweep(event)
  }
  const fresh = waiting(await node.status(event, waits!))
  await rig.redis.flushall()
  node.refresh(event)
  const [replayed, honest] = [
    waiting(await node.join(event, hoarder!, { receipt: hoarded!.receipt })),
    waiting(await node.join(event, waits!, { receipt: fresh.receipt })),
  ]
  expect(replayed.score).toBeGreaterThan(fresh.score)
  expect([honest.score, honest.position]).toEqual([fresh.score, 0])
})

test('[Q127] a node that dies between a join and its answer costs nothing: the place is there, and no other', async () => {
  const line = await RealLine.make(rig, { ...SETTINGS, state: 'paused' })
  await line.join('x', a)
  // The script has run and nobody read its answer; the client tries the other node.
  await line.join('y', b)
  await line.sweep('b')
  await line.join('z', a)
  for (let second = 0; second < 4; second++) {
    line.pass(1_000)
    await line.sweep('a')
  }
  expect((await line.look()).away).toHaveProperty('y')
  expect(await line.join('y', a)).toEqual({ state: 'waiting', ahead: 1 })
  for (let second = 0; second < 12; second++) {
    line.pass(1_000)
    await line.sweep('a')
  }
  expect((await line.look()).line).toEqual(['x', 'y', 'z'])
  await line.close()
})

test('[Q128] a node cut off for longer than the grace: its visitors’ places are given up, and they come back at the tail', async () => {
  const line = await RealLine.make(rig, { ...SETTINGS, cap: 1, burst: 1, rate: 1 })
  for (const who of 'wx') await line.join(who, b)
  await line.sweep('b')
  for (const who of 'yz') await line.join(who, a)
  line.pass(250)
  expect(await line.admit()).toEqual(['w'])
  await line.claim('w')
  for (let second = 0; second < 14; second++) {
    line.pass(1_000)
    await line.sweep('a')
  }
  expect((await line.look()).line).toEqual(['y', 'z'])
  // Back again: what it thinks of its visitors harms nobody.
  await line.sweep('b')
  for (const who of 'wx') await line.back(who, 'b')
  expect((await line.look()).line).toEqual(['y', 'z'])
  expect(await line.join('x', b)).toEqual({ state: 'waiting', ahead: 2 })
  await line.close()
})

test('[Q129] 20,000 ghosts at the front are passed over in some calls without a token; back together they come by the rate, in order', async () => {
  const { time, nodes, event } = await clocked(['a'])
  const node = nodes[0]!
  await node.configure(event, { ...open, rate: 100, burst: 100, cap: 200, graceSeconds: 600 }, 'test')
  const q = rig.keys.queue(event)
  const ghosts = Array.from({ length: 20_000 }, (_, i) => {
    const member = Buffer.alloc(14)
    member.writeUInt32BE(i + 1)
    return member
  })
  for (let at = 0; at < ghosts.length; at += 1_000) {
    const some = ghosts.slice(at, at + 1_000)
    await rig.redis.zadd(q.line, ...some.flatMap((member, i) => [at + i, member]))
    await rig.redis.zadd(q.away, ...some.flatMap(member => [BEGIN + 600_000, member]))
  }
  const [visitor] = [newVisitor()]
  await node.join(event, visitor)
  let calls = 0
  while ((await rig.redis.zcard(q.act)) === 0) {
    await round(node, event, time)
    calls += 1
    expect(calls).toBeLessThanOrEqual(14)
  }
  admitted(await node.status(event, visitor))
  expect([await rig.redis.zcard(q.parked), await rig.redis.zcard(q.line)]).toEqual([20_000, 0])
  // As `arrive` does with all of them at once.
  await rig.redis.rename(q.parked, q.returned)
  await rig.redis.del(q.away)
  for (let turn = 0; turn < 3; turn++) await round(node, event, time)
  const called = await rig.redis.hkeysBuffer(q.called)
  expect(called.length).toBeLessThanOrEqual(100 + 75 + 1)
  expect(called.length).toBeGreaterThanOrEqual(100)
  const numbers = called.map(member => member.readUInt32BE()).filter(number => number < 30_000)
  numbers.sort((a, b) => a - b)
  expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
})

test('[Q130] node clocks five seconds off change no place, no turn and no rate', async () => {
  const { time, nodes, event } = await clocked(['early', 'right', 'late'], [-5_000, 0, 5_000])
  await nodes[0]!.configure(event, { state: 'open', rate: 2, burst: 2, cap: 10, passSeconds: 60 }, 'test')
  const visitors = newVisitors(12)
  for (const [i, who] of visitors.entries()) await nodes[i % 3]!.join(event, who)
  for (let turn = 0; turn < 16; turn++) for (const node of nodes) await round(node, event, time, 84)
  const inside = await Promise.all(
    nodes.map(async node =>
      (await node.passes(event, visitors)).map(({ visitorId, until }) => [visitorId, until]),
    ),
  )
  expect(inside[0]!.map(([who]) => who)).toEqual(visitors.slice(0, inside[0]!.length))
  expect(inside[0]!.length).toBeLessThanOrEqual(2 + Math.ceil((2 * 16 * 252) / 1_000))
  expect(inside[0]!.length).toBeGreaterThanOrEqual(8)
  expect(inside[1]).toEqual(inside[0])
  expect(inside[2]).toEqual(inside[0])
  for (const node of nodes) {
    const [first] = await node.passes(event, [visitors[0]!])
    expect(await node.gate(event, visitors[0], first!.pass)).toEqual({ ok: true })
  }
})

test('[Q131] the last 10 seats with 500 who hold others: no more than factor x 10 are let in for them', async () => {
  const { time, nodes, event } = await clocked(['a'])
  const node = nodes[0]!
  const { meta, expiries } = rig.keys.seats(event)
  await node.configure(event, { ...open, cap: 5_000, rate: 1_000, factor: 2, claimSeconds: 600 }, 'test')
  await Promise.all(newVisitors(600).map(who => node.join(event, who)))
  await rig.redis.hset(meta, 'free', 250)
  await round(node, event, time)
  await round(node, event, time)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(500)
  await rig.redis.zadd(expiries, ...Array.from({ length: 500 }, (_, i) => [9e15, `booking-${i}`]).flat())
  await rig.redis.hset(meta, 'free', 10)
  for (let turn = 0; turn < 4; turn++) await round(node, event, time)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(520)
})

test('[Q132] every verb runs where Redis has forgotten the scripts', async () => {
  const [queue, event, [first, second]] = [rig.queue('a'), await rig.event(), newVisitors(2)]
  const forget = () => rig.redis.script('FLUSH')
  const left = verbsNotCalled()
  const steps: (() => unknown)[] = [
    () => queue.configure(event, open, 'test'),
    () => queue.configure(event, { rate: 50 }, 'test'),
    () => queue.join(event, first!),
    () => queue.status(event, first!),
    () => queue.tick(event),
    () => queue.sweep(event),
    () => queue.reassert(event, []),
    () => queue.admit(event),
    () => queue.passes(event, [first!]),
    () => queue.leave(event, second!),
    async () => drawAndAdopt(queue, await rig.event(), rig.redis, rig.keys),
  ]
  for (const step of steps) {
    await forget()
    queue.refresh(event)
    await step()
  }
  await forget()
  queue.away(event, first!)
  await queue.close()
  expect(left()).toEqual([])
})

test('[Q133] one visitor twice in one batch, and in two batches under way at once, has one place', async () => {
  const [queue, other, event, visitor] = [rig.queue('a'), rig.queue('b'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, state: 'paused' }, 'test')
  const same = await Promise.all([queue, queue, other, other].map(node => node.join(event, visitor)))
  expect(new Set(same.map(place => waiting(place).score)).size).toBe(1)
  expect(await rig.redis.zcard(rig.keys.queue(event).line)).toBe(1)
})
