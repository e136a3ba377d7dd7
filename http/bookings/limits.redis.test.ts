import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, makeShop, type Shop, until } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop({
    environment: {
      MAX_TICKETS_PER_VISITOR: '4',
      MAX_TICKETS_PER_USER: '6',
      MAX_TICKETS_PER_CATEGORY: '3',
      HOLD_BUDGET_SECONDS: '900',
    },
  })
})
afterAll(() => shop.close())

const keysOf = (house: House) => shop.deps.keys.seats(house.eventId)

test('[B40] A visitor holds and has bought so many tickets of an event at most, all bookings together.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const bought = await fan.held(2, 3)
  await fan.pay(bought)
  const held = await fan.held(12)
  const { status, body } = await fan.hold([13, 14])
  expect([status, body.code, body['scope'], body['limit'], body['had']]).toEqual([
    422,
    'limit_exceeded',
    'visitor',
    4,
    3,
  ])
  expect([await house.shown(13), await house.shown(14)]).toEqual(['available', 'available'])
  // Given back it counts no more, and neither does what another fan has.
  await fan.cancel(held)
  expect((await fan.hold([13, 14])).status).toBe(201)
  expect((await (await house.fan()).hold([15, 16])).status).toBe(201)
  expect((await fan.hold([], { areas: [{ areaId: 'floor', quantity: 1 }] })).body.code).toBe('limit_exceeded')
})

test('[H41] Who holds all they may and asks for a seat that is taken is told that it is.', async () => {
  const house = await shop.house()
  const [fan, other] = [await house.fan(), await house.fan()]
  await fan.held(2, 3, 12, 13)
  await other.held(14)
  expect((await fan.hold([14, 15])).body).toMatchObject({
    code: 'hold_conflict',
    tickets: [house.ticket(14)],
  })
  expect((await fan.hold([15])).body.code).toBe('limit_exceeded')
})

test('[B40] Of calls at the same moment no more succeed than the limit allows.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const seats = [2, 4, 6, 12, 14, 16, 22, 24, 26]
  const answers = await Promise.all(seats.map(seat => fan.hold([seat])))
  const held = answers.filter(({ status }) => status === 201)
  expect(held.length).toBeLessThanOrEqual(4)
  expect(held.length).toBeGreaterThan(0)
  const refused = answers.filter(({ status }) => status !== 201)
  expect(refused.every(({ body }) => body.code === 'limit_exceeded')).toBe(true)
})

test('[B41] What is held counts until its own end, also after a loss of Redis; what is bought is counted in Postgres.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  await fan.pay(await fan.held(2))
  const booking = await fan.held(12, 13)
  const { redis } = shop.deps
  const lost = await redis.keys(`${keysOf(house).meta.slice(0, -'meta'.length)}*`)
  await redis.del(...lost)
  expect((await fan.hold([14, 15])).body.code).toBe('limit_exceeded')
  expect(await redis.hkeys(keysOf(house).visitor(fan.visitorId as never))).toEqual([booking])
  // Its end has come, and nobody has swept: judged when it is read.
  await redis.hset(keysOf(house).visitor(fan.visitorId as never), booking, '1:12,13')
  expect((await fan.hold([22, 23])).status).toBe(201)
})

test('[B42] A user of the operator’s own has a limit of their own.', async () => {
  const house = await shop.house()
  const visitorId = '01234567-89ab-8def-8123-456789abcdef'
  const token = shop.deps.sessions.issue(visitorId as never)
  const hold = (ticketIds: string[]) =>
    shop.call('POST', `/bookings/${house.eventId}`, { token, body: { ticketIds } })
  expect((await hold([2, 3].map(house.ticket))).status).toBe(201)
  expect((await hold([12, 13].map(house.ticket))).status).toBe(201)
  expect((await hold([22, 23, 24].map(house.ticket))).body).toMatchObject({
    code: 'limit_exceeded',
    limit: 6,
  })
})

test('[B43] A category has a limit of its own, and the refusal names it.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  await fan.pay(await fan.held(2, 3))
  const { body } = await fan.hold([4, 5])
  expect(body).toMatchObject({ code: 'limit_exceeded', scope: 'category', category: 'a', limit: 3 })
  expect(await house.shown(4)).toBe('available')
  expect((await fan.hold([4])).status).toBe(201)
  expect((await fan.hold([12])).status).toBe(201)
})

test('[B44] Holding again and again uses up a budget: the last hold is shorter, and then there is none.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const first = await fan.held(2)
  const past = (seconds: number) =>
    shop.deps.pool.query(
      `update bookings set status = 'expired', reason = 'hold_ended', changed_at = now(),
         taken_at = now() - make_interval(secs => $2), expires_at = now() where visitor_id = $1 and status = 'in_progress'`,
      [fan.visitorId, seconds],
    )
  await past(600)
  await shop.deps.inventory.release(house.stock, first)
  const second = await fan.hold([2])
  const left = Date.parse(second.body.expiresAt) - Date.parse(second.body.serverTime)
  expect(second.status).toBe(201)
  expect(left).toBeGreaterThan(290_000)
  expect(left).toBeLessThanOrEqual(300_000)
  const ends = await shop.deps.redis.pexpiretime(keysOf(house).seat(2))
  expect(Math.abs(ends - Date.parse(second.body.expiresAt))).toBeLessThan(500)
  await past(290)
  await shop.deps.inventory.release(house.stock, second.body.bookingId as never)
  const third = await fan.hold([2])
  expect(third.body).toMatchObject({ code: 'limit_exceeded', scope: 'hold_seconds', limit: 900 })
  await until('the seat is free', async () => (await house.shown(2)) === 'available')
  expect((await (await house.fan()).hold([2])).status).toBe(201)
})
