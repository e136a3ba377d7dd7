/** An event's house is redrawn while it sells. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BookingId } from '../../shared/ids.ts'
import { hashOf, textOf } from '../../shared/seats/map-text.ts'
import { type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { smallHouse } from '../../shared/seats/small-house.ts'
import { withTombstones } from '../../shared/seats/tombstones.ts'
import { audit, PATIENCE } from '../audit/audit.ts'
import { type Fan, type House, makeShop, type Shop } from '../bookings/sale-fixture.ts'
import { redraw } from './event-redraw.ts'
import { newHouse } from './event-rehouse.ts'
import { changeEvent, contentOf } from './event-writes.ts'

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

/** The small house without these seats, drawn as an operator would: rows and areas are shorter, and counted anew. */
function without(...gone: number[]): SeatMap {
  const map = smallHouse()
  let next = 0
  for (const section of map.sections) {
    for (const row of section.rows) {
      const stay = row.xy.flatMap((_, at) =>
        at % 2 === 1 || gone.includes(row.first + at / 2) ? [] : [at / 2],
      )
      const kept = (list: number[] = []) => list.map(at => stay.indexOf(at)).filter(at => at >= 0)
      const x = (at: number) => (row.xy[0] ?? 0) + 60 * at
      const [accessible, companion] = [kept(row.accessible), kept(row.companion)]
      Object.assign(row, {
        first: next,
        labels: stay.map(at => String(at + 1)),
        xy: stay.flatMap((at, i) => (i === 0 ? [x(at), row.xy[1]] : [x(at) - x(stay[i - 1]!), 0])),
        accessible,
        companion,
      })
      next += stay.length
    }
    section.rows = section.rows.filter(({ xy }) => xy.length > 0)
  }
  map.sections = map.sections.filter(({ rows }) => rows.length > 0)
  map.areas = map.areas.flatMap(area => {
    const capacity = area.capacity - gone.filter(index => index >= area.first).length
    return capacity === 0 ? [] : [{ ...area, first: next, capacity }]
  })
  const used = new Set(
    [...map.sections.flatMap(({ rows }) => rows), ...map.areas].map(({ category }) => category),
  )
  map.categories = map.categories.filter(({ id }) => used.has(id))
  return map
}

const put = (map: SeatMap, more: object = {}) =>
  shop.call('PUT', `/admin/events/${house.eventId}`, { token: shop.adminToken, body: { map, ...more } })
const shown = (...indices: number[]) => Promise.all(indices.map(index => house.shown(index)))
const list = async () => {
  await known()
  const { body } = await shop.call<{ tickets: { ticketId: string }[]; areas: object[] }>(
    'GET',
    `/events/${house.eventId}/seats`,
    { headers: { accept: 'application/json' } },
  )
  return body
}
const add = (booking: string, index: number) =>
  shop.call('PATCH', `/bookings/${booking}`, {
    token: fan.token,
    body: { add: { ticketIds: [house.ticket(index)] } },
  })
/** Until this node knows the event's new house. */
const known = () => shop.deps.clock.sleep(1_100)
const inventoryStands = () => shop.deps.inventory.rebuild(house.stock)
const epoch = async () => (await shop.deps.inventory.counts(house.stock)).epoch

