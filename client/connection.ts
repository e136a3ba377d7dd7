/**
 * The one socket of an SDK: open while somebody needs it, brought back with full jitter when it goes, and never trusted to
 * be alive. What is said on it belongs to its members (seats.ts, queue.ts).
 */
import {
  BEARER_PREFIX,
  type ClientMessage,
  GOING_AWAY,
  type ServerMessage,
  SUBPROTOCOL,
  TOO_SLOW,
} from '../shared/wire/messages.ts'
import { decodeTick, TICK_FRAME } from '../shared/wire/queue-frames.ts'
import type { Platform, Socket, SocketEvent } from './platform.ts'
import { Timers } from './timers.ts'

/** `offline`: nothing has come for a while; members poll over HTTP and the socket is still tried. */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'offline'

/** What is said of one event. */
export type EventMessage = Exclude<ServerMessage, { type: 'welcome' | 'time' | 'goodbye' }>

/** Who listens. All of it is called synchronously. */
export interface Member {
  readonly eventId: string
  /** The socket is open: say again what you want. */
  opened(): void
  /** The socket is gone; whatever was sent on it may be lost. */
  lost(): void
  /** It has been gone for a while: poll. */
  offline(): void
  /** Of the member's own event. */
  message(message: EventMessage): void
  frame(frame: Uint8Array): void
  /** Ends its part; it detaches itself. */
  close(): void
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** After a close that says we did wrong, or read too slowly. */
const PENANCE_MS = 15_000
/** Silence after which we ask whether anybody is there; the pings of the server are not shown to browsers. */
const QUIET_MS = 25_000
const ANSWER_MS = 10_000
/** A socket that is not open by then will not open. */
const OPEN_MS = 10_000
/** How long without a socket before members poll. */
const OFFLINE_MS = 3_000

export class Connection {
  state: ConnectionState = 'idle'
  readonly #url: string
  readonly #token: () => string | undefined
  readonly #platform: Platform
  readonly #members = new Set<Member>()
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  #socket: Socket | undefined
  #attempts = 0
  readonly #timers: Timers<'retry' | 'watchdog' | 'offline'>
  /** Not before, by our clock: what a goodbye told us. */
  #notBefore = 0
  #leaving = false
  #isHeld = false
  #offset = 0
  #bestRoundTrip = Number.POSITIVE_INFINITY

  constructor(url: string, token: () => string | undefined, platform: Platform) {
    this.#url = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
    this.#token = token
    this.#platform = platform
    this.#timers = new Timers(platform)
  }

