/** Who we are to the server: one visitor's token, made by POST /sessions and kept by the caller. */
import type { Http } from './http.ts'

export interface NewSession {
  token: string
  visitorId: string
}

export class Session {
  token: string | undefined
  readonly #changed: () => void
  #running: Promise<NewSession> | undefined

  /** `changed` is called when another token has come. */
  constructor(token: string | undefined, changed: () => void) {
    this.token = token
    this.#changed = changed
  }

  /** A new visitor. Keep the token (localStorage, a cookie): who loses it loses place and bookings. */
  create(http: Http): Promise<NewSession> {
    if (this.#running !== undefined) return this.#running
    // An expired token would be refused even here.
    this.token = undefined
    this.#running = http
      .json<NewSession>('/sessions', { method: 'POST' })
      .then(session => {
        this.token = session.token
        this.#changed()
        return session
      })
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }
}
