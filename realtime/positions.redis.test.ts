import { io } from 'socket.io-client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import type { EventId } from '../shared/ids.ts'
import type { PlaceInfo, QueueTick } from '../shared/wire/messages.ts'
import { positionOf } from '../shared/wire/position.ts'
import { RECEIPT_BEATS } from './bounds.ts'
import { Line } from './line.ts'
import { LineMember } from './line-member.ts'
import type { LineTicks } from './line-ticks.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

let redis: OwnRedis
let node: TestNode
let eventId: EventId
let events = 0

beforeAll(async () => {
  redis = await ownRedis()
  node = await makeNode({ redisUrl: redis.url })
})

afterAll(async () => {
  await node.close()
  await redis.stop()
})

beforeEach(async () => {
  eventId = (await node.addEvent(`line${events++}`)).eventId
  await node.queue.configure(eventId, { state: 'paused', rate: 50, burst: 50, cap: 100 }, 'test')
})

const keys = () => node.deps.keys.queue(eventId)

async function join() {
  const visitor = node.visitor()
  const fan = new Fan(node.port, visitor.token)
  await fan.next('welcome')
  fan.say({ type: 'join', eventId })
  return { fan, ...visitor, place: waiting((await fan.next('place')).place) }
}

function waiting(place: PlaceInfo) {
  if (place.state !== 'waiting') throw new Error(`expected one who waits, got ${JSON.stringify(place)}`)
  return place
}

/** The next tick that counts so many. */
async function tickOf(fan: Fan, count: number): Promise<QueueTick> {
  for (;;) {
    const tick = await fan.next('tick', 10_000)
    if (tick.waiting === count) return tick
  }
}

async function calls(ms: number): Promise<number> {
  const count = async () => {
    const stats = await node.deps.redis.info('commandstats')
    return [...stats.matchAll(/cmdstat_(?:evalsha|publish|spublish):calls=(\d+)/g)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    )
  }
  const before = await count()
  await new Promise(resolve => setTimeout(resolve, ms))
  return (await count()) - before
}

test('[Q85] a tick to many who wait costs Redis no more than one to few', async () => {
  const few = [await join()]
  await few[0]!.fan.next('tick')
  const forFew = await calls(4_000)
  const many = await Promise.all(Array.from({ length: 300 }, join))
  await Promise.all(many.map(({ fan }) => fan.next('tick')))
  expect(await calls(4_000)).toBeLessThan(forFew + 20)
  const [{ fan, place } = many[0]!] = many
  const tick = await fan.next('tick')
  expect(positionOf(tick.knots, place.score)).toBe(place.position)
  for (const one of [...few, ...many]) one.fan.close()
}, 40_000)

test.each(['news', 'no news'])(
  '[Q86] when the order has been drawn everybody who waits is told their place: %s',
  async which => {
    await node.queue.configure(eventId, { state: 'off' }, 'test')
    await node.queue.configure(eventId, { state: 'pre_queue', method: 'random' }, 'test')
    const fans = []
    for (let i = 0; i < 3; i++) fans.push(await join())
    const [a, b, c] = fans as [(typeof fans)[0], (typeof fans)[0], (typeof fans)[0]]
    expect(fans.map(({ place }) => place.phase)).toEqual(['pre', 'pre', 'pre'])
    expect(await tickOf(a.fan, 3)).toMatchObject({ unordered: true, knots: [] })
    const member = (one: typeof a) => node.queue.member(eventId, one.visitorId)
    await node.deps.redis
      .multi()
      .zadd(keys().line, -30, member(c), -20, member(a), -10, member(b))
      .hset(keys().cfg, 'draw', 'done')
      .del(keys().sketch, keys().tail)
      .exec()
    if (which === 'news') await node.deps.redis.publish(keys().channel, '{"kind":"drawn"}')
    const told = await Promise.all([c, a, b].map(async ({ fan }) => waiting((await fan.next('place')).place)))
    expect(told.map(({ score, position, phase }) => [score, position, phase])).toEqual([
      [-30, 0, undefined],
      [-20, 1, undefined],
      [-10, 2, undefined],
    ])
    expect((await b.fan.next('tick')).knots).toEqual([-30, 0, -20, 1, -10, 2])
    for (const { fan } of fans) fan.close()
  },
  30_000,
)

test('[Q87] a visitor who is here and has missed a turn is called next', async () => {
  const missed = await join()
  const other = await join()
  const { line, parked, away, bucket, sketch } = keys()
  const member = node.queue.member(eventId, missed.visitorId)
  await node.deps.redis
    .multi()
    .zrem(line, member)
    .zadd(parked, missed.place.score, member)
    .zadd(away, Date.now() + 60_000, member)
    .hset(bucket, 'frontier', missed.place.score)
    .del(sketch)
    .exec()
  await expect.poll(() => node.deps.redis.zscore(parked, member), { timeout: 5_000 }).toBeNull()
  await node.queue.configure(eventId, { state: 'open', rate: 0.0001, burst: 1 }, 'test')
  await missed.fan.next('admitted')
  expect(other.fan.all('admitted')).toHaveLength(0)
  for (const { fan } of [missed, other]) fan.close()
}, 30_000)

