import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { BookingId } from '../../shared/ids.ts'
import {
  type Fan,
  FRONT,
  type House,
  killedAt,
  makeShop,
  type Shop,
  salesOf,
  until,
} from '../bookings/sale-fixture.ts'
import { paymentOf } from './payment-store.ts'
import { reconcile } from './reconcile.ts'
import { makeRefund, refundItems } from './refunds.ts'

let shop: Shop
let house: House
let fan: Fan
beforeAll(async () => {
  shop = await makeShop()
  house = await shop.house()
  fan = await house.fan()
})
afterEach(async () => {
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})
afterAll(() => shop.close())

async function bought(seats: number[], card = 'pm_card_visa'): Promise<BookingId> {
  const booking = await fan.held(...seats)
  expect((await fan.pay(booking, card)).body.status).toBe('confirmed')
  return booking
}

async function items(booking: BookingId): Promise<{ id: number; seat_index: number; state: string }[]> {
  const { rows } = await shop.deps.pool.query(
    'select id, seat_index, state from booking_items where booking_id = $1 order by seat_index',
    [booking],
  )
  return rows
}

async function refunds(booking: BookingId): Promise<{ amount: number; reason: string; status: string }[]> {
  const { rows } = await shop.deps.pool.query(
    `select r.amount, r.reason, r.status from refunds r join payments p on p.id = r.payment_id
     where p.booking_id = $1 order by r.created_at`,
    [booking],
  )
  return rows
}

test('[P39] A returned ticket is on sale again at the commit with another serial, and its money goes back.', async () => {
  const booking = await bought([0, 1])
  await shop.work()
  const [first] = await items(booking)
  const returned = await refundItems(shop.sales, booking, 'by_admin', [first?.id ?? 0])
  expect(returned).toMatchObject({ ok: true, amount: FRONT, seats: [0] })
  await shop.work()
  expect([await house.shown(0), await house.shown(1)]).toEqual(['available', 'sold'])
  expect((await fan.get(booking)).status).toBe('confirmed')
  expect(await refunds(booking)).toEqual([{ amount: FRONT, reason: 'by_admin', status: 'succeeded' }])
  expect(shop.atStripe(booking)).toMatchObject({ captured: 2 * FRONT, refunded: FRONT })
  const next = await (await house.fan()).hold([0])
  expect(next.status).toBe(201)
  const { rows } = await shop.deps.pool.query(
    'select serial from tickets where event_id = $1 and seat_index = 0',
    [house.eventId],
  )
  expect(rows).toEqual([{ serial: 2 }])
})

test('[P40] The last returned ticket makes the booking refunded; there is nothing to return twice.', async () => {
  const booking = await bought([2, 3])
  await shop.work()
  expect(await refundItems(shop.sales, booking, 'by_admin')).toMatchObject({ ok: true, amount: 2 * FRONT })
  expect(await refundItems(shop.sales, booking, 'by_admin')).toEqual({ ok: false, reason: 'not_confirmed' })
  await shop.work()
  expect(await fan.get(booking)).toMatchObject({ status: 'refunded', reason: 'refunded' })
  expect(shop.atStripe(booking)).toMatchObject({ refunded: 2 * FRONT })
  const { body } = await fan.cancel(booking)
  expect(body).toMatchObject({ status: 409, code: 'booking_state', bookingStatus: 'refunded' })
  expect(body.detail).toMatch(/nothing to give back/)
})

test('a refund before the capture captures first', async () => {
  const booking = await bought([4])
  await shop.deps.pool.query('delete from outbox')
  await refundItems(shop.sales, booking, 'by_admin')
  await shop.work()
  expect(shop.atStripe(booking)).toMatchObject({ captured: FRONT, refunded: FRONT })
})

test('[P41] A refund whose answer was lost is looked for before it is made again: the money goes back once.', async () => {
  const booking = await bought([5, 6])
  await shop.work()
  const [first] = await items(booking)
  const returned = await refundItems(shop.sales, booking, 'by_admin', [first?.id ?? 0])
  const refundId = (returned.ok && returned.refundId) || ''
  await shop.deps.pool.query('delete from outbox')
  for (const [attempt, step] of [
    [1, 'refund.call'],
    [2, 'refund.look'],
  ] as const) {
    const dying = salesOf(shop, { step: killedAt(step, 'after') })
    await expect(makeRefund(dying, refundId, attempt)).rejects.toThrow()
  }
  await makeRefund(shop.sales, refundId, 3)
  await makeRefund(shop.sales, refundId, 1)
  expect(shop.atStripe(booking)).toMatchObject({ refunded: FRONT })
  shop.simulator.change({ failNext: { path: '/v1/refunds', afterEffect: true } })
  const second = await refundItems(shop.sales, booking, 'by_admin')
  const id = (second.ok && second.refundId) || ''
  await shop.deps.pool.query('delete from outbox')
  await makeRefund(shop.sales, id, 1)
  expect(shop.atStripe(booking)).toMatchObject({ refunded: 2 * FRONT })
  await shop.deps.inventory.mark(house.stock, [5, 6], 0)
})

