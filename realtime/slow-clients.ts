/**
 * Sockets of the plain door that read more slowly than we send. uWS tells by `dropped`, in which nothing may be called
 * (end is a segfault there, publish hangs): we note it, and act in a turn of our own. While it lags a socket hears no diffs,
 * so nothing grows; when it has read all it is told to resync; who lags for long or often is ended and polls.
 */
import type { Clock } from '../shared/clock.ts'
import { CLOSE } from '../shared/wire/messages.ts'
import { LAG_CHECK_MS, LAG_MS, LAG_WINDOW_MS, LAGS_A_MINUTE } from './bounds.ts'
import type { Connection } from './connection.ts'
import type { Meters } from './meters.ts'

/** What this file needs of a socket. */
export interface SlowSocket {
  connection: Connection | undefined
  bufferedBytes(): number
}

interface Lag {
  since: number
  /** Noted in `dropped`, not yet acted on. */
  fresh: boolean
}

export class SlowClients {
  readonly #clock: Clock
  readonly #meters: Pick<Meters, 'lag'>
  readonly #lagging = new Map<SlowSocket, Lag>()
  /** When a socket began to lag, for those that did in the last minute. */
  readonly #history = new Map<SlowSocket, number[]>()
  readonly #end = new AbortController()

  constructor(parts: { clock: Clock; meters: Pick<Meters, 'lag'> }) {
    this.#clock = parts.clock
    this.#meters = parts.meters
    void this.#watch()
  }

  get count(): number {
    return this.#lagging.size
  }

  /** From `dropped`: notes, and does nothing else. */
  dropped(socket: SlowSocket): void {
    if (this.#lagging.has(socket)) return
    this.#lagging.set(socket, { since: this.#clock.now(), fresh: true })
    setImmediate(() => this.#began(socket))
  }

  /** From `drain`. */
  drained(socket: SlowSocket): void {
    const lag = this.#lagging.get(socket)
    if (lag === undefined || lag.fresh || socket.bufferedBytes() > 0) return
    this.#lagging.delete(socket)
    socket.connection?.caughtUp()
  }

  closed(socket: SlowSocket): void {
    this.#lagging.delete(socket)
    this.#history.delete(socket)
  }

  close(): void {
    this.#end.abort()
  }

  #began(socket: SlowSocket): void {
    const lag = this.#lagging.get(socket)
    if (lag === undefined) return
    lag.fresh = false
    this.#meters.lag.inc()
    socket.connection?.lagging()
    const recent = (this.#history.get(socket) ?? []).filter(at => lag.since - at < LAG_WINDOW_MS)
    recent.push(lag.since)
    this.#history.set(socket, recent)
    if (recent.length >= LAGS_A_MINUTE) socket.connection?.end(CLOSE.tooSlow, 'slow')
    // All was read before we came to it: no `drain` will follow.
    else if (socket.bufferedBytes() === 0) this.drained(socket)
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      await this.#clock.sleep(LAG_CHECK_MS, signal)
      const now = this.#clock.now()
      for (const [socket, lag] of this.#lagging)
        if (!lag.fresh && now - lag.since > LAG_MS) socket.connection?.end(CLOSE.tooSlow, 'slow')
      for (const [socket, times] of this.#history)
        if (times.every(at => now - at >= LAG_WINDOW_MS)) this.#history.delete(socket)
    }
  }
}
