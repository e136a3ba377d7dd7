/**
 * What a caller asks to hold, checked against the event: which seats, how many units of which area, at which
 * price. Pure: it reads no store.
 */
import { hash as digest } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { invalid, Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { pathOf } from '../../shared/fault-words.ts'
import { type EventId, splitTicketId, TICKET_ID, ticketId } from '../../shared/ids.ts'
import type { Wanted } from '../../shared/seats/inventory.ts'
import { text } from '../texts.ts'
import { BestAvailable } from './best-wish.ts'
import { asBooking, type Priced, priceOf, totalOf } from './pricing.ts'

const Ticket = z.string().regex(TICKET_ID, 'must be a ticket id, such as hot1-17')
const TicketType = text(40)
/** Far above any MAX_TICKETS_PER_BOOKING, so that too many tickets are told as such. */
const MOST = 100_000

export const HoldBody = z
  .strictObject({
    ticketIds: z
      .array(Ticket)
      .default([])
      .openapi({ example: ['hot1-17', 'hot1-18'] }),
    areas: z
      .array(
        z.strictObject({
          areaId: text(80),
          quantity: z.int().min(1).max(MOST),
          ticketType: TicketType.optional(),
        }),
      )
      .default([])
      .openapi({ description: 'Units of standing areas.' }),
    ticketTypes: z
      .record(z.string(), TicketType)
      .default({})
      .openapi({ description: "By ticket id; the event's first type where none is named." }),
    amount: z
      .int()
      .min(0)
      .optional()
      .openapi({ description: 'The price that was shown, such as a quote: another is refused.' }),
    bestAvailable: BestAvailable.optional().openapi({
      description: 'The best seats that can be had, instead of ticketIds and areas.',
    }),
  })
  .refine(body => body.bestAvailable !== undefined || body.ticketIds.length + body.areas.length > 0, {
    path: ['ticketIds'],
    message: 'must name a ticket, or areas an area, or bestAvailable a quantity',
  })
  .refine(body => body.bestAvailable === undefined || body.ticketIds.length + body.areas.length === 0, {
    path: ['bestAvailable'],
    message: 'and ticketIds or areas: give one of the two',
  })
  .refine(body => body.bestAvailable === undefined || body.amount === undefined, {
    path: ['amount'],
    message: 'is that of tickets that are named: with bestAvailable say maxPrice',
  })
  .openapi('Hold')

export type HoldBody = z.infer<typeof HoldBody>

interface AreaLine {
  area: number
  category: string
  quantity: number
  ticketType: string | undefined
}

export interface Order {
  wanted: Wanted
  /** What it will come to, whichever units it is given. */
  quote: Priced[]
  /** The items of these indices, once Redis has said which units they are. Sorted like the indices. */
  itemsOf(indices: number[]): Priced[]
  /** The same without the booking's own discount and fee: for those that come to a booking. */
  ticketsOf(indices: number[]): Priced[]
}

/** @throws Problem */
export function orderOf(event: EventRecord, body: HoldBody, most: number): Order {
  const seats = seatsOf(event, body.ticketIds)
  const lines = areaLines(event, body.areas)
  const count = seats.length + lines.reduce((sum, { quantity }) => sum + quantity, 0)
  checkCount(count, most)
  const types = typesOf(event, body)
  const bySeat = new Map(
    seats.map(index => {
      const category = event.plan.at(index)?.category ?? ''
      const id = ticketId(event.eventId, index)
      return [index, priced(event, index, category, types.get(index), pathOf(['ticketTypes', id]))]
    }),
  )
  for (const [at, line] of lines.entries()) priced(event, 0, line.category, line.ticketType, areaField(at))
  const wanted = { seats: [...seats].sort((a, b) => a - b), areas: summed(lines) }
  const someUnits = wanted.areas.flatMap(({ area, quantity }) => {
    const { first, capacity } = event.stock.areas[area] ?? { first: 0, capacity: 0 }
    // More than there are cannot be had: the take says so.
    return Array.from({ length: Math.min(quantity, capacity) }, (_, at) => first + at)
  })
  const ticketsOf = (indices: number[]) => itemsOf(event, indices, bySeat, lines)
  const order: Order = {
    wanted,
    quote: asBooking(event, ticketsOf([...wanted.seats, ...someUnits])),
    itemsOf: indices => asBooking(event, ticketsOf(indices)),
    ticketsOf,
  }
  checkAmount(event, totalOf(order.quote), body.amount)
  return order
}

function checkAmount({ currency }: EventRecord, amount: number, shown: number | undefined): void {
  if (shown === undefined || shown === amount) return
  throw new Problem('price_mismatch', `The price is ${amount}, not ${shown}.`, {
    members: { amount, currency },
  })
}

/** @throws Problem */
export function checkCount(count: number, most: number): void {
  if (count <= most) return
  throw new Problem('limit_exceeded', `One booking may hold ${most} tickets, not ${count}.`, {
    members: { limit: most, scope: 'booking' },
  })
}

/** The same for the same request, whatever the order of its fields. */
export function hashOf(eventId: EventId, body: HoldBody): string {
  const types = Object.entries(body.ticketTypes).sort(([a], [b]) => (a < b ? -1 : 1))
  const areas = body.areas.map(({ areaId, quantity, ticketType }) => [areaId, quantity, ticketType ?? null])
  const best =
    body.bestAvailable === undefined
      ? []
      : [Object.entries(body.bestAvailable).sort(([a], [b]) => (a < b ? -1 : 1))]
  return digest(
    'sha256',
    JSON.stringify([eventId, body.ticketIds, areas, types, ...best, body.amount]),
    'hex',
  )
}

function seatsOf(event: EventRecord, ticketIds: string[]): number[] {
  refuseUnknown(event, ticketIds)
  const twice = ticketIds.map((id, at) => ({ id, at })).filter(({ id, at }) => ticketIds.indexOf(id) !== at)
  if (twice.length > 0) refuse('duplicate_tickets', 'Named twice', twice)
  return ticketIds.map((id, at) => {
    const { index = -1 } = splitTicketId(id) ?? {}
    if (index >= event.plan.seats)
      throw invalid(
        `ticketIds[${at}]`,
        'is a place in a standing area: name the area and a quantity in areas',
      )
    return index
  })
}

/**
 * Tickets of other events, and those that there are not: never were, or are of a seat that the house has left out.
 * @throws Problem foreign_tickets, ticket_not_found, naming each
 */
export function refuseUnknown(
  { eventId, plan }: EventRecord,
  ticketIds: string[],
  field = 'ticketIds',
): void {
  const tickets = ticketIds.map((id, at) => ({ id, at, ...splitTicketId(id) }))
  const foreign = tickets.filter(ticket => ticket.eventId !== eventId)
  if (foreign.length > 0) refuse('foreign_tickets', 'These belong to another event', foreign, field)
  const absent = tickets.filter(({ index = -1 }) => plan.at(index) === undefined || plan.gone.has(index))
  if (absent.length > 0) refuse('ticket_not_found', 'There are no such tickets', absent, field)
}

function refuse(
  code: 'foreign_tickets' | 'duplicate_tickets' | 'ticket_not_found',
  told: string,
  faulty: { id: string; at: number }[],
  field = 'ticketIds',
): never {
  const tickets = [...new Set(faulty.map(({ id }) => id))]
  throw new Problem(code, `${told}: ${tickets.join(', ')}.`.slice(0, 400), {
    errors: faulty.map(({ at }) => ({ field: `${field}[${at}]`, message: WHY[code] })),
    members: { tickets },
  })
}

const WHY = {
  foreign_tickets: 'is a ticket of another event',
  duplicate_tickets: 'is named already',
  ticket_not_found: 'is no ticket of this event',
}

function areaLines(event: EventRecord, areas: HoldBody['areas']): AreaLine[] {
  return areas.map(({ areaId, quantity, ticketType }) => {
    const area = event.plan.map.areas.findIndex(({ id }) => id === areaId)
    const found = event.plan.map.areas[area]
    if (found === undefined)
      throw new Problem('area_not_found', `There is no standing area ${areaId}.`, {
        members: { areas: [areaId] },
      })
    return { area, category: found.category, quantity, ticketType }
  })
}

/** By seat index. */
function typesOf(event: EventRecord, { ticketIds, ticketTypes }: HoldBody): Map<number, string> {
  const types = new Map<number, string>()
  for (const [id, type] of Object.entries(ticketTypes)) {
    if (!ticketIds.includes(id)) throw invalid(pathOf(['ticketTypes', id]), 'is not one of ticketIds')
    const index = splitTicketId(id)?.index
    if (index !== undefined && event.plan.at(index) !== undefined) types.set(index, type)
  }
  return types
}

function areaField(at: number): string {
  return `areas[${at}].ticketType`
}

function priced(
  event: EventRecord,
  index: number,
  category: string,
  type: string | undefined,
  field: string,
): Priced {
  const found = priceOf(event, category, type)
  if (found !== undefined)
    return {
      index,
      ticketType: found.ticketType,
      price: found.price,
      fee: found.fee,
      feeShare: 0,
      discount: 0,
    }
  if (type !== undefined) throw invalid(field, 'is not a ticket type sold for this place')
  throw new Problem('not_on_sale', `Nothing of category ${category} is on sale.`)
}

/** One entry an area, in the map's order. */
function summed(lines: AreaLine[]): Wanted['areas'] {
  const sums = new Map<number, number>()
  for (const { area, quantity } of lines) sums.set(area, (sums.get(area) ?? 0) + quantity)
  return [...sums].sort(([a], [b]) => a - b).map(([area, quantity]) => ({ area, quantity }))
}

function itemsOf(
  event: EventRecord,
  indices: number[],
  bySeat: Map<number, Priced>,
  lines: AreaLine[],
): Priced[] {
  const left = lines.map(line => ({ ...line }))
  return indices.map(index => {
    const seat = bySeat.get(index)
    if (seat !== undefined) return seat
    const position = event.stock.areas.findIndex(
      ({ first, capacity }) => index >= first && index < first + capacity,
    )
    const line = left.find(({ area, quantity }) => area === position && quantity > 0)
    if (line === undefined) throw new Error(`index ${index} was given but not asked for`)
    line.quantity -= 1
    return priced(event, index, line.category, line.ticketType, areaField(0))
  })
}
