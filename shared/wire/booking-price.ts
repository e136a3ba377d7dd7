/**
 * What a booking costs beside its tickets: a discount, and the fee of the booking as a whole; the same for servers and pages.
 * Amounts are whole minor units, percentages have two decimals. A percentage is rounded half up, once: of a ticket's fee for
 * each seat, since a seat's price is shown before it is chosen and comes back with it alone; of what belongs to the booking
 * once for the booking, and then spread over its tickets, so that they always sum to it.
 */

export interface BookingPricing {
  /** `percent`: of the prices after the discount. A booking whose tickets cost nothing has none. */
  bookingFee: { amount: number; percent: number }
  /** Of those that apply, the one that takes off most counts. */
  discounts: Discount[]
}

export interface Discount {
  name: string
  /** From so many tickets in one booking on. */
  minTickets: number
  /** Off the booking, in minor units; or `percent` of its prices without fees. The other is 0. */
  amount: number
  percent: number
}

export const NO_PRICING: BookingPricing = { bookingFee: { amount: 0, percent: 0 }, discounts: [] }

/** So much of an amount, to the minor unit, half up; and on to what is charged, see stepOf(). */
export function percentOf(minor: number, percent: number, step = 1): number {
  const hundredths = BigInt(Math.round(percent * 100))
  const rounded = Number((BigInt(minor) * hundredths + 5_000n) / 10_000n)
  return Math.ceil(rounded / step) * step
}

/** What falls to each ticket, in the order of their prices. */
export function sharesOf(
  { bookingFee, discounts }: BookingPricing,
  prices: readonly number[],
  step = 1,
): { discount: number; fee: number }[] {
  const sum = prices.reduce((all, price) => all + price, 0)
  const off = discounts
    .filter(({ minTickets }) => prices.length >= minTickets)
    .map(({ amount, percent }) => Math.min(sum, amount + percentOf(sum, percent, step)))
  const discount = Math.max(0, ...off)
  const left = sum - discount
  const fee = left === 0 ? 0 : bookingFee.amount + percentOf(left, bookingFee.percent, step)
  const discounted = spread(discount, prices, step)
  const charged = spread(
    fee,
    prices.map((price, at) => price - (discounted[at] ?? 0)),
    step,
  )
  return prices.map((_, at) => ({ discount: discounted[at] ?? 0, fee: charged[at] ?? 0 }))
}

/**
 * By largest remainder: each gets its part rounded down, and who lost most by that a unit more, the first among equals. What is
 * no more than the weights' sum gives none more than its weight. A unit is a `step`
 * where the total is a multiple of it.
 */
export function spread(total: number, weights: readonly number[], step = 1): number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n)
  if (total === 0 || sum === 0n) return weights.map(() => 0)
  const unit = total % step === 0 ? step : 1
  const steps = total / unit
  const exact = weights.map(weight => BigInt(steps) * BigInt(weight))
  const parts = exact.map(one => Number(one / sum))
  const left = steps - parts.reduce((all, part) => all + part, 0)
  const byLoss = exact
    .map((one, at) => ({ at, lost: one % sum }))
    .sort((a, b) => (a.lost === b.lost ? a.at - b.at : a.lost > b.lost ? -1 : 1))
  for (const { at } of byLoss.slice(0, left)) parts[at] = (parts[at] ?? 0) + 1
  return parts.map(part => part * unit)
}
