/**
 * A world for the client's tests: a clock moved by hand, a server of one event whose sockets may drop, delay and reorder
 * what it says, and an HTTP tier that answers from the same seats.
 */

import type { ClientMessage, ServerMessage } from '../shared/wire/messages.ts'
import { decodeDiff, encodeDiff, encodeSnapshot, mergeDiffs } from '../shared/wire/seat-frames.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import { connectOnsale, type Onsale, type OnsaleOptions } from './onsale.ts'
import type { FetchInit, FetchResponse, Platform, Socket, SocketEvent } from './platform.ts'

export const EVENT = 'evening01'
const SEATS = 16

interface Timer {
  at: number
  run: () => void
}

export class World {
  now = 1_000_000
  /** How far the server's clock is ahead of ours. */
  ahead = 5_000
  sockets: FakeSocket[] = []
  /** New sockets stay closed. */
  blocked = false
  /** What a watch is answered instead of being served. */
  refusal: Extract<ServerMessage, { type: 'error' }> | undefined
  /** Calls answer nothing. */
  offline = false
  calls: { method: string; path: string; headers: Record<string, string>; body: unknown }[] = []
  readonly seats = new Seats()
  readonly answers = new Map<string, { status: number; body: unknown; headers?: Record<string, string> }>()
  /** A cache in front of us: snapshots are given as they were then. */
  cached: Uint8Array<ArrayBuffer> | undefined
  #timers: Timer[] = []
  #random: () => number

  constructor(random: () => number = () => 0.5) {
    this.#random = random
  }

  platform(): Platform {
    const world = this
    return {
      fetch: (url, init) => world.#answer(url, init),
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(world, url, protocols)
        }
      },
      now: () => world.now,
      random: world.#random,
      unique: () => `key-${world.calls.length}`,
      after: (ms, run) => {
        const timer = { at: world.now + Math.max(0, ms), run }
        world.#timers.push(timer)
        return () => {
          world.#timers = world.#timers.filter(one => one !== timer)
        }
      },
    }
  }

  onsale(options: Partial<OnsaleOptions> = {}): Onsale {
    return connectOnsale({ httpUrl: 'http://site', token: 'token', ...this.platform(), ...options })
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('no socket was opened')
    return socket
  }

  /** Moves the clock; whatever is due runs in order, and so does what follows from it. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter(one => one !== due)
      this.now = Math.max(this.now, due.at)
      due.run()
      await settle()
    }
    this.now = until
  }

  /** One change of seats; sent to every socket that watches, as its own frame. */
  change(changes: number[]): void {
    this.seats.change(changes, this.now + this.ahead)
    for (const socket of this.sockets) if (socket.watches) socket.frame(this.seats.log.at(-1)!)
  }

  async #answer(url: string, init: FetchInit): Promise<FetchResponse> {
    const path = url.replace('http://site', '')
    const body: unknown = init.body === undefined ? undefined : JSON.parse(init.body)
    this.calls.push({ method: init.method, path, headers: init.headers, body })
    if (this.offline) throw new TypeError('fetch failed')
    const set = this.answers.get(`${init.method} ${path.split('?')[0]}`)
    if (set !== undefined) return response(set.status, set.body, set.headers)
    if (path.startsWith(`/events/${EVENT}/seats`)) {
      const since = /since=(\d+)\.(\d+)/.exec(path)
      const frame =
        this.cached ?? this.seats.answer(since === null ? undefined : [Number(since[1]), Number(since[2])])
      return { ...response(200, {}), arrayBuffer: async () => frame.slice().buffer }
    }
    return response(404, { code: 'not_found', detail: 'nothing here' })
  }
}

function response(status: number, body: unknown, headers: Record<string, string> = {}): FetchResponse {
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: name => headers[name] ?? null },
    json: async () => body,
    arrayBuffer: async () => new ArrayBuffer(0),
  }
}

/** The server's truth. */
export class Seats {
  epoch = 1
  seq = 0
  readonly state = new SeatState()
  log: Uint8Array<ArrayBuffer>[] = []

  constructor() {
    this.state.snapshot({ epoch: 1, seq: 0, seats: SEATS, state: new Uint8Array(SEATS / 4), areas: [10] })
  }

