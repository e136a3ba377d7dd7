/** Ways to pay that cannot authorise alone: the money is taken at once, and goes back where the seats cannot be had. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSecrets } from '../../dev/new-secrets.ts'
import { readConfig } from '../../shared/config.ts'
import { capturesManually, PAYMENT_METHODS } from '../../shared/payment-methods.ts'
import { type Fan, FRONT, makeShop, type Shop, timeIsOver, until } from '../bookings/sale-fixture.ts'
import { lapse } from './lapse.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop({ environment: { PAYMENT_METHODS: 'card,ideal' } })
})
afterAll(() => shop.close())

/** As the page makes it of what the fan chose. */
async function ideal(): Promise<string> {
  const made = await fetch(`${shop.simulator.url}/v1/payment_methods`, {
    method: 'POST',
    headers: { authorization: `Bearer ${shop.deps.config.STRIPE_SECRET_KEY}` },
    body: new URLSearchParams({ type: 'ideal' }),
  })
  return ((await made.json()) as { id: string }).id
}

/** Pays by iDEAL as far as the fan's bank; answers its address. */
async function toTheBank(fan: Fan, booking: string): Promise<string> {
  const { status, body } = await fan.pay(booking, await ideal())
  expect([status, body.status]).toEqual([200, 'paying'])
  return (body.nextAction as { url: string }).url
}

const atTheBank = (url: string) =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ result: 'complete' }), redirect: 'manual' })

test('[P69] A way to pay that cannot authorise alone is taken at once, and a card beside it still waits for the seats.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const [byBank, byCard] = [await fan.held(0), await fan.held(1)]
  await atTheBank(await toTheBank(fan, byBank))
  expect(shop.atStripe(byBank)).toMatchObject({ status: 'succeeded', captured: FRONT })
  expect((await fan.pay(byCard)).body.status).toBe('confirmed')
  expect(shop.atStripe(byCard)).toMatchObject({ status: 'requires_capture', captured: 0 })
  await until('both are sold and paid', async () => {
    await shop.work()
    const { rows } = await shop.deps.pool.query(
      `select capture_method, payments.status, captured from payments join bookings on bookings.id = booking_id
       where bookings.status = 'confirmed' and payments.status = 'captured'`,
    )
    return rows.length === 2
  })
  expect([await house.shown(0), await house.shown(1)]).toEqual(['sold', 'sold'])
  expect(await shop.audit()).toEqual([])
})

test('[P70] What was taken at once goes back whole where somebody has the seats by then.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(0)
  const url = await toTheBank(fan, booking)
  await timeIsOver(shop, booking, 'guard')
  await timeIsOver(shop, booking, 'pay')
  shop.simulator.change({ failNext: { path: '/v1/payment_intents/*/cancel', times: 5 } })
  await lapse(shop.sales)
  await lapse(shop.sales)
  await (await house.fan()).held(0)
  await atTheBank(url)
  await until('the money is back', async () => {
    await shop.work()
    return shop.atStripe(booking)?.refunded === FRONT
  })
  expect(await fan.get(booking)).toMatchObject({ status: 'expired' })
  expect(await house.shown(0)).toBe('held')
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})

test('[P71] Ways to pay whose money comes in days are no ways to pay for seats: they are refused at the start.', () => {
  const read = (methods: string) =>
    readConfig({
      ...makeSecrets(),
      DATABASE_URL: 'postgres://nowhere/none',
      REDIS_URL: 'redis://nowhere',
      PAYMENT_METHODS: methods,
    }).PAYMENT_METHODS
  expect(read('')).toEqual(['card'])
  expect(read('card, ideal')).toEqual(['card', 'ideal'])
  for (const slow of ['sepa_debit', 'us_bank_account', 'boleto', 'customer_balance', 'cards'])
    expect(() => read(`card,${slow}`)).toThrow(`PAYMENT_METHODS: may hold card, link`)
  expect(PAYMENT_METHODS.filter(capturesManually)).toContain('card')
})