test('[P53] A refund keeps its key while a call of it may still run at Stripe; only after a failure of Stripe’s own another follows.', async () => {
  const buyer = await (await shop.house()).fan()
  const booking = await buyer.held(0, 1, 2)
  await buyer.pay(booking)
  await shop.work()
  const [first, second] = await items(booking)
  const { stripe } = shop.sales
  const written = async (item: number | undefined): Promise<string> => {
    const returned = await refundItems(shop.sales, booking, 'by_admin', [item ?? 0])
    await shop.deps.pool.query(`delete from outbox where kind = 'refund'`)
    return (returned.ok && returned.refundId) || ''
  }
  const keys: string[] = []
  const slow = salesOf(shop, {
    stripe: {
      ...stripe,
      // As long as the first call runs, Stripe lists nothing of it.
      refunds: () => Promise.resolve({ ok: true, value: [] }),
      refund: async order => {
        keys.push(order.key)
        const made = await stripe.refund(order)
        return keys.length === 1 ? { ok: false, reason: 'away' } : made
      },
    },
  })
  const id = await written(first?.id)
  await expect(makeRefund(slow, id, 1)).rejects.toThrow(/later/)
  await makeRefund(slow, id, 2)
  expect(keys).toEqual([id, id])
  expect(shop.atStripe(booking)).toMatchObject({ refunded: FRONT })

  const failed = await written(second?.id)
  shop.simulator.change({ failNext: { path: '/v1/refunds', method: 'POST', times: 2 } })
  await expect(makeRefund(shop.sales, failed, 1)).rejects.toThrow(/later/)
  expect(shop.atStripe(booking)).toMatchObject({ refunded: FRONT })
  await makeRefund(shop.sales, failed, 2)
  expect(shop.atStripe(booking)).toMatchObject({ refunded: 2 * FRONT })
  expect((await refunds(booking)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded'])
})

test('[P57] A refund whose job has given up is told of, and made by the reconciler when it can be.', async () => {
  const buyer = await (await shop.house()).fan()
  const booking = await buyer.held(0)
  await buyer.pay(booking)
  await shop.work()
  await refundItems(shop.sales, booking, 'by_admin')
  const { pool } = shop.deps
  await pool.query(`delete from outbox where kind = 'refund'`)
  const lookLater = async () => {
    await pool.query(
      `update refunds set created_at = now() - interval '11 minutes', changed_at = now() - interval '11 minutes'
       where status = 'creating'`,
    )
    await reconcile(shop.sales)
  }
  await reconcile(shop.sales)
  expect(await refunds(booking)).toMatchObject([{ status: 'creating' }])
  const alarms = vi.spyOn(shop.sales.counts.alarms, 'inc')
  shop.simulator.change({ failNext: { path: '/v1/refunds', status: 429, times: 50 } })
  await lookLater()
  expect(alarms.mock.calls).toEqual([[{ kind: 'refund_not_made' }]])
  shop.simulator.change({ reset: true })
  await lookLater()
  expect(await refunds(booking)).toMatchObject([{ status: 'succeeded' }])
  expect(shop.atStripe(booking)).toMatchObject({ refunded: FRONT })
  alarms.mockRestore()
})

test('[P42] A refund that fails later counts as not made, so that what is owed is found.', async () => {
  const other = await makeShop()
  try {
    other.simulator.change({ refundMs: 50 })
    const own = await (await other.house()).fan()
    const booking = await own.held(0)
    await own.pay(booking, 'pm_card_refundFail')
    await other.work()
    await refundItems(other.sales, booking, 'by_admin')
    await until('the failure is heard', async () => {
      await other.work()
      const { rows } = await other.deps.pool.query(`select 1 from refunds where status = 'failed'`)
      return rows.length === 1
    })
    expect(await other.audit()).toEqual([
      expect.stringContaining('captured 5150, worth 0'),
      expect.stringContaining('Stripe has 5150, sold 0'),
    ])
  } finally {
    await other.close()
  }
})

test('[P43] A refund made in Stripe’s dashboard is recorded and frees no seat.', async () => {
  const booking = await bought([8])
  await shop.work()
  const payment = await paymentOf(shop.deps.pool, booking)
  const intent = payment?.intentId ?? ''
  await shop.sales.stripe.refund({ key: 'dashboard', intent, amount: FRONT, metadata: {} })
  await until('it is recorded', async () => {
    await shop.work()
    return (await refunds(booking)).length === 1
  })
  expect(await refunds(booking)).toEqual([{ amount: FRONT, reason: 'dashboard', status: 'succeeded' }])
  expect(await house.shown(8)).toBe('sold')
  await refundItems(shop.sales, booking, 'by_admin')
  await shop.deps.pool.query('delete from outbox')
  await shop.deps.pool.query(
    `delete from refunds where reason = 'by_admin' and amount = $1 and stripe_id is null`,
    [FRONT],
  )
})

test('[P44] A dispute flags its booking, and nothing is refunded by itself.', async () => {
  const booking = await bought([9], 'pm_card_createDispute')
  await until('it is flagged', async () => {
    await shop.work()
    const { rows } = await shop.deps.pool.query('select disputed_at from bookings where id = $1', [booking])
    return rows[0].disputed_at !== null
  })
  expect(await refunds(booking)).toEqual([])
  expect((await fan.get(booking)).status).toBe('confirmed')
})

test('[P45] Captured money that bought nothing is refunded whole.', async () => {
  const booking = await fan.held(20)
  await fan.pay(booking, 'pm_card_chargeDeclined')
  const payment = await paymentOf(shop.deps.pool, booking)
  const intent = payment?.intentId ?? ''
  // Somebody captures it before we could act: a fan who cancelled has paid.
  shop.simulator.change({ webhooks: { hold: true } })
  await shop.sales.stripe.confirm(intent, {
    paymentMethod: 'pm_card_visa',
    returnUrl: 'http://localhost/',
    key: 'k45',
  })
  await shop.sales.stripe.capture(intent)
  expect((await fan.cancel(booking)).body.status).toBe('cancelled')
  await shop.work()
  expect(shop.atStripe(booking)).toMatchObject({ captured: FRONT, refunded: FRONT })
  expect(await refunds(booking)).toEqual([{ amount: FRONT, reason: 'withdrawn', status: 'succeeded' }])
  expect(await house.shown(20)).toBe('available')
})
