import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { VisitorId } from '../../shared/ids.ts'
import { PAY_EXTENSION_MS, PAY_GUARD_MS } from '../../shared/limits.ts'
import { pay } from '../bookings/pay.ts'
import {
  BUYER,
  FRONT,
  type House,
  makeShop,
  payRequest,
  type Shop,
  salesOf,
  timeIsOver,
  until,
} from '../bookings/sale-fixture.ts'

let shop: Shop
let house: House
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => {
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})
afterAll(() => shop.close())

/** What a fan does on their bank's page. */
async function atTheBank(url: string, result: 'complete' | 'fail'): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams({ result }), redirect: 'manual' })
}

function urlOf(answer: { body: { nextAction?: unknown } }): string {
  const action = answer.body.nextAction as { type: string; url: string } | undefined
  if (action?.type !== 'redirect') throw new Error(`no redirect: ${JSON.stringify(answer.body)}`)
  return action.url
}

describe('paying', () => {
  beforeAll(async () => {
    house = await shop.house()
  })

  test('[P1] A good card confirms the booking in the request, every map shows it sold, and the money is captured.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(0, 1)
    const { status, body } = await fan.pay(booking, 'pm_card_visa', { amount: 2 * FRONT })
    expect([status, body.status]).toEqual([200, 'confirmed'])
    expect(body.tickets.map(({ state }) => state)).toEqual(['sold', 'sold'])
    expect([await house.shown(0), await house.shown(1)]).toEqual(['sold', 'sold'])
    expect(shop.atStripe(booking)).toMatchObject({ status: 'requires_capture', captured: 0 })
    await shop.work()
    expect(shop.atStripe(booking)).toMatchObject({ status: 'succeeded', captured: 2 * FRONT })
    const { rows } = await shop.deps.pool.query(
      'select status, captured from payments where booking_id = $1',
      [booking],
    )
    expect(rows).toEqual([{ status: 'captured', captured: 2 * FRONT }])
  })

  test('[P2] Paying gives the hold its time once, never less than it had, with a guard behind it.', async () => {
    const quick = await makeShop({ environment: { HOLD_SECONDS: '30' } })
    try {
      const own = await quick.house()
      const fan = await own.fan()
      const booking = await fan.held(0)
      const first = await fan.pay(booking, 'pm_card_chargeDeclined')
      expect(first.status).toBe(402)
      const { expiresAt, serverTime } = await fan.get(booking)
      const left = Date.parse(expiresAt) - Date.parse(serverTime)
      expect(left).toBeGreaterThan(PAY_EXTENSION_MS - 5_000)
      expect(left).toBeLessThanOrEqual(PAY_EXTENSION_MS)
      const ends = await quick.deps.redis.pexpiretime(quick.deps.keys.seats(own.eventId).seat(0))
      expect(ends - Date.parse(expiresAt)).toBeGreaterThanOrEqual(PAY_GUARD_MS)
      expect(ends - Date.parse(expiresAt)).toBeLessThan(PAY_GUARD_MS + 2_000)
      await fan.pay(booking, 'pm_card_chargeDeclined')
      expect((await fan.get(booking)).expiresAt).toBe(expiresAt)
    } finally {
      await quick.close()
    }
  })

  test('[P56] A hold keeps its time to pay where Redis is lost and rebuilt while the payment begins.', async () => {
    const quick = await makeShop({ environment: { HOLD_SECONDS: '30' } })
    try {
      const own = await quick.house()
      const fan = await own.fan()
      const booking = await fan.held(0)
      const { redis, keys, inventory } = quick.deps
      const { seat, meta } = keys.seats(own.eventId)
      const losing = salesOf(quick, {
        step: async (name, work) => {
          if (name === 'pay.begin') {
            await redis.del(meta)
            await inventory.rebuild(own.stock)
          }
          return work()
        },
      })
      const paid = pay(losing, {
        visitorId: fan.visitorId as VisitorId,
        bookingId: booking,
        paymentMethodId: 'pm_card_chargeDeclined',
        buyer: BUYER,
        amount: undefined,
        returnUrl: 'http://localhost/',
      })
      await expect(paid).rejects.toMatchObject({ code: 'card_declined' })
      const { expiresAt } = await fan.get(booking)
      const ends = await redis.pexpiretime(seat(0))
      expect(ends - Date.parse(expiresAt)).toBeGreaterThanOrEqual(PAY_GUARD_MS)
    } finally {
      await quick.close()
    }
  })

  test('[P3] A decline is 402 with the bank’s code; the hold stays, and another card may follow.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(2)
    const { status, body } = await fan.pay(booking, 'pm_card_chargeDeclinedInsufficientFunds')
    expect([status, body.code, body['declineCode']]).toEqual([402, 'card_declined', 'insufficient_funds'])
    expect(await house.shown(2)).toBe('held')
    expect(await fan.get(booking)).toMatchObject({ status: 'paying', declineCode: 'insufficient_funds' })
    expect((await fan.pay(booking)).body.status).toBe('confirmed')
    expect(
      shop.simulator.state().payments.filter(({ metadata }) => metadata['bookingId'] === booking),
    ).toHaveLength(1)
  })

  test('[P95] The buyer of the last try before the sale has the tickets, and none after it.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(22)
    const buyerOf = async () => {
      const { rows } = await shop.deps.pool.query<{ name: string; email: string }>(
        'select p.name, p.email from bookings b join people p on p.id = b.person_id where b.id = $1',
        [booking],
      )
      return rows[0]
    }
    const [second, third] = ['grace', 'joan'].map(name => ({ name, email: `${name}@example.org` }))
    expect((await fan.pay(booking, 'pm_card_chargeDeclined')).status).toBe(402)
    expect((await fan.pay(booking, 'pm_nobodyKnowsIt', { buyer: second })).status).toBe(400)
    expect(await buyerOf()).toEqual(second)
    expect((await fan.pay(booking, 'pm_card_visa', { buyer: third })).body.status).toBe('confirmed')
    expect(await buyerOf()).toEqual(third)
    expect((await fan.pay(booking, 'pm_card_visa', { buyer: second })).body.status).toBe('confirmed')
    expect(await buyerOf()).toEqual(third)
  })

  test('[P4] A card that asks for 3-D Secure answers paying and where to go; done there, the webhook confirms.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(3)
    const { status, body } = await fan.pay(booking, 'pm_card_threeDSecure2Required')
    expect([status, body.status]).toEqual([200, 'paying'])
    const url = urlOf({ body })
    // Read again, as after a refresh, it is still there.
    expect((await fan.get(booking)).nextAction).toEqual({ type: 'redirect', url })
    const back = await atTheBank(url, 'complete')
    expect(back.headers.get('location')).toContain(`/checkout/${booking}`)
    await until('the webhook confirms', async () => {
      await shop.work()
      return (await fan.get(booking)).status === 'confirmed'
    })
    expect(await house.shown(3)).toBe('sold')
  })

  test('[P5] Failed 3-D Secure leaves the hold and says so; another card may follow.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(4)
    await atTheBank(urlOf(await fan.pay(booking, 'pm_card_threeDSecure2Required')), 'fail')
    await until('the failure is told', async () => {
      await shop.work()
      return (await fan.get(booking)).declineCode !== undefined
    })
    expect(await fan.get(booking)).toMatchObject({ status: 'paying' })
    expect(await fan.get(booking)).not.toHaveProperty('nextAction')
    expect((await fan.pay(booking)).body.status).toBe('confirmed')
  })

  test('a confirm after 3-D Secure settles at once, without waiting for the webhook', async () => {
    shop.simulator.change({ webhooks: { hold: true } })
    const fan = await house.fan()
    const booking = await fan.held(5)
    await atTheBank(urlOf(await fan.pay(booking, 'pm_card_threeDSecure2Required')), 'complete')
    expect((await fan.pay(booking, 'pm_card_threeDSecure2Required')).body.status).toBe('confirmed')
  })

  test('[P6] A confirmed booking that is paid again answers itself, and nothing is charged twice.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(6)
    const first = await fan.pay(booking)
    const again = await fan.pay(booking, 'pm_card_chargeDeclined')
    expect([again.status, again.body.status, again.body.bookingId]).toEqual([200, 'confirmed', booking])
    expect(again.body.confirmedAt).toBe(first.body.confirmedAt)
    expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
  })

  test('[P7] Two tabs that pay one booking charge once.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(7)
    const answers = await Promise.all([fan.pay(booking), fan.pay(booking), fan.pay(booking)])
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(
      Array(3).fill([200, 'confirmed']),
    )
    expect((await fan.get(booking)).status).toBe('confirmed')
    expect(
      shop.simulator.state().payments.filter(({ metadata }) => metadata['bookingId'] === booking),
    ).toHaveLength(1)
    expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
  })

  test('[P8] A quoted price that is not the booking’s is 409 and told, before anything is paid.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(8)
    const { status, body } = await fan.pay(booking, 'pm_card_visa', { amount: 1 })
    expect([status, body.code, body.amount]).toEqual([409, 'price_mismatch', FRONT])
    expect(shop.atStripe(booking)).toBeUndefined()
    expect((await fan.get(booking)).status).toBe('in_progress')
  })

  test('[P93] What another tab adds while it is paid makes it another price, and nothing is paid.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(20)
    const tab = salesOf(shop, {
      step: async (name, work) => {
        if (name === 'pay.begin') {
          const add = { ticketIds: [house.ticket(21)] }
          const { status } = await shop.call('PATCH', `/bookings/${booking}`, {
            token: fan.token,
            body: { add },
          })
          expect(status).toBe(200)
        }
        return work()
      },
    })
    const paid = pay(tab, payRequest(fan, booking, FRONT))
    await expect(paid).rejects.toMatchObject({
      code: 'price_mismatch',
      extra: { members: { amount: 2 * FRONT } },
    })
    expect(shop.atStripe(booking)).toBeUndefined()
    expect(await fan.get(booking)).toMatchObject({ status: 'in_progress', amount: 2 * FRONT })
  })

  test('[P102] What another tab changes at no other price while it is paid is what is bought, and what Stripe is told of.', async () => {
    const own = await shop.house()
    const fan = await own.fan()
    const booking = await fan.held(0)
    const tab = salesOf(shop, {
      step: async (name, work) => {
        if (name === 'pay.begin') {
          const { body } = await shop.call('GET', `/bookings/${booking}`, { token: fan.token })
          if (body['status'] === 'in_progress') {
            const change = { add: { ticketIds: [own.ticket(1)] }, drop: [own.ticket(0)] }
            const { status } = await shop.call('PATCH', `/bookings/${booking}`, {
              token: fan.token,
              body: change,
            })
            expect(status).toBe(200)
          }
        }
        return work()
      },
    })
    await pay(tab, payRequest(fan, booking, FRONT))
    expect(await fan.get(booking)).toMatchObject({
      status: 'confirmed',
      tickets: [{ ticketId: own.ticket(1) }],
    })
    expect(shop.atStripe(booking)?.metadata['items0']).toMatch(/^1:/)
    expect([await own.shown(0), await own.shown(1)]).toEqual(['available', 'sold'])
  })

  test('[P9] A hold that has ended cannot be paid, and nothing is charged.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(9)
    await timeIsOver(shop, booking, 'hold')
    const { status, body } = await fan.pay(booking)
    expect([status, body.code]).toEqual([409, 'booking_expired'])
    // A booking whose hold is gone from Redis, taken by somebody else, no less.
    const other = await fan.held(10)
    await shop.deps.inventory.release(house.stock, other)
    await (await house.fan()).held(10)
    expect((await fan.pay(other)).body.code).toBe('booking_expired')
    expect([shop.atStripe(booking), shop.atStripe(other)]).toEqual([undefined, undefined])
  })

  test('[B70] A booking given back cannot be paid: the problem tells both statuses.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(11)
    await fan.cancel(booking)
    const { status, body } = await fan.pay(booking)
    expect([status, body.code]).toEqual([409, 'booking_state'])
    expect(body).toMatchObject({ status: 409, bookingStatus: 'cancelled' })
  })

  test('[P10] A booking that costs nothing is confirmed without a payment.', async () => {
    const own = await shop.house()
    await shop.deps.pool.query('update event_prices set price = 0, fee = 0 where event_id = $1', [
      own.eventId,
    ])
    const free = await makeFree(own)
    const calls = shop.simulator.state().answers
    const { status, body } = await shop.call<{ status: string }>('PUT', `/bookings/${free.booking}/confirm`, {
      token: free.token,
      body: { buyer: BUYER },
    })
    expect([status, body.status]).toEqual([200, 'confirmed'])
    expect(shop.simulator.state().answers).toEqual(calls)
    expect(await own.shown(0)).toBe('sold')
  })

  async function makeFree(own: House): Promise<{ booking: string; token: string }> {
    const fan = await own.fan()
    await until('the new price is read', async () => {
      const { body } = await fan.hold([0])
      if (body.amount === 0) return true
      await fan.cancel(body.bookingId)
      return false
    })
    const { body } = await shop.call<{ bookings: { bookingId: string; status: string }[] }>(
      'GET',
      '/bookings',
      fan,
    )
    return {
      booking: body.bookings.find(({ status }) => status === 'in_progress')?.bookingId ?? '',
      token: fan.token,
    }
  }

  const MALFORMED = [
    ['paymentMethodId', { paymentMethodId: 'card', buyer: BUYER }],
    ['paymentMethodId', { buyer: BUYER }],
    ['buyer', { paymentMethodId: 'pm_card_visa' }],
    ['buyer', {}],
    ['buyer.email', { paymentMethodId: 'pm_card_visa', buyer: { name: 'A', email: 'no' } }],
    ['buyer.name', { paymentMethodId: 'pm_card_visa', buyer: { name: ' ', email: 'a@example.org' } }],
    ['buyer.name', { paymentMethodId: 'pm_card_visa', buyer: { name: 'a\u0000b', email: 'a@example.org' } }],
    ['amount', { paymentMethodId: 'pm_card_visa', buyer: BUYER, amount: '5150' }],
    ['returnUrl', { paymentMethodId: 'pm_card_visa', buyer: BUYER, returnUrl: 'https://evil.example/' }],
    ['returnUrl', { paymentMethodId: 'pm_card_visa', buyer: BUYER, returnUrl: 'javascript:alert(1)' }],
    ['paymentMethodId', { paymentMethodId: 'pm_nobody_made_it', buyer: BUYER }],
  ] as const

  test.for(MALFORMED)('[P11] A malformed payment is 400 and names the field: %s.', async ([field, body]) => {
    const fan = await house.fan()
    const booking = await fan.held(12)
    try {
      const { status, body: told } = await shop.call('PUT', `/bookings/${booking}/confirm`, {
        token: fan.token,
        body,
      })
      expect([status, told['errors']]).toMatchObject([400, [{ field }]])
    } finally {
      await fan.cancel(booking)
      await shop.work()
    }
  })
})

