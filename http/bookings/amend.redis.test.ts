import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { STATUS } from '../../shared/seats/inventory.ts'
import { amend } from './amend.ts'
import { type Fan, FRONT, killedAt, makeShop, type Shop, salesOf, type Told } from './sale-fixture.ts'
import type { StepName } from './steps.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => expect(await shop.audit()).toEqual([]))
afterAll(() => shop.close())

const change = (fan: Fan, booking: string, body: object) =>
  shop.call<Told>('PATCH', `/bookings/${booking}`, { token: fan.token, body })
const renew = (fan: Fan, booking: string) =>
  shop.call<Told>('POST', `/bookings/${booking}/renew`, { token: fan.token })
const indices = (told: Told) => told.tickets.map(({ ticketId }) => Number(ticketId.split('-')[1]))

describe('Tickets are added to a hold and dropped from it, all of it or nothing.', () => {
  test('[B45] the price follows, the end stays, and a payment buys what is left', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(2, 3)
    const { expiresAt } = await fan.get(booking)
    const { status, body } = await change(fan, booking, {
      add: { ticketIds: [house.ticket(4)], areas: [{ areaId: 'floor', quantity: 2 }] },
      drop: [house.ticket(2)],
    })
    expect([status, indices(body), body.amount, body.expiresAt]).toEqual([
      200,
      [3, 4, 40, 41],
      2 * FRONT + 2 * 2_150,
      expiresAt,
    ])
    expect(await Promise.all([2, 3, 4].map(house.shown))).toEqual(['available', 'held', 'held'])
    const left = await shop.deps.redis.pexpiretime(shop.deps.keys.seats(house.eventId).seat(4))
    expect(Math.abs(left - Date.parse(expiresAt))).toBeLessThan(500)
    expect((await fan.pay(booking)).body.status).toBe('confirmed')
    expect(await Promise.all([2, 3, 4].map(house.shown))).toEqual(['available', 'sold', 'sold'])
    expect((await (await house.fan()).hold([2])).status).toBe(201)
  })

  test('[B45] a ticket that somebody has is named, and nothing changes', async () => {
    const house = await shop.house()
    const [ada, bob] = [await house.fan(), await house.fan()]
    const booking = await ada.held(2)
    await bob.held(5)
    const { status, body } = await change(ada, booking, {
      add: { ticketIds: [house.ticket(4), house.ticket(5)] },
      drop: [house.ticket(2)],
    })
    expect([status, body.code, body.tickets]).toEqual([409, 'hold_conflict', [house.ticket(5)]])
    expect([await house.shown(4), (await ada.get(booking)).amount]).toEqual(['available', FRONT])
  })

  test('[B45] what Postgres knows to be blocked is refused and shown, and the fan keeps what there was', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(2)
    await shop.deps.pool.query('insert into seat_blocks (event_id, seat_index) values ($1, 3)', [
      house.eventId,
    ])
    const { body } = await change(fan, booking, { add: { ticketIds: [house.ticket(3)] } })
    expect([body.code, body.tickets]).toEqual(['hold_conflict', [house.ticket(3)]])
    expect([await house.shown(3), await house.shown(2)]).toEqual(['blocked', 'held'])
  })

  test.for([
    ['add', {}],
    ['drop[0]', { drop: ['other999-1'] }],
    ['drop', { drop: 'all' }],
    ['price', { add: { ticketIds: [] }, price: 1 }],
  ] as const)('[B45] nonsense is 400: %s', async ([field, body]) => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(2)
    const all = 'drop' in body && body.drop === 'all'
    const answer = await change(fan, booking, all ? { drop: [house.ticket(2)] } : body)
    expect([answer.status, answer.body['errors']]).toMatchObject([
      400,
      expect.arrayContaining([expect.objectContaining({ field })]),
    ])
  })

  test('[B74] a ticket to drop that the booking has not is 404 and named, and nothing changes', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(2, 3)
    const body = { add: { ticketIds: [house.ticket(4)] }, drop: [house.ticket(2), house.ticket(9)] }
    const answer = await change(fan, booking, body)
    expect([answer.status, answer.body]).toMatchObject([
      404,
      { code: 'ticket_not_found', ticketId: house.ticket(9) },
    ])
    expect((await fan.get(booking)).tickets).toHaveLength(2)
    expect(await house.shown(4)).toBe('available')
  })

  test('[B45] only the owner, only while it is held, and no more than a booking may hold', async () => {
    const house = await shop.house()
    const [ada, bob] = [await house.fan(), await house.fan()]
    const booking = await ada.held(2)
    const more = { add: { ticketIds: [house.ticket(3)] } }
    expect((await change(bob, booking, more)).body.code).toBe('booking_not_found')
    const nine = { add: { areas: [{ areaId: 'floor', quantity: 8 }] } }
    expect((await change(ada, booking, nine)).body.code).toBe('limit_exceeded')
    await ada.cancel(booking)
    expect((await change(ada, booking, more)).body.code).toBe('booking_state')
    expect((await renew(ada, booking)).body.code).toBe('booking_state')
  })
})

