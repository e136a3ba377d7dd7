/**
 * Holds as they come in an on-sale, written many at once: one statement and one commit for all of them. Each is judged alone, by what is
 * sold, blocked, and had by its visitor.
 */
import type { BookingId, EventId, VisitorId } from '../../shared/ids.ts'
import type { Log } from '../../shared/log.ts'
import { connectPostgres, type Pool, type Queryable } from '../../shared/postgres.ts'
import type { Priced } from './pricing.ts'
import { Together } from './together.ts'

export interface NewBooking {
  id: BookingId
  eventId: EventId
  /** The map that the seats were counted in. */
  mapHash: string
  visitorId: VisitorId
  items: Priced[]
  total: number
  currency: string
  expiresAt: number
  /** When its seats were taken, by Redis's clock. */
  createdAt: number
  idem: { key: string; hash: string } | undefined
}

/** What one visitor may have of one event; see shared/config.ts. */
export interface Allowance {
  /** Tickets in their live holds, this booking's among them. */
  held: number
  /** The most they may hold and have bought together. */
  most: number
  /** What they may hold without buying since `since`, ms. */
  budgetMs: number
  since: number
  /** A hold that the budget leaves less is refused; the booking's own length where that is less. */
  leastMs: number
}

export type Inserted =
  /** When the hold ends: as asked for, or sooner where the budget is short. */
  | { ok: true; expiresAt: number }
  /** They have bought so many, or held so long, that no more may be held. */
  | { ok: false; reason: 'limit'; bought: number }
  | { ok: false; reason: 'budget' }
  /** Postgres knows better than Redis did. */
  | { ok: false; reason: 'taken'; sold: number[]; blocked: number[] }
  | { ok: false; reason: 'not_on_sale' }
  /** The visitor made a booking under this key a moment ago. */
  | { ok: false; reason: 'key_used' }

/** Of one statement: some milliseconds of Postgres. */
const AT_ONCE = 32
/** Twice what one event can have under way; see Together. */
export const HOLD_CONNECTIONS = 8
/** Planned once: planning it for each call, as Postgres would, takes as long as doing it for one. */
export const PLANNED_ONCE = ['plan_cache_mode=force_generic_plan']

/** Of holds alone: nobody who looks or pays makes them wait for a connection. */
export function connectHolds(url: string, log: Log): Pool {
  return connectPostgres(url, 'holds', log, HOLD_CONNECTIONS, { settings: PLANNED_ONCE })
}

export interface Wish {
  booking: NewBooking
  allowance: Allowance
}

/** In their order. */
export async function insertBookings(db: Queryable, wishes: readonly Wish[]): Promise<Inserted[]> {
  const { rows } = await db.query<InsertRow>({
    name: 'insert bookings',
    text: INSERT,
    values: valuesOf(wishes),
  })
  const answers = new Map(rows.map(row => [row.id, row]))
  return wishes.map(({ booking, allowance }) => {
    const row = answers.get(booking.id)
    if (row === undefined) throw new Error('an insert answered nothing')
    return insertedOf(row, allowance)
  })
}

/** Those of one event together: what locks an event's row, such as a change of its prices, makes no other event wait. */
export class Inserts {
  readonly #db: Queryable
  readonly #events = new Map<EventId, Together<Wish, Inserted>>()

  constructor(db: Queryable) {
    this.#db = db
  }

