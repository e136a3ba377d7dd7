/** The jobs behind the outbox, by kind: each reads the present truth and may run twice, late, or beside another. */
import type { JobHelpers, TaskList } from 'graphile-worker'
import { findBooking } from '../bookings/booking-store.ts'
import { isOver } from '../bookings/machine.ts'
import type { Sales } from '../bookings/sales.ts'
import { sendMail } from '../tickets/ticket-mails.ts'
import { capture, Later } from './capture.ts'
import { close } from './close.ts'
import { handleInbox } from './inbox.ts'
import type { JobKind, Jobs } from './outbox.ts'
import { reconcileOne } from './reconcile.ts'
import { giveBack, makeRefund } from './refunds.ts'
import { release } from './seats.ts'
import { leaveQueue } from './settle.ts'
import { catchUp, show } from './show.ts'

type Job<Kind extends JobKind> = (sales: Sales, payload: Jobs[Kind], attempt: number) => Promise<void>

const JOBS: { [Kind in JobKind]: Job<Kind> } = {
  async sold(sales, { bookingId }) {
    const booking = await sales.step('booking.read', () => findBooking(sales.pool, bookingId))
    if (booking === undefined) return
    await show(sales, booking.eventId, booking.seats, booking.id)
    await leaveQueue(sales, booking)
  },
  async show(sales, { eventId, seats }) {
    await show(sales, eventId, seats)
    await catchUp(sales, eventId)
  },
  async release(sales, { bookingId }) {
    const booking = await sales.step('booking.read', () => findBooking(sales.pool, bookingId))
    if (booking !== undefined && isOver(booking.status)) await release(sales, booking)
  },
  capture: (sales, { paymentId }) => capture(sales, paymentId),
  give_back: (sales, { paymentId }) => giveBack(sales, paymentId),
  refund: (sales, { refundId }, attempt) => makeRefund(sales, refundId, attempt),
  mail: (sales, payload) => sendMail(sales, payload),
  async close(sales, { bookingId }) {
    if ((await close(sales, bookingId)) === 'later') throw new Later(`booking ${bookingId} closes later`)
  },
  reconcile: (sales, { paymentId }) => reconcileOne(sales, paymentId),
  inbox: (sales, { stripeEventId }) => handleInbox(sales, stripeEventId),
}

/** For graphile-worker; a payload is what addToOutbox wrote. */
export function taskList(sales: Sales): TaskList {
  const kinds = Object.keys(JOBS) as JobKind[]
  return Object.fromEntries(
    kinds.map(kind => {
      const job = JOBS[kind] as Job<JobKind>
      return [
        kind,
        (payload: unknown, helpers: JobHelpers) => job(sales, payload as never, helpers.job.attempts),
      ]
    }),
  )
}
