/**
 * Taking seats: take - insert - activate across Redis and Postgres. The seats are first ours for some seconds only,
 * so a process that dies in between costs nobody more than that; the 201 is sent when Postgres has the booking
 * and Redis has given the hold its real length. Stripe is not called.
 */
import { hash as digest } from 'node:crypto'
import type { Config } from '../../shared/config.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import {
  type BookingId,
  EVENT_ID,
  type EventId,
  eventId,
  ticketId,
  type VisitorId,
} from '../../shared/ids.ts'
import { SECOND, TAKE_TTL_MS } from '../../shared/limits.ts'
import { requireOnSale } from '../../shared/on-sale.ts'
import { type Fresh, type Hold, STATUS, type Stock, type TakeResult } from '../../shared/seats/inventory.ts'
import type { SentPass } from '../middleware/session.ts'
import { refusalAtGate, TURN_RETRY_SECONDS } from '../queue/gate.ts'
import { abandonBooking, type Booking, findBooking, itemsOf } from './booking-store.ts'
import { EventChanged, withEventAnew } from './event-changed.ts'
import { chooserOf } from './hold-best.ts'
import { renewableUntil } from './hold-time.ts'
import type { Allowance } from './insert-store.ts'
import { allowanceOf, checkCategories, mostOf, tooLong, tooManyOf } from './limits.ts'
import { isOver } from './machine.ts'
import { type HoldBody, hashOf, type Order, orderOf } from './order.ts'
import { checkOrphans } from './orphan-check.ts'
import { type Priced, totalOf } from './pricing.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
import { type BookingView, viewOf } from './view.ts'

export interface HoldRequest {
  visitorId: VisitorId
  /** As in the path. */
  eventId: string
  body: HoldBody
  /** Idempotency-Key */
  key: string | undefined
  pass: SentPass | undefined
}

/** @throws Problem */
export async function hold(sales: Sales, request: HoldRequest): Promise<BookingView> {
  if (!EVENT_ID.test(request.eventId))
    throw new Problem('event_not_found', `There is no event ${request.eventId.slice(0, 60)}.`)
  const { key } = request
  const began = sales.clock.now()
  let outcome = 'held'
  try {
    return key === undefined ? await holdNew(sales, request) : await holdOnce(sales, { ...request, key })
  } catch (error) {
    outcome = error instanceof Problem ? error.code : 'fault'
    throw error
  } finally {
    sales.counts.holds.inc({ outcome })
    sales.payRoom.held(sales.clock.now() - began, outcome !== 'held')
  }
}

/** Another call under the key is between its take and its answer: what it makes is not to be told yet. */
class UnderWay extends Problem {
  constructor() {
    super('idempotency_in_flight', 'A call with this Idempotency-Key is under way.', { retryAfter: 1 })
  }
}

interface Idem {
  key: string
  hash: string
  /** The key as the inventory is told it. */
  call: string
}

/**
 * Under a key: the winner is answered again, losers are judged anew, and of two at once one is told to come again. Seats that are
 * named are asked for first, as most who lose a fight for them have no booking under their key, and whatever refuses them is told
 * only where Postgres has none. What a wish or standing places would take twice is looked for before.
 */
async function holdOnce(sales: Sales, request: HoldRequest & { key: string }): Promise<BookingView> {
  const { key, body } = request
  const hash = hashOf(eventId(request.eventId), body)
  const call = digest('sha256', key, 'base64url')
  const mayRepeat = body.bestAvailable !== undefined || body.areas.length > 0
  const found = mayRepeat ? await replay(sales, request, hash) : undefined
  if (found !== undefined) return found
  try {
    return await holdNew(sales, request, { key, hash, call })
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error instanceof UnderWay) throw error
    const made = await replay(sales, request, hash)
    if (made === undefined) throw error
    return made
  }
}

