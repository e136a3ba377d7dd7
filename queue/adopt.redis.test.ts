/** Login in the line: of what two visitors have, who are one person, the better stays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventId, VisitorId } from '../shared/ids.ts'
import { readDraw } from './draw-record.ts'
import {
  admitted,
  admitUntil,
  intercepted,
  joinInOrder,
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

const paused = { state: 'paused', rate: 100, cap: 10 } as const
const keysOf = (event: EventId) => rig.keys.queue(event)
const hexOf = (queue: RedisQueue, event: EventId, visitor: VisitorId) =>
  queue.member(event, visitor).toString('hex')

/** A paused line; those named have come, in that order. */
async function line(comers: number) {
  const [queue, event] = [rig.queue('a', { door: 'poll' }), await rig.event()]
  await queue.configure(event, paused, 'test')
  const visitors = newVisitors(comers)
  return { queue, event, visitors, places: await joinInOrder(queue, event, visitors) }
}

async function letIn(queue: RedisQueue, event: EventId, visitor: VisitorId) {
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await queue.status(event, visitor)).state === 'admitted')
  return admitted(await queue.status(event, visitor))
}

async function records(event: EventId) {
  const { rows } = await rig.pool.query<{
    visitor_id: VisitorId
    score: number
    until: Date
    reason: string | null
  }>('select visitor_id, score, until, reason from queue_admissions where event_id = $1', [event])
  return new Map(rows.map(row => [row.visitor_id, row]))
}

test.each([
  ['who they were', 0, 2],
  ['who they are', 2, 0],
])('[Q170] of two places in the line the better stays, here that of %s', async (_, from, to) => {
  const { queue, event, visitors, places } = await line(4)
  await queue.adopt(event, visitors[from]!, visitors[to]!)
  const place = waiting(await queue.status(event, visitors[to]!))
  expect([place.score, place.position]).toEqual([places[0]!.score, 0])
  expect(await queue.status(event, visitors[from]!)).toEqual({ state: 'none' })
  expect(waiting(await queue.status(event, visitors[3]!)).position).toBe(2)
  expect(await rig.redis.zcard(keysOf(event).polls)).toBe(3)
})

test('[Q171] who has no place yet takes the old one, as somebody who is here; its sockets are told that it has ended', async () => {
  const { queue, event, visitors, places } = await line(2)
  const [old] = visitors
  const [user] = newVisitors(1)
  const heard = await rig.hear(event)
  await queue.adopt(event, old!, user!)
  const place = waiting(await queue.status(event, user!))
  expect([place.score, place.position]).toEqual([places[0]!.score, 0])
  const members = [hexOf(queue, event, old!)]
  await expect.poll(() => heard).toEqual([{ kind: 'ended', reason: 'left', members }])
  const names = await rig.redis.callBuffer('ZRANGE', keysOf(event).polls, 0, -1)
  expect(names).toContainEqual(queue.member(event, user!))
  expect(names).not.toContainEqual(queue.member(event, old!))
})

test('[Q172] a slot moves as it is, with its record in Postgres, and the old pass counts no more', async () => {
  const { queue, event, visitors } = await line(1)
  const [old] = visitors
  const [user] = newVisitors(1)
  const before = await letIn(queue, event, old!)
  await queue.configure(event, { state: 'paused' }, 'test')
  // Who waits beside.
  await queue.join(event, user!)
  const member = queue.member(event, old!)
  const slot = await rig.redis.zscore(keysOf(event).act, member)
  const since = await rig.redis.zscore(keysOf(event).since, member)
  const score = Number(await rig.redis.hget(keysOf(event).called, member as unknown as string))
  const heard = await rig.hear(event)
  await queue.adopt(event, old!, user!)
  const own = queue.member(event, user!)
  expect(await rig.redis.zscore(keysOf(event).act, own)).toBe(slot)
  expect(await rig.redis.zscore(keysOf(event).since, own)).toBe(since)
  expect(await rig.redis.zcard(keysOf(event).act)).toBe(1)
  const written = await records(event)
  expect(written.get(old!)).toMatchObject({ reason: 'left', score })
  expect(written.get(user!)).toMatchObject({ reason: null, score, until: written.get(old!)!.until })
  const after = admitted(await queue.status(event, user!))
  expect(after.until).toBe(before.until)
  expect(await queue.gate(event, user!, after.pass)).toEqual({ ok: true })
  expect(await queue.gate(event, old!, before.pass)).toMatchObject({ ok: false })
  await expect
    .poll(() => heard)
    .toContainEqual(expect.objectContaining({ kind: 'admitted', members: [hexOf(queue, event, user!)] }))
})

test('[Q173] who is in already stays in with their own slot, and what the old visitor had ends', async () => {
  for (const bothIn of [true, false]) {
    const { queue, event, visitors } = await line(1)
    const [user] = visitors
    const before = await letIn(queue, event, user!)
    const [old] = newVisitors(1)
    if (!bothIn) await queue.configure(event, { state: 'paused' }, 'test')
    await queue.join(event, old!)
    if (bothIn) await letIn(queue, event, old!)
    await queue.adopt(event, old!, user!)
    expect(await queue.status(event, user!)).toEqual(before)
    expect(await queue.status(event, old!)).toEqual({ state: 'none' })
    expect(await rig.redis.zcard(keysOf(event).act)).toBe(1)
    const written = await records(event)
    expect([written.get(old!)!.reason, written.get(user!)!.reason]).toEqual(['left', null])
  }
})

