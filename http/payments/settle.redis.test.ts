import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RedisQueue } from '../../queue/redis-queue.ts'
import type { BookingId, VisitorId } from '../../shared/ids.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { pay } from '../bookings/pay.ts'
import {
  type Fan,
  FRONT,
  type House,
  makeShop,
  payRequest,
  type Shop,
  salesOf,
  timeIsOver,
  until,
} from '../bookings/sale-fixture.ts'
import type { Sales } from '../bookings/sales.ts'
import { capture } from './capture.ts'
import { lapse } from './lapse.ts'
import { paymentOf } from './payment-store.ts'
import { reconcile } from './reconcile.ts'
import { settle } from './settle.ts'
import type { IntentStatus } from './stripe.ts'

let shop: Shop
let house: House
let fan: Fan
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => {
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})
afterAll(() => shop.close())

async function opened(): Promise<void> {
  house = await shop.house()
  fan = await house.fan()
}

/** A booking whose payment is at the bank's page, with the page's address. */
async function atThreeDSecure(...seats: number[]): Promise<{ booking: BookingId; url: string }> {
  const booking = await fan.held(...seats)
  const { body } = await fan.pay(booking, 'pm_card_threeDSecure2Required')
  const url = (body.nextAction as { url: string } | undefined)?.url
  if (url === undefined) throw new Error(JSON.stringify(body))
  return { booking, url }
}

async function complete(url: string): Promise<void> {
  const { status } = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ result: 'complete' }),
    redirect: 'manual',
  })
  expect(status).toBe(303)
}

async function intentOf(booking: BookingId): Promise<string> {
  const payment = await paymentOf(shop.deps.pool, booking)
  return payment?.intentId ?? ''
}

async function worked(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  await until(what, async () => {
    await shop.work()
    return holds()
  })
}

/** The time to pay and the guard have passed while nobody could do anything about it. */
async function expire(booking: BookingId): Promise<void> {
  await timeIsOver(shop, booking, 'pay')
  await timeIsOver(shop, booking, 'guard')
  shop.simulator.change({ failNext: { path: '/v1/payment_intents/*', status: 503, times: 50 } })
  await lapse(shop.sales)
  await lapse(shop.sales)
  shop.simulator.change({ reset: true })
  expect((await fan.get(booking)).status).toBe('expired')
}

describe('the end of the time to pay', () => {
  beforeAll(opened)

  test('[P26] A hold that ends unpaid is expired and its seats are free.', async () => {
    const booking = await fan.held(0)
    await timeIsOver(shop, booking, 'hold')
    await lapse(shop.sales)
    expect(await fan.get(booking)).toMatchObject({ status: 'expired', reason: 'hold_ended' })
    expect(await house.shown(0)).toBe('available')
  })

  test('[P27] At the end of the time to pay the payment is cancelled at Stripe, and then the seats are free.', async () => {
    const { booking, url } = await atThreeDSecure(1)
    await timeIsOver(shop, booking, 'pay')
    await lapse(shop.sales)
    expect((await fan.get(booking)).status).toBe('closing')
    expect(await house.shown(1)).toBe('held')
    const { status, body } = await fan.pay(booking)
    expect([status, body.code]).toEqual([409, 'booking_expired'])
    await worked('it is expired', async () => (await fan.get(booking)).status === 'expired')
    expect(shop.atStripe(booking)).toMatchObject({ status: 'canceled' })
    expect(await house.shown(1)).toBe('available')
    await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ result: 'complete' }),
      redirect: 'manual',
    })
    expect(shop.atStripe(booking)).toMatchObject({ status: 'canceled', charges: 0 })
  })

  test('[P28] Money that came before the cancellation buys the seats.', async () => {
    const { booking, url } = await atThreeDSecure(2)
    shop.simulator.change({ webhooks: { hold: true } })
    await complete(url)
    await timeIsOver(shop, booking, 'pay')
    await lapse(shop.sales)
    await worked('it is confirmed', async () => (await fan.get(booking)).status === 'confirmed')
    expect(await house.shown(2)).toBe('sold')
  })

  test('[P29] With Stripe away the seats wait for the guard alone; the payment is cancelled when it can be.', async () => {
    const { booking } = await atThreeDSecure(3)
    await expire(booking)
    expect(await house.shown(3)).toBe('available')
    expect(await fan.get(booking)).toMatchObject({ reason: 'guard_ended' })
    expect(shop.atStripe(booking)).toMatchObject({ status: 'requires_action' })
    await until('it is cancelled at Stripe', async () => {
      await reconcile(shop.sales, 0)
      return shop.atStripe(booking)?.status === 'canceled'
    })
  })
})

