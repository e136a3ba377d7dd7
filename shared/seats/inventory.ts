/**
 * The seats of events on sale, as Redis knows them: who holds which, what is sold or blocked, and in which
 * order it changed. Postgres is the truth of sales and blocks; this is the truth of holds.
 *
 * Every verb is one atomic change that raises seq, writes the replay log and publishes one diff. Expected
 * outcomes are values; faults (Redis away) are thrown.
 */
import type { BookingId, EventId, VisitorId } from '../ids.ts'

/** As on the wire: 2 bits a seat. */
export const STATUS = { available: 0, held: 1, sold: 2, blocked: 3 } as const
export type Status = 0 | 1 | 2 | 3
export const STATUS_NAMES = ['available', 'held', 'sold', 'blocked'] as const

/** Seats by index, and so many units of standing areas, by the area's position in the map's `areas`. */
export interface Wanted {
  seats: number[]
  areas: { area: number; quantity: number }[]
}

/** What a hold has: every index in it, seats and units. Sorted. */
export interface Hold {
  indices: number[]
  /** Redis's clock, ms. */
  now: number
  /** When it ends, ms by the same clock. */
  until: number
  /** Every index in the visitor's other live holds of the event; none where no visitor was named. */
  beside: number[]
}

/** Who takes: with the queue on, only an active visitor may. */
export interface Taker {
  booking: BookingId
  /** The visitor's member of the queue's `act`; left out where a live hold stands for it. */
  activeMember?: Buffer
  /** Whose hold it is, and the most they may hold of the event at once. */
  visitor?: VisitorId
  most?: number
  /** The visitor's name for this call: while one under it has a take's time left, no other takes. See `land`. */
  call?: string
}

export type TakeResult =
  | { ok: true; hold: Hold }
  /** Taken by somebody else: held, sold or blocked. */
  | { ok: false; reason: 'hold_conflict'; seats: number[] }
  | { ok: false; reason: 'sold_out'; area: number; left: number }
  | { ok: false; reason: 'waiting_room_required' }
  /** Another take under the same `call` has succeeded, and was not said to have landed. */
  | { ok: false; reason: 'in_flight' }
  /** The visitor holds so many already. */
  | { ok: false; reason: 'limit'; held: number }

/** A hold as its take has just made it, which saves looking at it; its `call` has landed where it is extended. */
export interface Fresh {
  indices: number[]
  visitor: VisitorId
  call?: string | undefined
}

export type ExtendResult =
  | { ok: true; now: number; until: number; indices: number[] }
  | { ok: false; reason: 'lost' }

/** Indices, units included; `takenAs`: what is added was taken under this id. */
export interface Amendment {
  takenAs: BookingId
  add: number[]
  drop: number[]
}

export type AmendResult =
  | { ok: true; now: number; until: number }
  | { ok: false; reason: 'lost' }
  | { ok: false; reason: 'hold_conflict'; seats: number[] }

/** What the inventory must know of an event: its place in Postgres and its map's size. */
export interface Stock {
  eventId: EventId
  /** Seats with a place; units of areas follow in the index. */
  seats: number
  /** Each area's units: first index and capacity, in the map's order. */
  areas: { first: number; capacity: number }[]
}

export interface SeatSnapshot {
  epoch: number
  seq: number
  /** Redis's clock, ms. */
  now: number
  seats: number
  /** 2 bits a seat, most significant first (Redis BITFIELD u2); ceil(seats / 4) bytes. */
  state: Buffer
  /** Free units of each area. */
  areas: number[]
}

/** One published change. Values are absolute: applying it twice does no harm. */
export interface SeatDiff {
  epoch: number
  seq: number
  now: number
  /** index, status, index, status, ... of seats (units are told as counts). */
  changes: number[]
  /** area, units free, area, units free, ... */
  areas: number[]
  /** Seats and units available after it. */
  free: number
  /** The event's map from here on, where it has become another. */
  map?: string
}

/** Numbers an operator looks at. */
export interface SeatCounts {
  epoch: number
  seq: number
  free: number
  holds: number
}

/**
 * Every verb first makes sure that the event's seats stand in Redis in the generation Postgres says; where they do
 * not (first use, or Redis lost its data), they are rebuilt from Postgres under a lock. While another process
 * rebuilds, verbs throw Problem `recovering`: an empty Redis never looks like a free house.
 */
export interface Inventory {
  /** All or none, for ttlMs from Redis's now. */
  take(stock: Stock, taker: Taker, wanted: Wanted, ttlMs: number): Promise<TakeResult>
  /** What a take under this `call` began is over. */
  land(stock: Stock, visitor: VisitorId, call: string): Promise<void>
  /**
   * The hold ends ttlMs from Redis's now instead, if the booking still owns every seat; `lost` otherwise, and
   * then nothing has changed. Makes a take's short life a hold's, and gives a payment its time.
   */
  extend(stock: Stock, booking: BookingId, ttlMs: number, fresh?: Fresh): Promise<ExtendResult>
  /** Adds to what the booking holds and frees some of it; its end stays. All or none. Harmless when repeated. */
  amend(stock: Stock, booking: BookingId, amendment: Amendment): Promise<AmendResult>
  /** Frees what the booking still owns. Harmless when repeated. */
  release(stock: Stock, booking: BookingId): Promise<void>
  /** Takes exactly these indices again for late money, if nobody holds them. `units` included in `indices`. */
  reacquire(
    stock: Stock,
    booking: BookingId,
    indices: number[],
    ttlMs: number,
    visitor?: VisitorId,
  ): Promise<TakeResult>
  /**
   * Shows what Postgres has decided: sold or blocked, or available again. Ends the booking's hold where one is
   * given, and what else was in it is free. Idempotent; unconditional but where `only` names the status to be replaced.
   */
  mark(stock: Stock, indices: number[], status: Status, booking?: BookingId, only?: Status): Promise<void>
  /** The event's map is another, under which every index is the same seat: begins the epoch that Postgres has given it. */
  rehouse(stock: Stock, epoch: number, mapHash: string): Promise<void>
  /** Frees holds whose time is over, at most SWEEP_BATCH; answers when the next one ends, ms, or undefined. */
  sweep(stock: Stock): Promise<{ freed: BookingId[]; next: number | undefined }>
  snapshot(stock: Stock): Promise<SeatSnapshot>
  /** The diffs after seq, oldest first; undefined where the log no longer reaches or the epoch is another. */
  since(stock: Stock, epoch: number, seq: number): Promise<SeatDiff[] | undefined>
  counts(stock: Stock): Promise<SeatCounts>
  /** Who lives where Redis was lost: rebuilt at once, not at first use. */
  rebuild(stock: Stock): Promise<void>
}
