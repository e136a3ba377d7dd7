/** What Postgres says of an event's seats: what each should show, and who should hold what. */

import type { BookingId, EventId } from '../../shared/ids.ts'
import { PAY_GUARD_MS } from '../../shared/limits.ts'
import { STATUS, type Status } from '../../shared/seats/inventory.ts'
import type { BookingState } from '../bookings/machine.ts'
import type { Snapshot } from './snapshot.ts'

export interface SeatTruth {
  generation: number
  epoch: number
  seats: number
  units: number
  /** Sold or blocked; every other seat is available or held. */
  decided: Map<number, { status: Status; why: string }>
  /** Seats that a job under way is about to show. */
  pending: Set<number>
  bookings: Map<string, LiveBooking>
}

export interface LiveBooking {
  id: BookingId
  status: BookingState
  visitor: string
  seats: number[]
  /** When its hold ends, ms by Redis's clock: the guard is in it. */
  until: number
}

/** Events whose seats were ever in Redis. */
export async function eventsWithSeats({ rows }: Snapshot): Promise<EventId[]> {
  const found = await rows<{ id: EventId }>('select id from events where generation > 0 order by id')
  return found.map(({ id }) => id)
}

export async function seatTruth(snapshot: Snapshot, event: EventId, jobs: boolean): Promise<SeatTruth> {
  const { rows } = snapshot
  const [of] = await rows<{ generation: number; epoch: number; seats: number; units: number }>(
    `select e.generation, e.epoch, m.seats, m.units from events e join seat_maps m on m.hash = e.map_hash where e.id = $1`,
    [event],
  )
  const decided: SeatTruth['decided'] = new Map()
  const blocked = await rows<{ seat_index: number; tombstone: boolean }>(
    'select seat_index, tombstone from seat_blocks where event_id = $1',
    [event],
  )
  for (const { seat_index: seat, tombstone } of blocked)
    decided.set(seat, { status: STATUS.blocked, why: tombstone ? 'no more in the house' : 'blocked' })
  const sold = await rows<{ seat_index: number; booking_id: string }>(
    `select seat_index, booking_id from tickets where event_id = $1 and status = 'sold'`,
    [event],
  )
  for (const { seat_index: seat, booking_id: booking } of sold)
    decided.set(seat, { status: STATUS.sold, why: `sold to booking ${booking}` })
  const live = await rows<{
    id: BookingId
    status: BookingState
    visitor: string
    seats: number[]
    until: Date
  }>(LIVE, [event, PAY_GUARD_MS / 1_000])
  const bookings = live.map(row => [row.id, { ...row, until: row.until.getTime() }] as const)
  return {
    generation: of?.generation ?? 0,
    epoch: of?.epoch ?? 0,
    seats: of?.seats ?? 0,
    units: of?.units ?? 0,
    decided,
    pending: await pendingSeats(snapshot, event, jobs),
    bookings: new Map(bookings),
  }
}

const LIVE = `
  select id, status, visitor_id as visitor, seats,
    case status when 'in_progress' then expires_at else pay_until + make_interval(secs => $2) end as until
  from bookings where event_id = $1 and status in ('in_progress', 'paying', 'closing')`

/** A sale or a return that was committed, and whose word is still on its way to Redis. */
async function pendingSeats({ rows }: Snapshot, event: EventId, jobs: boolean): Promise<Set<number>> {
  const waiting = `select kind, payload from outbox where kind in ('sold', 'show')`
  const queued = `select t.identifier, j.payload::jsonb from graphile_worker._private_jobs j
    join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier in ('sold', 'show') and j.attempts < j.max_attempts`
  const found = await rows<{ seats: number[] }>(
    `select coalesce(b.seats, array(select jsonb_array_elements_text(w.payload->'seats')::int)) as seats
     from (${jobs ? `${waiting} union all ${queued}` : waiting}) as w
     left join bookings b on w.kind = 'sold' and b.id = (w.payload->>'bookingId')::uuid
     where coalesce(b.event_id, w.payload->>'eventId') = $1`,
    [event],
  )
  return new Set(found.flatMap(({ seats }) => seats))
}