/** The booking made under this key as it is now; undefined where there is none, or its hold never came to be. */
async function replay(
  sales: Sales,
  { visitorId, key }: { visitorId: VisitorId; key: string },
  hash: string,
): Promise<BookingView | undefined> {
  const { pool, step, calls } = sales
  let booking = await step('hold.replay', () => calls.ask({ visitorId, key }))
  if (booking === undefined) return undefined
  if (booking.idemHash !== hash)
    throw new Problem('idempotency_conflict', 'This Idempotency-Key was used with another body.')
  const event = await eventOf(sales, booking.eventId)
  const now = await redisNow(sales)
  if (booking.status === 'in_progress' && booking.expiresAt > now) {
    // Whoever made it may have died before the hold got its length.
    const active = await activate(sales, event.stock, booking, booking.expiresAt - now)
    if (!active.ok) {
      await abandon(sales, event.stock, booking.id)
      return undefined
    }
    if (active.again) {
      // Given back in this very moment: what was taken again goes back too.
      const { id } = booking
      booking = (await step('booking.read', () => findBooking(pool, id))) ?? booking
      if (isOver(booking.status)) await free(sales, event.stock, id)
    }
  }
  const found = booking
  const items = await step('booking.read', () => itemsOf(pool, [found.id]))
  return viewOf(found, items.get(found.id) ?? [], event, now, renewableUntil(sales.config, found))
}

function holdNew(sales: Sales, request: HoldRequest, idem?: Idem): Promise<BookingView> {
  return withEventAnew(sales, eventId(request.eventId), () => holdOf(sales, request, idem))
}

async function holdOf(sales: Sales, request: HoldRequest, idem?: Idem): Promise<BookingView> {
  const event = await eventOf(sales, eventId(request.eventId))
  requireOnSale(event, sales.clock.now())
  const { body } = request
  const most = sales.config.MAX_TICKETS_PER_BOOKING
  if (body.bestAvailable !== undefined) {
    const choosing = chooserOf(sales, event, body.bestAvailable)
    await passGate(sales, event.eventId, request)
    return choosing(chosen => holdThese(sales, request, event, orderOf(event, chosen, most), idem))
  }
  const order = orderOf(event, body, most)
  await passGate(sales, event.eventId, request)
  await checkOrphans(sales, event, order.wanted.seats)
  return holdThese(sales, request, event, order, idem)
}

async function holdThese(
  sales: Sales,
  request: HoldRequest,
  event: EventRecord,
  order: Order,
  idem: Idem | undefined,
): Promise<BookingView> {
  const { step, inventory } = sales
  const id = sales.chance.uuid() as BookingId
  const hold = await take(sales, event, order, id, request.visitorId, idem?.call)
  const call = idem?.call
  try {
    return await bookTaken(sales, request.visitorId, event, order, id, hold, idem)
  } catch (error) {
    if (call !== undefined)
      await step('hold.land', () => inventory.land(event.stock, request.visitorId, call)).catch(
        () => undefined,
      )
    throw error
  }
}

/** Insert, activate. */
async function bookTaken(
  sales: Sales,
  visitorId: VisitorId,
  event: EventRecord,
  order: Order,
  id: BookingId,
  { indices, now, beside }: Hold,
  idem: Idem | undefined,
): Promise<BookingView> {
  const { config, clock } = sales
  // Counted from the answer on: a hold may end some ms later than it was told, but never earlier.
  const taken = clock.now()
  const holdMs = config.HOLD_SECONDS * SECOND
  const items = order.itemsOf(indices)
  await checkCategories(sales, event, visitorId, [...indices, ...beside]).catch(async error => {
    await free(sales, event.stock, id)
    throw error
  })
  const wished = newBooking(id, event, visitorId, items, now, now + holdMs)
  const allowance = allowanceOf(sales, visitorId, indices.length + beside.length, now, holdMs)
  const expiresAt = await insert(sales, event, wished, items, idem, allowance)
  const booking = { ...wished, expiresAt }
  const ttl = expiresAt - now - (clock.now() - taken)
  const fresh = { indices, visitor: visitorId, call: idem?.call }
  const active = await activate(sales, event.stock, booking, ttl, 'hold.activate', fresh).catch(
    async (error: unknown) => {
      await abandon(sales, event.stock, id)
      throw error
    },
  )
  if (!active.ok) {
    await abandon(sales, event.stock, id)
    throw conflict(event.eventId, active.seats)
  }
  return viewOf(booking, items, event, active.now, renewableUntil(config, booking))
}

