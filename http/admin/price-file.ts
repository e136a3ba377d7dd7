/** Money in an event file: amounts in minor units, percentages of two decimals, the fee of a booking, and discounts. */
import { z } from '@hono/zod-openapi'
import type { BookingPricing } from '../../shared/wire/booking-price.ts'
import { text } from '../texts.ts'

/** Price and fee together stay below 2^31, which is what a column holds; a milliard of cents is ten million. */
const MOST_MONEY = 1_000_000_000
export const money = z
  .int('must be a whole number of minor units: 3250 for 32.50')
  .min(0, 'must be 0 or more')
  .max(MOST_MONEY, `must be at most ${MOST_MONEY}`)
export const percent = z
  .number('must be a number: 6.5 for 6.5 %')
  .min(0, 'must be 0 or more')
  .max(100, 'must be at most 100')
  .multipleOf(0.01, 'must have two decimals at most')

export const BookingFeeFile = z
  .strictObject({
    amount: money.optional().describe('Minor units.'),
    percent: percent.optional().describe('Of the prices after the discount.'),
  })
  .describe(
    "Once a booking, on top of the tickets' own fees; none where the tickets cost nothing. null: none.",
  )

export const DiscountFile = z
  .strictObject({
    name: text(80),
    minTickets: z.int().min(1, 'must be 1 or more').max(1_000, 'must be 1000 or less'),
    amount: money.optional().describe('Off the booking, in minor units.'),
    percent: percent.optional().describe('Off the prices, fees aside.'),
  })
  // Told beside other faults of it too, so that all is mended in one round.
  .refine(({ amount = 0, percent = 0 }) => (amount !== 0) !== (percent !== 0), {
    message: 'must have an amount or a percent, and not both',
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .describe('Of a booking of so many tickets. Where several fit, the one that takes off most counts.')
const MOST_DISCOUNTS = 20
export const DiscountsFile = z.array(DiscountFile).max(MOST_DISCOUNTS)

export function pricingOf(
  bookingFee: z.infer<typeof BookingFeeFile> | null | undefined,
  discounts: z.infer<typeof DiscountsFile> = [],
): BookingPricing {
  return {
    bookingFee: { amount: bookingFee?.amount ?? 0, percent: bookingFee?.percent ?? 0 },
    discounts: discounts.map(({ name, minTickets, amount = 0, percent = 0 }) => {
      return { name, minTickets, amount, percent }
    }),
  }
}