test('[S184] while it sells a house leaves out free and blocked seats: nobody can have them, every other ticket and hold stays', async () => {
  const { inventory, chance, pool } = shop.deps
  const booking = await fan.held(1, 20)
  await shop.call('PUT', `/admin/events/${house.eventId}/blocks`, {
    token: shop.adminToken,
    body: { ticketIds: [house.ticket(5)] },
  })
  // A hold that is not in Postgres yet.
  const taken = chance.uuid() as BookingId
  expect((await inventory.take(house.stock, { booking: taken }, { seats: [9], areas: [] }, 60_000)).ok).toBe(
    true,
  )
  const before = await epoch()
  const { free } = await inventory.counts(house.stock)
  expect(await put(without(3, 4, 5, 48, 49))).toMatchObject({
    status: 200,
    body: { outcome: 'changed', status: 'onsale', seats: 37, standing: 8, leftOut: 5 },
  })
  expect(await shown(1, 2, 3, 4, 5, 6, 9, 20)).toEqual([
    ...['held', 'available', 'blocked', 'blocked', 'blocked', 'available', 'held', 'held'],
  ])
  const counts = await inventory.counts(house.stock)
  expect([counts.epoch, counts.free]).toEqual([before + 1, free - 4])
  expect((await fan.hold([3])).body.code).toBe('ticket_not_found')
  expect((await inventory.extend(house.stock, taken, 60_000)).ok).toBe(true)
  const { tickets, areas } = await list()
  expect(tickets.map(({ ticketId }) => ticketId)).not.toContain(house.ticket(3))
  expect(tickets).toHaveLength(37)
  expect(areas).toMatchObject([{ areaId: 'floor', available: 8, capacity: 8 }])
  expect((await shop.call('GET', `/events/${house.eventId}`)).body).toMatchObject({
    availability: { total: 45 },
    areas: [{ capacity: 8 }],
  })
  expect((await fan.get(booking)).tickets).toMatchObject([
    { section: 'Left', row: 'A', seat: '2' },
    { section: 'Right', row: 'A', seat: '1' },
  ])
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  expect((await put(without(3, 4, 5, 48, 49))).body).toMatchObject({ outcome: 'unchanged' })
  const { rows } = await pool.query(
    `select detail from audit_log where event_id = $1 and act = 'event.change'`,
    [house.eventId],
  )
  expect(rows).toMatchObject([{ detail: { leaves: '3-5, 48-49', returns: '' } }])
})

test('[S185] leaving out what is held, being paid or sold is refused: each is named, and nothing changes', async () => {
  const { inventory, chance, pool } = shop.deps
  await fan.held(3)
  await fan.pay(await fan.held(4))
  const paying = await fan.held(5)
  await pool.query(
    `update bookings set status = 'paying', pay_until = now() + interval '1 minute' where id = $1`,
    [paying],
  )
  const before = await inventory.counts(house.stock)
  const refused = await put(without(2, 3, 4, 5))
  expect(refused).toMatchObject({
    status: 409,
    body: {
      code: 'map_in_use',
      fields: ['mapHash'],
      more: 0,
      tickets: [
        { ticketId: house.ticket(3), was: 'Left, row A, seat 4', becomes: null, state: 'held' },
        { ticketId: house.ticket(4), state: 'sold' },
        { ticketId: house.ticket(5), state: 'being paid' },
      ],
    },
  })
  expect(refused.body['detail']).toContain('"Left, row A, seat 4" is held')
  // Held in Redis alone: its booking is being written.
  await inventory.take(
    house.stock,
    { booking: chance.uuid() as BookingId },
    { seats: [8], areas: [] },
    60_000,
  )
  expect((await put(without(2, 8))).body).toMatchObject({
    code: 'map_in_use',
    tickets: [{ ticketId: house.ticket(8), state: 'held' }],
  })
  expect(await shown(2, 3, 4, 5)).toEqual(['available', 'held', 'sold', 'held'])
  expect(await epoch()).toBe(before.epoch)
  expect(
    (await put({ ...smallHouse(), areas: [{ ...smallHouse().areas[0]!, capacity: 11 }] })).body,
  ).toMatchObject({
    code: 'map_in_use',
    eventStatus: 'onsale',
  })
})

test('[S186] a seat that a later house has again is the same ticket and can be had; one that an operator had blocked comes back blocked', async () => {
  const blocks = `/admin/events/${house.eventId}/blocks`
  const body = { ticketIds: [house.ticket(12)] }
  await shop.call('PUT', blocks, { token: shop.adminToken, body })
  const sold = await fan.held(0)
  await fan.pay(sold)
  await put(without(11, 12, 30, 31, 32))
  await known()
  expect((await shop.call('DELETE', blocks, { token: shop.adminToken, body })).body).toMatchObject({
    errors: [{ field: 'ticketIds[0]' }],
  })
  expect(await put(without(32))).toMatchObject({ status: 200, body: { seats: 39, leftOut: 1 } })
  expect(await shown(11, 12, 30, 31, 32)).toEqual([
    ...['available', 'blocked', 'available', 'available', 'blocked'],
  ])
  await known()
  const again = await fan.hold([11, 30])
  expect(again.body.tickets).toMatchObject([
    { ticketId: house.ticket(11), row: 'B', seat: '2' },
    { ticketId: house.ticket(30), section: 'Right', row: 'B', seat: '1' },
  ])
  await shop.call('DELETE', blocks, { token: shop.adminToken, body })
  expect(await shown(12)).toEqual(['available'])
})

