/**
 * What every page stands on: the SDK's one connection, the server's settings and clock, and this visitor's session.
 */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Booking } from '../client/bookings.ts'
import type { EventDetail, EventSummary } from '../client/events.ts'
import { OnsaleError } from '../client/http.ts'
import { connectOnsale, type Onsale } from '../client/onsale.ts'
import { kept, local } from './kept.ts'
import { ServerClock } from './server-clock.ts'

/** /config.json */
export interface PageConfig {
  realtimeUrl: string
  /** Whose form is shown: Stripe's, the simulator's test cards, or none. */
  payments: 'stripe' | 'simulator' | 'none'
  stripePublishableKey: string | null
  /** By Stripe's names. */
  paymentMethods: string[]
  captureMethod: 'manual' | 'automatic'
  demo: boolean
  holdSeconds: number
  maxTickets: number
}

export type FoundEvent = EventSummary
export type ShopEvent = EventDetail
export type OwnBooking = Booking
export type OwnTicket = Booking['tickets'][number]
export type NextAction = NonNullable<Booking['nextAction']>

export class Shop {
  readonly config: PageConfig
  readonly onsale: Onsale
  readonly clock = new ServerClock(() => Date.now())
  #session: Promise<void> | undefined

  constructor(config: PageConfig) {
    this.config = config
    this.onsale = connectOnsale({
      httpUrl: '',
      realtimeUrl: config.realtimeUrl,
      token: kept(local, 'session'),
    })
  }

  /** ms since 1970 by the server's clock: from a booking's answer, else from the socket. */
  now(): number {
    return this.clock.set ? this.clock.now() : this.onsale.serverNow()
  }

  /** From now on there is a session. Concurrent callers share one. */
  session(): Promise<void> {
    if (this.onsale.token !== undefined) return Promise.resolve()
    this.#session ??= this.#create()
    return this.#session
  }

  /** Does it as this visitor; once more as a new one where the server no longer knows the old. */
  async asVisitor<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    await this.session()
    return this.ask(call)
  }

  /** For what anybody may ask: a token that came along and is refused must not be in the way. */
  async ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call()
    } catch (error) {
      if (!isSessionLost(error)) throw error
      await this.renew()
      return call()
    }
  }

  /** The server no longer knows this visitor: it has other secrets now, or a month has passed. Concurrent callers share one. */
  renew(): Promise<void> {
    this.#session ??= this.#create()
    return this.#session
  }

  /** A booking as the server sees it now; its clock is taken from the answer. */
  async booking(call: () => Promise<OwnBooking>): Promise<OwnBooking> {
    return this.asVisitor(async () => {
      const asked = Date.now()
      const booking = await call()
      this.clock.heard(Date.parse(booking.serverTime), asked)
      return booking
    })
  }

  /** The newest of this visitor's bookings. */
  async ownBookings(): Promise<OwnBooking[]> {
    const asked = Date.now()
    const { bookings } = await this.asVisitor(() => this.onsale.bookings.list())
    const [first] = bookings
    if (first !== undefined) this.clock.heard(Date.parse(first.serverTime), asked)
    return bookings
  }

  async #create(): Promise<void> {
    try {
      const { token } = await this.onsale.createSession()
      local.set('session', token)
    } finally {
      this.#session = undefined
    }
  }
}

export function isSessionLost(error: unknown): boolean {
  return error instanceof OnsaleError && error.code.startsWith('session_')
}

export async function openShop(): Promise<Shop> {
  const response = await fetch('/config.json', { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`/config.json answers ${response.status}`)
  return new Shop((await response.json()) as PageConfig)
}

export const ShopContext = createContext<Shop | undefined>(undefined)

export function useShop(): Shop {
  const shop = useContext(ShopContext)
  if (shop === undefined) throw new Error('a page stands outside of the shop')
  return shop
}
