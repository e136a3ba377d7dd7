/** An Onsale in which nobody takes the money. */
import { expect, test } from 'vitest'
import { makeShop, type Shop } from '../bookings/sale-fixture.ts'

const NONE = { STRIPE_SECRET_KEY: '', STRIPE_API_BASE: '', STRIPE_WEBHOOK_SECRET: '' }

async function inShop(run: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await makeShop({ environment: NONE })
  try {
    await run(shop)
  } finally {
    await shop.close()
  }
}

test('[R125] without payments paying is 503 before anything is written: the booking stays as it was held, with its end, and can be given back', () =>
  inShop(async shop => {
    expect((await shop.call('GET', '/config.json')).body).toMatchObject({ payments: 'none' })
    const house = await shop.house()
    const fan = await house.fan()
    const booking = await fan.held(0)
    const before = await fan.get(booking)
    const { status, body, headers } = await fan.pay(booking)
    expect([status, body.code]).toEqual([503, 'payments_unavailable'])
    expect(headers.get('retry-after')).toBe('60')
    expect(await fan.get(booking)).toMatchObject({ status: 'in_progress', expiresAt: before.expiresAt })
    expect(await house.shown(0)).toBe('held')
    expect((await fan.cancel(booking)).status).toBeLessThan(300)
    await shop.work()
    await expect.poll(() => house.shown(0)).toBe('available')
  }))