describe('giving back while paying', () => {
  beforeAll(opened)

  test('[P30] The payment is cancelled at Stripe, the booking cancelled, the seats free.', async () => {
    const { booking } = await atThreeDSecure(0)
    const { status, body } = await fan.cancel(booking)
    expect([status, body.status]).toEqual([200, 'cancelled'])
    expect(shop.atStripe(booking)).toMatchObject({ status: 'canceled' })
    expect(await house.shown(0)).toBe('available')
  })

  test('[P31] Money that was authorised all the same goes back.', async () => {
    const { booking, url } = await atThreeDSecure(1)
    shop.simulator.change({ webhooks: { hold: true } })
    await complete(url)
    const { body } = await fan.cancel(booking)
    expect(body.status).toBe('cancelled')
    await worked('the money is back', () => shop.atStripe(booking)?.status === 'canceled')
    expect(await house.shown(1)).toBe('available')
  })

  test('with Stripe away it is closing, and cancelled later', async () => {
    const { booking } = await atThreeDSecure(2)
    shop.simulator.change({ failNext: { path: '/v1/payment_intents/*', status: 503 } })
    expect((await fan.cancel(booking)).body.status).toBe('closing')
    await worked('it is cancelled', async () => (await fan.get(booking)).status === 'cancelled')
  })

  test('[P51] Given back in the very moment it is paid, a booking holds nothing any more.', async () => {
    const booking = await fan.held(4)
    const racing = salesOf(shop, {
      step: async (name, work) => {
        if (name === 'pay.extend') expect((await fan.cancel(booking)).body.status).toBe('cancelled')
        return work()
      },
    })
    const paid = pay(racing, payRequest(fan, booking))
    await expect(paid).rejects.toMatchObject({ code: 'booking_state' })
    expect(await house.shown(4)).toBe('available')
    expect(shop.atStripe(booking)).toBeUndefined()
  })

  test('bought tickets are not given back this way', async () => {
    const booking = await fan.held(3)
    await fan.pay(booking)
    const { status, body } = await fan.cancel(booking)
    expect([status, body.code]).toEqual([409, 'booking_state'])
    expect(await house.shown(3)).toBe('sold')
  })
})

describe('late money', () => {
  beforeAll(opened)

  test('[P32] It buys the seats where nobody holds them.', async () => {
    const { booking, url } = await atThreeDSecure(0, 1)
    await expire(booking)
    expect(await house.shown(0)).toBe('available')
    await complete(url)
    await worked('it is confirmed', async () => (await fan.get(booking)).status === 'confirmed')
    expect([await house.shown(0), await house.shown(1)]).toEqual(['sold', 'sold'])
  })

  test('[P33] It goes back by itself where somebody holds one of them, and the holder keeps it.', async () => {
    const { booking, url } = await atThreeDSecure(2, 3)
    await expire(booking)
    const other = await house.fan()
    const theirs = await other.held(3)
    await complete(url)
    await worked('the money is back', () => shop.atStripe(booking)?.status === 'canceled')
    expect((await fan.get(booking)).status).toBe('expired')
    expect([await house.shown(2), await house.shown(3)]).toEqual(['available', 'held'])
    expect((await other.pay(theirs)).body.status).toBe('confirmed')
  })

  test('it is late though no worker has ended the booking yet', async () => {
    const { booking, url } = await atThreeDSecure(6)
    await timeIsOver(shop, booking, 'pay')
    await timeIsOver(shop, booking, 'guard')
    // As the end of its keys does.
    await shop.deps.inventory.release(house.stock, booking)
    const other = await house.fan()
    const theirs = await other.held(6)
    await complete(url)
    await worked('the money is back', () => shop.atStripe(booking)?.status === 'canceled')
    expect(await fan.get(booking)).toMatchObject({ status: 'cancelled', reason: 'seats_lost' })
    expect((await other.pay(theirs)).body.status).toBe('confirmed')
  })

  test('it goes back where they are sold or blocked by now', async () => {
    const { booking, url } = await atThreeDSecure(4)
    await expire(booking)
    await shop.deps.pool.query('insert into seat_blocks (event_id, seat_index) values ($1, 4)', [
      house.eventId,
    ])
    await shop.deps.inventory.mark(house.stock, [4], STATUS.blocked)
    await complete(url)
    await worked('the money is back', () => shop.atStripe(booking)?.status === 'canceled')
    expect(await house.shown(4)).toBe('blocked')
  })

  test('once it is decided to give it back, it is not kept though the seats come free', async () => {
    const { booking, url } = await atThreeDSecure(5)
    await expire(booking)
    const other = await house.fan()
    const theirs = await other.held(5)
    shop.simulator.change({ webhooks: { hold: true } })
    await complete(url)
    const seen = await shop.sales.stripe.retrieve(await intentOf(booking))
    if (!seen.ok) throw new Error('away')
    expect(await settle(shop.sales, seen.value)).toBe('too_late')
    await other.cancel(theirs)
    expect(await settle(shop.sales, seen.value)).toBe('too_late')
    await shop.work()
    expect(shop.atStripe(booking)).toMatchObject({ status: 'canceled' })
    expect(await house.shown(5)).toBe('available')
  })
})

