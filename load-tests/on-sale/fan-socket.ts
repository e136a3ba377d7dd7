/**
 * One fan's socket on /ws: opened, brought back where it was lost, with the way to the server's clock. What is said on it is for
 * fan.ts to understand.
 */
import { clearTimeout, setTimeout } from 'k6/timers'
import { WebSocket } from 'k6/websockets'
import type { WebSocketClass } from '../../client/platform.ts'
import {
  BEARER_PREFIX,
  type ClientMessage,
  type ServerMessage,
  SUBPROTOCOL,
} from '../../shared/wire/messages.ts'
import * as measures from './measures.ts'

// k6 takes subprotocols since 0.54; its types do not know it.
const Socket = WebSocket as unknown as WebSocketClass

/** A socket that has not welcomed us by then will not. */
const OPEN_MS = 20_000
const MOST_TRIES = 6
const FIRST_PAUSE_MS = 500
/** Also keeps the way to the server's clock fresh. */
const TIME_EVERY_MS = 10_000

export interface Listener {
  /** Open, for the first time or again. */
  opened(): void
  /** `at`: when it came, by this machine's clock, whatever else k6 was busy with. */
  message(message: ServerMessage, at: number): void
  frame(frame: Uint8Array, at: number): void
  /** Lost so often that a fan would give up. */
  gaveUp(): void
}

export class FanSocket {
  readonly #url: string
  readonly #token: string
  readonly #random: () => number
  readonly #listener: Listener
  #socket: InstanceType<WebSocketClass> | undefined
  #tries = 0
  #isOpen = false
  #ended = false
  #notBefore = 0
  #offset = 0
  #bestRoundTrip = Number.POSITIVE_INFINITY
  #timer: number | undefined
  #deadline: number | undefined

  constructor(url: string, token: string, random: () => number, listener: Listener) {
    this.#url = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
    this.#token = token
    this.#random = random
    this.#listener = listener
  }

  connect(): void {
    const began = Date.now()
    const socket = new Socket(this.#url, [SUBPROTOCOL, `${BEARER_PREFIX}${this.#token}`])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    const late = () => {
      if (this.#socket === socket && !this.#isOpen) this.#lost()
    }
    this.#deadline = setTimeout(late, OPEN_MS)
    socket.addEventListener('message', event => {
      if (this.#socket !== socket) return
      const at = 'timestamp' in event && typeof event.timestamp === 'number' ? event.timestamp : Date.now()
      if (typeof event.data === 'string') this.#hear(JSON.parse(event.data) as ServerMessage, began, at)
      else if (event.data instanceof ArrayBuffer) this.#listener.frame(new Uint8Array(event.data), at)
    })
    socket.addEventListener('close', () => {
      if (this.#socket === socket) this.#lost()
    })
    // k6 tells of a refused connection by `error`, and closes after it.
    socket.addEventListener('error', () => undefined)
  }

  send(message: ClientMessage): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(message))
  }

  /** This machine's clock made the server's: good to half of the best round trip. */
  serverTime(at: number): number {
    return at + this.#offset
  }

  /** As a reload does: gone, and a moment later back. */
  reload(): void {
    this.#drop()
    this.#again(1_000 + 1_000 * this.#random())
  }

  end(): void {
    this.#ended = true
    this.#drop()
  }

  #hear(message: ServerMessage, began: number, at: number): void {
    if (message.type === 'welcome') {
      this.#isOpen = true
      measures.connect.add(at - began)
      this.#askTime()
      this.#listener.opened()
    } else if (message.type === 'time') {
      measures.lag.add(Math.max(0, Date.now() - at))
      this.#tries = 0
      const roundTrip = at - message.at
      if (roundTrip <= this.#bestRoundTrip) {
        this.#bestRoundTrip = roundTrip
        this.#offset = message.serverTime - (message.at + at) / 2
      }
    } else if (message.type === 'goodbye') {
      this.#notBefore = at + message.afterMs
    } else this.#listener.message(message, at)
  }

  #askTime(): void {
    this.send({ type: 'time', at: Date.now() })
    this.#timer = setTimeout(() => this.#askTime(), TIME_EVERY_MS)
  }

  #lost(): void {
    this.#drop()
    if (this.#ended) return
    const told = this.#notBefore - Date.now()
    if (told <= 0) measures.socketsLost.add(1)
    if (this.#tries++ >= MOST_TRIES) this.#listener.gaveUp()
    else this.#again(Math.max(told, this.#random() * FIRST_PAUSE_MS * 2 ** this.#tries))
  }

  #again(ms: number): void {
    this.#timer = setTimeout(() => this.connect(), ms)
  }

  #drop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    if (this.#deadline !== undefined) clearTimeout(this.#deadline)
    this.#isOpen = false
    const socket = this.#socket
    this.#socket = undefined
    try {
      socket?.close(1000)
    } catch {
      // k6 refuses to close what is not open yet; nobody listens to it any more.
    }
  }
}
