/**
 * The fans' door: `/ws`, subprotocol onsale.v1, JSON text, binary diffs and ticks. A socket costs it one small object. Everything
 * about a socket that may be wrong is refused before the upgrade, with the status HTTP has for it.
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import { BEARER_PREFIX, CLOSE, type ServerMessage, SUBPROTOCOL } from '../shared/wire/messages.ts'
import { type Admittance, cookieOf } from './admittance.ts'
import { BACKPRESSURE_BYTES, IDLE_SECONDS, SIGN_LOOK_MS, TEXT_BYTES } from './bounds.ts'
import { type Comer, Connection, type Tier } from './connection.ts'
import type { Door, Topic, Wire } from './doors.ts'
import { parseText } from './parse-message.ts'
import { SlowClients, type SlowSocket } from './slow-clients.ts'
import type { ToldTick } from './told-tick.ts'

interface PlainParts {
  app: TemplatedApp
  tier: Tier
  admittance: Admittance
  clock: Clock
}

/** uWS says 2 where it dropped a message. */
const DROPPED = 2

export class PlainDoor implements Door {
  readonly #app: TemplatedApp
  readonly #tier: Tier
  readonly #admittance: Admittance
  readonly #slow: SlowClients
  readonly #end = new AbortController()
  #sockets = 0

  constructor({ app, tier, admittance, clock }: PlainParts) {
    this.#app = app
    this.#tier = tier
    this.#admittance = admittance
    this.#slow = new SlowClients({ clock, meters: tier.meters })
    void this.#lookForLife(clock)
    app.ws<UserData>('/ws', {
      maxPayloadLength: TEXT_BYTES,
      maxBackpressure: BACKPRESSURE_BYTES,
      closeOnBackpressureLimit: false,
      idleTimeout: IDLE_SECONDS,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => this.#upgrade(res, req, context),
      open: ws => this.#open(ws),
      message: (ws, data, isBinary) => this.#message(ws.getUserData().socket, data, isBinary),
      // Answered by uWS; each costs what a message does.
      ping: ws => ws.getUserData().socket.connection?.pinged(),
      pong: ws => ws.getUserData().socket.connection?.pinged(),
      dropped: ws => this.#slow.dropped(ws.getUserData().socket),
      drain: ws => this.#slow.drained(ws.getUserData().socket),
      close: ws => this.#close(ws.getUserData().socket),
    })
  }

  get sockets(): number {
    return this.#sockets
  }

  publish(topic: Topic, message: ServerMessage): void {
    const text = JSON.stringify(message)
    this.#count(topic, message.type, Buffer.byteLength(text))
    this.#app.publish(topic, text, false)
  }

  publishFrame(topic: Topic, frame: Uint8Array<ArrayBuffer>): void {
    this.#count(topic, 'diff', frame.length)
    this.#app.publish(topic, frame, true)
  }

  publishTick(topic: Topic, { frame }: ToldTick): void {
    this.#count(topic, 'tick', frame.length)
    this.#app.publish(topic, frame, true)
  }

  close(): void {
    this.#slow.close()
    this.#end.abort()
  }