  /** The server's clock, ms since 1970: good to half of the best round trip seen. */
  serverNow(): number {
    return this.#platform.now() + this.#offset
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From now on the socket is wanted, until `detach`. */
  attach(member: Member): void {
    this.#members.add(member)
    if (this.state === 'open') member.opened()
    else if (this.state === 'offline') member.offline()
    else if (this.state === 'idle') this.#connect()
  }

  detach(member: Member): void {
    this.#members.delete(member)
    if (this.#members.size === 0) this.#end()
  }

  /** Closes every member, and so ends. */
  close(): void {
    this.#each(member => member.close())
  }

  /** False where there is no open socket; members say it again in `opened`. */
  send(message: ClientMessage): boolean {
    if (this.state !== 'open') return false
    this.#socket?.send(JSON.stringify(message))
    return true
  }

  /** Who we are is being changed: until `restart` nothing is heard, and no socket is tried. */
  hold(): void {
    this.#isHeld = true
    this.#drop()
    this.#timers.clear()
    if (this.state === 'idle') return
    this.#enter('connecting')
    this.#each(member => member.lost())
  }

  /** Another session: what is open belongs to the old one. */
  restart(): void {
    this.#isHeld = false
    this.#drop()
    this.#attempts = 0
    if (this.#members.size === 0) return
    this.#lose()
    this.#connect()
  }

  #connect(): void {
    if (this.state === 'idle') this.#enter('connecting')
    if (this.#isHeld) return
    const { WebSocket } = this.#platform
    const token = this.#token()
    if (WebSocket === undefined || token === undefined) {
      // A session opens the door: `restart` follows. Until then, what is public can be polled.
      this.#enter('offline')
      return
    }
    this.#miss()
    const socket = new WebSocket(this.#url, [SUBPROTOCOL, `${BEARER_PREFIX}${token}`])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    const heard = {
      open: () => this.#opened(),
      message: ({ data }: SocketEvent) => this.#hear(data),
      close: ({ code = 1006 }: SocketEvent) => this.#closed(code),
      // Node tells of a refused connection by an error that is fatal where nobody listens; the close follows.
      error: () => undefined,
    }
    // The socket of an earlier try may still speak: only the present one is heard.
    for (const [type, hear] of Object.entries(heard))
      socket.addEventListener(type, event => {
        if (this.#socket === socket) hear(event)
      })
    this.#watch(OPEN_MS, () => this.#closed(1006))
  }

  /** Without a socket from now on: for a while that is nothing. Once it was too long, it stays so until one is open. */
  #miss(): void {
    if (this.state !== 'offline' && !this.#timers.has('offline'))
      this.#timers.set('offline', OFFLINE_MS, () => this.#enter('offline'))
  }

  #opened(): void {
    this.#leaving = false
    this.#timers.clear('offline')
    this.#enter('open')
    this.#bestRoundTrip = Number.POSITIVE_INFINITY
    this.send({ type: 'time', at: this.#platform.now() })
    this.#heard()
    this.#each(member => member.opened())
  }

  #hear(data: unknown): void {
    this.#heard()
    if (data instanceof ArrayBuffer) {
      const frame = new Uint8Array(data)
      if (frame[0] === TICK_FRAME) this.#tell(decodeTick(frame))
      else this.#each(member => member.frame(frame))
    } else if (typeof data === 'string') this.#tell(parsed(data))
  }

  #tell(message: ServerMessage | undefined): void {
    if (message === undefined) return
    if (message.type === 'time') this.#setClock(message)
    if (message.type === 'goodbye') this.#leave(message.afterMs)
    if (!('eventId' in message)) return
    this.#each(member => member.eventId === message.eventId && member.message(message))
  }

  #setClock({ at, serverTime }: { at: number; serverTime: number }): void {
    // Only an answer shows that the server works for us; one that accepts and hangs up must not reset the pause.
    this.#attempts = 0
    const now = this.#platform.now()
    const roundTrip = now - at
    if (roundTrip < 0 || roundTrip > this.#bestRoundTrip) return
    this.#bestRoundTrip = roundTrip
    this.#offset = serverTime - (at + now) / 2
  }

  /** Asks after silence, gives up after more of it. */
  #heard(): void {
    if (this.#leaving) return
    this.#watch(QUIET_MS, () => {
      this.send({ type: 'time', at: this.#platform.now() })
      this.#watch(ANSWER_MS, () => this.#closed(1006))
    })
  }

  /** The node goes away: move to another at our own random moment, before it closes us among everybody. */
  #leave(afterMs: number): void {
    this.#leaving = true
    this.#notBefore = this.#platform.now() + afterMs
    this.#watch(afterMs, () => this.#closed(GOING_AWAY))
  }

  #closed(code: number): void {
    this.#drop()
    if (this.#members.size === 0) {
      this.#end()
      return
    }
    this.#miss()
    this.#lose()
    this.#timers.set('retry', this.#pause(code), () => this.#connect())
  }

  #pause(code: number): number {
    const { now, random } = this.#platform
    const jitter = random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts++)
    if (code === GOING_AWAY) return Math.max(jitter, this.#notBefore - now())
    return jitter + (code === TOO_SLOW || code >= 4_000 ? PENANCE_MS : 0)
  }

  #end(): void {
    this.#drop()
    this.#timers.clear()
    this.#enter('idle')
  }

  #drop(): void {
    const socket = this.#socket
    this.#timers.clear('watchdog', 'retry')
    this.#socket = undefined
    try {
      socket?.close(1000)
    } catch {
      // Some refuse to be closed before they are open; nobody listens to it any more.
    }
  }

  #watch(ms: number, late: () => void): void {
    this.#timers.set('watchdog', ms, late)
  }

  #lose(): void {
    if (this.state === 'open') this.#enter('connecting')
    this.#each(member => member.lost())
  }

  /** Of those there are now: who is told may detach itself. */
  #each(tell: (member: Member) => unknown): void {
    for (const member of [...this.#members]) tell(member)
  }

  #enter(state: ConnectionState): void {
    if (this.state === state) return
    this.state = state
    if (state === 'offline') this.#each(member => member.offline())
    for (const listener of [...this.#listeners]) listener(state)
  }
}

/** What is no JSON is for nobody. */
function parsed(text: string): ServerMessage | undefined {
  try {
    return JSON.parse(text) as ServerMessage
  } catch {
    return undefined
  }
}
