import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { STATUS } from '../../shared/seats/inventory.ts'
import { FRONT, type House, makeShop, type Shop, timeIsOver, until } from './sale-fixture.ts'

let shop: Shop
let house: House
beforeAll(async () => {
  shop = await makeShop()
  house = await shop.house()
})
afterEach(async () => expect(await shop.audit()).toEqual([]))
afterAll(() => shop.close())

describe('holding', () => {
  test('[B4] A hold answers its booking: id, exact expiry by the clock that ends it, price, tickets.', async () => {
    const { status, body, headers } = await (await house.fan()).hold([0, 1])
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({
      eventId: house.eventId,
      status: 'in_progress',
      amount: 2 * FRONT,
      currency: 'EUR',
    })
    const left = Date.parse(body.expiresAt) - Date.parse(body.serverTime)
    expect(left).toBeGreaterThan(595_000)
    expect(left).toBeLessThanOrEqual(600_000)
    const ends = await shop.deps.redis.pexpiretime(shop.deps.keys.seats(house.eventId).seat(0))
    expect(ends).toBeGreaterThanOrEqual(Date.parse(body.expiresAt))
    expect(ends - Date.parse(body.expiresAt)).toBeLessThan(500)
    expect(body.tickets[0]).toEqual({
      ticketId: house.ticket(0),
      section: 'Left',
      row: 'A',
      seat: '1',
      kind: 'accessible',
      category: 'a',
      type: 'adult',
      price: 5_000,
      fee: 150,
      discount: 0,
      state: 'held',
    })
    expect([await house.shown(0), await house.shown(1), await house.shown(2)]).toEqual([
      'held',
      'held',
      'available',
    ])
  })

  test('[B5] A hold takes every ticket or none, and names those it could not have.', async () => {
    const [ada, bob] = [await house.fan(), await house.fan()]
    await ada.held(4)
    const { status, body } = await bob.hold([3, 4, 5])
    expect([status, body.code, body.tickets]).toEqual([409, 'hold_conflict', [house.ticket(4)]])
    expect([await house.shown(3), await house.shown(5)]).toEqual(['available', 'available'])
  })

  test('[B6] Of 200 buyers of one seat at once one has it, and 199 are told cleanly that it is taken.', async () => {
    const fans = await Promise.all(Array.from({ length: 200 }, () => house.fan()))
    const answers = await Promise.all(fans.map(fan => fan.hold([6])))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    const lost = answers.filter(({ body }) => body.code === 'hold_conflict')
    expect(lost).toHaveLength(199)
    expect(lost.every(({ status, body }) => status === 409 && body.tickets[0] === house.ticket(6))).toBe(true)
    const { rows } = await shop.deps.pool.query(
      'select 1 from bookings where event_id = $1 and seats @> $2',
      [house.eventId, [6]],
    )
    expect(rows).toHaveLength(1)
  })

  test('[B7] Standing places are held by quantity, and who asks for too many is told how many are left.', async () => {
    const floor = await shop.house()
    const fan = await floor.fan()
    const { status, body } = await fan.hold([2], { areas: [{ areaId: 'floor', quantity: 3 }] })
    expect([status, body.tickets.map(ticket => ticket.kind)]).toEqual([
      201,
      ['seat', 'standing', 'standing', 'standing'],
    ])
    expect(body.amount).toBe(FRONT + 3 * 2_150)
    const second = await fan.hold([], { areas: [{ areaId: 'floor', quantity: 8 }] })
    expect([second.status, second.body]).toMatchObject([409, { code: 'sold_out', areaId: 'floor', left: 7 }])
    const third = await fan.hold([], { areas: [{ areaId: 'floor', quantity: 7, ticketType: 'reduced' }] })
    expect([third.status, third.body.amount]).toEqual([201, 7 * 1_150])
  })

  test('[B8] No call to Stripe is made at hold.', async () => {
    const before = shop.simulator.state().answers
    await (await house.fan()).held(7)
    expect(shop.simulator.state().answers).toEqual(before)
  })
})