describe('seats that are lost', () => {
  beforeAll(opened)

  test('[P34] A seat sold to somebody else meanwhile costs the booking, and the money goes back.', async () => {
    const booking = await fan.held(0, 1)
    await shop.deps.pool.query(
      `with b as (
         insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at)
         values (gen_random_uuid(), $1, gen_random_uuid(), 'confirmed', '{1}', 1, 'EUR', 1, now()) returning id
       ), i as (
         insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee, state)
         select id, $1, 1, 'adult', 1, 0, 'sold' from b
       )
       insert into tickets (event_id, seat_index, status, booking_id) select $1, 1, 'sold', id from b`,
      [house.eventId],
    )
    const { status, body } = await fan.pay(booking)
    expect([status, body.code]).toEqual([409, 'hold_conflict'])
    expect(await fan.get(booking)).toMatchObject({ status: 'cancelled', reason: 'seats_lost' })
    expect([await house.shown(0), await house.shown(1)]).toEqual(['available', 'sold'])
    await worked('the money is back', () => shop.atStripe(booking)?.status === 'canceled')
  })

  test('[B29] Postgres alone refuses to sell a ticket twice.', async () => {
    const [ada, bob] = [await fan.held(2), await (await house.fan()).held(3)]
    const { pool } = shop.deps
    await pool.query(`update booking_items set state = 'sold', seat_index = 9 where booking_id = $1`, [ada])
    const twice = pool.query(
      `update booking_items set state = 'sold', seat_index = 9 where booking_id = $1`,
      [bob],
    )
    await expect(twice).rejects.toMatchObject({ code: '23505', constraint: 'booking_items_sold_once' })
    await pool.query(`update booking_items set state = 'held', seat_index = 2 where booking_id = $1`, [ada])
    const orphan = pool.query(`insert into tickets (event_id, seat_index, status) values ($1, 9, 'sold')`, [
      house.eventId,
    ])
    await expect(orphan).rejects.toMatchObject({ code: '23514' })
  })

  test('[B30] Bookings that cross in their seats are sold one by one, without a deadlock.', async () => {
    const own = await shop.house()
    const fans = await Promise.all(Array.from({ length: 8 }, () => own.fan()))
    const bookings = await Promise.all(fans.map((one, i) => one.held(i, 15 - i)))
    await Promise.all(fans.map((one, i) => one.pay(bookings[i] ?? '')))
    // Where eight holds at once were slow, some wait in line.
    await until('all are sold', async () => {
      await shop.work()
      const now = await Promise.all(fans.map((one, i) => one.get(bookings[i] ?? '')))
      return now.every(({ status }) => status === 'confirmed')
    })
  })
})