  async insert(wish: Wish): Promise<Inserted> {
    const { eventId } = wish.booking
    const together =
      this.#events.get(eventId) ??
      new Together<Wish, Inserted>(AT_ONCE, wishes => insertBookings(this.#db, wishes))
    this.#events.set(eventId, together)
    try {
      return await together.ask(wish)
    } finally {
      if (together.isIdle()) this.#events.delete(eventId)
    }
  }
}

function insertedOf(row: InsertRow, { most, held, leastMs }: Allowance): Inserted {
  const { expires_at: expiresAt, sold, blocked, bought, left_ms: leftMs, on_sale: onSale } = row
  if (expiresAt !== null) return { ok: true, expiresAt: expiresAt.getTime() }
  if (sold.length + blocked.length > 0) return { ok: false, reason: 'taken', sold, blocked }
  if (bought > most - held) return { ok: false, reason: 'limit', bought }
  if (leftMs < leastMs) return { ok: false, reason: 'budget' }
  return { ok: false, reason: onSale ? 'key_used' : 'not_on_sale' }
}

function valuesOf(wishes: readonly Wish[]): unknown[] {
  const of = <T>(read: (wish: Wish) => T) => wishes.map(read)
  const items = wishes.flatMap(({ booking }) => booking.items.map(item => ({ id: booking.id, ...item })))
  return [
    of(({ booking }) => booking.id),
    of(({ booking }) => booking.eventId),
    of(({ booking }) => booking.visitorId),
    of(({ booking }) => booking.total),
    of(({ booking }) => booking.currency),
    of(({ booking }) => new Date(booking.expiresAt)),
    of(({ booking }) => booking.idem?.key ?? null),
    of(({ booking }) => booking.idem?.hash ?? null),
    of(({ booking }) => new Date(booking.createdAt)),
    of(({ booking }) => booking.mapHash),
    of(({ allowance }) => allowance.most - allowance.held),
    of(({ allowance }) => allowance.budgetMs),
    of(({ allowance }) => new Date(allowance.since)),
    of(({ allowance }) => allowance.leastMs),
    // Arrays of arrays would have to be of one length.
    of(({ booking }) => `{${booking.items.map(({ index }) => index).join()}}`),
    items.map(({ id }) => id),
    items.map(({ index }) => index),
    items.map(({ ticketType }) => ticketType),
    items.map(({ price }) => price),
    items.map(({ fee }) => fee),
    items.map(({ discount }) => discount),
    items.map(({ feeShare }) => feeShare),
  ]
}

interface InsertRow {
  id: BookingId
  expires_at: Date | null
  sold: number[]
  blocked: number[]
  bought: number
  left_ms: number
  on_sale: boolean
}

/**
 * Who dies between take and insert has no row, and what was abandoned was never told to anybody: neither is counted. What is read for
 * one is read by its own keys (lateral, and summed up), however the tables were when this was planned. In the order of their keys, two
 * statements with the same of them wait for each other and never deadlock.
 */
const INSERT = `
  with wish as materialized (
    select id, event_id, visitor_id, total, currency, expires_at, idem_key, idem_hash, taken_at, map_hash, may_have, budget_ms, since,
      least_ms, seats::int[] as seats
    from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[],
      $9::timestamptz[], $10::text[], $11::int[], $12::float8[], $13::timestamptz[], $14::float8[], $15::text[])
      as wish (id, event_id, visitor_id, total, currency, expires_at, idem_key, idem_hash, taken_at, map_hash, may_have, budget_ms,
        since, least_ms, seats)
  ), judged as materialized (
    select wish.*,
      array(select seat_index from tickets t
        where t.event_id = wish.event_id and t.seat_index = any(wish.seats) and t.status = 'sold' order by 1) as sold,
      array(select seat_index from seat_blocks b
        where b.event_id = wish.event_id and b.seat_index = any(wish.seats) order by 1) as blocked,
      exists (select from events e where e.id = wish.event_id and e.status = 'onsale' and e.map_hash = wish.map_hash) as on_sale,
      had.bought, wish.budget_ms - had.held_ms as left_ms
    from wish cross join lateral (
      select
        coalesce(sum((select count(*) from booking_items i where i.booking_id = own.id and i.state = 'sold'))
          filter (where status = 'confirmed'), 0)::int as bought,
        coalesce(sum(greatest(0, 1000 * extract(epoch from
            least(own.expires_at, wish.taken_at, case when status = 'in_progress' then own.expires_at else changed_at end) - own.taken_at)))
          filter (where status <> 'confirmed'), 0)::float8 as held_ms
      from bookings own
      where own.visitor_id = wish.visitor_id and own.event_id = wish.event_id
        and (status = 'confirmed' or own.taken_at > wish.since and status in ('in_progress', 'expired', 'cancelled')
          and reason is distinct from 'abandoned')
    ) as had
  ), made as (
    insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at,
      idem_key, idem_hash, taken_at, created_at)
    select j.id, e.id, j.visitor_id, 'in_progress', j.seats, j.total, j.currency, e.generation,
      least(j.expires_at, date_trunc('milliseconds', j.taken_at + make_interval(secs => left_ms / 1000))),
      j.idem_key, j.idem_hash, j.taken_at, j.taken_at
    from judged j join events e on e.id = j.event_id
    where j.on_sale and j.sold = '{}' and j.blocked = '{}' and j.bought <= j.may_have and j.left_ms >= j.least_ms
    order by j.visitor_id, j.idem_key
    on conflict do nothing
    returning id, event_id, expires_at
  ), items as (
    insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee, discount, fee_share)
    select made.id, made.event_id, item.seat_index, item.ticket_type, item.price, item.fee, item.discount, item.fee_share
    from unnest($16::uuid[], $17::int[], $18::text[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[])
      as item (id, seat_index, ticket_type, price, fee, discount, fee_share)
    join made on made.id = item.id
  )
  select judged.id, (select expires_at from made where made.id = judged.id) as expires_at, bought, left_ms, sold, blocked, on_sale
  from judged`