  change(changes: number[], now: number): void {
    this.seq++
    const diff = { epoch: this.epoch, seq: this.seq, now, changes, areas: [] }
    this.state.diff(diff)
    this.log.push(encodeDiff(diff, { handle: 7 })!)
  }

  /** Redis was lost: the same seats, another epoch. */
  rebuild(): void {
    this.epoch++
    this.seq = 0
    this.log = []
    this.state.snapshot(this.#snapshot())
  }

  /** Redis came back without its newest changes: the same epoch, an earlier seq. */
  goBack(changes: number): void {
    const kept = this.log.slice(0, -changes).map(frame => decodeDiff(frame)!)
    this.seq = 0
    this.log = []
    this.state.replace({
      epoch: this.epoch,
      seq: 0,
      seats: SEATS,
      state: new Uint8Array(SEATS / 4),
      areas: [10],
    })
    for (const diff of kept) this.change([...diff.changes], diff.now)
  }

  answer(since: [number, number] | undefined): Uint8Array<ArrayBuffer> {
    const missed = this.log.map(frame => decodeDiff(frame)!).filter(diff => diff.seq > (since?.[1] ?? 0))
    if (since !== undefined && since[0] === this.epoch && since[1] < this.seq && missed.length > 0)
      return encodeDiff(mergeDiffs(missed))!
    return encodeSnapshot(this.#snapshot())
  }

  #snapshot() {
    const state = new Uint8Array(SEATS / 4)
    for (let i = 0; i < SEATS; i++) state[i >> 2]! |= (this.state.get(i) ?? 0) << (6 - 2 * (i & 3))
    return { epoch: this.epoch, seq: this.seq, seats: SEATS, state, areas: [10] }
  }
}

export class FakeSocket implements Socket {
  binaryType = ''
  readonly url: string
  readonly protocols: string[]
  readonly said: ClientMessage[] = []
  watches = false
  /** The kernel still takes what is sent, and nobody is there. */
  dead = false
  isClosed = false
  /** What becomes of a frame on its way: sent as often as the answer says. */
  fate: (frame: Uint8Array) => Uint8Array[] = frame => [frame]
  readonly #world: World
  readonly #listeners = new Map<string, ((event: SocketEvent) => void)[]>()

  constructor(world: World, url: string, protocols: string[]) {
    this.#world = world
    this.url = url
    this.protocols = protocols
    world.sockets.push(this)
    queueMicrotask(() => {
      if (world.blocked) this.end(1006)
      else this.#tell('open', {})
    })
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  send(text: string): void {
    const message = JSON.parse(text) as ClientMessage
    this.said.push(message)
    if (this.dead) return
    queueMicrotask(() => this.#hear(message))
  }

  close(): void {
    this.isClosed = true
    this.watches = false
  }

  say(message: ServerMessage): void {
    if (!this.dead && !this.isClosed) this.#tell('message', { data: JSON.stringify(message) })
  }

  frame(frame: Uint8Array): void {
    if (this.dead || this.isClosed) return
    for (const one of this.fate(frame)) this.#tell('message', { data: one.slice().buffer })
  }

  end(code: number): void {
    this.isClosed = true
    this.watches = false
    this.#tell('close', { code })
  }

  #hear(message: ClientMessage): void {
    const { now, ahead, seats } = this.#world
    if (message.type === 'time') this.say({ type: 'time', at: message.at, serverTime: now + ahead })
    if (message.type === 'unwatch') this.watches = false
    if (message.type !== 'watch') return
    if (this.#world.refusal !== undefined) this.say(this.#world.refusal)
    else {
      this.watches = true
      this.say({ type: 'watching', eventId: message.eventId, handle: 7, epoch: seats.epoch, seq: seats.seq })
    }
  }

  #tell(type: string, event: Omit<SocketEvent, 'type'>): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ type, ...event })
  }
}

/** Lets promises run that wait for nothing but each other. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

export function look(state: SeatState): string {
  const seats = Array.from({ length: state.seats }, (_, i) => state.get(i)).join('')
  return `${state.epoch}.${state.seq} ${seats} ${state.areas.join()}`
}
