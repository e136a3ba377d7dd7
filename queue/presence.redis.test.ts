import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventId, VisitorId } from '../shared/ids.ts'
import { redisMs } from '../shared/redis.ts'
import {
  admitted,
  admitUntil,
  joinInOrder,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  waiting,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 100, cap: 100 } as const
const paused = { state: 'paused', rate: 10, cap: 100, graceSeconds: 1 } as const

const isAway = (queue: RedisQueue, event: EventId, visitor: VisitorId) =>
  rig.redis.zscore(rig.keys.queue(event).away, queue.member(event, visitor)).then(score => score !== null)

test('[Q22] who is away when called is passed over without a token, and called next on coming back', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(4)]
  await queue.configure(event, { ...open, state: 'paused', cap: 2 }, 'test')
  const [first] = await joinInOrder(queue, event, visitors)
  queue.away(event, visitors[0]!)
  await until('away', () => isAway(queue, event, visitors[0]!))
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === 2)
  admitted(await queue.status(event, visitors[1]!))
  admitted(await queue.status(event, visitors[2]!))
  const back = waiting(await queue.join(event, visitors[0]!))
  expect([back.position, back.score]).toEqual([0, first!.score])
  // The one behind keeps the number it was shown, and still the one who came back goes first.
  expect(waiting(await queue.status(event, visitors[3]!)).position).toBe(0)
  await queue.leave(event, visitors[1]!)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[0]!)).state === 'admitted')
  waiting(await queue.status(event, visitors[3]!))
})

test('[Q23] 5,000 closed tabs at the front are cleared in some calls, at no cost to those behind', async () => {
  const [queue, event, present] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { ...open, state: 'paused' }, 'test')
  const ghosts = newVisitors(5_000)
  await Promise.all(ghosts.map(ghost => queue.join(event, ghost)))
  await joinInOrder(queue, event, present)
  for (const ghost of ghosts) queue.away(event, ghost)
  await until('all away', async () => (await rig.redis.zcard(rig.keys.queue(event).away)) === 5_000)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await queue.passes(event, present)).length === 3)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(3)
  expect(await rig.redis.zcard(rig.keys.queue(event).parked)).toBe(5_000)
}, 30_000)

test('[Q24] a place without a socket is kept for the grace, then given up, and reconnecting within it costs nothing', async () => {
  const [queue, event, gone, early] = [rig.queue('a'), await rig.event(), newVisitor(), newVisitor()]
  await queue.configure(event, paused, 'test')
  const [, place] = await joinInOrder(queue, event, [gone, early])
  queue.away(event, gone)
  queue.away(event, early)
  await until('away', () => isAway(queue, event, early))
  queue.back(event, early)
  await until('back', async () => !(await isAway(queue, event, early)))
  await until('given up', async () => {
    await queue.sweep(event)
    return (await queue.status(event, gone)).state === 'none'
  })
  expect(waiting(await queue.status(event, early))).toMatchObject({ position: 0, score: place!.score })
  expect(await rig.redis.zcard(rig.keys.queue(event).asked)).toBe(0)
})

test('[Q25] a visitor with a socket on another node answers when asked, and keeps the place', async () => {
  const [one, two, event, visitor] = [rig.queue('a'), rig.queue('b'), await rig.event(), newVisitor()]
  await one.configure(event, paused, 'test')
  await joinInOrder(one, event, [visitor])
  await two.join(event, visitor)
  const heard = await rig.hear(event)
  one.away(event, visitor)
  await until('the nodes are asked', async () => {
    await one.sweep(event)
    return heard.some(news => news.kind === 'asked')
  })
  // At once, and by the sweep where the grace is about to end.
  const asked = { kind: 'asked', members: [one.member(event, visitor).toString('hex')] }
  for (const news of heard) expect(news).toEqual(asked)
  two.back(event, visitor)
  await until('answered', async () => (await rig.redis.zcard(rig.keys.queue(event).asked)) === 0)
  await rig.redis.hdel(rig.keys.queue(event).bucket, 'swept')
  await one.sweep(event)
  waiting(await one.status(event, visitor))
})

test('[Q237] in a line that is opened again dead nodes are buried at once, whatever the clock did in the one before', async () => {
  const [dies, lives, event] = [rig.queue('dies'), rig.queue('lives'), await rig.event()]
  const { bucket, nodes } = rig.keys.queue(event)
  await dies.configure(event, paused, 'test')
  await dies.sweep(event)
  await dies.configure(event, { state: 'off' }, 'test')
  // As if it had been swept ten minutes ago.
  const then = redisMs(await rig.redis.time()) - 600_000
  await rig.redis.hset(bucket, 'swept', then, 'moveBy', 3_600_000, 'moveFrom', '+inf', 'moveAt', then)
  await dies.configure(event, { ...paused, graceSeconds: 60 }, 'test')
  const visitor = newVisitor()
  await dies.join(event, visitor)
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.sweep(event)
  expect(await isAway(lives, event, visitor)).toBe(true)
  expect(await rig.redis.hexists(bucket, 'moveBy')).toBe(0)
})

