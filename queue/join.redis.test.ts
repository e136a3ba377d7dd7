import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinInOrder, newVisitor, newVisitors, type QueueRig, queueRig, waiting } from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const paused = { state: 'paused', rate: 10, cap: 100 } as const

test('[Q1] a queue that nobody ever set is off: it gives no places and lets everybody in', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  expect((await queue.settings(event)).state).toBe('off')
  expect(await queue.info(event)).toEqual({ state: 'off', waiting: 0, active: 0 })
  expect(await queue.join(event, visitor)).toEqual({ state: 'none' })
  expect(await queue.status(event, visitor)).toEqual({ state: 'none' })
  expect(await queue.gate(event, undefined, undefined)).toEqual({ ok: true })
  expect((await queue.tick(event)).state).toBe('off')
})

test('[Q2] one visitor has one place, joining 50 times at once from two nodes, and again after', async () => {
  const [one, two, event, visitor] = [rig.queue('a'), rig.queue('b'), await rig.event(), newVisitor()]
  await one.configure(event, paused, 'test')
  await joinInOrder(one, event, newVisitors(3))
  const joins = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? one : two).join(event, visitor))
  const scores = new Set((await Promise.all(joins)).map(place => waiting(place).score))
  expect(scores.size).toBe(1)
  const again = waiting(await two.join(event, visitor))
  expect(scores.has(again.score)).toBe(true)
  expect(again.position).toBe(3)
  expect(await rig.redis.zcard(rig.keys.queue(event).line)).toBe(4)
})

test('[Q3] places stand in the order of arrival, and nothing changes it', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(300)]
  await queue.configure(event, paused, 'test')
  const first = await joinInOrder(queue, event, visitors.slice(0, 20))
  const rest = await Promise.all(visitors.slice(20).map(visitor => queue.join(event, visitor)))
  const scores = [...first, ...rest.map(waiting)].map(place => place.score)
  expect(new Set(scores).size).toBe(300)
  expect(scores).toEqual([...scores].sort((a, b) => a - b))
  await Promise.all(visitors.toReversed().map(visitor => queue.join(event, visitor)))
  const later = await Promise.all(
    visitors.map(async visitor => waiting(await queue.status(event, visitor)).position),
  )
  expect(later).toEqual(visitors.map((_, i) => i))
})

test('[Q4] a score is the microsecond of the arrival by the clock of Redis, with every digit', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, paused, 'test')
  const us = async () => {
    const [seconds, rest] = await rig.redis.time()
    return Number(seconds) * 1_000_000 + Number(rest)
  }
  const before = await us()
  const { score } = waiting(await queue.join(event, newVisitor()))
  expect(score).toBeGreaterThanOrEqual(before)
  expect(score).toBeLessThanOrEqual(await us())
  expect(Number(await rig.redis.get(rig.keys.queue(event).last))).toBe(score)
  // A clock that goes back orders nobody ahead: the next score is the last one's successor, to the digit.
  await rig.redis.set(rig.keys.queue(event).last, '1799999999999999')
  expect(waiting(await queue.join(event, newVisitor())).score).toBe(1_800_000_000_000_000)
  expect(waiting(await queue.join(event, newVisitor())).score).toBe(1_800_000_000_000_001)
})

test('[Q5] who leaves gives up the place at once, others move up, and a new join is at the tail', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, paused, 'test')
  const heard = await rig.hear(event)
  const [, second] = await joinInOrder(queue, event, visitors)
  await queue.leave(event, visitors[0]!)
  await queue.leave(event, visitors[0]!)
  expect(await queue.status(event, visitors[0]!)).toEqual({ state: 'none' })
  const moved = waiting(await queue.status(event, visitors[1]!))
  expect([moved.position, moved.score]).toEqual([0, second!.score])
  expect(waiting(await queue.join(event, visitors[0]!)).position).toBe(2)
  const members = [queue.member(event, visitors[0]!).toString('hex')]
  await expect.poll(() => heard).toEqual([{ kind: 'ended', reason: 'left', members }])
})

test('[Q6] a member is 14 bytes that differ by event and visitor and tell nobody whose they are', async () => {
  const [queue, visitor] = [rig.queue('a'), newVisitor()]
  const [event, other] = [await rig.event(), await rig.event()]
  const member = queue.member(event, visitor)
  expect(member).toHaveLength(14)
  expect(rig.queue('b').member(event, visitor)).toEqual(member)
  expect(queue.member(other, visitor)).not.toEqual(member)
  expect(queue.member(event, newVisitor())).not.toEqual(member)
  const elsewhere = {
    keys: { session: Buffer.alloc(32), receipt: Buffer.alloc(32), place: Buffer.alloc(32) },
    NODE_NAME: 'c',
    STRIPE_RPS: 20,
  }
  expect(rig.queue('c', { config: elsewhere }).member(event, visitor)).not.toEqual(member)
})
