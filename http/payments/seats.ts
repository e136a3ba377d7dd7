/** What a sale and a return do to tickets and items, inside the caller's transaction; and to Redis, after it. */
import type { Client } from '../../shared/postgres.ts'
import { type Booking, moveBooking } from '../bookings/booking-store.ts'
import { eventOf, type Sales } from '../bookings/sales.ts'
import { addToOutbox } from './outbox.ts'

/** A seat is somebody else's: nothing of this transaction may stay. */
export class SeatsLost extends Error {
  override name = 'SeatsLost'
}

/** Every seat of the booking, or none. Sorted, so that two sales can wait for each other but never deadlock. */
export async function sellSeats(client: Client, booking: Booking): Promise<void> {
  const { rowCount } = await client.query(SELL, [booking.eventId, booking.id, booking.seats])
  if (rowCount !== booking.seats.length) throw new SeatsLost(`booking ${booking.id} lost a seat`)
  await client.query(`update booking_items set state = 'sold' where booking_id = $1 and state = 'held'`, [
    booking.id,
  ])
}

const SELL = `
  insert into tickets (event_id, seat_index, status, booking_id)
  select $1, seat, 'sold', $2::uuid from unnest($3::int[]) as seat order by seat
  on conflict (event_id, seat_index) do update
    set status = 'sold', booking_id = excluded.booking_id, changed_seq = nextval('tickets_changed')
    where tickets.status = 'available'`

/** These items are sold no more and their tickets on sale again, with another serial. Answers the seats. */
export async function returnItems(client: Client, booking: Booking, itemIds?: number[]): Promise<number[]> {
  const { rows } = await client.query<{ seat_index: number }>(RETURN_TICKETS, [booking.id, itemIds ?? null])
  const seats = rows.map(row => row.seat_index)
  await client.query(
    `update booking_items set state = 'returned'
     where booking_id = $1 and state = 'sold' and seat_index = any($2::int[])`,
    [booking.id, seats],
  )
  return seats
}

const RETURN_TICKETS = `
  with mine as (
    select t.event_id, t.seat_index from booking_items i join tickets t using (event_id, seat_index)
    where i.booking_id = $1 and i.state = 'sold' and t.booking_id = $1 and ($2::bigint[] is null or i.id = any($2))
    order by t.event_id, t.seat_index for update of t
  )
  update tickets t
  set status = 'available', booking_id = null, serial = t.serial + 1, changed_seq = nextval('tickets_changed')
  from mine where t.event_id = mine.event_id and t.seat_index = mine.seat_index
  returning t.seat_index`

/** The money of a confirmed booking could not be had after all: its seats are on sale again. */
export async function unsell(client: Client, booking: Booking): Promise<void> {
  const moved = await moveBooking(client, booking, 'capture_failed', { reason: 'payment_failed' })
  if (moved === undefined) return
  const seats = await returnItems(client, booking)
  await addToOutbox(client, [{ kind: 'show', eventId: booking.eventId, seats }])
}

/** Tells the queue of a payment under way, until `endsAt`, or of its end. What is not heard ends by its own time. */
export async function payment(
  { queue, step, log }: Sales,
  { id, eventId }: Held,
  endsAt?: number,
): Promise<void> {
  await step('queue.payment', () => queue.payment(eventId, id, endsAt)).catch((err: unknown) =>
    log.warn({ err, booking: id }, 'the queue was not told of a payment'),
  )
}

/** Frees what the booking still holds in Redis. */
export async function release(sales: Sales, booking: Held): Promise<void> {
  const { stock } = await eventOf(sales, booking.eventId)
  await sales.step('settle.release', () => sales.inventory.release(stock, booking.id))
}

/** The same; where it cannot be done now, a job does it. */
export async function freeHold(sales: Sales, booking: Held): Promise<void> {
  const { pool, step, log } = sales
  await release(sales, booking).catch(async (err: unknown) => {
    log.warn({ err, booking: booking.id }, 'a hold is freed later')
    await step('settle.release.later', () => addToOutbox(pool, [{ kind: 'release', bookingId: booking.id }]))
  })
  // Last, as others wait for the seats.
  await payment(sales, booking)
}

type Held = Pick<Booking, 'id' | 'eventId'>
