import { afterAll, beforeAll, expect, test } from 'vitest'
import { positionOf } from '../shared/wire/position.ts'
import { joinInOrder, newVisitors, type QueueRig, queueRig, waiting } from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const paused = { state: 'paused', rate: 10, cap: 100 } as const

test('[Q44] a tick tells everyone their position: exact for the first 100, within 1 % behind, also when a third has left', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, paused, 'test')
  const { line, sketch, tail } = rig.keys.queue(event)
  // Clumped arrivals, as crowds come; members by number, as nobody needs to be anybody here.
  let score = 1_700_000_000_000_000
  const scores = Array.from({ length: 200_000 }, (_, i) => (score += i % 700 < 20 ? 90_000 : 1 + (i % 13)))
  for (let at = 0; at < scores.length; at += 2_000) {
    await rig.redis.zadd(line, ...scores.slice(at, at + 2_000).flatMap((one, i) => [one, `visitor${at + i}`]))
  }
  const check = async (left: number[]) => {
    queue.refresh(event)
    const { knots, waiting: count, front, behind } = await queue.tick(event)
    expect(count).toBe(left.length)
    expect([front.scores.length, knots.length / 2 < 600]).toEqual([392, true])
    for (const [rank, own] of left.entries()) {
      const position = positionOf(knots, own)
      if (rank <= 100) expect(position).toBe(rank)
      if (Math.abs(position - rank) > rank * 0.01) expect.fail(`rank ${rank} was told ${position}`)
    }
    return behind.shift
  }
  expect(await check(scores)).toBe(0)
  const remove = async (leaves: (i: number) => boolean) => {
    const leavers = scores.flatMap((_, i) => (leaves(i) ? [`visitor${i}`] : []))
    for (let at = 0; at < leavers.length; at += 2_000)
      await rig.redis.zrem(line, ...leavers.slice(at, at + 2_000))
  }
  // The front is called: those behind are told that they have moved up, without being read again.
  const isCalled = (i: number) => i < 777
  await remove(isCalled)
  await rig.redis.del(sketch)
  await rig.redis.persist(tail)
  expect(await check(scores.filter((_, i) => !isCalled(i)))).toBe(777)
  const leaves = (i: number) => Math.floor(i / 400) % 3 === 1
  await remove(leaves)
  await rig.redis.del(sketch, tail)
  expect(await check(scores.filter((_, i) => !isCalled(i) && !leaves(i)))).toBe(0)
}, 60_000)

test('[Q80] those behind the front are read every five seconds, once for all nodes, and only where there are any', async () => {
  const event = await rig.event()
  const queues = Array.from({ length: 4 }, (_, i) => rig.queue(`n${i}`))
  await queues[0]!.configure(event, paused, 'test')
  const { line, sketch, tail } = rig.keys.queue(event)
  const add = async (from: number, to: number) => {
    for (let at = from; at < to; at += 1_000)
      await rig.redis.zadd(
        line,
        ...Array.from({ length: 1_000 }, (_, i) => [at + i + 1, `v${at + i}`]).flat(),
      )
  }
  await add(0, 10_000)
  expect((await queues[0]!.tick(event)).knots.at(-1)).toBe(9_999)
  expect(await rig.redis.exists(tail)).toBe(0)
  await add(10_000, 30_000)
  await rig.redis.del(sketch)
  for (const queue of queues) {
    queue.refresh(event)
    expect((await queue.tick(event)).knots.at(-1)).toBe(29_999)
  }
  const left = await rig.redis.pttl(tail)
  expect([left > 2_000, left <= 5_000]).toEqual([true, true])
  await add(30_000, 31_000)
  await rig.redis.del(sketch)
  queues[1]!.refresh(event)
  const { knots, waiting: count } = await queues[1]!.tick(event)
  expect([knots.at(-1), count]).toEqual([29_999, 31_000])
})

test('[Q81] until a draw is done ticks tell no places, and then all', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, paused, 'test')
  const { cfg, line, sketch } = rig.keys.queue(event)
  await rig.redis.zadd(line, 1_000, 'first', 2_000, 'second', 3_000, 'third')
  const tick = async (...draw: string[]) => {
    await rig.redis.hset(cfg, ...draw)
    await rig.redis.del(sketch)
    queue.refresh(event)
    return await queue.tick(event)
  }
  expect(await tick('draw', 'due')).toMatchObject({ knots: [], unordered: true, waiting: 3 })
  await rig.redis.zadd(line, -500, 'third', -900, 'second')
  expect(await tick('draw', 'filling', 'drawnTo', '-700')).toMatchObject({ knots: [], unordered: true })
  expect((await tick('draw', 'done')).knots).toEqual([-900, 0, -500, 1, 1_000, 2])
})

test('[Q45] any number of nodes costs one reading of the line a beat', async () => {
  const [event, visitors] = [await rig.event(), newVisitors(3)]
  const queues = Array.from({ length: 8 }, (_, i) => rig.queue(`n${i}`))
  await queues[0]!.configure(event, paused, 'test')
  await joinInOrder(queues[0]!, event, visitors)
  const first = await queues[0]!.tick(event)
  await queues[0]!.join(event, newVisitors(1)[0]!)
  for (const queue of queues) expect(await queue.tick(event)).toEqual(first)
  await expect.poll(async () => (await queues[1]!.tick(event)).waiting, { timeout: 3_000 }).toBe(4)
})

test('[Q46] a position told at a join, at a poll and by a tick is the same', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(150)]
  await queue.configure(event, paused, 'test')
  const places = await joinInOrder(queue, event, visitors)
  expect(places.map(place => place.position)).toEqual(visitors.map((_, i) => i))
  await rig.redis.del(rig.keys.queue(event).sketch)
  queue.refresh(event)
  const { knots } = await queue.tick(event)
  for (const i of [0, 1, 50, 99, 100]) {
    expect(positionOf(knots, places[i]!.score)).toBe(i)
    expect(waiting(await queue.status(event, visitors[i]!)).position).toBe(i)
  }
})