describe('a refusal', () => {
  const body = { ticketIds: ['evening01-0'] }

  test('[B9] Without a valid session is 401, before body and keys are looked at.', async () => {
    const headers = { 'idempotency-key': ' ' }
    const none = await shop.call('POST', '/bookings/evening01', { body: { ticketIds: 7 }, headers })
    expect([none.status, none.body['code']]).toEqual([401, 'session_required'])
    const stolen = await shop.call('POST', '/bookings/evening01', { token: 'e30.e30.e30', body })
    expect([stolen.status, stolen.body['code']]).toEqual([401, 'session_invalid'])
  })

  test.for([
    ['ticketIds', { ticketIds: 'hot1-1' }],
    ['ticketIds[0]', { ticketIds: ['nonsense'] }],
    ['ticketIds[0]', { ticketIds: ['evening01-40'] }],
    ['ticketIds[1]', { ticketIds: ['evening01-1', 7] }],
    ['ticketIds', {}],
    ['areas[0].quantity', { areas: [{ areaId: 'floor', quantity: 0 }] }],
    ['areas[0].quantity', { areas: [{ areaId: 'floor', quantity: 1.5 }] }],
    ['areas[0].areaId', { areas: [{ quantity: 1 }] }],
    ['ticketTypes["evening01-3"]', { ticketIds: ['evening01-2'], ticketTypes: { 'evening01-3': 'adult' } }],
    ['ticketTypes["evening01-2"]', { ticketIds: ['evening01-2'], ticketTypes: { 'evening01-2': 'vip' } }],
    ['price', { ticketIds: ['evening01-2'], price: 1 }],
  ] as const)('[B10] A malformed body is 400 and names the field: %s.', async ([field, given]) => {
    const { token } = await shop.session()
    const { status, body: told } = await shop.call('POST', '/bookings/evening01', { token, body: given })
    expect([status, told['code']]).toEqual([400, 'invalid_request'])
    expect(told['errors']).toEqual(expect.arrayContaining([expect.objectContaining({ field })]))
  })

  test('broken JSON and a bad key are 400 too', async () => {
    const { token } = await shop.session()
    const response = await shop.app.request('/bookings/evening01', {
      method: 'POST',
      body: '{',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request' }])
    const headers = { 'idempotency-key': 'x'.repeat(256) }
    const keyed = await shop.call('POST', '/bookings/evening01', { token, body, headers })
    expect([keyed.status, keyed.body['errors']]).toMatchObject([400, [{ field: 'header.idempotency-key' }]])
  })

  test.for([
    ['event_not_found', 404, '/bookings/nosuch99', { ticketIds: ['nosuch99-1'] }],
    ['event_not_found', 404, '/bookings/NOT-AN-ID', { ticketIds: ['evening01-1'] }],
    ['not_on_sale', 409, '/bookings/evening02', { ticketIds: ['evening02-1'] }],
    ['foreign_tickets', 400, '/bookings/evening01', { ticketIds: ['evening01-1', 'evening02-1'] }],
    ['duplicate_tickets', 400, '/bookings/evening01', { ticketIds: ['evening01-1', 'evening01-1'] }],
    ['ticket_not_found', 404, '/bookings/evening01', { ticketIds: ['evening01-50'] }],
    ['area_not_found', 404, '/bookings/evening01', { areas: [{ areaId: 'roof', quantity: 1 }] }],
  ] as const)('[B11] %s is %s', async ([code, expected, path, given]) => {
    const { token } = await shop.session()
    const { status, body: told } = await shop.call('POST', path, { token, body: given })
    expect([status, told['code']]).toEqual([expected, code])
  })

  test('[B12] More tickets than one booking may hold, seats and standing together, are 422.', async () => {
    const fan = await (await shop.house()).fan()
    const more = await fan.hold([10, 11, 12, 13, 14], { areas: [{ areaId: 'floor', quantity: 4 }] })
    expect([more.status, more.body]).toMatchObject([422, { code: 'limit_exceeded', limit: 8 }])
    const most = await fan.hold([10, 11, 12, 13], { areas: [{ areaId: 'floor', quantity: 4 }] })
    expect(most.status).toBe(201)
  })

  test('[B13] Seats that are held, sold or blocked are 409 and named.', async () => {
    const own = await shop.house()
    const fan = await own.fan()
    await fan.held(0)
    await shop.deps.inventory.mark(own.stock, [1], STATUS.sold)
    await shop.deps.inventory.mark(own.stock, [2], STATUS.blocked)
    const { status, body: told } = await fan.hold([0, 1, 2, 3])
    expect([status, told.tickets]).toEqual([409, [0, 1, 2].map(own.ticket)])
    // Also true of what is one's own.
    expect(told.detail).toMatch(/^These are not available: /)
  })

  test('[B71] The tickets of a booking that ended without being bought are released.', async () => {
    const own = await shop.house()
    const fan = await own.fan()
    const [given, late] = [await fan.held(0), await fan.held(1)]
    const stateOf = async (booking: string) => (await fan.get(booking)).tickets.map(({ state }) => state)
    expect(await stateOf(given)).toEqual(['held'])
    expect((await fan.cancel(given)).body.tickets).toMatchObject([{ state: 'released' }])
    await timeIsOver(shop, late, 'hold')
    expect(await stateOf(late)).toEqual(['released'])
  })

  test('[B72] A hold of an event that is not on sale is told its state, and from when it is.', async () => {
    const { token } = await shop.session()
    const body = { ticketIds: ['evening02-1'] }
    const { status, body: told } = await shop.call('POST', '/bookings/evening02', { token, body })
    expect([status, told['code'], told['eventStatus']]).toEqual([409, 'not_on_sale', 'offsale'])
    expect(Date.parse(String(told['onSaleAt']))).not.toBeNaN()
  })

  test('[B73] Who holds without a pass is told to wait until the doors open, a minute at most.', async () => {
    const hot = await shop.house()
    const fan = await hot.fan()
    const opening = async (ms: number) => {
      const opensAt = shop.deps.clock.now() + ms
      await shop.deps.queue.configure(hot.eventId, { state: 'scheduled', opensAt }, 'test')
      return Number((await fan.hold([0])).headers.get('retry-after'))
    }
    expect(await opening(3_600_000)).toBe(60)
    const soon = await opening(30_000)
    expect(soon).toBeGreaterThan(20)
    expect(soon).toBeLessThanOrEqual(30)
    const open = await shop.house()
    await shop.deps.queue.configure(open.eventId, { state: 'open' }, 'test')
    expect((await (await open.fan()).hold([0])).headers.get('retry-after')).toBe('5')
  })

  test('[B14] With the waiting room on, a hold needs the visitor’s own live pass.', async () => {
    const hot = await shop.house()
    const { queue } = shop.deps
    const [ada, bob] = [await hot.fan(), await hot.fan()]
    await queue.configure(hot.eventId, { state: 'open', rate: 1_000, cap: 1_000 }, 'test')
    const none = await ada.hold([0])
    expect([none.status, none.body.code]).toEqual([429, 'waiting_room_required'])
    expect(none.headers.get('retry-after')).not.toBeNull()
    const bad = await ada.hold([0], {}, { 'x-onsale-pass': 'e30.e30.e30' })
    expect([bad.status, bad.body.code]).toEqual([403, 'pass_invalid'])
    const until = Date.now() + 60_000
    const eventId = hot.eventId
    const visitorId = bob.visitorId as Parameters<typeof queue.join>[1]
    const foreign = await ada.hold(
      [0],
      {},
      { 'x-onsale-pass': shop.deps.passes.issue({ visitorId, eventId, until }) },
    )
    expect([foreign.status, foreign.body.code]).toEqual([403, 'pass_foreign'])
    // A signed pass alone is not enough: the slot must live in Redis.
    const forged = await bob.hold(
      [0],
      {},
      { 'x-onsale-pass': shop.deps.passes.issue({ visitorId, eventId, until }) },
    )
    expect([forged.status, forged.body.code]).toEqual([429, 'waiting_room_required'])
    expect(await hot.shown(0)).toBe('available')
    await queue.configure(hot.eventId, { state: 'off' }, 'test')
    expect((await bob.hold([0])).status).toBe(201)
  })

  test('[B15] Calls of one network are bounded, with Retry-After.', async () => {
    const small = await makeShop({ environment: { BOOKINGS_PER_MINUTE: '2' } })
    try {
      const fan = await (await small.house()).fan()
      expect([(await fan.hold([0])).status, (await fan.hold([1])).status]).toEqual([201, 201])
      const third = await fan.hold([2])
      expect([third.status, third.body.code]).toEqual([429, 'too_many_requests'])
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
    } finally {
      await small.close()
    }
  })
})

describe('an Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name })

  test('[B16] The same call under the same key answers the same booking, as it is now.', async () => {
    const fan = await house.fan()
    const first = await fan.hold([10], {}, key('a'))
    const again = await fan.hold([10], {}, key('a'))
    expect([again.status, again.body.bookingId]).toEqual([201, first.body.bookingId])
    expect(again.body.expiresAt).toBe(first.body.expiresAt)
    await fan.cancel(first.body.bookingId)
    expect((await fan.hold([10], {}, key('a'))).body.status).toBe('cancelled')
  })

  test('[B17] Another body under a used key is 422; another visitor’s key is another key.', async () => {
    const [ada, bob] = [await house.fan(), await house.fan()]
    await ada.hold([11], {}, key('b'))
    const other = await ada.hold([12], {}, key('b'))
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_conflict'])
    expect((await bob.hold([12], {}, key('b'))).status).toBe(201)
  })

  test('[B18] Two calls under one key at once make one booking; the other is 409 or answers it.', async () => {
    const fan = await house.fan()
    const answers = await Promise.all(Array.from({ length: 8 }, () => fan.hold([13], {}, key('c'))))
    const made = answers.filter(({ status }) => status === 201)
    expect(new Set(made.map(({ body }) => body.bookingId)).size).toBe(1)
    const rest = answers.filter(({ status }) => status !== 201)
    expect(rest.every(({ status, body }) => status === 409 && body.code === 'idempotency_in_flight')).toBe(
      true,
    )
  })

  test('[B96] A call repeated when its booking is over answers that booking, and keeps nobody from the seats.', async () => {
    const fan = await house.fan()
    const first = await fan.hold([15, 16], {}, key('over'))
    await fan.cancel(first.body.bookingId)
    const again = await fan.hold([15, 16], {}, key('over'))
    expect([again.status, again.body.bookingId, again.body.status]).toEqual([
      201,
      first.body.bookingId,
      'cancelled',
    ])
    expect([await house.shown(15), await house.shown(16)]).toEqual(['available', 'available'])
    const other = await fan.hold([17], {}, key('over'))
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_conflict'])
    expect((await (await house.fan()).hold([15, 17])).status).toBe(201)
    // Somebody else has a seat of it by now: that is not what this call is told.
    expect((await fan.hold([15, 16], {}, key('over'))).body.status).toBe('cancelled')
  })

  test('[B97] One key for two events at once makes one booking.', async () => {
    const [fan, other] = [await house.fan(), await shop.house()]
    const elsewhere = () =>
      shop.call('POST', `/bookings/${other.eventId}`, {
        token: fan.token,
        headers: key('two events'),
        body: { ticketIds: [other.ticket(0)] },
      })
    const answers = await Promise.all([fan.hold([18], {}, key('two events')), elsewhere()])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422])
    const shown = [await house.shown(18), await other.shown(0)]
    expect(shown.sort()).toEqual(['available', 'held'])
  })

  test('[B19] A call that lost is judged anew under its key.', async () => {
    const [ada, bob] = [await house.fan(), await house.fan()]
    const held = await ada.held(14)
    expect((await bob.hold([14], {}, key('d'))).status).toBe(409)
    await ada.cancel(held)
    expect((await bob.hold([14], {}, key('d'))).status).toBe(201)
  })
})

