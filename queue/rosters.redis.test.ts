import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinInOrder, newVisitors, type QueueRig, queueRig, until } from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const paused = { state: 'paused', rate: 10, cap: 100, graceSeconds: 60 } as const

test('[Q192] a node writes its roster anew where most of it is of the past, and buries nobody less for it', async () => {
  const [dies, lives, event] = [rig.queue('dies'), rig.queue('lives'), await rig.event()]
  const [gone, stays] = [newVisitors(6_000), newVisitors(500)]
  const { roster, nodes, away, line } = rig.keys.queue(event)
  const sizeOf = async (node: string) => (await rig.redis.strlen(roster(node))) / 14
  await dies.configure(event, paused, 'test')
  await dies.sweep(event)
  for (const some of [gone, stays]) await Promise.all(some.map(visitor => dies.join(event, visitor)))
  // Gone and back: in the roster twice.
  for (const visitor of stays) dies.away(event, visitor)
  await until('away', async () => (await rig.redis.zcard(away)) === 500)
  for (const visitor of stays) dies.back(event, visitor)
  await until('back', async () => (await rig.redis.zcard(away)) === 0)
  await rig.redis.zremrangebyrank(line, 0, 5_999)
  expect(await sizeOf('dies')).toBe(7_000)
  await dies.sweep(event)
  expect(await sizeOf('dies')).toBe(500)
  expect(await rig.redis.keys(`*{${event}}*:before`)).toEqual([])
  const after = newVisitors(3)
  await joinInOrder(dies, event, after)

  // One that died while it wrote: both parts are buried.
  await rig.redis.append(roster('dies:before'), dies.member(event, after[0]!))
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.sweep(event)
  expect(await rig.redis.zcard(away)).toBe(503)
  expect(await rig.redis.exists(roster('dies'), roster('dies:before'))).toBe(0)
}, 30_000)

test('[Q193] a node that is killed and started again by the same name within its lease is another: the ghosts of the first are buried', async () => {
  const [first, event, [ghost, here]] = [
    rig.queue('n', { life: undefined }),
    await rig.event(),
    newVisitors(2),
  ]
  await first.configure(event, paused, 'test')
  await joinInOrder(first, event, [ghost!])
  await first.sweep(event)
  const second = rig.queue('n', { life: undefined })
  await joinInOrder(second, event, [here!])
  await second.sweep(event)
  const { nodes, away } = rig.keys.queue(event)
  const names = await rig.redis.zrange(nodes, 0, '-1')
  expect(names).toHaveLength(2)
  for (const name of names) expect(name).toMatch(/^n\.[0-9a-f]{8}$/)
  await until(
    'the first is buried',
    async () => {
      await second.sweep(event)
      return (await rig.redis.zcard(nodes)) === 1
    },
    8_000,
  )
  expect(await rig.redis.zrangeBuffer(away, 0, '-1')).toEqual([second.member(event, ghost!)])
}, 20_000)
