/** What a booking cost, line by line, as its buyer is written. */

import type { Item } from '../bookings/booking-store.ts'
import { totalOf } from '../bookings/pricing.ts'
import { spokenMoney } from './spoken-money.ts'

/** A word and an amount a line, of what was not returned; the last is the total. */
export function receiptOf(items: Item[], currency: string): [string, string][] {
  const kept = items.filter(({ state }) => state !== 'returned')
  const sum = (part: (item: Item) => number) => kept.reduce((all, item) => all + part(item), 0)
  const money = (minor: number) => spokenMoney(minor, currency)
  const [discount, fees, booking] = [
    sum(item => item.discount),
    sum(item => item.fee - item.feeShare),
    sum(item => item.feeShare),
  ]
  return [
    [kept.length === 1 ? '1 ticket' : `${kept.length} tickets`, money(sum(item => item.price))],
    ...(discount > 0 ? [['Discount', `-${money(discount)}`] as [string, string]] : []),
    ...(fees > 0 ? [['Fees', money(fees)] as [string, string]] : []),
    ...(booking > 0 ? [['Booking fee', money(booking)] as [string, string]] : []),
    ['Total', money(totalOf(kept))],
  ]
}