describe('one’s own bookings', () => {
  test('[B20] A booking is read by its owner alone; for others it does not exist.', async () => {
    const [ada, bob] = [await house.fan(), await house.fan()]
    const booking = await ada.held(20)
    expect(await ada.get(booking)).toMatchObject({ bookingId: booking, status: 'in_progress' })
    for (const [method, path] of [
      ['GET', `/bookings/${booking}`],
      ['DELETE', `/bookings/${booking}`],
      ['GET', '/bookings/no-such-booking'],
    ] as const) {
      const { status, body } = await shop.call(method, path, { token: bob.token })
      expect([status, body['code']]).toEqual([404, 'booking_not_found'])
    }
    const paid = await bob.pay(booking)
    expect([paid.status, paid.body.code]).toEqual([404, 'booking_not_found'])
    expect(await house.shown(20)).toBe('held')
  })

  test('[B21] Bookings are listed newest first, in pages.', async () => {
    const fan = await house.fan()
    const made = [await fan.held(21), await fan.held(22), await fan.held(23)]
    const list = async (query: string) =>
      (await shop.call<{ bookings: { bookingId: string }[]; total: number }>('GET', `/bookings${query}`, fan))
        .body
    const all = await list('')
    expect([all.bookings.map(({ bookingId }) => bookingId), all.total]).toEqual([made.toReversed(), 3])
    expect((await list('?page=2&pageSize=2')).bookings.map(({ bookingId }) => bookingId)).toEqual([made[0]])
    const word = await shop.call('GET', '/bookings?page=abc', { token: fan.token })
    expect([word.status, word.body['errors']]).toEqual([
      400,
      [{ field: 'query.page', message: 'must be a number, not "abc"' }],
    ])
    const bad = await shop.call('GET', '/bookings?page=0', { token: fan.token })
    expect([bad.status, bad.body['errors']]).toMatchObject([400, [{ field: 'query.page' }]])
  })

  test('[B22] Giving a booking back frees its seats at once, and does no harm twice.', async () => {
    const [ada, bob] = [await house.fan(), await house.fan()]
    const booking = await ada.held(24)
    const { status, body } = await ada.cancel(booking)
    expect([status, body.status, body.reason]).toEqual([200, 'cancelled', 'by_fan'])
    expect((await ada.cancel(booking)).body.status).toBe('cancelled')
    await bob.held(24)
    expect((await ada.cancel(booking)).body.status).toBe('cancelled')
    expect(await house.shown(24)).toBe('held')
  })
})

describe('time', () => {
  test('[B23] With HOLD_SECONDS=1 an abandoned hold is free after its second, and its booking expired.', async () => {
    const quick = await makeShop({ environment: { HOLD_SECONDS: '1' } })
    try {
      const own = await quick.house()
      const [ada, bob] = [await own.fan(), await own.fan()]
      const began = performance.now()
      const { body } = await ada.hold([0])
      expect((await bob.hold([0])).status).toBe(409)
      await until('the seat is free', async () => (await bob.hold([0])).status === 201)
      const took = performance.now() - began
      expect(took).toBeGreaterThan(950)
      expect(took).toBeLessThan(2_500)
      // Before any job has looked at it.
      expect(await ada.get(body.bookingId)).toMatchObject({ status: 'expired', reason: 'hold_ended' })
    } finally {
      await quick.close()
    }
  })
})
