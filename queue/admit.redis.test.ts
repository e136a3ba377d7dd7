import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { QueueNews } from './queue.ts'
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

/** Whom the news named, in its order. */
function calledBy(heard: QueueNews[]): string[] {
  return heard.flatMap(news => (news.kind === 'admitted' ? news.members : []))
}

const activeOf = (event: EventId) => rig.redis.zcard(rig.keys.queue(event).act)

/** Several nodes admit as fast as they can for a time. */
async function admitFor(
  ms: number,
  queues: RedisQueue[],
  event: EventId,
  look: () => Promise<void>,
): Promise<void> {
  const end = performance.now() + ms
  const node = async (queue: RedisQueue) => {
    while (performance.now() < end) {
      await queue.admit(event)
      await look()
    }
  }
  await Promise.all(queues.map(node))
}

/** The bucket as it is after quiet. */
async function fill(event: EventId, tokens: number): Promise<void> {
  await rig.redis.hset(rig.keys.queue(event).bucket, 'tokens', tokens)
}

test('[Q7] those who came first are let in first, and everybody hears whom and how far', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(30)]
  await queue.configure(event, { ...open, cap: 20 }, 'test')
  const heard = await rig.hear(event)
  const places = await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 20)
  await expect.poll(() => calledBy(heard).length).toBe(20)
  expect(calledBy(heard)).toEqual(
    visitors.slice(0, 20).map(visitor => queue.member(event, visitor).toString('hex')),
  )
  const frontiers = heard.flatMap(news => (news.kind === 'admitted' ? [news.frontier] : []))
  expect(frontiers.at(-1)).toBe(places[19]!.score)
  expect(frontiers).toEqual([...frontiers].sort((a, b) => a - b))
  queue.refresh(event)
  await until('a fresh tick', async () => (await queue.tick(event)).active === 20)
  expect(await queue.tick(event)).toMatchObject({ frontier: places[19]!.score, waiting: 10, state: 'open' })
  expect(waiting(await queue.status(event, visitors[20]!)).position).toBe(0)
})

test('[Q8] three nodes that admit at once never make the active exceed the cap', async () => {
  const [queues, event] = [['a', 'b', 'c'].map(node => rig.queue(node)), await rig.event()]
  await queues[0]!.configure(event, { state: 'open', rate: 1_000, cap: 37 }, 'test')
  await Promise.all(newVisitors(200).map(visitor => queues[1]!.join(event, visitor)))
  let most = 0
  await admitFor(1_500, queues, event, async () => {
    most = Math.max(most, await activeOf(event))
  })
  expect(most).toBe(37)
})

test('[Q9] three nodes that admit at once admit no more than rate x T + burst in any time T, and no fewer than the rate', async () => {
  const [queues, event] = [['a', 'b', 'c'].map(node => rig.queue(node)), await rig.event()]
  const [rate, burst] = [40, 25]
  await queues[0]!.configure(event, { state: 'open', rate, burst, cap: 10_000 }, 'test')
  await Promise.all(newVisitors(400).map(visitor => queues[1]!.join(event, visitor)))
  const began = await rig.redis.time()
  await admitFor(3_000, queues, event, () => delay(5))
  const ended = await rig.redis.time()
  // A slot's end is its admission plus the pass's life, so act holds every moment of admission.
  const slots = await rig.redis.zrange(rig.keys.queue(event).act, 0, '-1', 'WITHSCORES')
  const moments = slots.filter((_, i) => i % 2 === 1).map(Number)
  for (const [i, from] of moments.entries()) {
    for (let j = i; j < moments.length; j++) {
      expect(j - i + 1).toBeLessThanOrEqual((rate * (moments[j]! - from)) / 1_000 + burst)
    }
  }
  const seconds = Number(ended[0]) - Number(began[0]) + (Number(ended[1]) - Number(began[1])) / 1e6
  expect(moments.length).toBeGreaterThanOrEqual(rate * (seconds - 0.6))
  expect((await queues[0]!.tick(event)).rate).toBeGreaterThan(rate / 2)
}, 15_000)

