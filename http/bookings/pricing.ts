/**
 * What tickets cost: the event's price of the seat's category and the ticket type, in minor units of the event's
 * currency, decided here alone and fixed for a booking when its seats are taken. Items sum to the total.
 */
import type { EventRecord, PriceRecord } from '../../shared/event-store.ts'

export interface Priced {
  index: number
  ticketType: string
  price: number
  fee: number
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

export function amountOf({ price, fee, discount }: Pick<Priced, 'price' | 'fee' | 'discount'>): number {
  return price + fee - discount
}

export function totalOf(items: Pick<Priced, 'price' | 'fee' | 'discount'>[]): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0)
}
