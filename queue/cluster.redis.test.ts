/** Queue and seats on a Redis Cluster: what one event's verbs touch lies in one slot. */
import { randomUUID } from 'node:crypto'
import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import { EventStore } from '../shared/event-store.ts'
import { type BookingId, eventId } from '../shared/ids.ts'
import { connectCommands, type Redis } from '../shared/redis.ts'
import { STATUS } from '../shared/seats/inventory.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { storesReady } from '../shared/start.ts'
import { type RedisCluster, redisCluster } from './cluster-fixture.ts'
import {
  admitted,
  admitUntil,
  drawAndAdopt,
  log,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  verbsNotCalled,
} from './queue-fixture.ts'

let three: RedisCluster
let rig: QueueRig
let cluster: Cluster
/** The cluster's client speaks the same commands; shared/redis.ts connects to one Redis only. */
let redis: Redis
beforeAll(async () => {
  ;[three, rig] = await Promise.all([redisCluster(), queueRig()])
  cluster = three.cluster
  redis = cluster as unknown as Redis
})
afterAll(async () => {
  await rig.close()
  await three.stop()
})

const slotOf = (key: string) => cluster.call('CLUSTER', 'KEYSLOT', key)

test('[Q134] on a cluster of three every key of one event’s queue and seats lies in one slot, and events spread', async () => {
  const slots = new Set<unknown>()
  for (const event of ['evening01', 'evening02', 'evening03'].map(eventId)) {
    const spellers: unknown[] = [
      ...Object.values(rig.keys.queue(event)),
      ...Object.values(rig.keys.seats(event)),
    ]
    const keys = spellers.map(key => String(typeof key === 'function' ? key('1') : key))
    const found = new Set(await Promise.all(keys.map(slotOf)))
    expect(found.size, event).toBe(1)
    for (const slot of found) slots.add(slot)
  }
  expect(slots.size).toBe(3)
})

test('[Q135] on a cluster of three fans join, are let in, hold and buy, by every verb of queue and seats', async () => {
  const left = verbsNotCalled()
  // Three events, so that every node of the cluster has one.
  for (const id of ['evening01', 'evening02', 'evening03', 'evening05']) {
    const event = eventId(id)
    await insertSmallHouse(rig.pool, event, { length: 12 })
    const { stock } = (await new EventStore(rig.pool).find(event))!
    const inventory = new RedisInventory({ redis, pool: rig.pool, keys: rig.keys, clock: systemClock, log })
    const [queue, other] = [rig.queue('a', { redis }), rig.queue('b', { redis })]
    const [first, second, third] = newVisitors(3)

    await inventory.rebuild(stock)
    await queue.configure(event, { state: 'open', rate: 100, cap: 2 }, 'test')
    await queue.configure(event, { graceSeconds: 1 }, 'test')
    await Promise.all([first, second, third].map(who => queue.join(event, who!)))
    await other.sweep(event)
    await queue.sweep(event)
    await admitUntil(queue, event, async () => (await queue.tick(event)).active === 2)
    const active = (await queue.passes(event, [first!, second!, third!])).map(({ visitorId }) => visitorId)
    expect(active).toHaveLength(2)
    const [buyer, leaver] = active as [typeof first, typeof first]
    const { pass } = admitted(await other.status(event, buyer!))
    expect(await other.gate(event, buyer!, pass)).toEqual({ ok: true })

    const taker = { booking: randomUUID() as BookingId, activeMember: queue.member(event, buyer!) }
    expect(
      await inventory.take(stock, taker, { seats: [4, 5], areas: [{ area: 0, quantity: 2 }] }, 5_000),
    ).toMatchObject({ ok: true })
    expect(await inventory.extend(stock, taker.booking, 60_000)).toMatchObject({ ok: true })
    const stranger = { booking: randomUUID() as BookingId, activeMember: Buffer.alloc(14) }
    expect(await inventory.take(stock, stranger, { seats: [6], areas: [] }, 5_000)).toMatchObject({
      ok: false,
    })
    await inventory.mark(stock, [4, 5], STATUS.sold, taker.booking)
    const again = randomUUID() as BookingId
    expect(await inventory.reacquire(stock, again, [6], 50)).toMatchObject({ ok: true })
    await until('the hold is over', async () => (await inventory.sweep(stock)).freed.length === 1)
    await inventory.release(stock, again)
    expect((await inventory.snapshot(stock)).state.length).toBe(12)
    expect(await inventory.since(stock, 1, 0)).toBeDefined()
    await inventory.counts(stock)

    await queue.end(event, buyer!, 'purchased')
    await other.leave(event, leaver!)
    const last = [first, second, third].find(who => !active.includes(who!))!
    queue.away(event, last)
    await until('away', async () => (await cluster.zcard(rig.keys.queue(event).away)) === 1)
    queue.back(event, last)
    await until('back', async () => (await cluster.zcard(rig.keys.queue(event).away)) === 0)
    expect(await queue.reassert(event, [{ visitorId: last, score: 1 }])).toBe(0)
    await admitUntil(other, event, async () => (await other.status(event, last)).state === 'admitted')
    await queue.configure(event, { state: 'off' }, 'test')
    expect(await cluster.exists(rig.keys.queue(event).line)).toBe(0)
    await drawAndAdopt(queue, event, redis, rig.keys)
  }
  expect(left()).toEqual([])
})

test('[Q206] a process does not start on a node of a cluster, and says what it needs', async () => {
  const one = connectCommands(three.url, log)
  try {
    await expect(storesReady({ pool: rig.pool, redis: [one], clock: systemClock })).rejects.toThrow(
      'Redis (REDIS_URL) is a node of a Cluster: one Redis is needed, with replicas or without.',
    )
  } finally {
    one.disconnect()
  }
  await storesReady({ pool: rig.pool, redis: [rig.redis], clock: systemClock })
})
