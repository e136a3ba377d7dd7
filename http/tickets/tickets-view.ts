/** A booking's tickets as its buyer shows them at the door. */
import { z } from '@hono/zod-openapi'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId } from '../../shared/ids.ts'
import type { Booking } from '../bookings/booking-store.ts'
import { PlaceView, placeOf } from '../bookings/place-view.ts'
import { eventOf, type Sales } from '../bookings/sales.ts'
import { iso } from '../bookings/view.ts'
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
      PlaceView.extend({
        serial: z.int().openapi({ description: 'Rises when the ticket is returned.' }),
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

/** @throws Problem tickets_not_ready */
export async function ticketsOf(sales: Sales, booking: Booking): Promise<TicketsView> {
  const issued = await issuedOf(sales.pool, booking.id)
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
  return viewOfIssued(sales, booking, issued)
}

export async function viewOfIssued(
  sales: Sales,
  booking: Booking,
  issued: IssuedTicket[],
): Promise<TicketsView> {
  const { codes } = sales
  const event = await eventOf(sales, booking.eventId)
  const { eventId, name, startsAt, venue } = event
  const { name: venueName, city, timeZone } = venue
  return {
    bookingId: booking.id,
    event: { eventId, name, startsAt: iso(startsAt), venue: { name: venueName, city, timeZone } },
    link: codes.link(booking.id),
    tickets: issued.map(ticket => view(event, ticket, codes)),
  }
}

function view(event: EventRecord, ticket: IssuedTicket, codes: TicketCodes): TicketsView['tickets'][number] {
  const { index, serial, ticketType, admittedAt } = ticket
  return {
    ...placeOf(event, index),
    serial,
    type: ticketType,
    code: codes.code({ ticketId: ticketId(event.eventId, index), serial }),
    ...(admittedAt === null ? {} : { admittedAt: iso(admittedAt) }),
  }
}
