/**
 * The realtime tier as one uWebSockets.js app: two doors for sockets, and the paths by which operators see whether it lives.
 * Everything it stands on is given (main.ts), so a test starts one on port 0.
 */

import uWS, { type HttpResponse, type TemplatedApp, type us_listen_socket } from 'uWebSockets.js'
import { createServer } from 'node:net'
import type { Queue, QueueNode } from '../queue/queue.ts'
import type { Chance, Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import { Problem } from '../shared/errors.ts'
import type { EventStore } from '../shared/event-store.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Metrics } from '../shared/metrics.ts'
import type { Pool } from '../shared/postgres.ts'
import { notReady, READY } from '../shared/ready-answer.ts'
import type { Redis } from '../shared/redis.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import { portRefused } from '../shared/start.ts'
import type { SessionTokens } from '../shared/tokens.ts'
import { AdminDesk } from './admin-desk.ts'
import { Admittance } from './admittance.ts'
import { Channels } from './channels.ts'
import type { Connection, Tier } from './connection.ts'
import { Doors } from './doors.ts'
import { sayGoodbye } from './drain.ts'
import { makeMeters } from './meters.ts'
import { PlainDoor } from './plain-door.ts'
import { QueueBeat } from './queue-beat.ts'
import { QueueFeed } from './queue-feed.ts'
import { SeatFeed } from './seat-feed.ts'
import { SeatSweeper } from './seat-sweeper.ts'
import { SocketIoDoor } from './socketio-door.ts'
import { Ticker } from './ticker.ts'

export interface RealtimeDeps {
  config: Pick<
    Config,
    | 'HOST'
    | 'REALTIME_PORT'
    | 'HTTP_PUBLIC_URL'
    | 'ALLOWED_ORIGINS'
    | 'MAX_SOCKETS'
    | 'TICK_SHARE_PERCENT'
    | 'NODE_NAME'
    | 'ADMIN_TOKEN'
    | 'adminKey'
    | 'TRUSTED_PROXIES'
    | 'ACCEPTS_PER_SECOND'
    | 'SOCKETS_PER_SESSION'
    | 'SOCKETS_PER_NETWORK'
  >
  pool: Pool
  /** Commands. */
  redis: Redis
  /** For seat and queue news; this object closes it. */
  subscriber: Redis
  /** For the operators' traffic between nodes; this object closes both. */
  adapter: { publisher: Redis; subscriber: Redis }
  keys: Keys
  events: EventStore
  inventory: Inventory
  queue: Queue & QueueNode
  sessions: SessionTokens
  clock: Clock
  chance: Chance
  log: Log
  metrics: Metrics
  /** CPU time of this thread, ms. */
  cpu: () => number
  /** Most open files of this process. */
  descriptors: number | undefined
}

export class RealtimeServer {
  readonly #deps: RealtimeDeps
  readonly #app = uWS.App()
  readonly #connections = new Set<Connection>()
  readonly #channels: Channels
  readonly #ticker: Ticker
  readonly #seats: SeatFeed
  readonly #beat: QueueBeat
  readonly #sweeper: SeatSweeper
  readonly #admittance: Admittance
  readonly #plain: PlainDoor
  readonly #socketIo: SocketIoDoor
  readonly #desk: AdminDesk
  #listening: us_listen_socket | false = false

  constructor(deps: RealtimeDeps) {
    this.#deps = deps
    const { subscriber, queue, events, clock, log } = deps
    const meters = makeMeters(deps.metrics)
    const door = new Doors()
    this.#channels = new Channels({ redis: subscriber, clock, log })
    this.#ticker = new Ticker({ ...deps, meters, watchers: () => this.#seats.watchers })
    const { inventory, keys } = deps
    const feed = { channels: this.#channels, keys, door, ticker: this.#ticker, clock, log, meters }
    this.#seats = new SeatFeed({ ...feed, inventory })
    const queues = new QueueFeed({
      ...feed,
      cpu: deps.cpu,
      tickPercent: deps.config.TICK_SHARE_PERCENT,
      queue,
      seats: this.#seats,
    })
    this.#beat = new QueueBeat({ ...deps, queues })
    this.#sweeper = new SeatSweeper({ ...deps, meters })
    const tier: Tier = {
      node: deps.config.NODE_NAME,
      clock,
      log,
      events,
      queue,
      seats: this.#seats,
      queues,
      meters,
      connections: this.#connections,
    }
    this.#admittance = new Admittance({ ...deps, sockets: () => this.#sockets() })
    const counted = (res: HttpResponse, change: unknown): void => {
      if (!this.#admittance.connected(Number(change)) && Number(change) > 0) res.close()
    }
    this.#app.filter(counted)
    this.#plain = new PlainDoor({ app: this.#app, tier, admittance: this.#admittance, clock })
    this.#socketIo = new SocketIoDoor({ app: this.#app, tier, admittance: this.#admittance })
    door.add(this.#plain)
    door.add(this.#socketIo)
    this.#desk = new AdminDesk({
      ...deps,
      ...deps.adapter,
      io: this.#socketIo.io,
      forecast: event => queues.forecast(event),
      load: () => ({ sockets: this.#sockets(), watchers: this.#seats.watchers }),
    })
    this.#addHealth()
  }

  /** Answers the port. @throws StartRefused where it is taken */
  async start(): Promise<number> {
    const { HOST, REALTIME_PORT } = this.#deps.config
    this.#listening = await listenAlone(this.#app, HOST, REALTIME_PORT)
    if (this.#listening === false)
      throw portRefused('REALTIME_PORT', REALTIME_PORT, await whyNot(HOST, REALTIME_PORT))
    this.#beat.start()
    this.#sweeper.start()
    this.#admittance.closed = false
    return uWS.us_socket_local_port(this.#listening)
  }

  /** Lets everybody go, and ends what was started. Connections to Redis and Postgres but the subscribers' stay. */
  async stop(): Promise<void> {
    const { clock, chance } = this.#deps
    this.#admittance.closed = true
    if (this.#listening !== false) uWS.us_listen_socket_close(this.#listening)
    this.#listening = false
    const closeOthers = (most: number) => this.#socketIo.closeSome(most)
    await sayGoodbye({ connections: this.#connections, closeOthers, clock, chance })
    this.#beat.close()
    this.#desk.close()
    this.#plain.close()
    this.#seats.close()
    this.#ticker.close()
    await this.#sweeper.close()
    this.#channels.close()
    this.#deps.adapter.subscriber.disconnect()
    this.#deps.adapter.publisher.disconnect()
    this.#app.close()
  }

  #sockets(): number {
    return this.#plain.sockets + this.#socketIo.sockets
  }

  #addHealth(): void {
    this.#app.get('/healthz', res => answer(res, '200 OK', 'application/json', '{"status":"ok"}'))
    this.#app.get('/readyz', res => this.#later(res, () => this.#ready()))
    this.#app.get('/metrics', res =>
      this.#later(res, async () => ({
        status: '200 OK',
        type: this.#deps.metrics.registry.contentType,
        body: await this.#deps.metrics.text(),
      })),
    )
    this.#app.any('/*', res => {
      const body = JSON.stringify(new Problem('not_found', 'Sockets are at /ws and /socket.io/.').body())
      answer(res, '404 Not Found', 'application/problem+json', body)
    })
  }

  async #ready(): Promise<Answer> {
    const { pool, redis } = this.#deps
    const [postgres, commands] = await Promise.allSettled([pool.query('select 1'), redis.ping()])
    const away = [
      ...(this.#admittance.closed ? ['this process (it is stopping)'] : []),
      ...(postgres.status === 'fulfilled' ? [] : ['Postgres']),
      ...(commands.status === 'fulfilled' && !this.#channels.away ? [] : ['Redis']),
    ]
    if (away.length === 0) return { status: '200 OK', type: 'application/json', body: JSON.stringify(READY) }
    return {
      status: '503 Service Unavailable',
      type: 'application/problem+json',
      body: JSON.stringify(notReady(away).body()),
    }
  }

  /** uWS lets go of a response when its client does: it must not be touched after. */
  #later(res: HttpResponse, make: () => Promise<Answer>): void {
    let gone = false
    res.onAborted(() => {
      gone = true
    })
    make()
      .catch((err: unknown): Answer => {
        this.#deps.log.error({ err }, 'a health check failed')
        return { status: '500 Internal Server Error', type: 'text/plain', body: 'failed' }
      })
      .then(({ status, type, body }) => {
        if (!gone) res.cork(() => answer(res, status, type, body))
      })
      .catch((err: unknown) => this.#deps.log.error({ err }, 'an answer could not be written'))
  }
}

/**
 * Exclusively: else two nodes would share the port without a word, and each get some of the sockets. uWS has this form of
 * `listen` and the option, its types do not.
 */
function listenAlone(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket | false> {
  const { LIBUS_LISTEN_EXCLUSIVE_PORT: alone } = uWS as unknown as { LIBUS_LISTEN_EXCLUSIVE_PORT: number }
  type Listen = (
    host: string,
    port: number,
    options: number,
    then: (socket: us_listen_socket | false) => void,
  ) => void
  const listen = app.listen.bind(app) as unknown as Listen
  return new Promise(resolve => listen(host, port, alone, resolve))
}

/** uWS does not say why it cannot listen; Node, asked for the same, does. */
function whyNot(host: string, port: number): Promise<Error> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ host, port, exclusive: true }, () => {
      probe.close()
      resolve(new Error('nobody knows why'))
    })
  })
}

interface Answer {
  status: string
  type: string
  body: string
}

function answer(res: HttpResponse, status: string, type: string, body: string): void {
  res.writeStatus(status).writeHeader('Content-Type', type).writeHeader('Cache-Control', 'no-store').end(body)
}
