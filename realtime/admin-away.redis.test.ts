import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { makeNode, type TestNode } from './node-fixture.ts'
import { operatorAt } from './operator-fixture.ts'

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

test('[W80] while Redis is away an operator’s socket stays and is told nothing; when it is back figures and samples come again', async () => {
  await node.queue.configure(node.eventId, { state: 'paused' }, 'test')
  const { socket, statuses, histories, errors } = operatorAt(node.port, node.adminToken)
  let cuts = 0
  socket.on('disconnect', () => cuts++)
  socket.emit('watch', { eventId: node.eventId })
  await expect.poll(() => statuses.length, { timeout: 10_000 }).toBeGreaterThan(1)
  await redis.kill()
  await new Promise(resolve => setTimeout(resolve, 3_000))
  const heard = statuses.length
  // Who comes now is let in, and knows of no minutes before.
  const late = operatorAt(node.port, node.adminToken)
  late.socket.emit('watch', { eventId: node.eventId })
  await expect
    .poll(() => late.histories, { timeout: 10_000 })
    .toEqual([{ eventId: node.eventId, samples: [] }])
  expect(statuses.length).toBeLessThanOrEqual(heard + 1)
  await redis.restart()
  await expect.poll(() => statuses.length, { timeout: 20_000 }).toBeGreaterThan(heard + 2)
  expect(statuses.at(-1)).toMatchObject({ eventId: node.eventId, free: 50 })
  const { samples } = node.deps.keys.desk(node.eventId)
  await expect.poll(() => node.deps.redis.llen(samples), { timeout: 20_000 }).toBeGreaterThan(0)
  expect([cuts, histories.length, errors]).toEqual([0, 1, []])
  for (const one of [socket, late.socket]) one.disconnect()
}, 90_000)