describe('with Stripe away', () => {
  beforeAll(async () => {
    house = await shop.house()
  })

  test.for([
    ['cannot be reached', { resetNext: { path: '/v1/payment_intents', times: 2 } }],
    ['answers 500', { failNext: { path: '/v1/payment_intents' } }],
    ['fails after it took effect', { failNext: { path: '/v1/payment_intents', afterEffect: true } }],
  ] as const)(
    '[P12] Stripe %s: paying is 503, the seats are kept, and the next try pays once.',
    async ([, knobs]) => {
      const fan = await house.fan()
      const booking = await fan.held(0)
      shop.simulator.change(knobs)
      const { status, body, headers } = await fan.pay(booking)
      expect([status, body.code]).toEqual([503, 'payments_unavailable'])
      expect(headers.get('retry-after')).not.toBeNull()
      expect(await house.shown(0)).toBe('held')
      expect((await fan.pay(booking)).body.status).toBe('confirmed')
      expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
      house = await shop.house()
    },
  )

  test('[P13] A confirm whose answer is lost is settled by the webhook alone.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(1)
    shop.simulator.change({ failNext: { path: '/v1/payment_intents/*/confirm', afterEffect: true } })
    expect((await fan.pay(booking)).status).toBe(503)
    await until('the webhook confirms', async () => {
      await shop.work()
      return (await fan.get(booking)).status === 'confirmed'
    })
    expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
  })

  test('[P14] Where Stripe is slow the answer is paying within some five seconds, and the payment goes on.', async () => {
    const fan = await house.fan()
    const booking = await fan.held(2)
    shop.simulator.change({ latencyMs: 3_500 })
    const began = performance.now()
    const { status, body } = await fan.pay(booking)
    expect([status, body.status]).toEqual([200, 'paying'])
    expect(performance.now() - began).toBeLessThan(6_000)
    await until('it is confirmed all the same', async () => (await fan.get(booking)).status === 'confirmed')
  })

  test('a creation that is never answered is asked for again under its key, and charges once', async () => {
    const fan = await house.fan()
    const booking = await fan.held(4)
    shop.simulator.change({ timeoutNext: { path: '/v1/payment_intents', afterEffect: true } })
    expect((await fan.pay(booking)).body.status).toBe('paying')
    await until('it is paid', async () => (await fan.pay(booking)).body.status === 'confirmed')
    const payments = shop.simulator
      .state()
      .payments.filter(({ metadata }) => metadata['bookingId'] === booking)
    expect(payments).toMatchObject([{ charges: 1 }])
  })

  test('a payment that is processing at first is confirmed when Stripe says so', async () => {
    const fan = await house.fan()
    const booking = await fan.held(3)
    shop.simulator.change({ processing: { ms: 200, outcome: 'succeeds' } })
    expect((await fan.pay(booking)).body.status).toBe('paying')
    await until('it is confirmed', async () => {
      await shop.work()
      return (await fan.get(booking)).status === 'confirmed'
    })
  })
})

test('[P15] Name and e-mail are kept in one table, and logged and sent nowhere.', async () => {
  const own = await shop.house()
  const fan = await own.fan()
  const booking = await fan.held(0)
  await fan.pay(booking)
  await shop.work()
  const { pool } = shop.deps
  const { rows } = await pool.query(
    'select name, email from people join bookings on person_id = people.id where bookings.id = $1',
    [booking],
  )
  expect(rows).toEqual([BUYER])
  for (const table of ['bookings', 'booking_items', 'payments', 'inbox', 'outbox', 'audit_log']) {
    const found = await pool.query(`select 1 from ${table} as t where t::text ~* 'lovelace|example\\.org'`)
    expect([table, found.rowCount]).toEqual([table, 0])
  }
  expect(JSON.stringify(shop.simulator.state())).not.toMatch(/lovelace|example\.org/i)
})
