import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'
import { operatorAt } from './operator-fixture.ts'

let node: TestNode

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

test('[Q168] the wait told at a join is held against the one that came, for /metrics and for operators', async () => {
  const { eventId } = node
  const operator = operatorAt(node.port, node.adminToken)
  operator.socket.emit('watch', { eventId })
  await node.queue.configure(eventId, { state: 'open', rate: 0.25, burst: 1, cap: 100 }, 'test')
  const join = async () => {
    const fan = new Fan(node.port, node.visitor().token)
    await fan.next('welcome')
    fan.say({ type: 'join', eventId })
    return { fan, place: (await fan.next('place')).place }
  }
  // The first takes what the bucket begins with, told or not; whoever comes next waits for some four seconds, and is told so.
  const first = await join()
  if (first.place.state === 'waiting') await first.fan.next('admitted')
  const { fan, place } = await join()
  if (place.state !== 'waiting' || place.wait === null) throw new Error('a wait is told')
  expect(place.wait.p50).toBeGreaterThanOrEqual(3)
  await fan.next('admitted', 15_000)
  await expect.poll(() => operator.statuses.at(-1)?.forecast, { timeout: 5_000 }).toBeDefined()
  const { p50Error, visitors } = operator.statuses.at(-1)?.forecast ?? { p50Error: 1, visitors: 0 }
  expect([1, 2]).toContain(visitors)
  expect(p50Error).toBeLessThan(1)
  const text = await node.deps.metrics.text()
  expect(text).toMatch(/onsale_forecast_ratio_count\{[^}]*\} [12]\b/)
  expect(text).toMatch(/onsale_forecasts_total\{[^}]*\} [12]\b/)
  operator.socket.disconnect()
  fan.close()
  first.fan.close()
})
