/** Thousands of slots, and a clock of Redis that jumps: what admit.lua and clock.lua make of it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisMs } from '../shared/redis.ts'
import { admitted, newVisitors, type QueueRig, queueRig } from './queue-fixture.ts'
import { verbKeys, verbs } from './verbs.ts'

const [SLOTS, A_CALL, HOUR, PASS] = [3_500, 1_000, 3_600_000, 600_000]

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

/** A full house, in which every third has not come yet, many end at one moment, and as if the clock had jumped since. */
async function house(by: number) {
  const [queue, event, [early, late]] = [rig.queue('a'), await rig.event(), newVisitors(2)]
  await queue.configure(
    event,
    { state: 'open', rate: 100, cap: SLOTS + 10, passSeconds: PASS / 1_000 },
    'test',
  )
  const q = rig.keys.queue(event)
  const before = redisMs(await rig.redis.time()) - by
  const name = (i: number) => `visitor${String(i).padStart(7, '0')}`
  const slots = Array.from({ length: SLOTS }, (_, i) => ({
    member: i === 0 ? queue.member(event, early!) : i === 1 ? queue.member(event, late!) : name(i),
    // Those who stand first in the order that is moved, and last.
    end: before + (i === 0 ? 20_000 : i === 1 ? PASS : 30_000 + 1_000 * Math.floor(i / 700)),
    came: i > 1 && i % 3 !== 0 ? before - i : undefined,
  }))
  for (let at = 0; at < SLOTS; at += A_CALL) {
    const some = slots.slice(at, at + A_CALL)
    await rig.redis.zadd(q.act, ...some.flatMap(({ end, member }) => [end, member]))
    await rig.redis.hset(q.called, ...some.flatMap(({ member }) => [member, 1]))
    const came = some.filter(slot => slot.came !== undefined)
    await rig.redis.zadd(q.since, ...came.flatMap(slot => [slot.came!, slot.member]))
  }
  await rig.redis.zadd(q.line, 5, name(99_999))
  await rig.redis.hset(q.bucket, 'at', before, 'swept', before, 'tokens', 10)
  const { generation } = await queue.settings(event)
  const round = async () =>
    (await verbs.admit.run(rig.redis, verbKeys(rig.keys, event, 'a'), [generation, 500])) as [string, number]
  return { queue, event, q, slots, early: early!, late: late!, round }
}

const scoresOf = async (key: string) => {
  const flat = await rig.redis.zrange(key, 0, '-1', 'WITHSCORES')
  return new Map(flat.flatMap((one, i) => (i % 2 === 0 ? [[one, Number(flat[i + 1])] as const] : [])))
}

test('[Q180] after a jump of the clock slots are brought to it a thousand a call, each once, and nobody is let in or thrown out before', async () => {
  for (const by of [HOUR, -HOUR, 60_000, -60_000]) {
    const { queue, event, q, slots, early, late, round } = await house(by)
    const words: string[] = []
    let known = await scoresOf(q.act)
    for (let over = false; !over; ) {
      const [word, count] = await round()
      words.push(word)
      over = word !== 'MOVING'
      const now = await scoresOf(q.act)
      const moved = slots.filter(({ member }) => now.get(String(member)) !== known.get(String(member)))
      expect(moved.length).toBeLessThanOrEqual(A_CALL)
      if (!over) expect([count, now.size]).toEqual([0, SLOTS])
      if (words.length === 1) {
        // One whose slot has been moved and one whose has not: both come now, where they are still in by the clock.
        const came = await queue.passes(event, [early, late])
        expect(came.length).toBeGreaterThanOrEqual(1)
        await queue.sweep(event)
      }
      known = await scoresOf(q.act)
    }
    expect(words).toEqual(['MOVING', 'MOVING', 'MOVING', 'OK'])
    const since = await scoresOf(q.since)
    // As far as the clock has jumped, and what has passed since the last round.
    const moved = known.get(String(slots[2]!.member))! - slots[2]!.end
    expect(Math.abs(moved - by)).toBeLessThan(15_000)
    for (const { member, end, came } of slots.slice(2)) {
      expect(known.get(String(member))).toBe(end + moved)
      expect(since.get(String(member))).toBe(came === undefined ? undefined : came + moved)
    }
    const now = redisMs(await rig.redis.time())
    for (const visitor of [early, late]) {
      const { until } = admitted(await queue.status(event, visitor))
      expect(until - now).toBeGreaterThan(PASS - 20_000)
      expect(until - now).toBeLessThanOrEqual(PASS)
    }
    expect((await scoresOf(q.act)).size).toBe(SLOTS + 1)
    expect(await rig.redis.hexists(q.bucket, 'moveBy')).toBe(0)
  }
}, 60_000)

test('[Q181] a jump while slots are still being brought to another is followed after it', async () => {
  const { queue, event, q, slots, round } = await house(HOUR)
  expect((await round())[0]).toBe('MOVING')
  await rig.redis.hset(q.bucket, 'at', redisMs(await rig.redis.time()) + 2 * HOUR)
  await queue.admit(event)
  const known = await scoresOf(q.act)
  for (const { member, end } of slots.slice(2))
    expect(Math.abs(known.get(String(member))! - (end - HOUR))).toBeLessThan(15_000)
})

test('[Q243] from the moment the clock jumps until slots go by it nobody loses a turn: who is in stays in, and who was called is', async () => {
  const { queue, event, q, slots, early, late, round } = await house(HOUR)
  const [member, end] = [slots[0]!.member, slots[0]!.end]
  await rig.redis.zadd(q.since, end - 25_000, member)
  const stays = async () => {
    expect(await queue.status(event, early)).toMatchObject({ state: 'admitted' })
    expect(await queue.passes(event, [early])).toHaveLength(1)
    expect(await rig.redis.zcard(q.act)).toBeGreaterThanOrEqual(SLOTS)
  }
  await stays()
  expect(await queue.status(event, late)).toMatchObject({ state: 'waiting', position: 0 })
  await queue.sweep(event)
  await stays()
  while ((await round())[0] === 'MOVING') await stays()
  await stays()
  expect(Number(await rig.redis.zscore(q.act, member))).toBeGreaterThan(end + HOUR - 15_000)
  expect(await queue.status(event, late)).toMatchObject({ state: 'admitted' })
})
