/**
 * What tickets cost: the event's price of the seat's category and the ticket type, in minor units of the event's
 * currency, decided here alone and fixed for a booking when its seats are taken. Items sum to the total: the booking's own
 * discount and fee are spread over them.
 */
import type { EventRecord, PriceRecord } from '../../shared/event-store.ts'
import { sharesOf } from '../../shared/wire/booking-price.ts'
import { stepOf } from '../../shared/wire/currency.ts'

export interface Priced {
  index: number
  ticketType: string
  price: number
  /** All of it: the ticket's own, and its share of the booking's. */
  fee: number
  /** Its share of the booking's fee. */
  feeShare: number
  discount: number
}

/** The price of a type in a category, or of the category's first type; undefined where it is not sold. */
export function priceOf(
  event: Pick<EventRecord, 'prices'>,
  category: string,
  ticketType?: string,
): PriceRecord | undefined {
  return event.prices.find(
    price => price.category === category && (ticketType === undefined || price.ticketType === ticketType),
  )
}

/** The items as one booking: with their shares of what it takes off and charges, whatever shares they had before. */
export function asBooking<Item extends Priced>(
  { pricing, currency }: Pick<EventRecord, 'pricing' | 'currency'>,
  items: Item[],
): Item[] {
  const shares = sharesOf(
    pricing,
    items.map(({ price }) => price),
    stepOf(currency),
  )
  return items.map((item, at) => {
    const { discount, fee: feeShare } = shares[at] ?? { discount: 0, fee: 0 }
    return { ...item, fee: item.fee - item.feeShare + feeShare, feeShare, discount }
  })
}

export function amountOf({ price, fee, discount }: Pick<Priced, 'price' | 'fee' | 'discount'>): number {
  return price + fee - discount
}

export function totalOf(items: Pick<Priced, 'price' | 'fee' | 'discount'>[]): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0)
}
