/** Writing what a booking in progress has gained and lost, and its new end, inside the caller's lock of it. */
import type { EventRecord } from '../../shared/event-store.ts'
import type { BookingId, EventId, VisitorId } from '../../shared/ids.ts'
import type { Client } from '../../shared/postgres.ts'
import { itemsOf } from './booking-store.ts'
import { asBooking, type Priced } from './pricing.ts'

export interface Amend {
  id: BookingId
  eventId: EventId
  visitorId: VisitorId
  /** All that it has after it, sorted. */
  seats: number[]
  /** What is added, at the price of single tickets. */
  items: Priced[]
  /** What is dropped. */
  gone: number[]
  /** The most the visitor may hold and have bought of the event. */
  most: number
  /** What it takes off and charges for the booking as it then is. */
  event: Pick<EventRecord, 'pricing' | 'currency' | 'mapHash'>
}

export type Amended =
  | { ok: true }
  /** Postgres knows better than Redis did. */
  | { ok: false; reason: 'taken'; sold: number[]; blocked: number[] }
  | { ok: false; reason: 'limit'; bought: number }
  | { ok: false; reason: 'not_on_sale' }

/** Nothing is written unless all of it may be. The total follows from the items. */
export async function amendBooking(client: Client, amend: Amend): Promise<Amended> {
  const { id, eventId, visitorId, seats, items, gone, most, event } = amend
  const added = items.map(({ index }) => index)
  if (added.length > 0) {
    const { rowCount } = await client.query(
      `select from events where id = $1 and status = 'onsale' and map_hash = $2 for key share`,
      [eventId, event.mapHash],
    )
    if (rowCount === 0) return { ok: false, reason: 'not_on_sale' }
  }
  const { rows } = await client.query<{ sold: number[]; blocked: number[]; bought: number; live: number }>(
    LOOK,
    [eventId, visitorId, added, id],
  )
  const { sold = [], blocked = [], bought = 0, live = 0 } = rows[0] ?? {}
  if (sold.length + blocked.length > 0) return { ok: false, reason: 'taken', sold, blocked }
  if (added.length > 0 && bought + live + seats.length > most)
    return { ok: false, reason: 'limit', bought: bought + live }
  await client.query(
    `delete from booking_items where booking_id = $1 and state = 'held' and seat_index = any($2::int[])`,
    [id, gone],
  )
  await client.query(INSERT_ITEMS, [
    id,
    eventId,
    added,
    items.map(item => item.ticketType),
    items.map(item => item.price),
    items.map(item => item.fee),
    items.map(item => item.discount),
  ])
  await writeShares(client, id, event)
  await client.query(
    `update bookings set seats = $2, changed_at = now(),
       total = (select sum(price + fee - discount) from booking_items where booking_id = $1)
     where id = $1`,
    [id, seats],
  )
  return { ok: true }
}

/** Each ticket keeps its own price; the booking's discount and fee are of all that it has now. */
async function writeShares(client: Client, id: BookingId, event: Amend['event']): Promise<void> {
  const items = (await itemsOf(client, [id])).get(id) ?? []
  const changed = asBooking(event, items).filter(
    ({ feeShare, discount }, at) => feeShare !== items[at]?.feeShare || discount !== items[at]?.discount,
  )
  if (changed.length === 0) return
  await client.query(
    `update booking_items as item set fee = new.fee, fee_share = new.fee_share, discount = new.discount
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as new (id, fee, fee_share, discount)
     where item.id = new.id`,
    [
      changed.map(item => item.id),
      changed.map(item => item.fee),
      changed.map(item => item.feeShare),
      changed.map(item => item.discount),
    ],
  )
}

const LOOK = `
  select array(select seat_index from tickets
      where event_id = $1 and seat_index = any($3::int[]) and status = 'sold' order by 1) as sold,
    array(select seat_index from seat_blocks where event_id = $1 and seat_index = any($3::int[]) order by 1) as blocked,
    (select count(*)::int from bookings b join booking_items i on i.booking_id = b.id
      where b.visitor_id = $2 and b.event_id = $1 and b.status = 'confirmed' and i.state = 'sold') as bought,
    (select coalesce(sum(cardinality(seats)), 0)::int from bookings
      where visitor_id = $2 and event_id = $1 and id <> $4
        and (status in ('paying', 'closing') or status = 'in_progress' and expires_at > now())) as live`

const INSERT_ITEMS = `
  insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee, discount)
  select $1, $2, item.* from unnest($3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) as item`

/** Only ever later. */
export async function prolongBooking(client: Client, id: BookingId, expiresAt: number): Promise<void> {
  await client.query(
    `update bookings set expires_at = greatest(expires_at, $2), changed_at = now() where id = $1`,
    [id, new Date(expiresAt)],
  )
}
