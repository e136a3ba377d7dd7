import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bookingOf, makeShop, type Shop } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterAll(() => shop.close())

describe('a sale', () => {
  test('[B1] is held, paid and sold', async () => {
    const fan = await shop.fan()
    const held = await fan.hold([0, 1])
    expect(held.body).toMatchObject({ status: 'in_progress', amount: 10_300 })
    const paid = await fan.pay(bookingOf(held))
    expect(paid.body).toMatchObject({ status: 'confirmed' })
    await shop.work()
  })
})
