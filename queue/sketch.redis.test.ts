import { afterAll, beforeAll, expect, test } from 'vitest'
import { positionOf } from '../shared/wire/position.ts'
import { joinInOrder, newVisitors, type QueueRig, queueRig, waiting } from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const paused = { state: 'paused', rate: 10, cap: 100 } as const

test('[Q44] a tick tells everyone their position: exact for the first 100, within 2 % behind, also when a third has left', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, paused, 'test')
  const { line, sketch } = rig.keys.queue(event)
  // Clumped arrivals, as crowds come; members by number, as nobody needs to be anybody here.
  let score = 1_700_000_000_000_000
  const scores = Array.from({ length: 60_000 }, (_, i) => (score += i % 700 < 20 ? 90_000 : 1 + (i % 13)))
  for (let at = 0; at < scores.length; at += 2_000) {
    await rig.redis.zadd(line, ...scores.slice(at, at + 2_000).flatMap((one, i) => [one, `visitor${at + i}`]))
  }
  const check = async (left: number[]) => {
    await rig.redis.del(sketch)
    queue.refresh(event)
    const { knots, waiting: count } = await queue.tick(event)
    expect(count).toBe(left.length)
    expect(knots.length / 2).toBeLessThan(500)
    for (const [rank, own] of left.entries()) {
      const position = positionOf(knots, own)
      if (rank <= 100) expect(position).toBe(rank)
      else if (Math.abs(position - rank) > rank * 0.02) expect.fail(`rank ${rank} was told ${position}`)
    }
  }
  await check(scores)
  const leaves = (i: number) => Math.floor(i / 400) % 3 === 1
  const leavers = scores.flatMap((_, i) => (leaves(i) ? [`visitor${i}`] : []))
  for (let at = 0; at < leavers.length; at += 2_000)
    await rig.redis.zrem(line, ...leavers.slice(at, at + 2_000))
  await check(scores.filter((_, i) => !leaves(i)))
}, 30_000)

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