async function passGate(
  { queue, step }: Sales,
  event: EventId,
  { visitorId, pass }: Pick<HoldRequest, 'visitorId' | 'pass'>,
): Promise<void> {
  const refusal = await step('hold.gate', () => refusalAtGate(queue, event, visitorId, pass))
  if (refusal !== undefined) throw refusal
}

async function take(
  { config, inventory, queue, step }: Sales,
  event: EventRecord,
  { wanted }: Order,
  booking: BookingId,
  visitor: VisitorId,
  call: string | undefined,
): Promise<Hold> {
  const activeMember = queue.member(event.eventId, visitor)
  const named = call === undefined ? {} : { call }
  const taker = { booking, activeMember, visitor, most: mostOf(config, visitor), ...named }
  const taken = await step('hold.take', () => inventory.take(event.stock, taker, wanted, TAKE_TTL_MS))
  if (taken.ok) return taken.hold
  throw refusalOf(config, event, visitor, taken)
}

/** What a take's refusal is called. */
export function refusalOf(
  config: Config,
  event: EventRecord,
  visitor: VisitorId,
  taken: Exclude<TakeResult, { ok: true }>,
): Problem {
  switch (taken.reason) {
    case 'hold_conflict':
      return conflict(event.eventId, taken.seats)
    case 'sold_out': {
      const areaId = event.plan.map.areas[taken.area]?.id
      const told = `Only ${taken.left} places are left in ${areaId}.`
      return new Problem('sold_out', told, { members: { areaId, left: taken.left } })
    }
    case 'in_flight':
      return new UnderWay()
    case 'limit':
      return tooManyOf(config, visitor, taken.held)
    case 'waiting_room_required':
      return new Problem('waiting_room_required', 'Your turn in the waiting room is over: join again.', {
        retryAfter: TURN_RETRY_SECONDS,
        members: { queue: `/events/${event.eventId}/queue` },
      })
    default:
      return taken satisfies never
  }
}

export function conflict(event: EventId, seats: number[]): Problem {
  const tickets = seats.map(index => ticketId(event, index))
  return new Problem('hold_conflict', `These are not available: ${tickets.join(', ')}.`, {
    members: { tickets },
  })
}

function newBooking(
  id: BookingId,
  event: EventRecord,
  visitorId: VisitorId,
  items: Priced[],
  now: number,
  expiresAt: number,
): Booking {
  return {
    id,
    eventId: event.eventId,
    visitorId,
    personId: null,
    status: 'in_progress',
    reason: null,
    seats: items.map(({ index }) => index),
    total: totalOf(items),
    currency: event.currency,
    expiresAt,
    payUntil: null,
    idemHash: null,
    confirmedAt: null,
    version: undefined,
    createdAt: now,
  }
}

