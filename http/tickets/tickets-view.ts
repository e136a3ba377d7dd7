/** A booking's tickets as its buyer shows them at the door. */
import { z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { type BookingId, ticketId } from '../../shared/ids.ts'
import { findBooking } from '../bookings/booking-store.ts'
import type { HttpDeps } from '../deps.ts'
import type { TicketCodes } from './ticket-codes.ts'
import { type IssuedTicket, issuedOf } from './ticket-store.ts'

export const TicketsView = z
  .object({
    bookingId: z.uuid(),
    event: z.object({
      eventId: z.string(),
      name: z.string(),
      startsAt: z.iso.datetime(),
      venue: z.object({ name: z.string(), city: z.string(), timeZone: z.string() }),
    }),
    link: z
      .string()
      .openapi({ description: 'Opens these tickets on any device: /t/<link>, and GET /tickets/<link>.' }),
    tickets: z.array(
      z.object({
        ticketId: z.string(),
        serial: z.int().openapi({ description: 'Rises when the ticket is returned.' }),
        section: z.string(),
        row: z.string(),
        seat: z.string(),
        kind: z.enum(['seat', 'accessible', 'companion', 'standing']),
        category: z.string(),
        type: z.string(),
        code: z.string().openapi({
          description:
            'The text of its QR code: a JWT (EdDSA, aud `ticket`) that any scanner can check with the keys at /.well-known/jwks.json.',
        }),
        admittedAt: z.iso.datetime().optional().openapi({ description: 'When somebody came in with it.' }),
      }),
    ),
  })
  .openapi('Tickets')

export type TicketsView = z.infer<typeof TicketsView>

/** @throws Problem booking_not_found, tickets_not_ready */
export async function ticketsOf(
  { pool, events }: Pick<HttpDeps, 'pool' | 'events'>,
  codes: TicketCodes,
  id: BookingId,
): Promise<TicketsView> {
  const booking = await findBooking(pool, id)
  const event = booking === undefined ? undefined : await events.find(booking.eventId)
  if (booking === undefined || event === undefined)
    throw new Problem('booking_not_found', `There is no booking ${id}.`)
  const issued = await issuedOf(pool, id)
  if (issued.length === 0) {
    const why =
      booking.status === 'confirmed'
        ? 'the money is being taken: in some seconds'
        : `the booking is ${booking.status}`
    throw new Problem('tickets_not_ready', `There are no tickets: ${why}.`, {
      ...(booking.status === 'confirmed' ? { retryAfter: 2 } : {}),
      members: { bookingStatus: booking.status },
    })
  }
  const { eventId, name, startsAt, venue } = event
  const { name: venueName, city, timeZone } = venue
  return {
    bookingId: id,
    event: { eventId, name, startsAt: iso(startsAt), venue: { name: venueName, city, timeZone } },
    link: codes.link(id),
    tickets: issued.map(ticket => view(event, ticket, codes)),
  }
}

function view(event: EventRecord, ticket: IssuedTicket, codes: TicketCodes): TicketsView['tickets'][number] {
  const { index, serial, ticketType, admittedAt } = ticket
  const id = ticketId(event.eventId, index)
  const seat = event.plan.at(index)
  return {
    ticketId: id,
    serial,
    section: seat?.section ?? '',
    row: seat?.row ?? '',
    seat: seat?.seat ?? '',
    kind: seat?.kind ?? 'seat',
    category: seat?.category ?? '',
    type: ticketType,
    code: codes.code({ ticketId: id, serial }),
    ...(admittedAt === null ? {} : { admittedAt: iso(admittedAt) }),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
