/** More time for a live hold: its length anew, until the hard limit since it was first taken leaves no more. */
import { Problem } from '../../shared/errors.ts'
import type { VisitorId } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'
import { transaction } from '../../shared/postgres.ts'
import { prolongBooking } from './amend-store.ts'
import { lockBooking } from './booking-store.ts'
import { activate } from './hold.ts'
import { renewableUntil } from './hold-time.ts'
import { readOwn, viewNow } from './own.ts'
import { eventOf, redisNow, type Sales } from './sales.ts'
import type { BookingView } from './view.ts'

/** A renewal that gains less is refused: the limit is reached. */
const LEAST_GAIN_MS = SECOND

/** @throws Problem limit_exceeded where there is no more time to give */
export async function renew(sales: Sales, visitorId: VisitorId, id: string): Promise<BookingView> {
  const { pool, inventory, step, config, log } = sales
  const booking = await readOwn(sales, visitorId, id)
  if (booking.status !== 'in_progress')
    throw new Problem('booking_state', `The booking is ${booking.status}.`, {
      members: { bookingStatus: booking.status },
    })
  const now = await redisNow(sales)
  if (booking.expiresAt <= now) throw ended()
  const [full, most] = [now + config.HOLD_SECONDS * SECOND, renewableUntil(config, booking)]
  const until = Math.min(full, most)
  if (most < full && until - booking.expiresAt < LEAST_GAIN_MS) {
    const limit = config.HOLD_HARD_LIMIT_SECONDS
    throw new Problem('limit_exceeded', 'The seats cannot be held any longer: pay for them now.', {
      members: { limit, scope: 'hold_time', expiresAt: new Date(booking.expiresAt).toISOString() },
    })
  }
  const { stock } = await eventOf(sales, booking.eventId)
  const extended = await activate(sales, stock, booking, until - now, 'renew.extend')
  if (!extended.ok) throw ended()
  const isLive = await step('renew.write', () =>
    transaction(pool, async client => {
      const current = await lockBooking(client, booking.id)
      if (current?.status !== 'in_progress') return false
      await prolongBooking(client, booking.id, until)
      return true
    }),
  )
  // Paid or given back in this very moment: whoever did that has the last word on its seats.
  if (isLive)
    await step('renew.keep', async () =>
      inventory.extend(stock, booking.id, until - (await redisNow(sales))),
    ).catch((err: unknown) =>
      log.warn({ err, booking: booking.id }, 'a renewed hold was not confirmed to Redis'),
    )
  return viewNow(sales, id, visitorId)
}

function ended(): Problem {
  return new Problem('booking_expired', 'The seats were held until now, and are free again.')
}