  async #lookForLife(clock: Clock): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      await clock.sleep(SIGN_LOOK_MS, signal)
      for (const connection of this.#tier.connections) connection.look()
    }
  }

  #count(topic: Topic, kind: string, bytes: number): void {
    const { meters } = this.#tier
    const labels = { door: 'plain', kind }
    const receivers = this.#app.numSubscribers(topic)
    meters.published.inc(labels)
    meters.deliveries.inc(labels, receivers)
    meters.deliveredBytes.inc(labels, receivers * bytes)
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const { protocol, bearer } = asked(req.getHeader('sec-websocket-protocol'))
    const busy = this.#admittance.busy()
    if (busy !== undefined) this.#refuse(res, busy)
    else if (!this.#admittance.mayCome(req.getHeader('origin')))
      this.#refuse(res, new Problem('origin_forbidden', 'Pages of this origin may not connect.'))
    else if (protocol !== SUBPROTOCOL)
      this.#refuse(res, new Problem('invalid_request', `The first subprotocol must be ${SUBPROTOCOL}.`))
    else {
      const address = Buffer.from(res.getRemoteAddressAsText()).toString('latin1')
      const network = this.#admittance.network(address, req.getHeader('x-forwarded-for') || undefined)
      const crowded = this.#admittance.crowded(network)
      const token = bearer ?? cookieOf(req.getHeader('cookie'), 'onsale_session')
      const admitted =
        crowded === undefined ? this.#admittance.admit(token) : { ok: false as const, problem: crowded }
      if (!admitted.ok) this.#refuse(res, admitted.problem)
      else {
        const data: UserData = { socket: new PlainSocket({ visitorId: admitted.visitorId, network }) }
        res.upgrade(
          data,
          req.getHeader('sec-websocket-key'),
          SUBPROTOCOL,
          // No extension: compressing each frame for each socket would be most of the work.
          '',
          context,
        )
      }
    }
  }

  #refuse(res: HttpResponse, problem: Problem): void {
    this.#tier.meters.refused.inc({ why: problem.code })
    res.cork(() => {
      res.writeStatus(`${problem.status} ${problem.title}`)
      res.writeHeader('Content-Type', 'application/problem+json')
      if (problem.extra.retryAfter !== undefined)
        res.writeHeader('Retry-After', String(problem.extra.retryAfter))
      // The connection is of no more use to who wanted a socket.
      res.end(JSON.stringify(problem.body()), true)
    })
  }

  #open(ws: WebSocket<UserData>): void {
    this.#sockets++
    this.#tier.meters.sockets.plain = this.#sockets
    const socket = ws.getUserData().socket
    socket.ws = ws
    this.#admittance.upgraded()
    if (socket.comer === undefined) return
    const { visitorId, network } = socket.comer
    this.#admittance.crowd.enter(visitorId)
    this.#admittance.crowd.comeFrom(network)
    socket.connection = new Connection(this.#tier, socket.comer, socket)
    socket.comer = undefined
  }

  #message({ connection }: PlainSocket, data: ArrayBuffer, isBinary: boolean): void {
    if (connection === undefined) return
    if (isBinary) {
      connection.refuse('Messages are text.')
      return
    }
    const parsed = parseText(Buffer.from(data).toString())
    if (parsed.ok) connection.receive(parsed.message)
    else connection.refuse(parsed.detail)
  }

  #close(socket: PlainSocket): void {
    this.#sockets--
    this.#tier.meters.sockets.plain = this.#sockets
    socket.ws = undefined
    this.#slow.closed(socket)
    const { connection } = socket
    if (connection === undefined) return
    this.#admittance.crowd.leave(connection.visitorId)
    this.#admittance.crowd.goneFrom(connection.network)
    connection.closed()
    socket.connection = undefined
  }
}

/** The first subprotocol, and the session's token among the others. Read in place: every handshake does. */
function asked(list: string): { protocol: string; bearer: string | undefined } {
  const first = list.indexOf(',')
  if (first < 0) return { protocol: list.trim(), bearer: undefined }
  let bearer: string | undefined
  for (let from = first + 1; from > 0 && bearer === undefined; ) {
    const next = list.indexOf(',', from)
    const entry = list.slice(from, next < 0 ? list.length : next).trim()
    if (entry.startsWith(BEARER_PREFIX)) bearer = entry.slice(BEARER_PREFIX.length)
    from = next + 1
  }
  return { protocol: list.slice(0, first).trim(), bearer }
}

const latest: { message: ServerMessage | undefined; text: string } = { message: undefined, text: '' }

/** A message told to one after the other is written once. */
function textOf(message: ServerMessage): string {
  if (message.type !== 'watching') return JSON.stringify(message)
  if (latest.message !== message) Object.assign(latest, { message, text: JSON.stringify(message) })
  return latest.text
}

/** uWS copies its members onto its own object: what has a prototype stands one step further in. */
interface UserData {
  socket: PlainSocket
}

/** One socket as its connection and the watch over slow ones see it. */
class PlainSocket implements Wire, SlowSocket {
  /** Until its connection has it: there are many of these. */
  comer: Comer | undefined
  connection: Connection | undefined
  /** Undefined after its close: touching it then throws. */
  ws: WebSocket<UserData> | undefined

  constructor(comer: Comer) {
    this.comer = comer
  }

  get showsLife(): boolean {
    return true
  }

  bufferedBytes(): number {
    return this.ws?.getBufferedAmount() ?? 0
  }

  send(message: ServerMessage): void {
    if (this.ws?.send(textOf(message), false) !== DROPPED) return
    // What is said to one socket is said once: who missed it starts anew. Not here: we may stand within `dropped`.
    setImmediate(() => this.connection?.end(CLOSE.tooSlow, 'slow'))
  }

  subscribe(topic: Topic): void {
    this.ws?.subscribe(topic)
  }

  unsubscribe(topic: Topic): void {
    this.ws?.unsubscribe(topic)
  }

  end(code: number): void {
    this.ws?.end(code)
  }
}
