import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

let redis: OwnRedis
let node: TestNode

beforeAll(async () => {
  redis = await ownRedis()
  node = await makeNode({ redisUrl: redis.url })
})

afterAll(async () => {
  await node.close()
  await redis.stop()
})

async function watching() {
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  fan.say({ type: 'watch', eventId: node.eventId })
  return { fan, told: await fan.next('watching') }
}

test('[S31] Redis killed: maps say that updates are paused; back and empty: every map resyncs to a raised epoch', async () => {
  const { fan, told } = await watching()
  await node.inventory.mark(node.stock, [1], 2)
  await fan.diff()
  await redis.kill()
  expect(await fan.next('paused')).toMatchObject({ paused: true, eventId: node.eventId })
  expect((await fetch(`http://127.0.0.1:${node.port}/readyz`)).status).toBe(503)
  const late = new Fan(node.port, node.visitor().token)
  await late.next('welcome')
  late.say({ type: 'watch', eventId: node.eventId })
  expect(await late.next('error')).toMatchObject({ code: 'unavailable', eventId: node.eventId })
  await redis.restart()
  expect(await fan.next('paused', 10_000)).toMatchObject({ paused: false })
  const resync = await fan.next('resync')
  expect(resync.epoch).toBeGreaterThan(told.epoch)
  const snapshot = await node.inventory.snapshot(node.stock)
  const state = new SeatState()
  state.snapshot(snapshot)
  expect(state.reaches(resync.epoch, resync.seq)).toBe(true)
  await node.hold([7])
  expect(await fan.diff()).toMatchObject({ epoch: resync.epoch, changes: [7, 1] })
  expect((await fetch(`http://127.0.0.1:${node.port}/readyz`)).status).toBe(200)
  fan.close()
  late.close()
}, 60_000)

test('[S32] Redis flushed without a word: the node notices, the seats come back, every map resyncs', async () => {
  const { fan, told } = await watching()
  await node.deps.redis.flushall()
  expect((await fan.next('resync', 12_000)).epoch).toBeGreaterThan(told.epoch)
  await node.hold([8])
  expect((await fan.diff()).changes).toEqual([8, 1])
  fan.close()
}, 60_000)

test('[S33] Redis cut off and back with nothing changed: watchers are told the same version', async () => {
  const { fan } = await watching()
  await node.hold([9])
  const { epoch, seq } = await fan.diff()
  await node.deps.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  expect(await fan.next('paused')).toMatchObject({ paused: true })
  expect(await fan.next('resync', 10_000)).toMatchObject({ epoch, seq })
  await node.hold([10])
  expect(await fan.diff()).toMatchObject({ seqFrom: seq + 1, changes: [10, 1] })
  fan.close()
})

test('[S34] the line goes on when Redis lost it: places come back, and move up', async () => {
  const { eventId } = await node.addEvent('recovers')
  await node.queue.configure(eventId, { state: 'open', rate: 0.0001, burst: 1, cap: 100 }, 'test')
  const join = async () => {
    const fan = new Fan(node.port, node.visitor().token)
    await fan.next('welcome')
    fan.say({ type: 'join', eventId })
    return { fan, place: (await fan.next('place')).place }
  }
  const first = await join()
  if (first.place.state === 'waiting') await first.fan.next('admitted')
  const second = await join()
  if (second.place.state !== 'waiting') throw new Error('the second waits')
  const { receipt, score, generation } = second.place
  await node.deps.redis.flushall()
  // A tick of another generation is what a client joins again at.
  const deadline = performance.now() + 15_000
  while ((await second.fan.next('tick', 10_000)).generation === generation)
    if (performance.now() > deadline) throw new Error('no tick of a new generation')
  second.fan.say({ type: 'join', eventId, receipt })
  expect((await second.fan.next('place')).place).toMatchObject({ state: 'waiting', score })
  await node.queue.configure(eventId, { rate: 50, burst: 50 }, 'test')
  await second.fan.next('admitted', 10_000)
  first.fan.close()
  second.fan.close()
}, 60_000)
