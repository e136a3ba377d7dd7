/**
 * What a fan has chosen and not yet held: rules alone, no page. A selection is a value; every rule answers a new one
 * and what came of it.
 */
import { type BookingPricing, sharesOf } from '../../shared/wire/booking-price.ts'
import { stepOf } from '../../shared/wire/currency.ts'
import type { SeatStatus } from '../../shared/wire/seat-state.ts'

export interface Selection {
  /** In the order they were chosen. */
  seats: readonly ChosenSeat[]
  areas: readonly ChosenArea[]
}

export interface ChosenSeat {
  index: number
  ticketType: string
}

export interface ChosenArea {
  areaId: string
  ticketType: string
  quantity: number
}

/** What a ticket of a category costs, in minor units. */
export interface TicketPrice {
  category: string
  ticketType: string
  ticketTypeName: string
  price: number
  fee: number
}

export type Chosen =
  | { outcome: 'added' | 'removed' | 'changed'; selection: Selection }
  /** Nothing has changed: somebody else has it, or one may have no more. */
  | { outcome: 'taken' | 'limit'; selection: Selection }

export const NOTHING: Selection = { seats: [], areas: [] }

export function countOf({ seats, areas }: Selection): number {
  return areas.reduce((sum, area) => sum + area.quantity, seats.length)
}

export function has({ seats }: Selection, index: number): boolean {
  return seats.some(seat => seat.index === index)
}

/** Chooses the seat, or takes that back. `limit`: the most tickets of one booking. */
export function toggled(
  selection: Selection,
  seat: ChosenSeat,
  status: SeatStatus | undefined,
  limit: number,
): Chosen {
  if (has(selection, seat.index))
    return { outcome: 'removed', selection: without(selection, [seat.index]).selection }
  if (status !== 0) return { outcome: 'taken', selection }
  if (countOf(selection) >= limit) return { outcome: 'limit', selection }
  return { outcome: 'added', selection: { ...selection, seats: [...selection.seats, seat] } }
}

/** So many units of a type; as many as are left and as the limit allows where that is less. `left`: of all types. */
export function withArea(selection: Selection, wanted: ChosenArea, left: number, limit: number): Chosen {
  const { areaId, ticketType } = wanted
  const areas = selection.areas.filter(area => area.areaId !== areaId || area.ticketType !== ticketType)
  const others = areas.reduce((sum, area) => sum + (area.areaId === areaId ? area.quantity : 0), 0)
  const room = limit - countOf({ ...selection, areas })
  const quantity = Math.max(0, Math.min(wanted.quantity, left - others, room))
  const next = { ...selection, areas: quantity > 0 ? [...areas, { areaId, ticketType, quantity }] : areas }
  if (quantity === wanted.quantity) return { outcome: 'changed', selection: next }
  return { outcome: quantity === room ? 'limit' : 'taken', selection: next }
}

export function withType(selection: Selection, index: number, ticketType: string): Selection {
  const seats = selection.seats.map(seat => (seat.index === index ? { ...seat, ticketType } : seat))
  return { ...selection, seats }
}

/** `lost`: those of the indices that had been chosen. */
export function without(
  selection: Selection,
  indices: Iterable<number>,
): { selection: Selection; lost: number[] } {
  const gone = new Set(indices)
  const lost = selection.seats.filter(seat => gone.has(seat.index)).map(seat => seat.index)
  if (lost.length === 0) return { selection, lost }
  return { selection: { ...selection, seats: selection.seats.filter(seat => !gone.has(seat.index)) }, lost }
}

/** The price of a type, or of the category's first where it has no such type; undefined: not sold at all. */
export function priceOf(
  prices: readonly TicketPrice[],
  category: string,
  ticketType?: string,
): TicketPrice | undefined {
  const found = prices.filter(price => price.category === category)
  return found.find(price => price.ticketType === ticketType) ?? found[0]
}

/** Minor units, fees and discounts in it. What the server says at the hold is what counts. */
export function totalOf(
  selection: Selection,
  { prices, currency, ...pricing }: BookingPricing & { prices: readonly TicketPrice[]; currency: string },
  categories: { seat(index: number): string; area(areaId: string): string },
): number {
  const seats = selection.seats.map(({ index, ticketType }) =>
    priceOf(prices, categories.seat(index), ticketType),
  )
  const areas = selection.areas.flatMap(({ areaId, ticketType, quantity }) => {
    const price = priceOf(prices, categories.area(areaId), ticketType)
    return Array.from({ length: quantity }, () => price)
  })
  const tickets = [...seats, ...areas].filter(price => price !== undefined)
  const shares = sharesOf(
    pricing,
    tickets.map(({ price }) => price),
    stepOf(currency),
  )
  const own = tickets.reduce((sum, { price, fee }) => sum + price + fee, 0)
  return shares.reduce((sum, { discount, fee }) => sum + fee - discount, own)
}
