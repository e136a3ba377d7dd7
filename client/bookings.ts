/** Holding seats, paying for them, giving them back. A try that got no answer may be repeated with its idempotency key. */
import type { Http } from './http.ts'
import type { Platform } from './platform.ts'

export type BookingStatus =
  | 'in_progress'
  | 'paying'
  | 'closing'
  | 'confirmed'
  | 'expired'
  | 'cancelled'
  | 'refunded'

export interface BookedTicket {
  ticketId: string
  section: string
  row: string
  seat: string
  kind: 'seat' | 'accessible' | 'companion' | 'standing'
  category: string
  /** The ticket type, such as adult. */
  type: string
  /** Before the discount; price + fee - discount is what is paid for it. */
  price: number
  /** Its own, and its share of the booking's. */
  fee: number
  discount: number
  /** `released`: the booking ended without being bought. */
  state: 'held' | 'sold' | 'returned' | 'released'
}

export interface Booking {
  bookingId: string
  eventId: string
  status: BookingStatus
  /** Why it is closing or over. */
  reason?: string
  /** RFC 3339, by the server's clock: count down to it with `onsale.serverNow()`. */
  expiresAt: string
  serverTime: string
  /** While it is held: when it ends at the latest, however often it is renewed. */
  renewableUntil?: string
  /** Minor units of the currency. */
  amount: number
  currency: string
  /** Of all fees, that of the booking as a whole. */
  bookingFee: number
  tickets: BookedTicket[]
  /** What the fan has to do for the payment to go on, such as 3-D Secure. */
  nextAction?: { type: 'redirect'; url: string } | { type: 'use_stripe_sdk'; clientSecret: string | null }
  declineCode?: string
  /** Waiting for its turn to pay: nothing to do, the tickets are kept. Seconds are about. */
  payQueue?: { position: number; seconds: number }
  createdAt: string
  confirmedAt?: string
}

/** What is shown at the door. */
export interface Tickets {
  bookingId: string
  event: {
    eventId: string
    name: string
    startsAt: string
    venue: { name: string; city: string; timeZone: string }
  }
  /** Opens them without a session. */
  link: string
  tickets: (Omit<BookedTicket, 'price' | 'fee' | 'discount' | 'state'> & {
    serial: number
    /** The text of its QR code. */
    code: string
    admittedAt?: string
  })[]
}

export interface HoldRequest {
  ticketIds?: string[]
  areas?: { areaId: string; quantity: number; ticketType?: string }[]
  /** ticketId -> ticket type; the event's first type otherwise. */
  ticketTypes?: Record<string, string>
  /** The price that was shown: another is refused. */
  amount?: number
  /** The best that can be had, instead of ticketIds and areas. */
  bestAvailable?: BestAvailable
}

export interface BestAvailable {
  quantity: number
  /** By id or name; every one where none is named. */
  categories?: string[]
  sections?: string[]
  /** How many are places for wheelchairs; the others sit beside them. */
  accessible?: number
  /** Of one ticket with its fee, in minor units. */
  maxPrice?: number
  /** In one row, else in neighbouring rows; `false`: also apart. */
  together?: boolean
  ticketType?: string
}

export interface Quote {
  eventId: string
  /** The sum, in minor units. */
  amount: number
  currency: string
  bookingFee: number
  tickets: {
    ticketId?: string
    category: string
    type: string
    price: number
    fee: number
    discount: number
  }[]
}

export interface Amendment {
  add?: Omit<HoldRequest, 'bestAvailable' | 'amount'>
  /** Ticket ids of the booking; one ticket must stay. */
  drop?: string[]
}

export interface Payment {
  paymentMethodId: string
  buyer: { name: string; email: string }
}

export interface CallOptions {
  pass?: string | undefined
  /** Made for you where it is left out. */
  idempotencyKey?: string
}

export class Bookings {
  readonly #http: Http
  readonly #platform: Platform

  constructor(http: Http, platform: Platform) {
    this.#http = http
    this.#platform = platform
  }

  /** All of them or none. @throws OnsaleError `hold_conflict`, `sold_out`, `waiting_room_required`, ... */
  hold<Answer = Booking>(eventId: string, wanted: HoldRequest, options?: CallOptions): Promise<Answer> {
    return this.#unsafe('POST', `/bookings/${eventId}`, wanted, options)
  }

  /** What they would cost; nothing is held. */
  quote<Answer = Quote>(eventId: string, wanted: HoldRequest): Promise<Answer> {
    return this.#http.json(`/bookings/${eventId}/quote`, { method: 'POST', body: wanted })
  }

  /** Adds tickets and drops others, all of it or nothing; the hold's end stays. @throws OnsaleError `hold_conflict`, ... */
  amend<Answer = Booking>(bookingId: string, amendment: Amendment): Promise<Answer> {
    return this.#http.json(`/bookings/${bookingId}`, { method: 'PATCH', body: amendment })
  }

  /** More time, until `renewableUntil`. @throws OnsaleError `limit_exceeded`, `booking_expired`, ... */
  renew<Answer = Booking>(bookingId: string): Promise<Answer> {
    return this.#http.json(`/bookings/${bookingId}/renew`, { method: 'POST' })
  }

  get<Answer = Booking>(bookingId: string): Promise<Answer> {
    return this.#http.json(`/bookings/${bookingId}`)
  }

  list<Answer = { bookings: Booking[]; page: number; pageSize: number; total: number }>(
    page = 1,
  ): Promise<Answer> {
    return this.#http.json('/bookings', { query: { page } })
  }

  /** `confirmed`, or `paying` with a nextAction. @throws OnsaleError `card_declined`, `booking_expired`, ... */
  confirm<Answer = Booking>(bookingId: string, payment: Payment, options?: CallOptions): Promise<Answer> {
    return this.#unsafe('PUT', `/bookings/${bookingId}/confirm`, payment, options)
  }

  /** @throws OnsaleError `tickets_not_ready` until the money is had */
  tickets<Answer = Tickets>(bookingId: string): Promise<Answer> {
    return this.#http.json(`/bookings/${bookingId}/tickets`)
  }

  /** The same by the link that was mailed. */
  ticketsByLink<Answer = Tickets>(link: string): Promise<Answer> {
    return this.#http.json(`/tickets/${encodeURIComponent(link)}`)
  }

  /** Returns bought tickets, all where none is named. @throws OnsaleError `returns_closed`, `ticket_admitted` */
  giveBack<Answer = { amount: number; currency: string; ticketIds: string[]; booking: Booking }>(
    bookingId: string,
    ticketIds?: string[],
  ): Promise<Answer> {
    return this.#unsafe('POST', `/bookings/${bookingId}/refunds`, { ticketIds })
  }

  cancel<Answer = Booking | undefined>(bookingId: string, options?: CallOptions): Promise<Answer> {
    return this.#unsafe('DELETE', `/bookings/${bookingId}`, undefined, options)
  }

  #unsafe<Answer>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: unknown,
    { pass, idempotencyKey = this.#platform.unique() }: CallOptions = {},
  ): Promise<Answer> {
    return this.#http.json(path, { method, body, pass, headers: { 'idempotency-key': idempotencyKey } })
  }
}