test('[Q88] after a loss of Redis a node brings its visitors’ places back from memory, and tells them, without their asking', async () => {
  const fans = []
  for (let i = 0; i < 5; i++) fans.push(await join())
  await node.deps.redis.flushall()
  for (const { fan, place } of fans) {
    const again = waiting((await fan.next('place', 15_000)).place)
    expect(again).toMatchObject({ score: place.score, position: place.position })
    expect(again.generation).toBeGreaterThan(place.generation)
    expect(again.receipt).not.toBe(place.receipt)
  }
  const tick = await tickOf(fans[0]!.fan, 5)
  expect(tick.generation).toBeGreaterThan(fans[0]!.place.generation)
  // Nobody was asked to find out by a tick.
  const heard = fans[0]!.fan.heard.flatMap(one => ('type' in one ? [one] : []))
  const newer = heard.findIndex(one => one.type === 'tick' && one.generation === tick.generation)
  const told = heard.findLastIndex(one => one.type === 'place')
  expect(told).toBeLessThan(newer)
  for (const { fan } of fans) fan.close()
}, 40_000)

test('[Q89] while one waits the receipt is renewed every five minutes', async () => {
  const line = new Line(eventId, {} as LineTicks, () => undefined)
  const members = Array.from({ length: 1_000 }, (_, i) => {
    return new LineMember(node.visitor().visitorId, String(i), 'waiting')
  })
  for (const member of members) line.members.set(member.hex, member)
  const renewed = Array.from({ length: RECEIPT_BEATS + 2 }, () => line.nextForReceipts())
  expect(new Set(renewed.flat()).size).toBe(1_000)
  expect(Math.max(...renewed.map(some => some.length))).toBeLessThan(6)
  const { fan, visitorId, place } = await join()
  const receipts = await node.queue.receipts(eventId, [{ visitorId, score: place.score }])
  expect(receipts).toHaveLength(1)
  await node.deps.redis.flushall()
  await fan.next('place', 15_000)
  await node.deps.redis.zrem(keys().line, node.queue.member(eventId, visitorId))
  fan.say({ type: 'join', eventId, receipt: receipts[0]! })
  expect((await fan.next('place')).place).toMatchObject({ score: place.score })
  fan.close()
}, 40_000)

test('[Q221] after a login in the line the tabs of who they are hear of the better place at once', async () => {
  const before = await join()
  const others = [await join(), await join()]
  const now = await join()
  const tab = new Fan(node.port, now.token)
  await tab.next('welcome')
  tab.say({ type: 'join', eventId })
  await tab.next('place')
  await node.queue.adopt(eventId, before.visitorId, now.visitorId)
  for (const fan of [now.fan, tab]) {
    expect(waiting((await fan.next('place', 500)).place)).toMatchObject({
      score: before.place.score,
      position: 0,
    })
  }
  expect(await before.fan.next('ended')).toMatchObject({ reason: 'left' })
  const tick = await tickOf(now.fan, 3)
  expect(positionOf(tick.knots, before.place.score)).toBe(0)
  for (const { fan } of [before, now, ...others]) fan.close()
  tab.close()
}, 30_000)

test('[Q222] who goes while the join is under way leaves no place behind that nobody gives up', async () => {
  await node.queue.configure(eventId, { graceSeconds: 1 }, 'test')
  const stays = await join()
  for (let i = 0; i < 40; i++) {
    const fan = new Fan(node.port, node.visitor().token)
    await fan.next('welcome')
    fan.say({ type: 'join', eventId })
    setTimeout(() => fan.close(), i % 10)
    await fan.closed
  }
  const length = () => node.deps.redis.zcard(keys().line)
  await expect.poll(length, { timeout: 10_000, interval: 200 }).toBe(1)
  stays.fan.close()
}, 40_000)

test('[Q223] before the draw a place has no number at either door, and its sockets hear as those at the end of the line', async () => {
  await node.queue.configure(eventId, { state: 'off' }, 'test')
  await node.queue.configure(eventId, { state: 'pre_queue', method: 'random' }, 'test')
  const { fan, place, visitorId } = await join()
  expect([place.position, place.phase, place.wait]).toEqual([null, 'pre', null])
  expect(waiting(await node.queue.status(eventId, visitorId)).position).toBeNull()
  expect(await tickOf(fan, 1)).toMatchObject({ unordered: true, knots: [] })
  fan.close()
}, 30_000)

test('[Q90] both doors tell the same of the line: bytes at one, an object at the other', async () => {
  const plain = await join()
  const visitor = node.visitor()
  const app = io(`http://127.0.0.1:${node.port}`, {
    transports: ['websocket'],
    forceNew: true,
    auth: { token: visitor.token },
  })
  const ticks: QueueTick[] = []
  app.on('tick', (tick: QueueTick) => ticks.push(tick))
  app.emit('join', { eventId })
  await expect.poll(() => ticks.at(-1)?.waiting, { timeout: 5_000 }).toBe(2)
  await expect.poll(() => plain.fan.all('tick').at(-1)?.waiting, { timeout: 5_000 }).toBe(2)
  const same = () => plain.fan.all('tick').find(({ serverTime }) => serverTime === ticks.at(-1)?.serverTime)
  await expect.poll(same, { timeout: 5_000 }).toBeDefined()
  const { rate, ...rest } = ticks.find(({ serverTime }) => serverTime === same()?.serverTime)!
  expect(same()).toMatchObject(rest)
  expect(same()?.rate).toBeCloseTo(rate, 3)
  app.disconnect()
  plain.fan.close()
}, 30_000)
