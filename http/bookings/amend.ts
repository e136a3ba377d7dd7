/**
 * Adding to a live hold and dropping from it. What is added is taken as a hold of its own for some seconds, the booking
 * is written, then both become one hold in Redis: take, write, amend. A crash in between frees what the booking has not,
 * in seconds; what it has and Redis lost is taken again when the booking is next looked at to pay, or by the same call.
 */
import { z } from '@hono/zod-openapi'
import { invalid, Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { type BookingId, splitTicketId, type VisitorId } from '../../shared/ids.ts'
import { TAKE_TTL_MS } from '../../shared/limits.ts'
import { requireOnSale } from '../../shared/on-sale.ts'
import { transaction } from '../../shared/postgres.ts'
import { type Amended, amendBooking } from './amend-store.ts'
import { type Booking, lockBooking } from './booking-store.ts'
import { EventChanged, withEventAnew } from './event-changed.ts'
import { conflict, refusalOf, showTaken } from './hold.ts'
import { checkCategories, mostOf, tooManyOf } from './limits.ts'
import { checkCount, HoldBody, orderOf, refuseUnknown } from './order.ts'
import { checkOrphans } from './orphan-check.ts'
import { readOwn, viewNow } from './own.ts'
import type { Priced } from './pricing.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
import type { BookingView } from './view.ts'

const Ticket = HoldBody.shape.ticketIds.unwrap().element

export const AmendBody = z
  .strictObject({
    add: z
      .strictObject({
        ticketIds: z.array(Ticket).default([]),
        areas: HoldBody.shape.areas,
        ticketTypes: HoldBody.shape.ticketTypes,
      })
      .optional(),
    drop: z
      .array(Ticket)
      .default([])
      .openapi({ description: 'Ticket ids of the booking. One ticket must stay.' }),
  })
  .refine(({ add, drop }) => drop.length + (add?.ticketIds.length ?? 0) + (add?.areas.length ?? 0) > 0, {
    path: ['add'],
    message: 'or drop must name something',
  })
  .openapi('Amendment')

export type AmendBody = z.infer<typeof AmendBody>

/** The booking after it. A call with added seats, made again, changes nothing more, but for standing places. @throws Problem */
export async function amend(
  sales: Sales,
  visitorId: VisitorId,
  id: string,
  body: AmendBody,
): Promise<BookingView> {
  const booking = await readOwn(sales, visitorId, id)
  const now = await redisNow(sales)
  checkLive(booking, now)
  await withEventAnew(sales, booking.eventId, () => change(sales, booking, body))
  return viewNow(sales, id, visitorId)
}

async function change(sales: Sales, booking: Booking, body: AmendBody): Promise<void> {
  const event = await eventOf(sales, booking.eventId)
  const dropped = droppedOf(booking, event, body)
  const added = await takeAdded(sales, event, booking, body.add, dropped.length)
  const { amended, seats } = await write(sales, event, booking, added, dropped).catch(
    async (error: unknown) => {
      await release(sales, event, added)
      throw error
    },
  )
  if (!amended.ok) {
    await release(sales, event, added)
    throw await refused(sales, event, booking, amended)
  }
  await toOneHold(sales, event, booking, added, seats, dropped)
}

/** What is added, taken under an id of its own. */
interface Added {
  takenAs: BookingId
  items: Priced[]
}

function checkLive({ status, expiresAt }: Booking, now: number): void {
  if (status !== 'in_progress')
    throw new Problem('booking_state', `The booking is ${status}.`, { members: { bookingStatus: status } })
  if (expiresAt <= now) throw ended()
}

function ended(): Problem {
  return new Problem('booking_expired', 'The seats were held until now, and are free again.')
}

function droppedOf(booking: Booking, event: EventRecord, { add, drop }: AmendBody): number[] {
  const has = (ticket: string) => booking.seats.includes(splitTicketId(ticket)?.index ?? -1)
  // What an earlier try of this call has added, it has dropped too.
  const isAgain = add !== undefined && add.ticketIds.length > 0 && add.ticketIds.every(has)
  return drop.flatMap((ticket, at) => {
    const { eventId, index = -1 } = splitTicketId(ticket) ?? {}
    if (eventId !== event.eventId) throw invalid(`drop[${at}]`, 'is no ticket of this event')
    if (drop.indexOf(ticket) !== at) return []
    if (has(ticket)) return [index]
    if (isAgain) return []
    throw new Problem('ticket_not_found', `drop[${at}]: ${ticket} is not of this booking.`, {
      members: { ticketId: ticket },
    })
  })
}

async function takeAdded(
  sales: Sales,
  event: EventRecord,
  booking: Booking,
  add: AmendBody['add'],
  drops: number,
): Promise<Added> {
  const takenAs = sales.chance.uuid() as BookingId
  const had = booking.seats
  const body = HoldBody.safeParse({
    ...add,
    // What the booking has already was added by an earlier try.
    ticketIds: (add?.ticketIds ?? []).filter(ticket => !had.includes(splitTicketId(ticket)?.index ?? -1)),
  })
  if (!body.success) {
    checkLeft(had.length - drops)
    return { takenAs, items: [] }
  }
  const { config, inventory, step, clock } = sales
  requireOnSale(event, clock.now())
  refuseUnknown(event, add?.ticketIds ?? [], 'add.ticketIds')
  const order = orderOf(event, body.data, Number.POSITIVE_INFINITY)
  const { seats, areas } = order.wanted
  const count = seats.length + areas.reduce((sum, { quantity }) => sum + quantity, 0)
  checkCount(had.length - drops + count, config.MAX_TICKETS_PER_BOOKING)
  await checkOrphans(sales, event, seats)
  const visitor = booking.visitorId
  // A live hold stands for the pass.
  const taker = { booking: takenAs, visitor, most: mostOf(config, visitor) + drops }
  const taken = await step('amend.take', () => inventory.take(event.stock, taker, order.wanted, TAKE_TTL_MS))
  if (!taken.ok) throw refusalOf(config, event, visitor, taken)
  const { indices, beside } = taken.hold
  const added = { takenAs, items: order.ticketsOf(indices) }
  await checkCategories(sales, event, visitor, [...indices, ...beside]).catch(async (error: unknown) => {
    await release(sales, event, added)
    throw error
  })
  return added
}

function checkLeft(left: number): void {
  if (left <= 0) throw invalid('drop', 'would leave nothing: give the whole booking back instead')
}

async function write(
  { pool, step, config }: Sales,
  event: EventRecord,
  { id, visitorId, eventId }: Booking,
  { items }: Added,
  dropped: number[],
): Promise<{ amended: Amended; seats: number[] }> {
  return step('amend.write', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, id)
      if (current?.status !== 'in_progress')
        throw new Problem('booking_state', `The booking is ${current?.status ?? 'gone'}.`, {
          members: { bookingStatus: current?.status },
        })
      const gone = dropped.filter(index => current.seats.includes(index))
      checkLeft(current.seats.length - gone.length + items.length)
      const stay = current.seats.filter(index => !gone.includes(index))
      const seats = [...stay, ...items.map(({ index }) => index)].sort((a, b) => a - b)
      checkCount(seats.length, config.MAX_TICKETS_PER_BOOKING)
      const most = mostOf(config, visitorId)
      const change = { id, eventId, visitorId, seats, items, gone, most, event }
      const amended = await amendBooking(client, change)
      return { amended, seats: amended.ok ? seats : [] }
    }),
  )
}

