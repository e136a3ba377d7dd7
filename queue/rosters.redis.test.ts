import { afterAll, beforeAll, expect, test } from 'vitest'
import { intercepted, joinInOrder, newVisitors, type QueueRig, queueRig, until } from './queue-fixture.ts'

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

test('[Q231] a node that was taken for dead answers for its visitors, and is buried with all of them when it has died', async () => {
  const [slow, event, visitors] = [rig.queue('slow'), await rig.event(), newVisitors(20)]
  const { nodes, away, roster } = rig.keys.queue(event)
  await slow.configure(event, paused, 'test')
  await slow.sweep(event)
  await joinInOrder(slow, event, visitors)
  // It answers while it is being buried, as a node does that Redis could not hear for some seconds.
  let answers = 0
  const evalsha = async (...given: Parameters<typeof rig.redis.evalsha>) => {
    const answer = await rig.redis.evalsha(...given)
    if (!given.includes('lost') || ++answers > 5) return answer
    for (const visitor of visitors) slow.back(event, visitor)
    await until('answered', async () => (await rig.redis.zcard(away)) === 0)
    return answer
  }
  slow.back(event, visitors[0]!)
  const lives = rig.queue('lives', { redis: intercepted(rig.redis, 'evalsha', evalsha) })
  await until('the script is known', async () => {
    await rig.redis.zadd(nodes, 1, 'slow')
    await lives.sweep(event)
    return answers > 0
  })
  expect([answers, await rig.redis.zcard(away)]).toEqual([1, 0])
  expect(await rig.redis.strlen(roster('slow'))).toBe(14 * visitors.length)

  await rig.redis.zadd(nodes, 1, 'slow')
  await rig.queue('other').sweep(event)
  expect(await rig.redis.zcard(away)).toBe(visitors.length)
}, 30_000)

test('[Q232] a node that dies before its first sweep is buried too', async () => {
  const [dies, lives, event, visitors] = [
    rig.queue('dies'),
    rig.queue('lives'),
    await rig.event(),
    newVisitors(3),
  ]
  const { nodes, away } = rig.keys.queue(event)
  await lives.configure(event, paused, 'test')
  await joinInOrder(dies, event, visitors)
  await until(
    'buried',
    async () => {
      await lives.sweep(event)
      return (await rig.redis.zcard(away)) === visitors.length
    },
    8_000,
  )
  expect(await rig.redis.zrange(nodes, 0, '-1')).toEqual(['lives'])
}, 20_000)

test('[Q241] a node whose roster takes long to bury or to write anew renews its lease meanwhile, and is buried by nobody', async () => {
  const [dies, event, visitors] = [rig.queue('dies'), await rig.event(), newVisitors(3)]
  const { nodes, away } = rig.keys.queue(event)
  await dies.configure(event, paused, 'test')
  await dies.sweep(event)
  await joinInOrder(dies, event, visitors)
  let goOn = () => {}
  const held = new Promise<void>(resolve => (goOn = resolve))
  const getrangeBuffer = async (...given: Parameters<typeof rig.redis.getrangeBuffer>) => {
    await held
    return rig.redis.getrangeBuffer(...given)
  }
  const lives = rig.queue('lives', { redis: intercepted(rig.redis, 'getrangeBuffer', getrangeBuffer) })
  const leaseOf = async () => Number(await rig.redis.zscore(nodes, 'lives'))
  await rig.redis.zadd(nodes, 1, 'dies')
  await lives.sweep(event)
  const before = await leaseOf()
  await lives.sweep(event)
  expect(await leaseOf()).toBeGreaterThan(before)
  expect(await rig.redis.zcard(away)).toBe(0)
  goOn()
  await until('buried', async () => (await rig.redis.zcard(away)) === visitors.length)
})

test('[Q270] a node that is taken for dead, gets a visitor as its burial ends and then dies is found again', async () => {
  const [slow, event, [first]] = [rig.queue('slow'), await rig.event(), newVisitors(1)]
  const { nodes, away, roster } = rig.keys.queue(event)
  await slow.configure(event, paused, 'test')
  await slow.sweep(event)
  // Redis says that it has no roster; then its first visitor comes.
  let [came, asked] = [false, 0]
  const exists = async (key: string) => {
    const answer = await rig.redis.exists(key)
    if (key !== roster('slow') || came || (await rig.redis.zscore(nodes, 'slow')) === null) return answer
    came = ++asked === 2
    if (came) await slow.join(event, first!)
    return answer
  }
  await rig.redis.zadd(nodes, 1, 'slow')
  await rig.queue('lives', { redis: intercepted(rig.redis, 'exists', exists) }).sweep(event)
  expect([came, await rig.redis.strlen(roster('slow'))]).toEqual([true, 14])
  await rig.queue('other').sweep(event)
  expect(await rig.redis.zrangeBuffer(away, 0, '-1')).toEqual([slow.member(event, first!)])
  expect(await rig.redis.zscore(nodes, 'slow')).toBeNull()
})

test('[Q271] however long one dead node’s roster takes, the next is buried meanwhile', async () => {
  const [event, [one, two]] = [await rig.event(), newVisitors(2)]
  const [long, short] = [rig.queue('long'), rig.queue('short')]
  const { nodes, away, roster } = rig.keys.queue(event)
  await long.configure(event, paused, 'test')
  await joinInOrder(long, event, [one!])
  await joinInOrder(short, event, [two!])
  let goOn = () => {}
  const held = new Promise<void>(resolve => (goOn = resolve))
  const getrangeBuffer = async (key: string, from: number, to: number) => {
    if (key.startsWith(roster('long'))) await held
    return await rig.redis.getrangeBuffer(key, from, to)
  }
  const lives = rig.queue('lives', { redis: intercepted(rig.redis, 'getrangeBuffer', getrangeBuffer) })
  await rig.redis.zadd(nodes, 1, 'long', 2, 'short')
  await lives.sweep(event)
  await lives.sweep(event)
  expect(await rig.redis.zrangeBuffer(away, 0, '-1')).toEqual([short.member(event, two!)])
  goOn()
  await until('buried', async () => (await rig.redis.zcard(away)) === 2)
})
