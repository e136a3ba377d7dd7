/**
 * The SDK's front: one object for one visitor. Nothing is opened before it is needed, and `close` ends everything.
 *
 *   const onsale = connectOnsale({ httpUrl: 'https://tickets.example', token })
 *   const watch = onsale.watchSeats(eventId, { onChange: (change, seats) => draw(seats) })
 *   const place = onsale.queue(eventId, { onChange: view => show(view.position) })
 *   place.join()
 *
 * Where your own site logs a fan in: `await onsale.logIn(userToken)`, with a token of your OpenID provider; keep the new token.
 */
import { Bookings } from './bookings.ts'
import { Connection, type ConnectionState } from './connection.ts'
import { Events } from './events.ts'
import { Http } from './http.ts'
import { type Platform, platformDefaults } from './platform.ts'
import { type QueueOptions, QueuePlace } from './queue.ts'
import { SeatWatch, type WatchOptions } from './seats.ts'
import { type NewSession, Session } from './session.ts'

export interface OnsaleOptions extends Partial<Platform> {
  /** Where the HTTP tier is; the empty string means the page's own origin. */
  httpUrl: string
  /** Where the realtime tier is (ws:// or http://). Left out: httpUrl. */
  realtimeUrl?: string
  /** Of an earlier `createSession`. */
  token?: string | undefined
}

export function connectOnsale(options: OnsaleOptions): Onsale {
  return new Onsale(options)
}

export class Onsale {
  readonly events: Events
  readonly bookings: Bookings
  readonly #http: Http
  readonly #session: Session
  readonly #connection: Connection
  readonly #platform: Platform

  constructor({ httpUrl, realtimeUrl = httpUrl, token, ...given }: OnsaleOptions) {
    this.#platform = { ...platformDefaults(), ...given }
    this.#session = new Session(token, () => this.#connection.restart())
    const present = () => this.#session.token
    this.#http = new Http(httpUrl, present, this.#platform)
    this.#connection = new Connection(realtimeUrl, present, this.#platform)
    this.events = new Events(this.#http)
    this.bookings = new Bookings(this.#http, this.#platform)
  }

  get token(): string | undefined {
    return this.#session.token
  }

  get connection(): ConnectionState {
    return this.#connection.state
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    return this.#connection.onState(listener)
  }

  /** A new visitor; keep its token and give it to `connectOnsale` the next time. */
  createSession(): Promise<NewSession> {
    return this.#session.create(this.#http)
  }

  /**
   * The visitor is your user from now on, on every device: places and turns in lines go along, and of two the better stays.
   * @throws OnsaleError where it is refused: the visitor is who they were
   */
  async logIn(userToken: string): Promise<NewSession> {
    // The server tells the old session that its places have ended, which is no news to whoever takes them along.
    this.#connection.hold()
    try {
      return await this.#session.logIn(this.#http, userToken)
    } catch (error) {
      this.#connection.restart()
      throw error
    }
  }

  /** ms since 1970 by the server's clock, once the socket was open; before that by ours. */
  serverNow(): number {
    return this.#connection.serverNow()
  }

  /** The event's seats, live until closed. */
  watchSeats(eventId: string, options: WatchOptions = {}): SeatWatch {
    return new SeatWatch(eventId, this.#connection, this.#http, this.#platform, options)
  }

  /** The event's line; nothing is joined before `join()`. */
  queue(eventId: string, options: QueueOptions = {}): QueuePlace {
    return new QueuePlace(eventId, this.#connection, this.#http, this.#platform, options)
  }

  close(): void {
    this.#connection.close()
  }
}
