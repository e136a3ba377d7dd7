/**
 * Reads shared by a crowd, never stale: a caller gets a read that began after it asked. At most one read of a key
 * runs and one waits, so a stampede on a seat map costs Redis two reads, while a client that subscribed first and
 * fetched then is never given a state older than its subscription. `apart` says how long after its beginning a read may be
 * followed by another: the more who ask meanwhile share it.
 */
export class FreshReads<Value> {
  readonly #flights = new Map<string, Flight<Value>>()
  readonly #apart: (() => Promise<void>) | undefined

  constructor(apart?: () => Promise<void>) {
    this.#apart = apart
  }

  read(key: string, work: () => Promise<Value>): Promise<Value> {
    const flight = this.#flights.get(key)
    if (flight === undefined) return this.#start(key, work)
    flight.next ??= flight.landed.then(() => this.#start(key, work))
    return flight.next
  }

  #start(key: string, work: () => Promise<Value>): Promise<Value> {
    const result = work()
    const done = () => {
      if (flight.next === undefined) this.#flights.delete(key)
    }
    const over = this.#apart === undefined ? result : Promise.allSettled([result, this.#apart()])
    const flight: Flight<Value> = { landed: over.then(done, done), next: undefined }
    this.#flights.set(key, flight)
    return result
  }
}

interface Flight<Value> {
  /** Well or not, and far enough from the next. */
  landed: Promise<void>
  /** The read that begins when this one has landed. */
  next: Promise<Value> | undefined
}
