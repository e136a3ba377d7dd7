import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { transaction } from '../../shared/postgres.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { type Fan, type House, makeShop, type Shop, until } from '../bookings/sale-fixture.ts'
import { replayRound } from './replay.ts'

let shop: Shop
let house: House
let fan: Fan
beforeAll(async () => {
  shop = await makeShop()
})
beforeEach(async () => {
  house = await shop.house()
  fan = await house.fan()
})
afterAll(() => shop.close())

/** Files beside this one write to the same Postgres: what runs there ends in a moment. */
async function round(): Promise<void> {
  const { redis, keys } = shop.deps
  const { rows } = await shop.deps.pool.query('select last_value::int as seq from tickets_changed')
  const { work } = replayRound(shop.sales)
  await until('it is replayed', async () => {
    await work()
    return Number(await redis.get(keys.replayed)) >= rows[0].seq
  })
}

/** Sold in Postgres, and Redis never heard of it. */
async function untold(booking: string): Promise<void> {
  const { pool, inventory } = shop.deps
  const { rows } = await pool.query<{ seats: number[] }>('select seats from bookings where id = $1', [
    booking,
  ])
  await shop.work()
  await inventory.mark(house.stock, rows[0]?.seats ?? [], STATUS.available)
}

test('[P90] A sale whose outbox rows are lost is shown sold within a round, and a lost return available.', async () => {
  const { pool, inventory, redis, keys } = shop.deps
  const booking = await fan.held(0, 1)
  // Its word to Redis is lost, and the job behind it.
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  await pool.query('delete from outbox')
  await inventory.mark(house.stock, [0, 1], STATUS.available)
  expect(await house.shown(0)).toBe('available')
  await round()
  expect([await house.shown(0), await house.shown(1)]).toEqual(['sold', 'sold'])
  const { seq } = await inventory.snapshot(house.stock)
  await redis.del(keys.replayed)
  await round()
  expect((await inventory.snapshot(house.stock)).seq).toBe(seq)
  await pool.query(
    `update tickets set status = 'available', booking_id = null, serial = serial + 1, changed_seq = nextval('tickets_changed')
     where event_id = $1 and seat_index = 1`,
    [house.eventId],
  )
  await round()
  expect([await house.shown(0), await house.shown(1)]).toEqual(['sold', 'available'])
})

test('[P91] A change that is committed after a later one is shown too.', async () => {
  const { pool, redis, keys } = shop.deps
  const bookings = [await fan.held(2), await fan.held(3)]
  for (const booking of bookings) {
    await fan.pay(booking)
    await untold(booking)
  }
  await round()
  await shop.deps.inventory.mark(house.stock, [2, 3], STATUS.available)
  const change = `update tickets set changed_seq = nextval('tickets_changed') where event_id = $1 and seat_index = $2`
  const { work } = replayRound(shop.sales)
  await transaction(pool, async slow => {
    await slow.query(change, [house.eventId, 2])
    await pool.query(change, [house.eventId, 3])
    const before = await redis.get(keys.replayed)
    for (let rounds = 0; rounds < 3; rounds++) await work()
    // It has not gone past what may still come.
    expect(await redis.get(keys.replayed)).toBe(before)
  })
  await until('both are sold', async () => {
    await work()
    return (await house.shown(2)) === 'sold' && (await house.shown(3)) === 'sold'
  })
})

test('[P92] A replay takes nothing from a live hold, and leaves a block blocked.', async () => {
  const { pool, inventory } = shop.deps
  for (const seat of [4, 5]) {
    const booking = await fan.held(seat)
    await fan.pay(booking)
    await shop.work()
  }
  await pool.query(
    `update tickets set status = 'available', booking_id = null, serial = serial + 1, changed_seq = nextval('tickets_changed')
     where event_id = $1 and seat_index in (4, 5)`,
    [house.eventId],
  )
  await pool.query('insert into seat_blocks (event_id, seat_index) values ($1, 5)', [house.eventId])
  await inventory.mark(house.stock, [4], STATUS.available)
  const holder = await (await house.fan()).held(4)
  await round()
  expect([await house.shown(4), await house.shown(5)]).toEqual(['held', 'blocked'])
  expect(await inventory.extend(house.stock, holder, 60_000)).toMatchObject({ ok: true })
})
