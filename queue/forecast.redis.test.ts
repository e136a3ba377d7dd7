/** The line's pace as Redis measures it: who gives up, and what bounds admission. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { QueueChange } from './queue.ts'
import { joinInOrder, newVisitor, newVisitors, type QueueRig, queueRig, until } from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'

let rig: QueueRig
let queue: RedisQueue

beforeAll(async () => {
  rig = await queueRig()
  queue = rig.queue('a')
})
afterAll(() => rig.close())

async function open(change: QueueChange): Promise<EventId> {
  const event = await rig.event()
  await queue.configure(event, { state: 'open', rate: 1, cap: 10, ...change }, 'test')
  return event
}

/** Rounds of admission until what is told of the line is so. */
async function told(event: EventId, isSo: (tick: Awaited<ReturnType<RedisQueue['tick']>>) => boolean) {
  await until('the tick', async () => {
    await queue.admit(event)
    await rig.redis.unlink(rig.keys.queue(event).sketch)
    queue.refresh(event)
    return isSo(await queue.tick(event))
  })
}

test('[Q161] places that end without an admission are counted against all waiting time; whoever is let in is not', async () => {
  const event = await open({ rate: 2, burst: 2, cap: 2, graceSeconds: 1 })
  const { bucket, away } = rig.keys.queue(event)
  const counted = async () => Number((await rig.redis.hget(bucket, 'left')) ?? 0)
  const visitors = newVisitors(40)
  await joinInOrder(queue, event, visitors)
  await told(event, ({ active }) => active >= 2)
  expect(await counted()).toBe(0)
  // One leaves, one gives up by going away; the first in the line is away when a turn comes free, and is set aside.
  await queue.leave(event, visitors[39]!)
  expect(await counted()).toBeCloseTo(1, 1)
  queue.away(event, visitors[30]!)
  queue.away(event, visitors[2]!)
  await until('away', async () => (await rig.redis.zcard(away)) === 2)
  await queue.leave(event, visitors[0]!)
  await until('given up', async () => {
    await queue.sweep(event)
    await queue.admit(event)
    return (await counted()) > 2.9
  })
  expect(await counted()).toBeLessThan(3.01)
  await systemClock.sleep(300)
  await told(event, ({ leaving }) => leaving > 0)
  const { leaving } = await queue.tick(event)
  // Three in some 100 seconds of waiting, beside the hour that is supposed of a line nobody has measured.
  expect(leaving).toBeGreaterThan(3 / 3_900)
  expect(leaving).toBeLessThan(3 / 3_600)
})

test('[Q162] what bounds admission is told: the rate, the cap, payments, a pause, none where nobody waits', async () => {
  const event = await open({ rate: 0.5, burst: 1, cap: 2 })
  expect((await queue.tick(event)).bound).toBe('none')
  await joinInOrder(queue, event, newVisitors(8))
  await told(event, ({ bound }) => bound === 'rate')
  await queue.configure(event, { rate: 100, burst: 100 }, 'test')
  await told(event, ({ bound, active }) => bound === 'cap' && active === 2)
  await queue.configure(event, { cap: 100, payRate: 0.001 }, 'test')
  await told(event, ({ bound }) => bound === 'payments')
  await queue.configure(event, { state: 'paused' }, 'test')
  await told(event, ({ bound }) => bound === 'paused')
  await queue.configure(event, { state: 'open', payRate: null }, 'test')
  await told(event, ({ bound, waiting }) => bound === 'none' && waiting === 0)
})

test('[Q166] seats that run out bound admission, and then that nothing is left', async () => {
  const event = await open({ rate: 100, burst: 100, factor: 2, cap: 100 })
  const { meta } = rig.keys.seats(event)
  await rig.redis.hset(meta, 'free', 1)
  await joinInOrder(queue, event, newVisitors(5))
  await told(event, ({ bound, active }) => bound === 'seats' && active === 2)
  await rig.redis.hset(meta, 'free', 0)
  await told(event, ({ bound, soldOut }) => bound === 'sold_out' && soldOut)
  await rig.redis.hset(meta, 'free', 50)
  await queue.join(event, newVisitor())
  await told(event, ({ bound, waiting }) => bound === 'none' && waiting === 0)
})
