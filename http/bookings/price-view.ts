/** What a ticket costs, in its parts, as quotes and bookings show it. */
import { z } from '@hono/zod-openapi'
import type { Priced } from './pricing.ts'

const money = z.int().openapi({ description: "In the currency's minor units." })

/** Of a ticket; price + fee - discount is what is paid for it, and what a return of it gives back. */
export const priceParts = {
  price: money.openapi({ description: 'Before the discount.' }),
  fee: money.openapi({ description: "Its own, and its share of the booking's." }),
  discount: money.openapi({ description: "Its share of what is taken off the booking's prices." }),
}

export const bookingFee = money.openapi({
  description: 'Of all fees: that of the booking as a whole, which is in the fees of its tickets by shares.',
})

export function priceView({ price, fee, discount }: Priced): Pick<Priced, 'price' | 'fee' | 'discount'> {
  return { price, fee, discount }
}

export function feeShares(items: Pick<Priced, 'feeShare'>[]): number {
  return items.reduce((sum, { feeShare }) => sum + feeShare, 0)
}
