/**
 * The server's clock as far as the pages know it. Countdowns run by it: a fan's wrong clock, or a page opened late, must
 * not show more time than there is.
 */
export class ServerClock {
  readonly #now: () => number
  #offset = 0
  #roundTrip = Number.POSITIVE_INFINITY

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether the server's time was ever told. */
  get set(): boolean {
    return this.#roundTrip !== Number.POSITIVE_INFINITY
  }

  /** An answer that told the server's time has come; it was asked for at `asked` by our clock. */
  heard(serverTime: number, asked: number): void {
    const now = this.#now()
    const roundTrip = now - asked
    // The quicker the answer, the less it is off. A clock that jumped back says nothing.
    if (!Number.isFinite(serverTime) || roundTrip < 0 || roundTrip > this.#roundTrip) return
    this.#roundTrip = roundTrip
    this.#offset = serverTime - (asked + now) / 2
  }

  /** ms since 1970. */
  now(): number {
    return this.#now() + this.#offset
  }
}
