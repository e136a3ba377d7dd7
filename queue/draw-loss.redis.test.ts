import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import { drawnScore } from './draw-order.ts'
import { DrawnPlaces } from './draw-places.ts'
import { type DrawRecord, readDraw } from './draw-record.ts'
import {
  admitted,
  admitUntil,
  intercepted,
  joinInOrder,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  waiting,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'
import { settingsNeverSet } from './settings.ts'

let redis: OwnRedis
let rig: QueueRig
beforeAll(async () => {
  redis = await ownRedis()
  rig = await queueRig(redis.url)
})
afterAll(async () => {
  await rig.close()
  await redis.stop()
})

const planned = { state: 'pre_queue', method: 'random', rate: 100, cap: 100 } as const
const recoveryMs = 800

async function drawn(event: EventId, queue: RedisQueue): Promise<DrawRecord> {
  await until('the line is drawn', async () => {
    await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.drawnAt != null
  })
  return (await readDraw(rig.pool, event))!
}

function bySeed(queue: RedisQueue, event: EventId, visitors: VisitorId[], { seed }: DrawRecord): VisitorId[] {
  const scoreOf = (visitor: VisitorId) => drawnScore(seed!, queue.member(event, visitor))
  return visitors.toSorted((a, b) => scoreOf(a) - scoreOf(b))
}

test('[Q70] where Redis is lost before the draw, receipts bring the entrants back and all of them are drawn', async () => {
  const [queue, event, visitors] = [rig.queue('a', { recoveryMs }), await rig.event(), newVisitors(30)]
  await queue.configure(event, planned, 'test')
  const before = (await readDraw(rig.pool, event))!
  const places = await joinInOrder(queue, event, visitors)
  await queue.configure(event, { state: 'open', cap: 10 }, 'test')
  await rig.redis.flushall()
  const newcomer = newVisitor()
  await queue.join(event, newcomer)
  await Promise.all(
    visitors
      .toReversed()
      .map((visitor, i) => queue.join(event, visitor, { receipt: places[29 - i]!.receipt })),
  )
  await queue.sweep(event)
  await queue.admit(event)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(0)
  const record = await drawn(event, queue)
  expect(record).toMatchObject({ entrants: 31, generation: before.generation, secret: before.secret })
  const order = bySeed(queue, event, [...visitors, newcomer], record)
  await admitUntil(queue, event, async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === 10)
  const first = (await queue.passes(event, order)).map(({ visitorId }) => visitorId)
  expect(new Set(first)).toEqual(new Set(order.slice(0, 10)))
}, 20_000)

test('[Q71] where Redis is lost after the draw, whatever is remembered of arrivals counts as drawn; no other receipt does', async () => {
  const [one, two] = [rig.queue('a', { recoveryMs }), rig.queue('b', { recoveryMs })]
  const [event, visitors, leaver, late] = [await rig.event(), newVisitors(30), newVisitor(), newVisitor()]
  await one.configure(event, { ...planned, cap: 1 }, 'test')
  const left = waiting(await one.join(event, leaver))
  const places = await joinInOrder(one, event, visitors)
  await one.leave(event, leaver)
  await one.configure(event, { state: 'open' }, 'test')
  const record = await drawn(event, one)
  const lateReceipt = waiting(await one.join(event, late)).receipt
  const order = bySeed(one, event, visitors, record)
  await admitUntil(one, event, async () => (await one.status(event, order[0]!)).state === 'admitted')
  await one.end(event, order[0]!, 'purchased')
  await rig.redis.flushall()

  // Half by receipts of before the draw, half by what a node remembers of arrivals; in any order.
  const placeOf = new Map(visitors.map((visitor, i) => [visitor, places[i]!]))
  const scoreNow = (visitor: VisitorId) => drawnScore(record.seed!, one.member(event, visitor))
  await one.join(event, late, { receipt: lateReceipt })
  await one.join(event, leaver, { receipt: left.receipt })
  await two.reassert(
    event,
    order.slice(15).map(visitorId => ({ visitorId, score: placeOf.get(visitorId)!.score })),
  )
  for (const visitor of order.slice(1, 15).toReversed())
    await two.join(event, visitor, { receipt: placeOf.get(visitor)!.receipt })
  for (const [i, visitor] of order.slice(1).entries()) {
    const place = waiting(await one.status(event, visitor))
    expect(place).toMatchObject({ position: i, score: scoreNow(visitor) })
    expect(place.phase).toBeUndefined()
  }
  // Whoever left before entries closed was no entrant, and whoever has bought is not let in again by an old receipt.
  expect(waiting(await one.status(event, leaver)).score).toBe(left.score)
  const buyer = waiting(await one.join(event, order[0]!, { receipt: placeOf.get(order[0]!)!.receipt }))
  expect(buyer.score).toBeGreaterThan(waiting(await one.status(event, late)).score)
  await admitUntil(one, event, async () => (await one.status(event, order[1]!)).state === 'admitted')
  admitted(await one.status(event, order[1]!))
  expect((await drawn(event, one)).seed).toEqual(record.seed)
}, 20_000)

test('[Q71] where Redis is lost in the middle of the filling in, the draw is the same and is ended', async () => {
  const event = await rig.event()
  let calls = 0
  // Loses everything before the third script with scores, as if Redis had been started anew.
  const lossy = intercepted(rig.redis, 'evalsha', async (...given: unknown[]) => {
    if (given.length > 200 && ++calls === 3) await rig.redis.flushall()
    return await rig.redis.evalsha(...(given as [string, number]))
  })
  const [driver, queue] = [rig.queue('a', { recoveryMs, redis: lossy }), rig.queue('b', { recoveryMs })]
  const visitors = newVisitors(1_200)
  await queue.configure(event, planned, 'test')
  const places = await Promise.all(visitors.map(async visitor => waiting(await queue.join(event, visitor))))
  await queue.configure(event, { state: 'open', rate: 0.001 }, 'test')
  driver.refresh(event)
  await until('the loss', async () => {
    await driver.sweep(event)
    return calls >= 3
  })
  const { seed } = (await readDraw(rig.pool, event))!
  await Promise.all(visitors.map((visitor, i) => queue.join(event, visitor, { receipt: places[i]!.receipt })))
  const record = await drawn(event, queue)
  expect(record.seed).toEqual(seed)
  const line = await rig.redis.zrangeBuffer(rig.keys.queue(event).line, '0', '-1')
  expect(line).toEqual(bySeed(queue, event, visitors, record).map(visitor => queue.member(event, visitor)))
}, 20_000)

test('[Q70] entrants that were read while Redis was being lost are not taken for the line', async () => {
  const event = await rig.event()
  let lost = false
  // Loses everything just before the entrants are read: only that script is given '-inf'.
  const lossy = intercepted(rig.redis, 'evalsha', async (...given: unknown[]) => {
    if (!lost && given.includes('-inf')) {
      lost = true
      await rig.redis.flushall()
    }
    return await rig.redis.evalsha(...(given as [string, number]))
  })
  const queue = rig.queue('a', { recoveryMs, redis: lossy })
  const visitors = newVisitors(20)
  await queue.configure(event, planned, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await queue.configure(event, { state: 'open' }, 'test')
  await until('the loss', async () => {
    await queue.sweep(event)
    return lost
  })
  await Promise.all(visitors.map((visitor, i) => queue.join(event, visitor, { receipt: places[i]!.receipt })))
  expect((await readDraw(rig.pool, event))?.root).toBeNull()
  expect((await drawn(event, queue)).entrants).toBe(20)
}, 20_000)

test('[Q200] however many drawn lines come back at once, the entrants of each are read once', async () => {
  let reads = 0
  const counted = intercepted(rig.pool, 'query', (text: string, values?: unknown[]) => {
    if (text.includes('from queue_draw_entrants')) reads++
    return rig.pool.query(text, values)
  })
  const [drawnPlaces, seed, entrant] = [new DrawnPlaces(counted), Buffer.alloc(32, 5), Buffer.alloc(14, 3)]
  const events = await Promise.all(Array.from({ length: 12 }, () => rig.event()))
  for (const event of events) {
    await rig.pool.query(
      `insert into queue_draws (event_id, generation, secret, commitment, entrants, root, closed_at, closed_score, seed)
       values ($1, 1, $2, $2, 1, $2, now(), 10, $2)`,
      [event, seed],
    )
    await rig.pool.query(
      'insert into queue_draw_entrants (event_id, generation, chunk, members) values ($1, 1, 0, $2)',
      [event, entrant],
    )
  }
  const settings = { ...settingsNeverSet(), method: 'random', firstGeneration: 1 } as const
  const places = [
    { member: entrant, score: 9 },
    { member: entrant, score: 11 },
  ]
  for (let round = 0; round < 3; round++)
    for (const event of events)
      expect(await drawnPlaces.scores(event, settings, places)).toEqual([drawnScore(seed, entrant), 11])
  expect(reads).toBe(12)
})
