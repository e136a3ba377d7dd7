/**
 * The other door: `/socket.io/` on the same uWS app, for apps that speak it. Websocket transport alone, as polling would
 * make every broadcast a loop. Publications go to uWS's topics of Socket.IO's rooms, already encoded: they never pass the
 * Redis adapter, which carries the operators' traffic (admin-desk.ts).
 */

import type { TemplatedApp } from 'uWebSockets.js'
import { Server, type Socket } from 'socket.io'
import { CLOSE, type ServerMessage } from '../shared/wire/messages.ts'
import { type Admittance, cookieOf } from './admittance.ts'
import { BACKPRESSURE_BYTES, IDLE_SECONDS, SESSION_LATE_MS, TEXT_BYTES } from './bounds.ts'
import { type Comer, Connection, type Tier } from './connection.ts'
import type { Door, Topic, Wire } from './doors.ts'
import { MESSAGE_TYPES, parseValue } from './parse-message.ts'
import type { ToldTick } from './told-tick.ts'

/** How Socket.IO names a room's topic in uWS: namespace, unit separator, room. */
const ROOM = '/\x1f'
/** Engine.IO message, Socket.IO binary event, one attachment. The attachment follows as a binary frame. */
const DIFF_HEAD = '451-["diff",{"_placeholder":true,"num":0}]'

/** What Engine.IO keeps of a request. */
interface Asked {
  headers: { origin?: string | undefined; 'x-forwarded-for'?: string | string[] | undefined }
  connection: { remoteAddress?: string | undefined }
}

interface EngineClient {
  request: Asked
  once(event: 'close', listener: () => void): void
}

export class SocketIoDoor implements Door {
  readonly io: Server
  readonly #app: TemplatedApp
  readonly #tier: Tier
  readonly #admittance: Admittance

