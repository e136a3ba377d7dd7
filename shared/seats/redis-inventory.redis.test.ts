import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OwnRedis, ownRedis, testDatabase } from '../../dev/test-parts.ts'
import { systemClock } from '../clock.ts'
import { EventStore } from '../event-store.ts'
import { type BookingId, eventId } from '../ids.ts'
import { type Keys, makeKeys } from '../keys.ts'
import { makeLog } from '../log.ts'
import { connectPostgres, type Pool } from '../postgres.ts'
import { connectCommands, connectSubscriber, type Redis, ready } from '../redis.ts'
import { parseDiff } from './diff.ts'
import { type SeatDiff, STATUS, type Stock } from './inventory.ts'
import { RedisInventory } from './redis-inventory.ts'
import { insertSmallHouse } from './small-house.ts'

const log = makeLog('test', 'silent')
const noPass = Buffer.alloc(14)
let database: Awaited<ReturnType<typeof testDatabase>>
let server: OwnRedis
let pool: Pool
let redis: Redis
let keys: Keys
let inventory: RedisInventory
let stock: Stock
let events = 0

beforeAll(async () => {
  database = await testDatabase()
  server = await ownRedis()
  pool = connectPostgres(database.url, 'test', log)
  redis = connectCommands(server.url, log)
  await ready(redis, 5_000)
  keys = makeKeys('t:')
})

afterAll(async () => {
  redis.disconnect()
  await pool.end()
  await server.stop()
  await database.drop()
})

beforeEach(async () => {
  const id = eventId(`house${events++}`)
  await insertSmallHouse(pool, id)
  const event = await new EventStore(pool).find(id)
  if (event === undefined) throw new Error('the small house is missing')
  stock = event.stock
  inventory = newInventory()
})

function newInventory(): RedisInventory {
  return new RedisInventory({ redis, pool, keys, clock: systemClock, log })
}

function booking(): BookingId {
  return randomUUID() as BookingId
}

function take(seats: number[], { id = booking(), units = 0, ttl = 60_000 } = {}) {
  const areas = units > 0 ? [{ area: 0, quantity: units }] : []
  return inventory.take(stock, { booking: id, activeMember: noPass }, { seats, areas }, ttl)
}

async function statuses(): Promise<{ seats: string; floor: number | undefined }> {
  const { state, areas } = await inventory.snapshot(stock)
  const seats = Array.from({ length: stock.seats }, (_, i) => ((state[i >> 2] ?? 0) >> (6 - 2 * (i & 3))) & 3)
  return { seats: seats.join(''), floor: areas[0] }
}

function house(marks: Record<number, number>): string {
  return Array.from({ length: 40 }, (_, i) => marks[i] ?? 0).join('')
}

async function saveBooking(
  id: BookingId,
  seats: number[],
  status: string,
  until: Date,
  taken = new Date(),
): Promise<void> {
  await pool.query(
    `insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at, pay_until, taken_at)
     values ($1, $2, $3, $4, $5, 100, 'EUR', 1, $6, $6, $7)`,
    [id, stock.eventId, randomUUID(), status, seats, until, taken],
  )
}

async function sell(id: BookingId, seats: number[]): Promise<void> {
  await saveBooking(id, seats, 'confirmed', new Date())
  await pool.query(
    `insert into tickets (event_id, seat_index, status, booking_id) select $1, unnest($2::int[]), 'sold', $3`,
    [stock.eventId, seats, id],
  )
}

async function passes(ms: number): Promise<void> {
  await systemClock.sleep(ms)
}

describe('take', () => {
  test('[H1] takes every seat and unit asked for and shows them held', async () => {
    const result = await take([3, 4], { units: 2 })
    expect(result).toMatchObject({ ok: true, hold: { indices: [3, 4, 40, 41] } })
    if (result.ok) expect(result.hold.until - result.hold.now).toBe(60_000)
    expect(await statuses()).toEqual({ seats: house({ 3: 1, 4: 1 }), floor: 8 })
    expect(await inventory.counts(stock)).toMatchObject({ free: 46, holds: 1, seq: 1 })
  })

  test('[H2] takes none where one is taken, and names those taken', async () => {
    await take([5])
    await inventory.mark(stock, [7], STATUS.sold)
    expect(await take([4, 5, 6, 7])).toEqual({ ok: false, reason: 'hold_conflict', seats: [5, 7] })
    expect(await take([6], { units: 11 })).toEqual({ ok: false, reason: 'sold_out', area: 0, left: 10 })
    expect(await statuses()).toEqual({ seats: house({ 5: 1, 7: 2 }), floor: 10 })
  })

  test('[H3] gives one seat to one of two hundred who want it at once', async () => {
    const results = await Promise.all(Array.from({ length: 200 }, () => take([11])))
    expect(results.filter(result => result.ok)).toHaveLength(1)
    expect(results.filter(result => !result.ok && result.reason === 'hold_conflict')).toHaveLength(199)
  })

  test('[H4] refuses a visitor without a slot while the queue is on', async () => {
    const queue = keys.queue(stock.eventId)
    await redis.hset(queue.cfg, 'state', 'open')
    expect(await take([0])).toEqual({ ok: false, reason: 'waiting_room_required' })
    await redis.zadd(queue.act, Date.now() - 1_000, noPass)
    expect(await take([0])).toEqual({ ok: false, reason: 'waiting_room_required' })
    await redis.zadd(queue.act, Date.now() + 10_000, noPass)
    expect(await take([0])).toMatchObject({ ok: true })
  })
})

