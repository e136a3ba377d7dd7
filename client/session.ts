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

  /** Who we are is this user from now on, or who we were where it is refused. */
  logIn(http: Http, userToken: string): Promise<NewSession> {
    // After another that is under way: its answer would undo ours.
    const ask = () => http.json<NewSession>('/sessions', { method: 'POST', body: { userToken } })
    return this.#run(this.#running?.then(ask, ask) ?? ask())
  }

  /** A new visitor. Keep the token (localStorage, a cookie): who loses it loses place and bookings. */
  create(http: Http): Promise<NewSession> {
    if (this.#running !== undefined) return this.#running
    // An expired token would be refused even here.
    this.token = undefined
    return this.#run(http.json<NewSession>('/sessions', { method: 'POST' }))
  }

  #run(asked: Promise<NewSession>): Promise<NewSession> {
    const running = asked
      .then(session => {
        this.token = session.token
        this.#changed()
        return session
      })
      .finally(() => {
        if (this.#running === running) this.#running = undefined
      })
    this.#running = running
    return running
  }
}
