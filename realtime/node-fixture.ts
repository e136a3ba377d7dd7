/** A realtime node for a test: the whole tier on port 0, on a database and a piece of Redis of its own. One a process. */
import { makeSecrets } from '../dev/new-secrets.ts'
import { testDatabase, testRedis } from '../dev/test-parts.ts'
import { RedisQueue } from '../queue/redis-queue.ts'
import { systemChance, systemClock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { EventStore } from '../shared/event-store.ts'
import { type BookingId, type EventId, eventId, type VisitorId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import { SESSION_SECONDS } from '../shared/limits.ts'
import { makeLog } from '../shared/log.ts'
import { Metrics } from '../shared/metrics.ts'
import { connectPostgres } from '../shared/postgres.ts'
import { connectCommands, connectPublisher, connectSubscriber, ready } from '../shared/redis.ts'
import type { Stock } from '../shared/seats/inventory.ts'
import { RedisInventory } from '../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { PassTokens, SessionTokens } from '../shared/tokens.ts'
import { type ServerMessage, SUBPROTOCOL } from '../shared/wire/messages.ts'
import { decodeTick } from '../shared/wire/queue-frames.ts'
import { decodeDiff, readHandle } from '../shared/wire/seat-frames.ts'
import { type RealtimeDeps, RealtimeServer } from './server.ts'

export interface TestNode {
  deps: RealtimeDeps
  inventory: RedisInventory
  queue: RedisQueue
  server: RealtimeServer
  port: number
  /** On sale: 40 seats and 10 standing. */
  eventId: EventId
  stock: Stock
  adminToken: string
  sessionKey: Buffer
  visitor(): { visitorId: VisitorId; token: string }
  /** Another event in the small house. */
  addEvent(id: string, status?: string, length?: number): Promise<{ eventId: EventId; stock: Stock }>
  hold(seats: number[], options?: { ttl?: number; stock?: Stock }): Promise<BookingId>
  close(): Promise<void>
}

export async function makeNode({
  redisUrl = '',
  environment = {},
  descriptors = undefined as number | undefined,
} = {}): Promise<TestNode> {
  const [database, piece] = [await testDatabase(), testRedis()]
  const config = readConfig({
    ...makeSecrets(),
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl || piece.url,
    KEY_PREFIX: piece.keyPrefix,
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    NODE_NAME: 'test',
    HOST: '127.0.0.1',
    REALTIME_PORT: '0',
    ...environment,
  })
  const log = makeLog('realtime', config.LOG_LEVEL)
  const pool = connectPostgres(config.DATABASE_URL, 'test', log, 8)
  const redis = connectCommands(config.REDIS_URL, log)
  const subscriber = connectSubscriber(config.REDIS_URL, log)
  const keys = makeKeys(config.KEY_PREFIX)
  const base = { redis, pool, keys, clock: systemClock, log }
  await Promise.all([ready(redis, 5_000), ready(subscriber, 5_000)])
  const inventory = new RedisInventory(base)
  const passes = new PassTokens(config.PASS_PRIVATE_KEY)
  const queue = new RedisQueue({ ...base, config, passes, door: 'socket', recoveryMs: 500 })
  const sessions = new SessionTokens(config.keys.session, SESSION_SECONDS)
  const events = new EventStore(pool)
  const deps: RealtimeDeps = {
    ...base,
    config,
    subscriber,
    adapter: {
      publisher: connectPublisher(config.REDIS_URL, log),
      subscriber: connectSubscriber(config.REDIS_URL, log),
    },
    events,
    inventory,
    queue,
    sessions,
    chance: systemChance,
    metrics: new Metrics('realtime'),
    cpu: () => process.threadCpuUsage().user / 1_000,
    descriptors,
  }
  const addEvent = async (id: string, status = 'onsale', length = 10) => {
    await insertSmallHouse(pool, id, { status, length })
    const event = await new EventStore(pool).find(eventId(id))
    if (event === undefined) throw new Error(`event ${id} is missing`)
    return { eventId: event.eventId, stock: event.stock }
  }
  const first = await addEvent('evening01')
  const server = new RealtimeServer(deps)
  const port = await server.start()
  return {
    deps,
    inventory,
    queue,
    server,
    port,
    ...first,
    adminToken: config.ADMIN_TOKEN,
    sessionKey: config.keys.session,
    addEvent,
    visitor: () => {
      const visitorId = systemChance.uuid() as VisitorId
      return { visitorId, token: sessions.issue(visitorId) }
    },
    hold: async (seats, { ttl = 60_000, stock = first.stock } = {}) => {
      const booking = systemChance.uuid() as BookingId
      const taker = { booking, activeMember: Buffer.alloc(14) }
      const taken = await inventory.take(stock, taker, { seats, areas: [] }, ttl)
      if (!taken.ok) throw new Error(`seats ${seats} are not to be had: ${taken.reason}`)
      return booking
    },
    close: async () => {
      await server.stop()
      await queue.close()
      redis.disconnect()
      await pool.end()
      await Promise.all([database.drop(), piece.clean()])
    },
  }
}

type Of<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>
export type Heard = { frame: Uint8Array } | ServerMessage

/** A fan of the plain door who remembers all that was said. */
export class Fan {
  readonly heard: Heard[] = []
  readonly closed: Promise<number>
  readonly #socket: WebSocket
  #wake: (() => void)[] = []
  #read = 0

  constructor(port: number, token: string | undefined, protocols = protocolsOf(token)) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, protocols)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }) => {
      this.heard.push(typeof data === 'string' ? (JSON.parse(data) as ServerMessage) : framed(data))
      for (const wake of this.#wake.splice(0)) wake()
    })
    this.#socket.addEventListener('error', () => undefined)
    this.closed = new Promise(resolve => this.#socket.addEventListener('close', ({ code }) => resolve(code)))
  }

  say(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  sayBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes)
  }

  /** The next message of this type that was not yet read; those between are passed over. */
  async next<Type extends ServerMessage['type']>(type: Type, ms = 5_000): Promise<Of<Type>> {
    return (await this.#find(one => !('frame' in one) && one.type === type, type, ms)) as Of<Type>
  }

  /** The next diff that changes something. */
  async diff(ms = 5_000) {
    const isDiff = (one: Heard) => 'frame' in one && (decodeDiff(one.frame)?.changes.length ?? 0) > 0
    const { frame } = (await this.#find(isDiff, 'diff', ms)) as { frame: Uint8Array }
    const diff = decodeDiff(frame)
    if (diff === undefined) throw new Error('not a diff')
    return { ...diff, handle: readHandle(frame) }
  }

  all<Type extends ServerMessage['type']>(type: Type): Of<Type>[] {
    return this.heard.filter((one): one is Of<Type> => !('frame' in one) && one.type === type)
  }

  close(): void {
    this.#socket.close()
  }

  async #find(wanted: (one: Heard) => boolean, what: string, ms: number): Promise<Heard> {
    const deadline = performance.now() + ms
    for (;;) {
      const one = this.heard[this.#read]
      if (one !== undefined) {
        this.#read++
        if (wanted(one)) return one
        continue
      }
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`no ${what} in ${ms} ms; heard ${JSON.stringify(this.heard.slice(-8))}`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#wake.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
}

/** A tick is a message, whatever it came as. */
function framed(data: ArrayBuffer): Heard {
  const frame = new Uint8Array(data)
  return decodeTick(frame) ?? { frame }
}

function protocolsOf(token: string | undefined): string[] {
  return token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${token}`]
}