describe('the end of a hold', () => {
  test('[H5] frees the seat at its second, before any sweeper came', async () => {
    await take([1], { ttl: 200 })
    await passes(250)
    expect(await take([1])).toMatchObject({ ok: true })
  })

  test('[H6] is swept once: the seat shows free, and a seat taken again stays with its new owner', async () => {
    await take([1, 2], { units: 3, ttl: 200 })
    await passes(250)
    const second = booking()
    await take([2], { id: second })
    const [one, other] = await Promise.all([inventory.sweep(stock), newInventory().sweep(stock)])
    expect(one.freed.length + other.freed.length).toBeGreaterThanOrEqual(1)
    expect(await statuses()).toEqual({ seats: house({ 2: 1 }), floor: 10 })
    expect(await inventory.extend(stock, second, 60_000)).toMatchObject({ ok: true })
    expect(await inventory.counts(stock)).toMatchObject({ free: 49, holds: 1 })
  })

  test('[H19] comes to two thousand holds at once, without a pause between batches', async () => {
    const wide = eventId('wide')
    await insertSmallHouse(pool, wide, { length: 600 })
    const event = await new EventStore(pool).find(wide)
    if (event === undefined) throw new Error('the wide house is missing')
    stock = event.stock
    await inventory.snapshot(stock)
    await Promise.all(Array.from({ length: 2_000 }, (_, seat) => take([seat], { ttl: 1_500 })))
    await passes(1_600)
    expect((await inventory.sweep(stock)).freed.length).toBe(2_000)
    expect(await inventory.counts(stock)).toMatchObject({ free: 2_410, holds: 0 })
  })

  test('[H7] moves when the owner extends it, and is not swept before', async () => {
    const id = booking()
    await take([1], { id, ttl: 200 })
    expect(await inventory.extend(stock, id, 60_000)).toMatchObject({ ok: true })
    await passes(250)
    expect(await inventory.sweep(stock)).toMatchObject({ freed: [] })
    expect(await take([1])).toMatchObject({ ok: false })
  })

  test('[H8] cannot be extended past: an ended hold is lost', async () => {
    const id = booking()
    await take([1], { id, ttl: 100 })
    await passes(150)
    expect(await inventory.extend(stock, id, 60_000)).toEqual({ ok: false, reason: 'lost' })
    expect(await inventory.extend(stock, booking(), 60_000)).toEqual({ ok: false, reason: 'lost' })
  })

  test('[H9] comes by release, for the owner alone and once', async () => {
    const id = booking()
    await take([1], { id, units: 1 })
    await inventory.release(stock, booking())
    expect(await statuses()).toEqual({ seats: house({ 1: 1 }), floor: 9 })
    await inventory.release(stock, id)
    await inventory.release(stock, id)
    expect(await statuses()).toEqual({ seats: house({}), floor: 10 })
  })

  test('[H10] is when late money may take exactly the same tickets, if nobody has them', async () => {
    const id = booking()
    await take([1], { id, units: 2 })
    await inventory.release(stock, id)
    expect(await inventory.reacquire(stock, id, [1, 40, 41], 60_000)).toMatchObject({
      ok: true,
      hold: { indices: [1, 40, 41] },
    })
    expect(await inventory.reacquire(stock, booking(), [40], 60_000)).toMatchObject({ ok: false })
    expect(await statuses()).toEqual({ seats: house({ 1: 1 }), floor: 8 })
  })
})

describe('mark', () => {
  test('[H11] shows sold and ends the hold, and shows available again after a refund', async () => {
    const id = booking()
    await take([1], { id, units: 1 })
    await inventory.mark(stock, [1, 40], STATUS.sold, id)
    await inventory.mark(stock, [1, 40], STATUS.sold, id)
    expect(await statuses()).toEqual({ seats: house({ 1: 2 }), floor: 9 })
    expect(await inventory.counts(stock)).toMatchObject({ holds: 0, free: 48 })
    await inventory.mark(stock, [1, 40], STATUS.available)
    await inventory.mark(stock, [1, 40], STATUS.available)
    expect(await statuses()).toEqual({ seats: house({}), floor: 10 })
    expect(await inventory.counts(stock)).toMatchObject({ free: 50 })
  })

  test('[H12] takes a blocked unit out of the free ones and leaves a live hold alone when it shows available', async () => {
    await inventory.mark(stock, [49], STATUS.blocked)
    expect(await statuses()).toMatchObject({ floor: 9 })
    await take([6])
    await inventory.mark(stock, [6], STATUS.available)
    expect(await take([6])).toMatchObject({ ok: false })
  })
})