test('[S187] a whole section and a standing area go, and a rebuild, the audit and the replay know the tombstones', async () => {
  const { pool, redis, keys, inventory } = shop.deps
  const booking = await fan.held(2)
  const gone = Array.from({ length: 30 }, (_, i) => 20 + i)
  const { rows } = await pool.query('select * from event_prices where event_id = $1', [house.eventId])
  expect(rows).toHaveLength(6)
  const prices = ['a', 'b'].map(category => ({ category, price: 100 }))
  expect((await put(without(...gone), { prices })).body).toMatchObject({
    seats: 20,
    standing: 0,
    leftOut: 30,
  })
  const found = await audit(
    { ...shop.deps, stripe: undefined, instance: 'shop' },
    { ...PATIENCE, pauseMs: 0, jobSeconds: 0, stripeSeconds: 0 },
  )
  expect(found.faults.filter(({ place }) => place.startsWith(house.eventId))).toEqual([])
  await shop.work()
  expect(await shown(2, 20, 39)).toEqual(['held', 'blocked', 'blocked'])
  // Redis is empty: whoever still has the old house brings none of them back either.
  const { meta, state } = keys.seats(house.eventId)
  await redis.unlink(meta, state)
  const snapshot = await inventory.snapshot(house.stock)
  expect([snapshot.areas, (await inventory.counts(house.stock)).free]).toEqual([[0], 19])
  expect(await shown(2, 19, 20, 39)).toEqual(['held', 'available', 'blocked', 'blocked'])
  const { tickets, areas } = await list()
  expect([tickets.length, areas]).toEqual([20, []])
  expect((await fan.get(booking)).status).toBe('in_progress')
})

/** The event as a file that brings this house would have it, and as it is. */
async function redrawn(map: SeatMap) {
  const { pool, events } = shop.deps
  const content = (await contentOf(pool, house.eventId))!
  const before = (await events.map(content.mapHash))!.plan
  const next = await newHouse(pool, house.eventId, 'onsale', before, map)
  const event = {
    ...content,
    eventId: house.eventId,
    startsAt: Date.parse(content.startsAt),
    onSaleAt: Date.parse(content.onSaleAt),
    venue: { venueId: content.venueId },
    map: next.map,
    mapHash: undefined,
  }
  return { content, next, event }
}

test('[S188] a node that dies before it has shown a new house and begun its epoch leaves that to the workers', async () => {
  const { pool } = shop.deps
  expect(await shown(6)).toEqual(['available'])
  const before = await epoch()
  const { content, next, event } = await redrawn(without(6))
  expect(next.map).toEqual(withTombstones(smallHouse(), without(6)))
  const written = await changeEvent(pool, event, content, 'test', { house: next })
  expect(written?.outcome).toBe('changed')
  expect([await shown(6), await epoch()]).toEqual([['available'], before])
  await shop.work()
  expect([await shown(6), await epoch()]).toEqual([['blocked'], before + 1])
})

test('[S201] so it does where only the drawing is another', async () => {
  const { content, next, event } = await redrawn({ ...smallHouse(), name: 'Another drawing' })
  expect([next.leaves, next.returns, next.moved]).toEqual([[], [], []])
  await inventoryStands()
  const before = await epoch()
  await changeEvent(shop.deps.pool, event, content, 'test', { house: next })
  expect(await epoch()).toBe(before)
  await shop.work()
  expect(await epoch()).toBe(before + 1)
})