/** Writes the booking and answers when its hold ends, or frees its seats and throws. */
async function insert(
  sales: Sales,
  event: EventRecord,
  booking: Booking,
  items: Priced[],
  idem: Idem | undefined,
  allowance: Allowance,
): Promise<number> {
  const { inserts, step, config } = sales
  const inserted = await step('hold.insert', () =>
    inserts.insert({ booking: { ...booking, mapHash: event.mapHash, items, idem }, allowance }),
  ).catch(async (cause: unknown) => {
    await free(sales, event.stock, booking.id)
    throw new Problem('unavailable', 'The booking could not be written; nothing was taken.', {}, { cause })
  })
  if (inserted.ok) return inserted.expiresAt
  await free(sales, event.stock, booking.id)
  switch (inserted.reason) {
    case 'taken':
      await showTaken(sales, event.stock, inserted)
      throw conflict(
        event.eventId,
        [...inserted.sold, ...inserted.blocked].sort((a, b) => a - b),
      )
    case 'limit':
      throw tooManyOf(config, booking.visitorId, inserted.bought + allowance.held - items.length)
    case 'budget':
      throw tooLong(config)
    case 'not_on_sale':
      throw new EventChanged()
    case 'key_used':
      throw new Problem('idempotency_in_flight', 'A call with this Idempotency-Key has just succeeded.', {
        retryAfter: 1,
      })
    default:
      return inserted satisfies never
  }
}

/** Redis did not know what Postgres knows: a sale was committed, and whoever made it died before showing it. */
export async function showTaken(
  { inventory, step, log }: Sales,
  stock: Stock,
  { sold, blocked }: { sold: number[]; blocked: number[] },
): Promise<void> {
  await step('hold.mark', async () => {
    if (sold.length > 0) await inventory.mark(stock, sold, STATUS.sold)
    if (blocked.length > 0) await inventory.mark(stock, blocked, STATUS.blocked)
  }).catch((err: unknown) => log.warn({ err, event: stock.eventId }, 'taken seats could not be shown'))
}

/** `again`: the hold was gone, and was taken anew. */
export type Activated = { ok: true; now: number; again: boolean } | { ok: false; seats: number[] }

/** Gives the hold its length. Where Redis lost it, takes exactly these seats again, if nobody has them. */
export async function activate(
  { inventory, step }: Sales,
  stock: Stock,
  booking: Pick<Booking, 'id' | 'seats' | 'visitorId'>,
  ttlMs: number,
  name: 'hold.activate' | 'pay.extend' | 'settle.extend' | 'renew.extend' = 'hold.activate',
  fresh?: Fresh,
): Promise<Activated> {
  const { id, seats, visitorId } = booking
  if (ttlMs <= 0) return { ok: false, seats }
  const extended = await step(name, () => inventory.extend(stock, id, ttlMs, fresh))
  if (extended.ok) {
    const { now, indices } = extended
    const [add, drop] = [without(seats, indices), without(indices, seats)]
    if (add.length + drop.length === 0) return { ok: true, now, again: false }
    const mended = await step('hold.mend', () => inventory.amend(stock, id, { takenAs: id, add, drop }))
    if (mended.ok) return { ok: true, now: mended.now, again: false }
    return { ok: false, seats: mended.reason === 'hold_conflict' ? mended.seats : seats }
  }
  const again = await step('hold.reacquire', () => inventory.reacquire(stock, id, seats, ttlMs, visitorId))
  if (again.ok) return { ok: true, now: again.hold.now, again: true }
  return { ok: false, seats: again.reason === 'hold_conflict' ? again.seats : seats }
}

function without(list: readonly number[], others: readonly number[]): number[] {
  return list.filter(index => !others.includes(index))
}

/** After a failure. True where the seats are free now; otherwise they are when the take's seconds are over. */
async function free({ inventory, step, log }: Sales, stock: Stock, booking: BookingId): Promise<boolean> {
  try {
    await step('hold.release', () => inventory.release(stock, booking))
    return true
  } catch (err) {
    log.warn({ err, booking }, 'a failed hold was left to end by itself')
    return false
  }
}

async function abandon(sales: Sales, stock: Stock, booking: BookingId): Promise<void> {
  const { pool, step, log } = sales
  const freed = await free(sales, stock, booking)
  await step('hold.abandon', () => abandonBooking(pool, booking, freed)).catch((err: unknown) =>
    log.warn({ err, booking }, 'a booking without a hold was left to expire'),
  )
}
