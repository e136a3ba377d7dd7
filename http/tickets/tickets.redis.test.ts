import { createPublicKey, verify } from 'node:crypto'
import encodeQR from 'qr'
import decodeQR from 'qr/decode.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSecrets } from '../../dev/new-secrets.ts'
import { readConfig } from '../../shared/config.ts'
import type { BookingId } from '../../shared/ids.ts'
import { type Fan, FRONT, type House, makeShop, type Shop, salesOf, until } from '../bookings/sale-fixture.ts'
import { refundItems } from '../payments/refunds.ts'
import { TicketCodes } from './ticket-codes.ts'
import type { TicketsView } from './tickets-view.ts'

/** A seat behind the front: 30.00 and a fee of 1.50. */
const BACK = 3_150

let shop: Shop
let house: House
let fan: Fan
beforeAll(async () => {
  shop = await makeShop({ environment: { FAN_RETURNS_UNTIL_HOURS: '24' } })
  house = await shop.house()
  fan = await house.fan()
})
afterAll(async () => {
  await shop.work()
  expect(await shop.audit()).toEqual([])
  await shop.close()
})

async function bought(...seats: number[]): Promise<BookingId> {
  const booking = await fan.held(...seats)
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  await shop.work()
  return booking
}

const tickets = (booking: string, token = fan.token) =>
  shop.call<TicketsView & { code: string }>('GET', `/bookings/${booking}/tickets`, { token })

const scan = (code: string, gate = 'north', event: string = house.eventId) =>
  shop.call('POST', `/admin/events/${event}/scans`, { token: shop.adminToken, body: { code, gate } })

const giveBack = (booking: string, body: object = {}) =>
  shop.call('POST', `/admin/bookings/${booking}/refunds`, { token: shop.adminToken, body })

test('[T1] A ticket’s code comes once its money is had: before that 409 tickets_not_ready.', async () => {
  const booking = await fan.held(0)
  expect((await tickets(booking)).body.code).toBe('tickets_not_ready')
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  // Authorised, not captured: that may still come to nothing.
  await shop.deps.pool.query(`update payments set status = 'authorized' where booking_id = $1`, [booking])
  const early = await tickets(booking)
  expect([early.status, early.body.code]).toEqual([409, 'tickets_not_ready'])
  await shop.work()
  expect((await tickets(booking)).body.tickets).toMatchObject([
    { ticketId: house.ticket(0), serial: 1, type: 'adult' },
  ])
  expect((await tickets(booking, (await house.fan()).token)).status).toBe(404)
})

test('[B121] Tickets asked for before they are there: a sentence for the state of the booking, and Retry-After while they are on their way.', async () => {
  const booking = await fan.held(38)
  const unpaid = await tickets(booking)
  expect([unpaid.status, unpaid.headers.get('retry-after')]).toEqual([409, null])
  expect(unpaid.body).toMatchObject({ detail: 'The booking is not paid: its tickets are made once it is.' })
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  await shop.deps.pool.query(`update payments set status = 'authorized' where booking_id = $1`, [booking])
  const early = await tickets(booking)
  expect([early.status, early.headers.get('retry-after')]).toEqual([409, '2'])
  expect(early.body).toMatchObject({
    bookingStatus: 'confirmed',
    detail: 'The booking is confirmed and its money is being taken: the tickets are there within seconds.',
  })
  await shop.work()
  expect((await tickets(booking)).status).toBe(200)
  const given = await fan.held(39)
  await fan.cancel(given)
  const over = await tickets(given)
  expect([over.headers.get('retry-after'), over.body]).toMatchObject([
    null,
    { detail: 'The booking was cancelled, so it has no tickets.' },
  ])
})

test('[T2] A code proves event, seat and serial to whoever has our public keys, and fits a QR code.', async () => {
  const { body } = await tickets(await bought(1))
  const { code = '' } = body.tickets[0] ?? {}
  const [head = '', claims = '', signature = ''] = code.split('.')
  const { body: set } = await shop.call<{ keys: { kid: string }[] }>('GET', '/.well-known/jwks.json')
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const key = createPublicKey({ key: set.keys.find(one => one.kid === kid) as never, format: 'jwk' })
  expect(verify(null, Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    sub: house.ticket(1),
    ser: 1,
    aud: 'ticket',
    iss: 'shop',
  })
  const dots = encodeQR(code, 'raw')
  const scale = 4
  const size = dots.length * scale
  const data = new Uint8Array(size * size * 4)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      data.fill(
        dots[Math.floor(y / scale)]?.[Math.floor(x / scale)] ? 0 : 255,
        (y * size + x) * 4,
        (y * size + x) * 4 + 4,
      )
  expect(decodeQR({ width: size, height: size, data })).toBe(code)
})