test('[Q174] where nobody has anything nothing comes of it; repeated and at once it is the same as once', async () => {
  const { queue, event, visitors, places } = await line(2)
  const [none, user] = newVisitors(2)
  const heard = await rig.hear(event)
  await queue.adopt(event, none!, user!)
  await queue.adopt(event, visitors[0]!, visitors[0]!)
  expect(await queue.status(event, user!)).toEqual({ state: 'none' })
  const other = rig.queue('b', { door: 'poll' })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? queue : other).adopt(event, visitors[1]!, user!)),
  )
  await queue.adopt(event, visitors[1]!, user!)
  expect(waiting(await queue.status(event, user!)).score).toBe(places[1]!.score)
  expect(await rig.redis.zcard(keysOf(event).line)).toBe(2)
  expect(heard).toHaveLength(1)
  const [off] = [await rig.event()]
  await queue.adopt(off, none!, user!)
})

test('[Q175] where Postgres fails the slot has moved, and the next call ends the old record', async () => {
  const { queue, event, visitors } = await line(1)
  const [old] = visitors
  const [user] = newVisitors(1)
  await letIn(queue, event, old!)
  let fails = true
  const pool = intercepted(rig.pool, 'query', (...given: unknown[]) => {
    if (fails && /queue_admissions/.test(String(given[0]))) throw new Error('Connection terminated')
    return Reflect.apply(rig.pool.query, rig.pool, given) as unknown
  })
  const weak = rig.queue('b', { door: 'poll', pool })
  await expect(weak.adopt(event, old!, user!)).rejects.toMatchObject({ code: 'queue_unavailable' })
  fails = false
  await weak.adopt(event, old!, user!)
  const written = await records(event)
  expect([written.get(old!)!.reason, written.get(user!)!.reason]).toEqual(['left', null])
})

test('[Q176] a place set aside is called next; while a draw has fixed its entrants places stand still', async () => {
  const { queue, event, visitors, places } = await line(2)
  const { line: waits, parked, returned, cfg } = keysOf(event)
  const member = queue.member(event, visitors[0]!)
  await rig.redis.zrem(waits, member)
  await rig.redis.zadd(parked, places[0]!.score, member)
  const [user, other] = newVisitors(2)
  await queue.adopt(event, visitors[0]!, user!)
  expect(await rig.redis.zscore(returned, queue.member(event, user!))).toBe(String(places[0]!.score))
  await rig.redis.hset(cfg, 'draw', 'filling')
  const moving = () => queue.adopt(event, visitors[1]!, other!)
  await expect(moving()).rejects.toMatchObject({ code: 'queue_unavailable', extra: { retryAfter: 5 } })
  await rig.redis.hset(cfg, 'draw', 'done')
  await moving()
  await until('moved', async () => (await queue.status(event, other!)).state === 'waiting')
})

test('[Q201] after a login and a loss of Redis the receipt of who they were brings nothing back, also where the word of it was lost at first', async () => {
  const { queue, event, visitors, places } = await line(4)
  const [first, second] = [visitors[0]!, visitors[1]!]
  const [one, two] = newVisitors(2)
  await queue.adopt(event, first, one!)
  let fails = true
  const pool = intercepted(rig.pool, 'query', (...given: unknown[]) => {
    if (fails && /queue_admissions/.test(String(given[0]))) throw new Error('Connection terminated')
    return Reflect.apply(rig.pool.query, rig.pool, given) as unknown
  })
  const weak = rig.queue('b', { door: 'poll', pool })
  await expect(weak.adopt(event, second, two!)).rejects.toMatchObject({ code: 'queue_unavailable' })
  fails = false
  await weak.adopt(event, second, two!)
  const own = await Promise.all([one!, two!].map(async who => waiting(await queue.status(event, who))))
  await rig.redis.unlink(await rig.redis.keys(`*q:{${event}}*`))

  const again = async (who: VisitorId, receipt: string) => waiting(await queue.join(event, who, { receipt }))
  expect((await again(first, places[0]!.receipt)).score).toBeGreaterThan(places[3]!.score)
  expect((await again(second, places[1]!.receipt)).score).toBeGreaterThan(places[3]!.score)
  expect((await again(one!, own[0]!.receipt)).score).toBe(places[0]!.score)
  expect((await again(two!, own[1]!.receipt)).score).toBe(places[1]!.score)
  expect((await again(visitors[2]!, places[2]!.receipt)).score).toBe(places[2]!.score)
})

test('[Q202] once a draw has closed its entries places stand still, also where an operator pauses the queue before it is drawn', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  const random = { state: 'pre_queue', method: 'random', rate: 100, cap: 10, beaconRound: 2 ** 31 } as const
  await queue.configure(event, random, 'test')
  await joinInOrder(queue, event, visitors)
  const [user] = newVisitors(1)
  await queue.configure(event, { state: 'open' }, 'test')
  await until('entries have closed', async () => {
    await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.root != null
  })
  await queue.configure(event, { state: 'paused' }, 'test')
  await expect(queue.adopt(event, visitors[0]!, user!)).rejects.toMatchObject({ code: 'queue_unavailable' })
  await queue.configure(event, { beaconRound: null, state: 'open', rate: 0.001 }, 'test')
  await until('drawn', async () => {
    await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.drawnAt != null
  })
  await queue.adopt(event, visitors[0]!, user!)
  waiting(await queue.status(event, user!))
})
