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

const WHY_NONE: Record<Booking['status'], string> = {
  in_progress: 'The booking is not paid: its tickets are made once it is.',
  paying:
    'The booking is being paid: its tickets are made as soon as the money is had, mostly within seconds.',
  confirmed: 'The booking is confirmed and its money is being taken: the tickets are there within seconds.',
  closing: 'The booking is being given up, so it has no tickets.',
  expired: 'The booking has expired, so it has no tickets.',
  cancelled: 'The booking was cancelled, so it has no tickets.',
  refunded: 'All tickets of this booking were returned.',
}

/** @throws Problem tickets_not_ready */
export async function ticketsOf(sales: Sales, booking: Booking): Promise<TicketsView> {
  const issued = await issuedOf(sales.pool, booking.id)
  if (issued.length === 0) {
    const { status } = booking
    const soon = status === 'confirmed' || status === 'paying'
    throw new Problem('tickets_not_ready', WHY_NONE[status], {
      ...(soon ? { retryAfter: 2 } : {}),
      members: { bookingStatus: status },
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
