import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import { clockedRedis, movableTime } from './clock-fixture.ts'
import type { QueueChange } from './queue.ts'
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

const scheduled = { state: 'scheduled', rate: 100, cap: 100 } as const
const inMs = (ms: number) => systemClock.now() + ms

const refusalOf = (joining: Promise<unknown>) =>
  joining.then(
    () => 'taken',
    (error: { code: string }) => error.code,
  )

const stateOf = async (queue: RedisQueue, event: EventId) => (await queue.tick(event)).state

test('[Q96] a schedule moves on by itself: first nobody may come, then the line forms, then the doors move', async () => {
  const [queue, event, early] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...scheduled, preQueueAt: inMs(1_500), opensAt: inMs(4_000) }, 'test')
  expect(await stateOf(queue, event)).toBe('scheduled')
  expect(await refusalOf(queue.join(event, early))).toBe('queue_closed')
  expect(await queue.gate(event, early, undefined)).toMatchObject({
    ok: false,
    code: 'waiting_room_required',
  })
  const beat = async () => {
    await queue.sweep(event)
    return await stateOf(queue, event)
  }
  await until('the line forms', async () => (await beat()) === 'pre_queue')
  const [first, second] = newVisitors(2)
  await joinInOrder(queue, event, [first!, second!])
  await queue.admit(event)
  expect(waiting(await queue.status(event, first!)).position).toBe(0)
  await until('the doors move', async () => (await beat()) === 'open')
  await admitUntil(queue, event, async () => (await queue.status(event, first!)).state === 'admitted')
  expect((await queue.settings(event)).opensAt).toBeLessThanOrEqual(systemClock.now())
  admitted(await queue.status(event, second!))
})

test('[Q97] a line without a time for its doors waits for the operator', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...scheduled, state: 'pre_queue' }, 'test')
  await queue.join(event, visitor)
  await queue.admit(event)
  waiting(await queue.status(event, visitor))
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await queue.status(event, visitor)).state === 'admitted')
})

test('[Q98] what was promised is kept: once doors have moved, order and times stand', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  const faultOf = (change: QueueChange) =>
    queue.configure(event, change, 'test').then(
      () => 'none',
      (error: { extra: { errors: { field: string }[] } }) => error.extra.errors[0]?.field,
    )
  expect(await faultOf({ state: 'scheduled' })).toBe('opensAt')
  expect(await faultOf({ state: 'scheduled', opensAt: inMs(-1) })).toBe('opensAt')
  expect(await faultOf({ state: 'scheduled', preQueueAt: inMs(2_000), opensAt: inMs(1_000) })).toBe(
    'preQueueAt',
  )
  expect(await faultOf({ state: 'recovering' })).toBe('state')
  await queue.configure(event, { ...scheduled, opensAt: inMs(60_000) }, 'test')
  expect(await faultOf({ opensAt: inMs(90_000), method: 'random' })).toBe('none')
  await queue.configure(event, { state: 'off' }, 'test')
  await queue.configure(event, { state: 'open', rate: 5 }, 'test')
  expect((await queue.settings(event)).opensAt).toBeNull()
  for (const state of ['scheduled', 'pre_queue'] as const)
    expect(await faultOf({ state, opensAt: inMs(60_000) })).toBe('state')
  expect(await faultOf({ method: 'fifo' })).toBe('method')
  expect(await faultOf({ opensAt: inMs(60_000) })).toBe('opensAt')
  expect(await faultOf({ state: 'paused' })).toBe('none')
})

test('[Q99] a closing line takes no newcomers, keeps every place, and lets them in to the last', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { state: 'paused', rate: 100, cap: 100 }, 'test')
  await joinInOrder(queue, event, visitors)
  await queue.configure(event, { state: 'closing' }, 'test')
  expect(await refusalOf(queue.join(event, newVisitor()))).toBe('queue_closed')
  expect(waiting(await queue.join(event, visitors[2]!)).position).toBe(2)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[2]!)).state === 'admitted')
})

test('[Q100] a queue that takes no joins refuses newcomers and nobody else', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { state: 'paused', rate: 100, cap: 100 }, 'test')
  const { score } = waiting(await queue.join(event, visitor))
  await queue.configure(event, { joins: false }, 'test')
  expect(await refusalOf(queue.join(event, newVisitor()))).toBe('queue_closed')
  expect(waiting(await queue.join(event, visitor)).score).toBe(score)
  await queue.configure(event, { joins: true }, 'test')
  waiting(await queue.join(event, newVisitor()))
})

test('[Q101] a hard limit counts the places of one network; without it a crowd behind one address comes in', async () => {
  const [queue, event, other] = [rig.queue('a'), await rig.event(), await rig.event()]
  const hard = { state: 'paused', rate: 10, cap: 10, perNetwork: 3 } as const
  await queue.configure(event, hard, 'test')
  await queue.configure(other, { ...hard, perNetwork: null }, 'test')
  const crowd = newVisitors(50)
  const one = { network: '203.0.113.7' }
  const taken = await Promise.all(crowd.map(visitor => refusalOf(queue.join(event, visitor, one))))
  expect(taken.filter(word => word === 'taken')).toHaveLength(3)
  expect(taken.filter(word => word === 'too_many_places')).toHaveLength(47)
  const inLine = crowd[taken.indexOf('taken')]!
  expect(await refusalOf(queue.join(event, inLine, one))).toBe('taken')
  expect(await refusalOf(queue.join(event, newVisitor(), { network: '2001:db8::/64' }))).toBe('taken')
  await Promise.all(crowd.map(visitor => queue.join(other, visitor, one)))
  expect((await queue.info(other)).waiting).toBe(50)
})

test('[Q204] a clock of Redis that jumps ahead opens no planned doors, and one that goes back closes none', async () => {
  const hour = 3_600_000
  const time = movableTime(systemClock.now())
  const { redis } = clockedRedis(rig.redis, time)
  const [event, visitor] = [await rig.event(), newVisitor()]
  const queue = rig.queue('a', { redis, clock: time.clock() })
  await queue.configure(event, { ...scheduled, preQueueAt: time.now, opensAt: time.now + 20_000 }, 'test')
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      time.now += 500
      await queue.sweep(event)
      await queue.admit(event)
    }
  }
  await pass(1_000)
  await queue.join(event, visitor)
  time.now += hour
  time.jumped += hour
  await pass(3_000)
  waiting(await queue.status(event, visitor))
  expect(await refusalOf(queue.join(event, newVisitor()))).toBe('taken')
  time.now -= hour
  time.jumped -= hour
  await pass(10_000)
  waiting(await queue.status(event, visitor))
  // No node was there to agree: the doors wait for one.
  time.now += 8_000
  await queue.admit(event)
  waiting(await queue.status(event, visitor))
  await pass(3_000)
  admitted(await queue.status(event, visitor))
  await queue.configure(event, { joins: true }, 'test')
  time.now -= hour
  time.jumped -= hour
  await pass(3_000)
  const late = newVisitor()
  await queue.join(event, late)
  await pass(3_000)
  admitted(await queue.status(event, late))
})
