/** What a booking costs beside its tickets, and what is taken off it, said before anything is chosen. */
import type { BookingPricing } from '../../shared/wire/booking-price.ts'
import { money } from './money.ts'

/** Such as "plus €3.46 a booking" and "12.5 % off for 4 tickets or more (Schools)"; empty where there is neither. */
export function extrasOf({
  bookingFee,
  discounts,
  currency,
}: BookingPricing & { currency: string }): string[] {
  const part = (amount: number, percent: number) =>
    [amount > 0 && money(amount, currency), percent > 0 && `${percent} %`].filter(Boolean).join(' and ')
  const fee = part(bookingFee.amount, bookingFee.percent)
  const off = discounts.map(({ name, minTickets, amount, percent }) => {
    const whom = minTickets > 1 ? ` for ${minTickets} tickets or more` : ''
    return `${part(amount, percent)} off${whom} (${name})`
  })
  return [...(fee === '' ? [] : [`plus ${fee} a booking`]), ...off]
}
