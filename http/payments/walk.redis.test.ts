/**
 * A process dies before or after each step of a payment; then what is left runs as it would: webhooks, jobs, the
 * reconciler, and the fan, who tries again or never comes back. In the end the money and the seats must agree.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pay } from '../bookings/pay.ts'
import {
  killedAt,
  makeShop,
  payRequest,
  type Shop,
  salesOf,
  timeIsOver,
  until,
} from '../bookings/sale-fixture.ts'
import type { StepName } from '../bookings/steps.ts'
import { lapse } from './lapse.ts'
import { reconcile } from './reconcile.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterAll(() => shop.close())

const STEPS: StepName[] = [
  'pay.extend',
  'pay.begin',
  'pay.keep',
  'pay.create',
  'pay.created',
  'pay.confirm',
  'settle.find',
  'settle.write',
  'settle.show',
  'settle.leave',
  'settle.told',
]
const DEATHS = STEPS.flatMap(step =>
  (['before', 'after'] as const).flatMap(when =>
    (['comes back', 'is gone'] as const).map(fan => [step, when, fan] as const),
  ),
)
/** From here on Stripe has the money, whoever knows of it. */
const PAID: StepName[] = ['settle.find', 'settle.write', 'settle.show', 'settle.leave', 'settle.told']

describe('a process that dies while it is paid', () => {
  test.for(DEATHS)(
    '[P50] A death at %s (%s), when the fan %s, ends with money and seats in step.',
    async ([step, when, whoever]) => {
      const house = await shop.house()
      const fan = await house.fan()
      const booking = await fan.held(0)
      const dying = salesOf(shop, { step: killedAt(step, when) })
      const request = payRequest(fan, booking)
      await pay(dying, request).catch(() => undefined)
      if (whoever === 'comes back') {
        expect((await fan.pay(booking)).body.status).toBe('confirmed')
      } else {
        const isPaid = PAID.includes(step) || (step === 'pay.confirm' && when === 'after')
        if (!isPaid) {
          await timeIsOver(
            shop,
            booking,
            step === 'pay.extend' || (step === 'pay.begin' && when === 'before') ? 'hold' : 'pay',
          )
          await lapse(shop.sales)
        }
        await until('it comes to rest', async () => {
          await shop.work()
          await reconcile(shop.sales, 0)
          return ['confirmed', 'expired'].includes((await fan.get(booking)).status)
        })
        expect((await fan.get(booking)).status).toBe(isPaid ? 'confirmed' : 'expired')
      }
      await shop.work()
      const sold = (await fan.get(booking)).status === 'confirmed'
      expect(await house.shown(0)).toBe(sold ? 'sold' : 'available')
      await until('the money is where it belongs', async () => {
        await shop.work()
        await reconcile(shop.sales, 0)
        const payment = shop.atStripe(booking)
        return payment === undefined || payment.status === (sold ? 'succeeded' : 'canceled')
      })
      expect(await shop.audit()).toEqual([])
    },
  )
})