test('[T3] Codes of a key that is being changed count; those of a foreign key, another installation or a pass do not.', () => {
  const [old, fresh] = [makeSecrets(), makeSecrets()]
  const config = (keys: string, more = {}) =>
    readConfig({
      ...old,
      DATABASE_URL: 'postgres://x',
      REDIS_URL: 'redis://x',
      PASS_PRIVATE_KEY: keys,
      ...more,
    })
  const before = new TicketCodes(config(old.PASS_PRIVATE_KEY))
  const during = new TicketCodes(config(`${fresh.PASS_PRIVATE_KEY},${old.PASS_PRIVATE_KEY}`))
  const after = new TicketCodes(config(fresh.PASS_PRIVATE_KEY))
  const other = new TicketCodes(config(fresh.PASS_PRIVATE_KEY, { INSTANCE: 'elsewhere' }))
  const code = before.code({ ticketId: 'evening01-3' as never, serial: 2 })
  expect(during.check(code)).toEqual({ ok: true, value: { ticketId: 'evening01-3', serial: 2 } })
  expect(during.check(during.code({ ticketId: 'evening01-3' as never, serial: 1 })).ok).toBe(true)
  expect(after.check(code).ok).toBe(false)
  expect(other.check(after.code({ ticketId: 'evening01-3' as never, serial: 1 })).ok).toBe(false)
  const pass = shop.deps.passes.issue({
    visitorId: fan.visitorId as never,
    eventId: house.eventId,
    until: Date.now() + 60_000,
  })
  expect(new TicketCodes(shop.deps.config).check(pass).ok).toBe(false)
  for (const garbage of ['', '.', 'a.b.c', code.slice(0, -3), `${code}x`, '\0'])
    expect(during.check(garbage).ok, garbage).toBe(false)
})

test('[T4] At the door a ticket lets one person in; the second try says when, where and by whom.', async () => {
  const { body } = await tickets(await bought(2))
  const code = body.tickets[0]?.code ?? ''
  const first = await scan(code, 'north')
  expect(first).toMatchObject({
    status: 200,
    body: { ticketId: house.ticket(2), serial: 1, disputed: false },
  })
  const second = await scan(code, 'south')
  expect(second).toMatchObject({
    status: 409,
    body: { code: 'ticket_admitted', gate: 'north', operator: 'admin', at: first.body['admittedAt'] },
  })
  const counted = await shop.call('GET', `/admin/events/${house.eventId}/scans`, { token: shop.adminToken })
  expect(counted.body).toMatchObject({ admitted: 1 })
  expect((await shop.call('POST', `/admin/events/${house.eventId}/scans`, { body: { code } })).status).toBe(
    401,
  )
})

test('[T5] Of any number of scans at once one lets somebody in.', async () => {
  const { body } = await tickets(await bought(3))
  const code = body.tickets[0]?.code ?? ''
  const answers = await Promise.all(Array.from({ length: 40 }, (_, gate) => scan(code, `gate ${gate}`)))
  expect(answers.filter(({ status }) => status === 200).length).toBe(1)
  expect(answers.filter(({ status }) => status === 409).length).toBe(39)
})

test('[T6] A returned ticket, one of another event and what we never signed let nobody in, and the answer says why.', async () => {
  const booking = await bought(4)
  const code = (await tickets(booking)).body.tickets[0]?.code ?? ''
  const elsewhere = await shop.house()
  expect((await scan(code, '', elsewhere.eventId)).body).toMatchObject({
    code: 'ticket_foreign',
    eventId: house.eventId,
  })
  expect((await scan('not a ticket')).body).toMatchObject({ status: 422, code: 'ticket_invalid' })
  expect((await scan('')).body).toMatchObject({ status: 400, errors: [{ field: 'code' }] })
  await giveBack(booking)
  expect((await scan(code)).body).toMatchObject({ status: 409, code: 'ticket_returned' })
  // Sold again, it has another serial, and the old code still lets nobody in.
  const again = await bought(4)
  expect((await scan(code)).body['code']).toBe('ticket_returned')
  const { body } = await tickets(again)
  expect(body.tickets[0]?.serial).toBe(2)
  expect((await scan(body.tickets[0]?.code ?? '')).status).toBe(200)
  const never = new TicketCodes(shop.deps.config).code({ ticketId: house.ticket(39) as never, serial: 1 })
  expect((await scan(never)).body['code']).toBe('ticket_invalid')
})

test('[T7] A ticket whose payment is disputed is marked at the door, and refused where SCAN_DISPUTED says so.', async () => {
  const booking = await bought(5, 6)
  const [one, two] = (await tickets(booking)).body.tickets
  await shop.deps.pool.query('update bookings set disputed_at = now() where id = $1', [booking])
  expect((await scan(one?.code ?? '')).body).toMatchObject({ disputed: true })
  shop.deps.config.SCAN_DISPUTED = 'refuse'
  expect((await scan(two?.code ?? '')).body).toMatchObject({ code: 'ticket_disputed' })
  shop.deps.config.SCAN_DISPUTED = 'admit'
})

