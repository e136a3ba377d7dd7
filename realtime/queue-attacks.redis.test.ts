/** What whoever wants to be first may try through a socket, each by name. What a crowd or a crash does stands in queue/. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import type { EventId } from '../shared/ids.ts'
import type { PlaceInfo } from '../shared/wire/messages.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

let redis: OwnRedis
let node: TestNode
let eventId: EventId
let events = 0

beforeAll(async () => {
  redis = await ownRedis()
  node = await makeNode({ redisUrl: redis.url, environment: { SOCKETS_PER_SESSION: '100' } })
})

afterAll(async () => {
  await node.close()
  await redis.stop()
})

beforeEach(async () => {
  eventId = (await node.addEvent(`tried${events++}`)).eventId
  await node.queue.configure(eventId, { state: 'paused', rate: 50, burst: 50, cap: 100 }, 'test')
})

const keys = () => node.deps.keys.queue(eventId)

async function arrive({ visitorId, token } = node.visitor()) {
  const fan = new Fan(node.port, token)
  await fan.next('welcome')
  return { fan, visitorId, token }
}

async function join(of = eventId, visitor = node.visitor(), receipt?: string) {
  const one = await arrive(visitor)
  one.fan.say({ type: 'join', eventId: of, ...(receipt === undefined ? {} : { receipt }) })
  return { ...one, place: waiting((await one.fan.next('place')).place) }
}

function waiting(place: PlaceInfo) {
  if (place.state !== 'waiting') throw new Error(`expected one who waits, got ${JSON.stringify(place)}`)
  return place
}

test('[Q225] through a socket a receipt that is forged, another’s or another event’s brings nothing, also where Redis lost the line; one’s own does', async () => {
  const { eventId: other } = await node.addEvent(`other${events++}`)
  await node.queue.configure(other, { state: 'paused' }, 'test')
  const owner = await join()
  const last = await join()
  const cheat = await join(other)
  const { receipt } = owner.place
  const [head, claims, mark] = receipt.split('.') as [string, string, string]
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object
  const claimed = (more: object) => Buffer.from(JSON.stringify({ ...said, ...more })).toString('base64url')
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
  const tried = [
    receipt,
    cheat.place.receipt,
    `${head}.${claimed({ score: 1 })}.${mark}`,
    `${head}.${claimed({ sub: cheat.visitorId, score: 1 })}.${mark}`,
    `${none}.${claimed({ sub: cheat.visitorId, score: 1, gen: 0 })}.`,
    node.deps.sessions.issue(cheat.visitorId),
    'x'.repeat(3_000),
    '',
  ]
  const places = async () => {
    const found = []
    for (const one of tried) {
      const { fan, place } = await join(eventId, node.visitor(), one)
      found.push(place.score)
      fan.close()
    }
    return found
  }
  for (const score of await places()) expect(score).toBeGreaterThan(last.place.score)
  owner.fan.close()
  await owner.fan.closed
  await node.deps.redis.flushall()
  for (const score of await places()) expect(score).toBeGreaterThan(last.place.score)
  const back = await join(eventId, owner, receipt)
  expect([back.place.score, back.place.position]).toEqual([owner.place.score, 0])
  const { fan } = await arrive()
  fan.say({ type: 'join', eventId, receipt: 'x'.repeat(3_001) })
  expect(await fan.next('error')).toMatchObject({ code: 'invalid_request' })
  expect(await fan.closed).toBe(4400)
  for (const one of [last, cheat, back]) one.fan.close()
}, 40_000)

test('[Q226] through a socket a pass opens nothing at another event, nor after its turn: bought, left or thrown out', async () => {
  const { eventId: other } = await node.addEvent(`other${events++}`)
  const open = { state: 'open', rate: 100, burst: 100, cap: 100 } as const
  for (const one of [eventId, other]) await node.queue.configure(one, open, 'test')
  const { fan, visitorId } = await arrive()
  const turn = async (of: EventId) => {
    fan.say({ type: 'join', eventId: of })
    const { place } = await fan.next('place')
    return place.state === 'admitted' ? place : await fan.next('admitted')
  }
  const elsewhere = await turn(other)
  fan.say({ type: 'watch', eventId, pass: elsewhere.pass })
  expect(await fan.next('error')).toMatchObject({ code: 'pass_foreign', eventId })
  const ends = [
    () => node.queue.end(eventId, visitorId, 'purchased'),
    async () => fan.say({ type: 'leave', eventId }),
    () => node.queue.eject(eventId, visitorId, 'test'),
  ]
  for (const end of ends) {
    const { pass } = await turn(eventId)
    fan.say({ type: 'watch', eventId, pass })
    await fan.next('watching')
    await end()
    await fan.next('ended')
    expect(await fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
    fan.say({ type: 'watch', eventId, pass })
    expect(await fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
  }
  fan.close()
}, 30_000)

test('[Q227] a flood of joins and leaves, on many sockets of one visitor and of many, is one place each, few calls to Redis, and costs who waits nothing', async () => {
  const honest = await join()
  const visitor = node.visitor()
  const same = await Promise.all(Array.from({ length: 20 }, () => arrive(visitor)))
  const many = await Promise.all(Array.from({ length: 60 }, () => arrive()))
  await node.deps.redis.config('RESETSTAT')
  for (let round = 0; round < 12; round++) {
    for (const { fan } of [...same, ...many]) fan.say({ type: 'join', eventId })
    for (const { fan } of many.slice(30)) fan.say({ type: 'leave', eventId })
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  for (const { fan } of [...same, ...many]) fan.say({ type: 'join', eventId })
  const places = await Promise.all(
    same.map(async ({ fan }) => waiting((await fan.next('place')).place).score),
  )
  expect(new Set(places).size).toBe(1)
  await expect.poll(() => node.deps.redis.zcard(keys().line), { timeout: 5_000 }).toBe(62)
  const stats = await node.deps.redis.info('commandstats')
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1])
  // 1,040 joins, gathered; 360 leaves, each of its own.
  expect(calls).toBeLessThan(360 + 250)
  const still = await join(eventId, honest)
  expect([still.place.score, still.place.position]).toEqual([honest.place.score, 0])
  for (const { fan } of [honest, still, ...same, ...many]) fan.close()
}, 40_000)

test('[Q228] who floods joins on one socket is ended, and has the place of the first', async () => {
  const flood = await join()
  for (let n = 0; n < 100; n++) flood.fan.say({ type: 'join', eventId })
  expect(await flood.fan.closed).toBe(4429)
  expect(flood.fan.all('error').every(({ code }) => code === 'too_many_requests')).toBe(true)
  const back = await join(eventId, flood)
  expect(back.place.score).toBe(flood.place.score)
  expect(await node.deps.redis.zcard(keys().line)).toBe(1)
  back.fan.close()
}, 30_000)
