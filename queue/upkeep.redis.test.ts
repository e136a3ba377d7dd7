import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import { clockedRedis, movableTime } from './clock-fixture.ts'
import { drawnScore } from './draw-order.ts'
import { readDraw } from './draw-record.ts'
import {
  intercepted,
  joinInOrder,
  log,
  movableClock,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 10, cap: 100 } as const

const keysOf = (event: EventId) => rig.redis.keys(`*{${event}}*`)

test('[Q253] of a queue that has ended a process remembers nothing', async () => {
  const clock = movableClock()
  const warned: string[] = []
  const queue = rig.queue('a', {
    clock,
    log: intercepted(log, 'warn', (_: unknown, text: string) => warned.push(text)),
  })
  const apart = () => warned.filter(text => text.includes('clock of Redis is not')).length
  const event = await rig.event()
  for (const line of [1, 2]) {
    await queue.configure(event, open, 'test')
    clock.ahead = 20_000
    await queue.sweep(event)
    await queue.sweep(event)
    // Told once a line.
    expect(apart()).toBe(line)
    await queue.configure(event, { state: 'off' }, 'test')
    clock.ahead += 1_000
    expect(await queue.events()).not.toContain(event)
    clock.ahead = 0
  }
})

test('[Q253] the keys of a queue that has ended go, also where a roster was being written anew', async () => {
  const [event, other] = [await rig.event(), rig.queue('b')]
  const visitors = newVisitors(6_000)
  const append = async (...given: Parameters<typeof rig.redis.append>) => {
    await other.configure(event, { state: 'off' }, 'test')
    return await rig.redis.append(...given)
  }
  const queue = rig.queue('a', { redis: intercepted(rig.redis, 'append', append) })
  await queue.configure(event, { ...open, state: 'paused' }, 'test')
  await queue.sweep(event)
  await Promise.all(visitors.map(visitor => queue.join(event, visitor)))
  await queue.sweep(event).catch(() => undefined)
  await until('ended', async () => (await other.settings(event)).state === 'off')
  const ends = await Promise.all((await keysOf(event)).map(key => rig.redis.pttl(key)))
  for (const end of ends) expect(end).toBeGreaterThan(0)
}, 20_000)

test('[Q254] a process that stops gives up its draw, and another node goes on', async () => {
  const [ENTRANTS, A_CALL] = [40_000, 1_000]
  const planned = { state: 'pre_queue', method: 'random', rate: 0.001, cap: 10 } as const
  for (const stage of ['root', 'seed'] as const) {
    const [one, two, event] = [rig.queue('one'), rig.queue('two'), await rig.event()]
    await one.configure(event, planned, 'test')
    await joinInOrder(one, event, newVisitors(1))
    const { line, last } = rig.keys.queue(event)
    const from = Number(await rig.redis.get(last))
    const member = (i: number) => `entrant${String(i).padStart(7, '0')}`
    for (let at = 0; at < ENTRANTS; at += A_CALL) {
      const some = Array.from({ length: A_CALL }, (_, i) => [from + 1 + at + i, member(at + i)])
      await rig.redis.zadd(line, ...some.flat())
    }
    await rig.redis.set(last, from + ENTRANTS)
    await one.configure(event, { state: 'open' }, 'test')
    await until(stage, async () => {
      await one.sweep(event)
      const { rows } = await rig.pool.query(
        `select 1 from queue_draws where event_id = $1 and ${stage} is not null`,
        [event],
      )
      return rows.length === 1
    })
    const began = systemClock.now()
    await one.close()
    expect(systemClock.now() - began).toBeLessThan(2_000)
    expect((await readDraw(rig.pool, event))!.drawnAt).toBeNull()
    await until(
      'drawn',
      async () => {
        await two.sweep(event)
        return (await readDraw(rig.pool, event))!.drawnAt !== null
      },
      60_000,
    )
    const { seed, entrants } = (await readDraw(rig.pool, event))!
    expect(entrants).toBe(ENTRANTS + 1)
    for (const i of [0, 999, ENTRANTS - 1])
      expect(Number(await rig.redis.zscore(line, member(i)))).toBe(drawnScore(seed!, Buffer.from(member(i))))
  }
}, 120_000)

test('[Q258] the log says that the clock of Redis has jumped only where it is so', async () => {
  const time = movableTime(systemClock.now())
  const { redis } = clockedRedis(rig.redis, time)
  const warned: string[] = []
  const hears = intercepted(log, 'warn', (_: unknown, text: string) => warned.push(text))
  const node = (name: string) => rig.queue(name, { redis, clock: time.clock(), log: hears })
  const [a, b, event] = [node('a'), node('b'), await rig.event()]
  await a.configure(event, open, 'test')
  const jumps = () => warned.filter(text => text.includes('jumped')).length
  const round = async (queue: RedisQueue, ms: number) => {
    time.now += ms
    await queue.admit(event)
    return jumps()
  }
  expect(await round(a, 300)).toBe(0)
  // All were away, and others are there instead.
  expect(await round(b, 60_000)).toBe(0)
  expect(await round(a, 60_000)).toBe(0)
  expect(await round(a, 300)).toBe(0)
  time.jumped += 60_000
  expect(await round(a, 60_000)).toBe(1)
  time.jumped -= 60_000
  expect(await round(a, -60_000)).toBe(2)
  expect(await round(a, 300)).toBe(2)
})