test('[Q10] a rate below one admits: 2.5 a second is five in two seconds', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, { state: 'open', rate: 2.5, burst: 1.5, cap: 100 }, 'test')
  await Promise.all(newVisitors(20).map(visitor => queue.join(event, visitor)))
  await fill(event, 0)
  await admitFor(2_300, [queue], event, () => delay(20))
  expect(await activeOf(event)).toBeGreaterThanOrEqual(4)
  expect(await activeOf(event)).toBeLessThanOrEqual(6)
})

test('[Q11] no more are let in than factor x free seats, and those who hold seats do not count', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  const { meta, expiries } = rig.keys.seats(event)
  await rig.redis.hset(meta, 'free', 10)
  await queue.configure(event, { ...open, factor: 1.5 }, 'test')
  await Promise.all(newVisitors(60).map(visitor => queue.join(event, visitor)))
  await admitFor(800, [queue], event, () => delay(20))
  expect(await activeOf(event)).toBe(15)
  // Five of them take two seats each: nothing is left. Then four seats come back.
  await rig.redis.hset(meta, 'free', 0)
  await rig.redis.zadd(expiries, ...[1, 2, 3, 4, 5].flatMap(i => [9e15, `booking-${i}`]))
  await admitFor(600, [queue], event, () => delay(20))
  expect(await activeOf(event)).toBe(15)
  await rig.redis.hset(meta, 'free', 8)
  await admitFor(600, [queue], event, () => delay(20))
  expect(await activeOf(event)).toBe(17)
})

test('[Q12] a paused queue takes joins and admits nobody; opened again it goes on', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, open, 'test')
  await queue.configure(event, { state: 'paused' }, 'test')
  const { wait } = waiting(await queue.join(event, newVisitor()))
  expect(wait).toBeNull()
  await admitFor(600, [queue], event, () => delay(20))
  expect(await activeOf(event)).toBe(0)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await activeOf(event)) === 1)
})

test('[Q13] a lowered cap ejects nobody: it admits nobody until the active are fewer', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(12)]
  await queue.configure(event, { ...open, cap: 8 }, 'test')
  await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 8)
  await queue.configure(event, { cap: 5 }, 'test')
  await admitFor(600, [queue], event, () => delay(20))
  for (const visitor of visitors.slice(0, 8)) admitted(await queue.status(event, visitor))
  for (const visitor of visitors.slice(0, 4)) await queue.leave(event, visitor)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 5)
  admitted(await queue.status(event, visitors[8]!))
})

test('[Q14] a slot comes back at once when its visitor has bought or leaves', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { ...open, cap: 1 }, 'test')
  const heard = await rig.hear(event)
  await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[0]!)).state === 'admitted')
  await queue.end(event, visitors[0]!, 'purchased')
  expect(await activeOf(event)).toBe(0)
  expect(await queue.status(event, visitors[0]!)).toEqual({ state: 'none' })
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[1]!)).state === 'admitted')
  await queue.leave(event, visitors[1]!)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[2]!)).state === 'admitted')
  const ended = heard.flatMap(news => (news.kind === 'ended' ? [news.reason] : []))
  expect(ended).toEqual(['purchased', 'left'])
  const { rows } = await rig.pool.query(
    'select visitor_id, reason from queue_admissions where event_id = $1',
    [event],
  )
  expect(new Map(rows.map(row => [row.visitor_id, row.reason]))).toEqual(
    new Map<VisitorId | undefined, string | null>([
      [visitors[0], 'purchased'],
      [visitors[1], 'left'],
      [visitors[2], null],
    ]),
  )
})

test('[Q15] a slot whose time is over goes to the next, and who had it may come again, at the tail', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { ...open, cap: 1, passSeconds: 1 }, 'test')
  const heard = await rig.hear(event)
  const [first] = await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[0]!)).state === 'admitted')
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[1]!)).state === 'admitted')
  const members = [queue.member(event, visitors[0]!).toString('hex')]
  await expect.poll(() => heard).toContainEqual({ kind: 'ended', reason: 'expired', members })
  const again = waiting(await queue.join(event, visitors[0]!))
  expect(again.position).toBe(1)
  expect(again.score).toBeGreaterThan(first!.score)
})
