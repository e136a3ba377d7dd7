/** A fan gives seats back before they are bought. */
import { Problem } from '../../shared/errors.ts'
import type { VisitorId } from '../../shared/ids.ts'
import { transaction } from '../../shared/postgres.ts'
import { close } from '../payments/close.ts'
import { addToOutbox } from '../payments/outbox.ts'
import { freeHold } from '../payments/seats.ts'
import { lockBooking, moveBooking } from './booking-store.ts'
import { isOver } from './machine.ts'
import { readOwn, viewNow } from './own.ts'
import type { Sales } from './sales.ts'
import type { BookingView } from './view.ts'

/** The booking after it: `cancelled`, or `closing` until Stripe has let go of the payment. Harmless when repeated. */
export async function cancel(sales: Sales, visitorId: VisitorId, id: string): Promise<BookingView> {
  const { pool, step, log } = sales
  const found = await readOwn(sales, visitorId, id)
  const status = await step('cancel.write', () =>
    transaction(pool, async client => {
      const booking = await lockBooking(client, found.id)
      if (booking === undefined) return undefined
      const moved = await moveBooking(client, booking, 'cancel', { reason: 'by_fan' })
      // What is done at once after the commit, a job does where we die before it.
      if (moved === 'closing') await addToOutbox(client, [{ kind: 'close', bookingId: booking.id }])
      else if (moved === 'cancelled') await addToOutbox(client, [{ kind: 'release', bookingId: booking.id }])
      return moved ?? booking.status
    }),
  )
  if (status === 'confirmed' || status === 'refunded') {
    const told =
      status === 'confirmed'
        ? 'The tickets are bought: they can only be refunded.'
        : 'The tickets were returned: there is nothing to give back.'
    throw new Problem('booking_state', told, {
      members: { bookingStatus: status },
    })
  }
  if (status === 'closing')
    await close(sales, found.id).catch((err: unknown) =>
      log.warn({ err, booking: found.id }, 'closed by a job later'),
    )
  else if (status !== undefined && isOver(status)) await freeHold(sales, found)
  return viewNow(sales, id, visitorId)
}
