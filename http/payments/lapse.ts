/**
 * Ends what ran out of time, by Redis's clock: holds, times to pay, guards. Leaderless: any number of workers may
 * call it, each takes rows nobody else has, a bounded batch at a time. The seats of a hold are free by their keys' own
 * end; releasing them here is for holds that Redis kept longer than Postgres knows.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'
import { redisNow, type Sales } from '../bookings/sales.ts'
import { freeHold } from './seats.ts'

export const LAPSE_EVERY_MS = SECOND / 2
/** Rows of one statement, and the holds freed after it one by one: some 100 ms. */
export const LAPSE_BATCH = 200

interface Ended {
  id: BookingId
  event_id: EventId
}

/** Answers how many bookings it moved: as many as a batch means there may be more. */
export async function lapse(sales: Sales): Promise<number> {
  const { pool, step } = sales
  const now = new Date(await redisNow(sales))
  const expired = await step('lapse.find', () => pool.query<Ended>(HOLD_OVER, [now, LAPSE_BATCH]))
  const closing = await step('lapse.close', () => pool.query(TIME_TO_PAY_OVER, [now, LAPSE_BATCH]))
  const unguarded = await step('lapse.guard', () => pool.query<Ended>(GUARD_OVER, [now, LAPSE_BATCH]))
  for (const { id, event_id: eventId } of [...expired.rows, ...unguarded.rows])
    await freeHold(sales, { id, eventId })
  return (closing.rowCount ?? 0) + expired.rows.length + unguarded.rows.length
}

/** When a live booking is due, as its index has it: see bookings_due. */
export const DUE = `case status when 'paying' then pay_until else expires_at end`

const HOLD_OVER = `
  update bookings set status = 'expired', reason = 'hold_ended', changed_at = now()
  where id in (
    select id from bookings where status = 'in_progress' and ${DUE} <= $1
    order by ${DUE} limit $2 for update skip locked
  )
  returning id, event_id`

/** The job that cancels at Stripe is asked for in the same statement. */
const TIME_TO_PAY_OVER = `
  with closed as (
    update bookings set status = 'closing', reason = 'pay_until', changed_at = now()
    where id in (
      select id from bookings where status = 'paying' and ${DUE} <= $1
      order by ${DUE} limit $2 for update skip locked
    )
    returning id
  )
  insert into outbox (kind, payload) select 'close', jsonb_build_object('bookingId', id) from closed`

/** Stripe could not be asked in time: the seats go, the payment stays open for the reconciler. */
const GUARD_OVER = `
  update bookings set
    status = case reason when 'by_fan' then 'cancelled' else 'expired' end,
    reason = case reason when 'by_fan' then reason else 'guard_ended' end, changed_at = now()
  where id in (
    select id from bookings where status = 'closing' and ${DUE} <= $1
    order by ${DUE} limit $2 for update skip locked
  )
  returning id, event_id`
