/**
 * How things are named. A ticket's id is its event's id and the seat's index in the event's map, so a hold
 * needs no database to know what it is asked for.
 */
declare const brand: unique symbol
type Branded<Name> = string & { readonly [brand]: Name }

export type EventId = Branded<'event'>
export type VisitorId = Branded<'visitor'>
export type BookingId = Branded<'booking'>
export type TicketId = Branded<'ticket'>

export const EVENT_ID = /^[a-z0-9]{4,32}$/
export const TICKET_ID = /^[a-z0-9]{4,32}-(0|[1-9][0-9]{0,6})$/
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function eventId(text: string): EventId {
  return parse<EventId>(EVENT_ID, text, 'event id')
}

export function visitorId(text: string): VisitorId {
  return parse<VisitorId>(UUID, text, 'visitor id')
}

export function bookingId(text: string): BookingId {
  return parse<BookingId>(UUID, text, 'booking id')
}

/** `<event id>-<seat index>` */
export function ticketId(event: EventId, index: number): TicketId {
  return `${event}-${index}` as TicketId
}

/** The event and seat index a ticket id names; undefined where the text is no ticket id. */
export function splitTicketId(text: string): { eventId: EventId; index: number } | undefined {
  if (!TICKET_ID.test(text)) return undefined
  const dash = text.indexOf('-')
  return { eventId: text.slice(0, dash) as EventId, index: Number(text.slice(dash + 1)) }
}

function parse<Id extends string>(form: RegExp, text: string, what: string): Id {
  if (!form.test(text)) throw new TypeError(`not a ${what}: ${JSON.stringify(text.slice(0, 60))}`)
  return text as Id
}