describe('diffs', () => {
  test('[H13] are published once a change, with seq rising by one, and replayed from the log', async () => {
    const subscriber = connectSubscriber(server.url, log)
    const heard: SeatDiff[] = []
    await inventory.snapshot(stock)
    await subscriber.subscribe(keys.seats(stock.eventId).channel)
    subscriber.on('message', (_, json) => heard.push(parseDiff(json)))
    const id = booking()
    await take([2, 3], { id, units: 1 })
    await inventory.release(stock, id)
    await inventory.mark(stock, [9], STATUS.blocked)
    await expect.poll(() => heard.length).toBe(3)
    subscriber.disconnect()
    expect(heard.map(({ seq, changes, areas, free }) => ({ seq, changes, areas, free }))).toEqual([
      { seq: 1, changes: [2, 1, 3, 1], areas: [0, 9], free: 47 },
      { seq: 2, changes: [2, 0, 3, 0], areas: [0, 10], free: 50 },
      { seq: 3, changes: [9, 3], areas: [], free: 49 },
    ])
    const epoch = heard[0]?.epoch ?? 0
    expect(await inventory.since(stock, epoch, 1)).toEqual(heard.slice(1))
    expect(await inventory.since(stock, epoch, 3)).toEqual([])
    expect(await inventory.since(stock, epoch, 9)).toBeUndefined()
    expect(await inventory.since(stock, epoch + 1, 0)).toBeUndefined()
  })
})

describe('an empty Redis', () => {
  test('[H14] is never taken for a free house: sold, blocked and held come back from Postgres in a new epoch', async () => {
    const held = booking()
    await take([1], { id: held, units: 1 })
    await saveBooking(held, [1, 40], 'in_progress', new Date(Date.now() + 60_000))
    await saveBooking(booking(), [4], 'in_progress', new Date(Date.now() - 60_000))
    await sell(booking(), [2, 41])
    await pool.query('insert into seat_blocks (event_id, seat_index) values ($1, 3)', [stock.eventId])
    const before = await inventory.snapshot(stock)
    await redis.flushall()
    const [, other] = await Promise.all([take([2]), newInventory().snapshot(stock)])
    expect(other.epoch).toBe(before.epoch + 1)
    expect(await statuses()).toEqual({ seats: house({ 1: 1, 2: 2, 3: 3 }), floor: 8 })
    expect(await take([1])).toMatchObject({ reason: 'hold_conflict' })
    expect(await inventory.extend(stock, held, 60_000)).toMatchObject({ ok: true })
  })

  test('[H15] found at activation brings the hold back if its booking was recorded, and loses it if not', async () => {
    const recorded = booking()
    const lost = booking()
    await take([1], { id: recorded })
    await take([5], { id: lost })
    await saveBooking(recorded, [1], 'in_progress', new Date(Date.now() + 60_000))
    await redis.flushall()
    expect(await inventory.extend(stock, recorded, 60_000)).toMatchObject({ ok: true })
    expect(await inventory.extend(stock, lost, 60_000)).toEqual({ ok: false, reason: 'lost' })
    expect(await take([5])).toMatchObject({ ok: true })
  })

  test('[H17] and an event nobody has looked at yet are told as what they are, not as sold out', async () => {
    expect(await inventory.counts(stock)).toMatchObject({ free: 50, holds: 0, seq: 0 })
    await redis.flushall()
    expect(await inventory.since(stock, 1, 0)).toBeUndefined()
    expect(await newInventory().counts(stock)).toMatchObject({ free: 50, epoch: 2 })
  })

  test('[H18] gives a seat that two bookings claim to the one that took it last', async () => {
    const orphan = booking()
    const holder = booking()
    const until = new Date(Date.now() + 60_000)
    await saveBooking(orphan, [7, 8], 'in_progress', until, new Date(Date.now() - 30_000))
    await saveBooking(holder, [8, 9], 'in_progress', until)
    await redis.flushall()
    expect(await inventory.extend(stock, holder, 60_000)).toMatchObject({ ok: true })
    expect(await inventory.extend(stock, orphan, 60_000)).toEqual({ ok: false, reason: 'lost' })
    expect(await statuses()).toMatchObject({ seats: house({ 8: 1, 9: 1 }) })
  })

  test('[H16] after a restart is rebuilt by one of many who meet it', async () => {
    await sell(booking(), [0])
    await inventory.snapshot(stock)
    await server.kill()
    await server.restart()
    await ready(redis, 5_000)
    const nodes = Array.from({ length: 5 }, newInventory)
    const snapshots = await Promise.all(nodes.map(node => node.snapshot(stock)))
    expect(new Set(snapshots.map(({ epoch }) => epoch)).size).toBe(1)
    expect(await take([0])).toMatchObject({ reason: 'hold_conflict' })
  })
})