test("[Q26] a dead node's visitors have a grace to come back, and those who do not are given up", async () => {
  const [dies, lives, event, visitors] = [
    rig.queue('dies'),
    rig.queue('lives'),
    await rig.event(),
    newVisitors(2_500),
  ]
  await dies.configure(event, paused, 'test')
  await dies.sweep(event)
  await Promise.all(visitors.map(visitor => dies.join(event, visitor)))
  const { nodes, away, line, roster } = rig.keys.queue(event)
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.sweep(event)
  expect(await rig.redis.zrange(nodes, 0, '-1')).toEqual(['lives'])
  expect(await rig.redis.zcard(away)).toBe(2_500)
  expect(await rig.redis.exists(roster('dies'))).toBe(0)
  await lives.join(event, visitors[7]!)
  await until('given up', async () => {
    await lives.sweep(event)
    return (await rig.redis.zcard(line)) === 1
  })
  expect(waiting(await lives.status(event, visitors[7]!)).position).toBe(0)
}, 20_000)

test('[Q27] a visitor who polls keeps the place as long as the polls come, and loses it a grace after the last', async () => {
  const [web, node, event] = [rig.queue('web', { door: 'poll' }), rig.queue('a'), await rig.event()]
  const [polls, silent] = newVisitors(2) as [VisitorId, VisitorId]
  await web.configure(event, paused, 'test')
  await joinInOrder(web, event, [polls, silent])
  await until('given up', async () => {
    await node.sweep(event)
    await web.status(event, polls)
    return (await rig.redis.zscore(rig.keys.queue(event).line, node.member(event, silent))) === null
  })
  expect(waiting(await web.status(event, polls)).position).toBe(0)
  // Who has a socket besides needs no polls.
  await node.join(event, polls)
  await web.status(event, polls)
  expect(await rig.redis.zcard(rig.keys.queue(event).polls)).toBe(0)
})

test('[Q190] 10,000 visitors who vanish at once are given up within two beats of their grace', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(10_000)]
  await queue.configure(event, paused, 'test')
  await Promise.all(visitors.map(visitor => queue.join(event, visitor)))
  for (const visitor of visitors) queue.away(event, visitor)
  const { away, asked, line } = rig.keys.queue(event)
  await until('all away', async () => (await rig.redis.zcard(away)) === 10_000)
  await queue.sweep(event)
  expect([await rig.redis.zcard(away), await rig.redis.zcard(asked)]).toEqual([0, 10_000])
  const [last] = (await rig.redis.zrange(asked, '-1', '-1', 'WITHSCORES')).slice(1).map(Number)
  await until('the last grace is over', async () => redisMs(await rig.redis.time()) > last!)
  await queue.sweep(event)
  expect(await rig.redis.zcard(line)).toBe(0)
}, 30_000)

test('[Q209] while a dead node’s visitors are asked for doors wait a second: who has come back through another node is not overtaken', async () => {
  const [dies, lives, event] = [rig.queue('dies'), rig.queue('lives'), await rig.event()]
  const [visitors, newcomers] = [newVisitors(30), newVisitors(2)]
  await dies.configure(event, { ...open, state: 'paused', cap: 3 }, 'test')
  await joinInOrder(dies, event, visitors)
  await dies.sweep(event)
  // All have come back, as one does in a second, and others came anew.
  await joinInOrder(lives, event, [...visitors, ...newcomers])
  const { nodes, act } = rig.keys.queue(event)
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.configure(event, { state: 'open' }, 'test')
  await lives.sweep(event)
  for (let round = 0; round < 3; round++) {
    await lives.admit(event)
    await delay(260)
  }
  expect(await rig.redis.zcard(act)).toBe(0)
  for (const visitor of visitors) lives.back(event, visitor)
  await admitUntil(lives, event, async () => (await rig.redis.zcard(act)) === 3)
  expect((await lives.passes(event, [...visitors, ...newcomers])).map(({ visitorId }) => visitorId)).toEqual(
    visitors.slice(0, 3),
  )
})

test('[Q251] a node’s death shows no recovery: doors wait for its visitors, and the state stays what it is', async () => {
  const [dies, lives, event] = [rig.queue('dies'), rig.queue('lives'), await rig.event()]
  await dies.configure(event, { ...open, state: 'open', rate: 0.01, burst: 1, cap: 3 }, 'test')
  await joinInOrder(dies, event, newVisitors(30))
  await dies.sweep(event)
  const { nodes, cfg, bucket, act, away } = rig.keys.queue(event)
  await rig.redis.hset(bucket, 'tokens', 1)
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.sweep(event)
  expect(await rig.redis.zcard(away)).toBe(30)
  await lives.admit(event)
  expect(await rig.redis.zcard(act)).toBe(0)
  lives.refresh(event)
  await rig.redis.del(rig.keys.queue(event).sketch)
  expect((await lives.tick(event)).state).toBe('open')
  expect(await lives.info(event)).toMatchObject({ state: 'open' })
  // A loss of Redis shows it.
  await rig.redis.del(cfg)
  await lives.sweep(event)
  lives.refresh(event)
  expect((await lives.tick(event)).state).toBe('recovering')
})