  constructor({ app, tier, admittance }: { app: TemplatedApp; tier: Tier; admittance: Admittance }) {
    this.#app = app
    this.#tier = tier
    this.#admittance = admittance
    this.io = new Server({
      transports: ['websocket'],
      serveClient: false,
      maxHttpBufferSize: TEXT_BYTES,
      connectTimeout: SESSION_LATE_MS,
      allowRequest: (req, answer) => {
        const why = this.#refusal(req)
        if (why !== null) tier.meters.refused.inc({ why })
        answer(why, why === null)
      },
    })
    // For uWS, beside Engine.IO's own.
    const limits: object = { maxBackpressure: BACKPRESSURE_BYTES, idleTimeout: IDLE_SECONDS }
    this.io.attachApp(app, limits)
    this.io.engine.on('connection', (client: EngineClient) => this.#came(client))
    this.io.use((socket, next) => next(this.#admit(socket)))
    this.io.on('connection', socket => this.#open(socket))
  }

  get sockets(): number {
    return this.io.engine.clientsCount
  }

  publish(topic: Topic, message: ServerMessage): void {
    const text = `42${JSON.stringify([message.type, message])}`
    if (this.#count(topic, message.type, Buffer.byteLength(text)))
      this.#app.publish(ROOM + topic, text, false)
  }

  publishFrame(topic: Topic, frame: Uint8Array<ArrayBuffer>): void {
    if (!this.#count(topic, 'diff', DIFF_HEAD.length + frame.length)) return
    // In one turn, or another message could come between an event and its attachment.
    this.#app.publish(ROOM + topic, DIFF_HEAD, false)
    this.#app.publish(ROOM + topic, frame, true)
  }

  /** As an object. */
  publishTick(topic: Topic, tick: ToldTick): void {
    if (this.#app.numSubscribers(ROOM + topic) > 0) this.publish(topic, tick.message)
  }

  /** Closes some of the engine's clients, so that they come back elsewhere. Answers how many are left. */
  closeSome(most: number): number {
    // Not io.disconnectSockets(): it would tell clients to stay away for good.
    const engine = this.io.engine as unknown as { clients: Record<string, { close(discard: boolean): void }> }
    const clients = Object.values(engine.clients)
    for (const client of clients.slice(0, most)) client.close(true)
    return Math.max(0, clients.length - most)
  }

  /** Is anybody there? */
  #count(topic: Topic, kind: string, bytes: number): boolean {
    const { meters } = this.#tier
    const labels = { door: 'socketio', kind }
    const receivers = this.#app.numSubscribers(ROOM + topic)
    if (receivers === 0) return false
    meters.published.inc(labels)
    meters.deliveries.inc(labels, receivers)
    meters.deliveredBytes.inc(labels, receivers * bytes)
    return true
  }

  #refusal(req: Asked): string | null {
    const busy = this.#admittance.busy()
    if (busy !== undefined) return busy.code
    if (!this.#admittance.mayCome(req.headers.origin ?? '')) return 'origin_forbidden'
    return this.#admittance.crowded(this.#networkOf(req))?.code ?? null
  }

  #networkOf({ connection, headers }: Asked): string {
    return this.#admittance.network(connection.remoteAddress ?? '', headers['x-forwarded-for']?.toString())
  }

  /** An open transport, of which nobody has said yet whose it is. */
  #came(client: EngineClient): void {
    this.#admittance.upgraded()
    const network = this.#networkOf(client.request)
    this.#admittance.crowd.comeFrom(network)
    client.once('close', () => this.#admittance.crowd.goneFrom(network))
  }

  /** The session's token comes as `auth.token`, or as the cookie. */
  #admit(socket: Socket): Error | undefined {
    const given: unknown = socket.handshake.auth['token']
    const token =
      typeof given === 'string' ? given : cookieOf(socket.handshake.headers.cookie ?? '', 'onsale_session')
    const admitted = this.#admittance.admit(token)
    if (admitted.ok) {
      const { address, headers } = socket.handshake
      const network = this.#admittance.network(address, headers['x-forwarded-for']?.toString())
      socket.data = { visitorId: admitted.visitorId, network } satisfies Comer
      return undefined
    }
    const { problem } = admitted
    this.#tier.meters.refused.inc({ why: problem.code })
    return Object.assign(new Error(problem.code), { data: problem.body() })
  }

  #open(socket: Socket): void {
    this.#counted()
    const { visitorId } = socket.data as Comer
    this.#admittance.crowd.enter(visitorId)
    const connection = new Connection(this.#tier, socket.data, new SocketIoWire(socket))
    for (const type of MESSAGE_TYPES) {
      socket.on(type, (payload: unknown) => {
        const parsed = parseValue(typeof payload === 'object' ? { ...payload, type } : payload)
        if (parsed.ok) connection.receive(parsed.message)
        else connection.refuse(parsed.detail)
      })
    }
    socket.onAny((type: string) => {
      if (!(MESSAGE_TYPES as readonly string[]).includes(type)) connection.refuse('type: is none of ours')
    })
    socket.on('disconnect', () => {
      this.#admittance.crowd.leave(visitorId)
      connection.closed()
      this.#counted()
    })
  }

  #counted(): void {
    this.#tier.meters.sockets.socketio = this.io.engine.clientsCount
  }
}

class SocketIoWire implements Wire {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Its pings are the engine's, which ends who does not answer them. */
  get showsLife(): boolean {
    return false
  }

  send(message: ServerMessage): void {
    this.#socket.emit(message.type, message)
  }

  subscribe(topic: Topic): void {
    void this.#socket.join(topic)
  }

  unsubscribe(topic: Topic): void {
    void this.#socket.leave(topic)
  }

  end(code: number): void {
    // Told by the server to disconnect, Socket.IO's client stays away; a closed transport it opens again.
    if (code === CLOSE.badMessage || code === CLOSE.tooMany) this.#socket.disconnect(true)
    else this.#socket.conn.close(true)
  }
}