test('[T8] The link of a booking opens its tickets without a session; another, cut or made up opens nothing.', async () => {
  const { body } = await tickets(await bought(7))
  const linked = await shop.call<TicketsView>('GET', `/tickets/${body.link}`)
  expect(linked.body.tickets).toEqual(body.tickets)
  expect(linked.headers.get('cache-control')).toBe('no-store')
  const [id = '', mac = ''] = body.link.split('.')
  for (const link of [id, `${id}.`, `${id}.${mac.slice(1)}`, `${id}.${'A'.repeat(22)}`, `x.${mac}`, '%00'])
    expect((await shop.call('GET', `/tickets/${link}`)).status, link).toBe(404)
})

test('[T10] An operator returns tickets or whole bookings, which is audited; the seats are on sale within a second.', async () => {
  const booking = await bought(8, 9)
  const one = await giveBack(booking, { ticketIds: [house.ticket(8)], reason: 'view blocked' })
  const at = performance.now()
  expect(one).toMatchObject({
    status: 200,
    body: { amount: FRONT, currency: 'EUR', ticketIds: [house.ticket(8)], booking: { status: 'confirmed' } },
  })
  // No job has run yet.
  await until('it is free', async () => (await house.shown(8)) === 'available')
  expect(performance.now() - at).toBeLessThan(1_000)
  expect((await giveBack(booking, { ticketIds: [house.ticket(8)] })).body['code']).toBe('booking_state')
  expect((await giveBack(booking, { ticketIds: [house.ticket(30)] })).body['code']).toBe('ticket_not_found')
  expect((await giveBack(booking)).body).toMatchObject({ amount: FRONT, booking: { status: 'refunded' } })
  const { rows } = await shop.deps.pool.query(
    `select actor, detail from audit_log where act = 'booking.return' and event_id = $1 and detail->>'bookingId' = $2 order by id`,
    [house.eventId, booking],
  )
  expect(rows).toMatchObject([
    { actor: 'admin', detail: { reason: 'view blocked', seats: [8] } },
    { detail: { seats: [9] } },
  ])
  expect((await giveBack('00000000-0000-4000-8000-000000000000')).status).toBe(404)
  expect(
    (await shop.call('POST', `/admin/bookings/${booking}/refunds`, { body: {}, token: fan.token })).status,
  ).toBe(401)
})

test('[T11] A fan returns tickets until the hour the house has set, and not at all where it has set none.', async () => {
  const booking = await bought(10, 11)
  const ask = (body: object = {}, token = fan.token) =>
    shop.call('POST', `/bookings/${booking}/refunds`, { token, body })
  expect((await ask({}, (await house.fan()).token)).status).toBe(404)
  expect((await ask({ ticketIds: [house.ticket(10)] })).body).toMatchObject({ amount: BACK })
  const usual = shop.deps.config.FAN_RETURNS_UNTIL_HOURS
  shop.deps.config.FAN_RETURNS_UNTIL_HOURS = 99_999
  expect((await ask()).body).toMatchObject({ code: 'returns_closed', until: expect.any(String) })
  shop.deps.config.FAN_RETURNS_UNTIL_HOURS = undefined
  expect((await ask()).body['code']).toBe('returns_closed')
  shop.deps.config.FAN_RETURNS_UNTIL_HOURS = usual
  expect((await ask()).body).toMatchObject({ booking: { status: 'refunded' } })
})

test('[T12] A ticket somebody came in with is not returned, but by an operator who says so.', async () => {
  const booking = await bought(12, 13)
  const [one] = (await tickets(booking)).body.tickets
  await scan(one?.code ?? '')
  expect((await giveBack(booking)).body).toMatchObject({
    code: 'ticket_admitted',
    tickets: [house.ticket(12)],
  })
  expect((await giveBack(booking, { ticketIds: [house.ticket(13)] })).status).toBe(200)
  expect((await giveBack(booking)).body['detail']).toMatch(/"evenUsed": true/)
  expect((await giveBack(booking, { evenUsed: true })).body).toMatchObject({
    booking: { status: 'refunded' },
  })
})

test('[T13] A scan and a return at once: the ticket lets somebody in or goes back, never both.', async () => {
  for (let seat = 14; seat < 20; seat++) {
    const booking = await bought(seat)
    const code = (await tickets(booking)).body.tickets[0]?.code ?? ''
    const [scanned, returned] = await Promise.all([
      scan(code),
      refundItems(salesOf(shop), booking, 'by_admin'),
    ])
    expect([scanned.status === 200, returned.ok].filter(Boolean).length).toBe(1)
  }
})