describe('a sale', () => {
  beforeAll(opened)

  test('[P35] With Redis away at the commit it stands all the same, and maps are told by a job.', async () => {
    const { booking, url } = await atThreeDSecure(0)
    shop.simulator.change({ webhooks: { hold: true } })
    await complete(url)
    const seen = await shop.sales.stripe.retrieve(await intentOf(booking))
    if (!seen.ok) throw new Error('away')
    const blind = salesOf(shop, {
      step: (name, work) =>
        name === 'settle.show' || name === 'settle.leave'
          ? Promise.reject(new Error('Redis is away'))
          : work(),
    })
    expect(await settle(blind, seen.value)).toBe('confirmed')
    expect(await house.shown(0)).toBe('held')
    await shop.work()
    expect(await house.shown(0)).toBe('sold')
  })

  test('[P36] The visitor’s slot in the waiting room comes back with the sale.', async () => {
    const ended: string[] = []
    const { queue } = shop.sales
    const end = queue.end.bind(queue)
    queue.end = async (event, visitor, reason, admittedUntil) => {
      ended.push(`${visitor} ${reason}`)
      await end(event, visitor, reason, admittedUntil)
    }
    const booking = await fan.held(1)
    await fan.pay(booking)
    await shop.work()
    queue.end = end
    expect(ended).toContain(`${fan.visitorId} purchased`)
  })

  test('[P52] A place in line that the buyer took since, or still has, outlives the word of the sale.', async () => {
    const own = await shop.house()
    const buyer = await own.fan()
    const queue = shop.deps.queue as RedisQueue
    const visitor = buyer.visitorId as VisitorId
    await queue.configure(own.eventId, { state: 'open', rate: 100, cap: 100 }, 'test')
    const letIn = async (): Promise<string> => {
      await queue.join(own.eventId, visitor)
      let pass: string | undefined
      await until('they are let in', async () => {
        await queue.admit(own.eventId)
        const place = await queue.status(own.eventId, visitor)
        if (place.state === 'admitted') pass = place.pass
        return pass !== undefined
      })
      return pass ?? ''
    }
    const state = async () => (await queue.status(own.eventId, visitor)).state

    const { body } = await buyer.hold([0], {}, { 'x-onsale-pass': await letIn() })
    expect((await buyer.pay(body.bookingId)).body.status).toBe('confirmed')
    expect(await state()).toBe('none')
    await queue.join(own.eventId, visitor)
    await shop.work()
    expect(await state()).toBe('waiting')

    // The bank took so long that the slot was over, and the buyer waits anew.
    const slow = await buyer.hold([1], {}, { 'x-onsale-pass': await letIn() })
    const paying = await buyer.pay(slow.body.bookingId, 'pm_card_threeDSecure2Required')
    await queue.leave(own.eventId, visitor)
    await queue.join(own.eventId, visitor)
    await complete((paying.body.nextAction as { url: string }).url)
    await worked('it is sold', async () => (await own.shown(1)) === 'sold')
    expect(await state()).toBe('waiting')
  })

  test('[P37] A payment whose webhooks never come is settled by the reconciler.', async () => {
    shop.simulator.change({ webhooks: { dropRate: 1 } })
    const { booking, url } = await atThreeDSecure(2)
    await complete(url)
    await shop.work()
    expect((await fan.get(booking)).status).toBe('paying')
    await until('it is confirmed', async () => {
      await reconcile(shop.sales, 0)
      return (await fan.get(booking)).status === 'confirmed'
    })
    await shop.work()
    expect(shop.atStripe(booking)).toMatchObject({ status: 'succeeded' })
  })

  test('a capture nobody asked for again is asked for by the reconciler', async () => {
    const booking = await fan.held(3)
    await fan.pay(booking)
    await shop.deps.pool.query('delete from outbox')
    await until('it is captured', async () => {
      await reconcile(shop.sales, 0)
      return shop.atStripe(booking)?.status === 'succeeded'
    })
  })

  test('[P38] Where the authorised money cannot be had the sale is undone, and its seats are on sale again.', async () => {
    const booking = await fan.held(4)
    await fan.pay(booking)
    await shop.deps.pool.query('delete from outbox')
    const intent = await intentOf(booking)
    await shop.sales.stripe.cancel(intent)
    const payment = await paymentOf(shop.deps.pool, booking)
    await capture(shop.sales, payment?.id ?? '')
    await shop.work()
    expect(await fan.get(booking)).toMatchObject({ status: 'cancelled', reason: 'payment_failed' })
    expect(await house.shown(4)).toBe('available')
    const { rows } = await shop.deps.pool.query(
      'select serial from tickets where event_id = $1 and seat_index = 4',
      [house.eventId],
    )
    expect(rows).toEqual([{ serial: 2 }])
    await (await house.fan()).held(4)
  })

  /** Stripe as it is, but for what it says of the PaymentIntents when a capture is tried. */
  function capturing(status: IntentStatus): Sales {
    const { stripe } = shop.sales
    return salesOf(shop, {
      stripe: {
        ...stripe,
        capture: () => Promise.resolve({ ok: false, reason: 'state', intent: undefined }),
        retrieve: async id => {
          const seen = await stripe.retrieve(id)
          return seen.ok ? { ok: true, value: { ...seen.value, status } } : seen
        },
      },
    })
  }

  test('[P54] A capture that Stripe is still processing undoes no sale.', async () => {
    const booking = await fan.held(5)
    await fan.pay(booking)
    const payment = await paymentOf(shop.deps.pool, booking)
    await expect(capture(capturing('processing'), payment?.id ?? '')).rejects.toThrow(/processing/)
    expect((await fan.get(booking)).status).toBe('confirmed')
    await shop.work()
    expect(shop.atStripe(booking)).toMatchObject({ status: 'succeeded', captured: FRONT })
  })

  test('[P55] Money that comes after all for a sale undone goes back.', async () => {
    const booking = await fan.held(6)
    await fan.pay(booking)
    await shop.deps.pool.query('delete from outbox')
    const payment = await paymentOf(shop.deps.pool, booking)
    await capture(capturing('requires_payment_method'), payment?.id ?? '')
    expect(await fan.get(booking)).toMatchObject({ status: 'cancelled', reason: 'payment_failed' })
    await shop.sales.stripe.capture(payment?.intentId ?? '')
    await worked('the money is back', () => shop.atStripe(booking)?.refunded === FRONT)
    const { rows } = await shop.deps.pool.query('select status from refunds where payment_id = $1', [
      payment?.id,
    ])
    expect(rows).toEqual([{ status: 'succeeded' }])
  })
})