test('[S202] of two redraws that cross, what the later has written is what is shown', async () => {
  const { inventory, pool, clock } = shop.deps
  await inventoryStands()
  const { content, event } = await redrawn(without(3, 4))
  const late = new Proxy(inventory, {
    get: (all, name) =>
      name === 'mark'
        ? async (...args: Parameters<typeof inventory.mark>) => {
            await clock.sleep(1_000)
            return inventory.mark(...args)
          }
        : Reflect.get(all, name).bind(all),
  })
  const first = redraw({ ...shop.deps, inventory: late }, event, content, 'test')
  await expect.poll(async () => (await contentOf(pool, house.eventId))?.mapHash).not.toBe(content.mapHash)
  expect(await put(without(4))).toMatchObject({ status: 200, body: { seats: 39 } })
  await first
  expect(await shown(3, 4)).toEqual(['available', 'blocked'])
  expect((await fan.hold([3])).body.tickets).toMatchObject([{ ticketId: house.ticket(3) }])
})

test('[S200] who holds seats on a node that still knows the house of a second ago gets them in the new one', async () => {
  await fan.get(await fan.held(0))
  expect((await put(without(3, 49))).status).toBe(200)
  const held = await fan.hold([4])
  expect(held.body.tickets).toMatchObject([{ ticketId: house.ticket(4), seat: '5' }])
  await put(without(3, 48, 49))
  const key = shop.deps.chance.uuid()
  const again = await shop.call('POST', `/bookings/${house.eventId}`, {
    token: fan.token,
    headers: { 'idempotency-key': key },
    body: { areas: [{ areaId: 'floor', quantity: 2 }] },
  })
  expect(again).toMatchObject({
    status: 201,
    body: { tickets: [{ category: 'floor' }, { category: 'floor' }] },
  })
  await put(without(3, 47, 48, 49), { status: 'offsale' })
  expect((await fan.hold([6])).body).toMatchObject({ code: 'not_on_sale', eventStatus: 'offsale' })
})

test('[S203] nothing is added to a hold where the event is off sale, or a seat that became another since the node read it', async () => {
  const booking = await fan.held(0)
  const { pool } = shop.deps
  const { content } = await redrawn(smallHouse())
  // Seats of row B are of row Z now; whoever read the event before still has row B.
  const map = smallHouse()
  map.sections[0]!.rows[1]!.name = 'Z'
  await pool.query(
    "insert into seat_maps (hash, name, seats, units, geometry) values ($1, 'z', 40, 10, $2)",
    [hashOf(map), textOf(map)],
  )
  await pool.query('update events set map_hash = $2 where id = $1', [house.eventId, hashOf(map)])
  const added = await add(booking, 12)
  expect(added).toMatchObject({ status: 200, body: { tickets: [{}, { row: 'Z', seat: '3' }] } })
  await pool.query(`update events set map_hash = $2, status = 'offsale' where id = $1`, [
    house.eventId,
    content.mapHash,
  ])
  expect(await add(booking, 13)).toMatchObject({ status: 409, body: { code: 'not_on_sale' } })
  expect(await shown(12, 13)).toEqual(['held', 'available'])
})

test('[S204] who adds to a hold and waits for a change of its event heeds it', async () => {
  const { pool } = shop.deps
  const booking = await fan.held(0)
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select from events where id = $1 for update', [house.eventId])
  await client.query(`update events set status = 'offsale' where id = $1`, [house.eventId])
  const waiting = add(booking, 6)
  await shop.deps.clock.sleep(500)
  await client.query('commit')
  client.release()
  expect(await waiting).toMatchObject({ status: 409, body: { code: 'not_on_sale', eventStatus: 'offsale' } })
  expect(await shown(6)).toEqual(['available'])
})

test('[S189] an event may begin with a map that has tombstones', async () => {
  const map = withTombstones(smallHouse(), without(7, 49))
  expect(new SeatPlan(map).tickets).toBe(48)
  const { venue, startsAt } = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))
  const brought = await shop.call('POST', '/admin/events', {
    token: shop.adminToken,
    body: {
      ...{ name: 'Redrawn', type: 'theatre', currency: 'EUR', startsAt, id: 'redrawn1', venue, map },
      prices: ['a', 'b', 'floor'].map(category => ({ category, price: 100 })),
    },
  })
  expect(brought).toMatchObject({ status: 201, body: { seats: 39, standing: 9, leftOut: 2 } })
  const { token } = fan
  const hold = (index: number) =>
    shop.call('POST', '/bookings/redrawn1', { token, body: { ticketIds: [`redrawn1-${index}`] } })
  expect((await hold(7)).body['code']).toBe('ticket_not_found')
  expect((await hold(8)).status).toBe(201)
})