async function refused(
  sales: Sales,
  event: EventRecord,
  booking: Booking,
  refusal: Exclude<Amended, { ok: true }>,
): Promise<Problem> {
  if (refusal.reason === 'not_on_sale') return new EventChanged()
  if (refusal.reason === 'limit')
    return tooManyOf(sales.config, booking.visitorId, refusal.bought + booking.seats.length)
  await showTaken(sales, event.stock, refusal)
  const taken = [...refusal.sold, ...refusal.blocked].sort((a, b) => a - b)
  return conflict(event.eventId, taken)
}

/** Both holds become the booking's. Where somebody else has by now what was added, the booking loses it again. */
async function toOneHold(
  { pool, inventory, step }: Sales,
  event: EventRecord,
  { id, eventId, visitorId }: Booking,
  { takenAs, items }: Added,
  seats: number[],
  drop: number[],
): Promise<void> {
  const add = items.map(({ index }) => index)
  const joined = await step('amend.hold', () => inventory.amend(event.stock, id, { takenAs, add, drop }))
  if (joined.ok) return
  if (joined.reason === 'lost') throw ended()
  const stay = seats.filter(index => !add.includes(index))
  await step('amend.undo', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, id)
      if (current?.status !== 'in_progress' || stay.length === 0) return
      await amendBooking(client, {
        id,
        eventId,
        visitorId,
        seats: stay,
        items: [],
        gone: add,
        most: Number.MAX_SAFE_INTEGER,
        event,
      })
    }),
  )
  throw conflict(event.eventId, joined.seats)
}

/** After a failure. What cannot be freed now is free when the take's seconds are over. */
async function release(
  { inventory, step, log }: Sales,
  event: EventRecord,
  { takenAs, items }: Added,
): Promise<void> {
  if (items.length === 0) return
  await step('amend.release', () => inventory.release(event.stock, takenAs)).catch((err: unknown) =>
    log.warn({ err, booking: takenAs }, 'what was to be added was left to end by itself'),
  )
}
