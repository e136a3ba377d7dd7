/** Taking what is chosen: the call, and what to do about each way it can be refused. */
import type { HoldRequest } from '../../client/bookings.ts'
import { OnsaleError } from '../../client/http.ts'
import type { OwnBooking, Shop } from '../shop.ts'
import { seatIndex, ticketIdOf } from './own-seats.ts'
import type { Selection } from './selection.ts'

export type HoldResult =
  | { outcome: 'held'; booking: OwnBooking }
  /** Somebody else was quicker: with these seats, or with the last standing places. */
  | { outcome: 'lost'; seats: number[] }
  | { outcome: 'sold_out' }
  /** Nothing fits what was wished for, but this comes near. */
  | { outcome: 'offered'; offer: Offer; error: OnsaleError }
  /** The turn is over, or the queue is on by now. */
  | { outcome: 'queue'; error: OnsaleError }
  | { outcome: 'refused'; error: unknown }

/** What could be had instead of the best that was wished for. */
export interface Offer {
  without: ('together' | 'filters' | 'quantity')[]
  quantity: number
  ticketIds: string[]
  amount: number
}

/** A call that nobody answered may have been heard: it is made again under the same key, which holds nothing twice. */
const TRIES = 3
const PAUSE_MS = 1_000

export function requestOf(eventId: string, selection: Selection): HoldRequest {
  return {
    ticketIds: selection.seats.map(({ index }) => ticketIdOf(eventId, index)),
    areas: [...selection.areas],
    ticketTypes: Object.fromEntries(
      selection.seats.map(({ index, ticketType }) => [ticketIdOf(eventId, index), ticketType]),
    ),
  }
}

/** `open`: what is held already, to be added to. */
export async function hold(
  shop: Shop,
  eventId: string,
  request: HoldRequest,
  pass: string | undefined,
  open?: OwnBooking,
): Promise<HoldResult> {
  const idempotencyKey = unique()
  for (let attempt = 1; ; attempt++) {
    try {
      const booking = await shop.booking(() =>
        open === undefined
          ? shop.onsale.bookings.hold(eventId, request, { pass, idempotencyKey })
          : shop.onsale.bookings.amend(open.bookingId, { add: request }),
      )
      return { outcome: 'held', booking }
    } catch (error) {
      const unheard = error instanceof OnsaleError && error.code === 'unreachable'
      if (!unheard || attempt === TRIES) return refusal(error)
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS * attempt))
    }
  }
}

/** Not randomUUID: pages served over plain http have none. */
function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

export function refusal(error: unknown): HoldResult {
  if (!(error instanceof OnsaleError)) return { outcome: 'refused', error }
  const { code, body } = error
  if (code === 'hold_conflict') return { outcome: 'lost', seats: ticketsOf(body['tickets']).map(seatIndex) }
  const offer = offerOf(body['alternative'])
  if (offer !== undefined) return { outcome: 'offered', offer, error }
  if (code === 'sold_out') return { outcome: 'sold_out' }
  if (code === 'waiting_room_required' || code.startsWith('pass_')) return { outcome: 'queue', error }
  return { outcome: 'refused', error }
}

function offerOf(told: unknown): Offer | undefined {
  return typeof told === 'object' && told !== null && 'ticketIds' in told ? (told as Offer) : undefined
}

/** Ids, or objects that carry one. */
function ticketsOf(tickets: unknown): string[] {
  if (!Array.isArray(tickets)) return []
  return tickets.flatMap((ticket: unknown) => {
    if (typeof ticket === 'string') return [ticket]
    const id =
      typeof ticket === 'object' && ticket !== null && 'ticketId' in ticket ? ticket.ticketId : undefined
    return typeof id === 'string' ? [id] : []
  })
}