describe('A process that dies while a hold is changed', () => {
  const STEPS: StepName[] = ['amend.take', 'amend.write', 'amend.hold']
  const deaths = STEPS.flatMap(step => [[step, 'before'] as const, [step, 'after'] as const])

  test.for(deaths)(
    '[B46] at %s (%s) keeps nobody from the seats for long, and the same call repairs it',
    async ([step, when]) => {
      const house = await shop.house()
      const fan = await house.fan()
      const booking = await fan.held(2, 3)
      const dying = salesOf(shop, { step: killedAt(step, when) })
      const body = { add: { ticketIds: [house.ticket(4)] }, drop: [house.ticket(2)] }
      const visitorId = fan.visitorId as Parameters<typeof amend>[1]
      const parsed = { add: { ...body.add, areas: [], ticketTypes: {} }, drop: body.drop }
      await expect(amend(dying, visitorId, booking, parsed)).rejects.toThrow()
      const { redis, keys } = shop.deps
      // The seconds of what was only taken pass.
      const left = await redis.pttl(keys.seats(house.eventId).seat(4))
      const isJoined = step === 'amend.hold' && when === 'after'
      if (!isJoined && left > 0) {
        expect(left).toBeLessThanOrEqual(15_000)
        await redis.pexpire(keys.seats(house.eventId).seat(4), 1)
        const expiries = await redis.zrange(keys.seats(house.eventId).expiries, '0', '-1')
        for (const one of expiries.filter(id => id !== booking))
          await redis.zadd(keys.seats(house.eventId).expiries, 1, one)
        await shop.deps.inventory.sweep(house.stock)
        expect(await house.shown(4)).toBe('available')
      }
      const again = await change(fan, booking, body)
      expect([again.status, indices(again.body)]).toEqual([200, [3, 4]])
      // Paying looks at the hold first, and mends what the dead process left.
      expect((await fan.pay(booking)).body.status).toBe('confirmed')
      expect(await Promise.all([2, 3, 4].map(house.shown))).toEqual(['available', 'sold', 'sold'])
    },
  )
})

test('[B47] A hold is renewed to its full length, until the hard limit since it was taken.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(2)
  const first = await fan.get(booking)
  const limit = Date.parse(first.createdAt) + 1_500_000
  expect(Date.parse(first.renewableUntil ?? '')).toBe(limit)
  await age(booking, 400)
  const renewed = await renew(fan, booking)
  expect(renewed.status).toBe(200)
  const left = Date.parse(renewed.body.expiresAt) - Date.parse(renewed.body.serverTime)
  expect(left).toBeGreaterThan(595_000)
  const ends = await shop.deps.redis.pexpiretime(shop.deps.keys.seats(house.eventId).seat(2))
  expect(Math.abs(ends - Date.parse(renewed.body.expiresAt))).toBeLessThan(500)
  await age(booking, 1_000)
  const last = await renew(fan, booking)
  expect(Date.parse(last.body.expiresAt)).toBe(Date.parse(last.body.renewableUntil ?? ''))
  expect((await renew(fan, booking)).body).toMatchObject({ code: 'limit_exceeded', scope: 'hold_time' })
})

test('[B120] A renewal right after the hold, or after another renewal, moves its end to the full length from then on.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(2)
  let end = Date.parse((await fan.get(booking)).expiresAt)
  for (let again = 0; again < 3; again++) {
    const { status, body } = await renew(fan, booking)
    const renewed = Date.parse(body.expiresAt)
    expect([status, renewed > end]).toEqual([200, true])
    expect(renewed - Date.parse(body.serverTime)).toBeGreaterThan(599_000)
    end = renewed
  }
  const ends = await shop.deps.redis.pexpiretime(shop.deps.keys.seats(house.eventId).seat(2))
  expect(Math.abs(ends - end)).toBeLessThan(500)
})

/** As if it had been taken so many seconds ago, and were about to end. */
async function age(booking: string, seconds: number): Promise<void> {
  await shop.deps.pool.query(
    `update bookings set taken_at = taken_at - make_interval(secs => $2), created_at = created_at - make_interval(secs => $2),
       expires_at = now() + interval '5 seconds' where id = $1`,
    [booking, seconds],
  )
}

test('[B48] A booking paid for buys exactly what it has, though Redis held more or less.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(2, 3)
  const { inventory } = shop.deps
  await inventory.amend(house.stock, booking, { takenAs: booking, add: [6], drop: [3] })
  expect([await house.shown(3), await house.shown(6)]).toEqual(['available', 'held'])
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  expect([await house.shown(3), await house.shown(6)]).toEqual(['sold', 'available'])
  await inventory.mark(house.stock, [9], STATUS.blocked)
  const other = await fan.held(7)
  expect(await inventory.amend(house.stock, other, { takenAs: other, add: [8, 9], drop: [] })).toEqual({
    ok: false,
    reason: 'hold_conflict',
    seats: [9],
  })
  expect(await house.shown(8)).toBe('available')
})
