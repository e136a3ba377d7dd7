/**
 * The operators' namespace, `/admin`: whoever has an admin token watches events, is told the minutes before, and hears of each
 * once a second how queue, seats and money stand. Its traffic between nodes goes through the Redis adapter; what an outage
 * loses comes with the next second.
 */
import { createAdapter } from '@socket.io/redis-adapter'
import type { Namespace, Server, Socket } from 'socket.io'
import type { QueueNode } from '../queue/queue.ts'
import { AdminDoor, type AdminDoorParts, adminProblem } from '../shared/admin-door.ts'
import type { Operator } from '../shared/admin-tokens.ts'
import type { Config } from '../shared/config.ts'
import { Problem } from '../shared/errors.ts'
import { EVENT_ID, type EventId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { networkOf } from '../shared/network.ts'
import type { Redis } from '../shared/redis.ts'
import type { AdminHistory, AdminStatus, NodeStatus, ServerMessage } from '../shared/wire/messages.ts'
import { EventFigures, type FiguresParts, sampleOf } from './admin-figures.ts'
import { SampleLog } from './admin-history.ts'
import { RecentRates } from './admin-rates.ts'
import { HEAT_EVERY_MS, PEER_MS, STATUS_EVERY_MS, WATCHES_A_SOCKET } from './bounds.ts'

interface Parts extends FiguresParts {
  io: Server
  config: AdminDoorParts['config'] & Pick<Config, 'TRUSTED_PROXIES' | 'NODE_NAME'>
  /** Two connections of their own: see connectPublisher and connectSubscriber. */
  publisher: Redis
  subscriber: Redis
  queue: FiguresParts['queue'] & Pick<QueueNode, 'events'>
  log: Log
  /** How true the waits were that were told on this node. */
  forecast: (event: EventId) => AdminStatus['forecast']
  /** This node's sockets and watchers. */
  load: () => { sockets: number; watchers: number }
}

const ROOM = 'event:'
/** Timers cannot wait longer. */
const LONGEST_MS = 2 ** 31 - 1

export class AdminDesk {
  readonly #parts: Parts
  readonly #door: AdminDoor
  readonly #admin: Namespace
  readonly #figures: EventFigures
  readonly #samples: SampleLog
  readonly #rates = new RecentRates()
  readonly #peers = new Map<string, { at: number; status: NodeStatus }>()
  /** When an event's heat was last told. */
  readonly #heat = new Map<EventId, number>()
  /** Work under way: a slow Redis shall not be asked twice at once. */
  readonly #running = new Set<string>()
  readonly #end = new AbortController()

  constructor(parts: Parts) {
    this.#parts = parts
    const { io, publisher, subscriber, keys, config } = parts
    this.#door = new AdminDoor(parts)
    this.#figures = new EventFigures(parts)
    this.#samples = new SampleLog({ ...parts, figures: this.#figures, node: config.NODE_NAME })
    // The whole server gets it, yet only this namespace ever broadcasts through it.
    io.adapter(createAdapter(catching(publisher), subscriber, { key: keys.adapter }))
    this.#admin = io.of('/admin')
    this.#admin.use((socket, next) => {
      this.#admit(socket).then(
        () => next(),
        (error: unknown) => next(refusal(error)),
      )
    })
    this.#admin.on('connection', socket => this.#open(socket))
    this.#admin.on('node', (status: NodeStatus) => {
      this.#peers.set(status.node, { at: this.#parts.clock.now(), status })
    })
    void this.#run()
  }

  close(): void {
    this.#end.abort()
  }

  async #admit(socket: Socket): Promise<void> {
    const { auth, address, headers } = socket.handshake
    const token: unknown = auth['token']
    const forwarded = headers['x-forwarded-for']
    const network = networkOf(address, forwarded?.toString(), this.#parts.config.TRUSTED_PROXIES)
    socket.data = await this.#door.admit(typeof token === 'string' ? token : undefined, network)
  }

  #open(socket: Socket): void {
    void this.#endInTime(socket)
    socket.on('watch', (message: unknown) => {
      const event = eventOf(message)
      if (event !== undefined) void this.#watch(socket, event)
    })
    socket.on('unwatch', (message: unknown) => {
      const event = eventOf(message)
      if (event !== undefined) void socket.leave(ROOM + event)
    })
  }

  /** A token's end is its socket's. */
  async #endInTime(socket: Socket): Promise<void> {
    const { until } = socket.data as Operator
    if (until === undefined) return
    const { clock } = this.#parts
    const left = new AbortController()
    socket.on('disconnect', () => left.abort())
    await clock.sleep(Math.min(Math.max(0, until - clock.now()), LONGEST_MS), left.signal)
    if (left.signal.aborted) return
    say(socket, adminProblem('admin_expired'))
    socket.disconnect(true)
  }

  async #watch(socket: Socket, event: EventId): Promise<void> {
    const watched = [...socket.rooms].filter(room => room.startsWith(ROOM))
    if (!watched.includes(ROOM + event) && watched.length >= WATCHES_A_SOCKET) {
      const told = `One socket watches ${WATCHES_A_SOCKET} events at most.`
      say(socket, new Problem('too_many_requests', told, { retryAfter: 60 }), event)
      return
    }
    await socket.join(ROOM + event)
    // Whoever has just come shall not wait for it.
    this.#heat.delete(event)
    const samples = await this.#samples.read(event).catch(() => [])
    socket.emit('history', { eventId: event, samples } satisfies AdminHistory)
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#end
    while (!signal.aborted) {
      await clock.sleep(STATUS_EVERY_MS, signal)
      if (signal.aborted) return
      this.#tellPeers()
      const watched = this.#watched()
      this.#rates.keep(watched)
      for (const event of this.#heat.keys()) if (!watched.includes(event)) this.#heat.delete(event)
      for (const event of watched) this.#do(`status ${event}`, () => this.#tell(event))
      this.#do('samples', async () => {
        const on = await this.#parts.queue.events()
        await this.#samples.take([...new Set([...watched, ...on])])
      })
    }
  }

  #do(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return
    this.#running.add(name)
    work()
      .catch((err: unknown) => this.#parts.log.debug({ err, name }, 'the operators’ desk left something out'))
      .finally(() => this.#running.delete(name))
  }

  #tellPeers(): void {
    const { config, load, clock } = this.#parts
    const status: NodeStatus = { node: config.NODE_NAME, ...load() }
    const now = clock.now()
    this.#peers.set(status.node, { at: now, status })
    for (const [peer, { at }] of this.#peers) if (now - at > PEER_MS) this.#peers.delete(peer)
    this.#admin.serverSideEmit('node', status)
  }

  #watched(): EventId[] {
    return [...this.#admin.adapter.rooms.keys()].flatMap(room =>
      room.startsWith(ROOM) ? [room.slice(ROOM.length) as EventId] : [],
    )
  }

  async #tell(event: EventId): Promise<void> {
    const figures = await this.#figures.get(event)
    if (figures === undefined) return
    const { eventId, queue, currency, heat, lastAct, flow } = figures
    const forecast = this.#parts.forecast(event)
    const now = this.#parts.clock.now()
    const heatDue = Math.abs(now - (this.#heat.get(event) ?? 0)) >= HEAT_EVERY_MS - STATUS_EVERY_MS / 2
    if (heatDue) this.#heat.set(event, now)
    const status: AdminStatus = {
      ...sampleOf(figures, this.#rates.next(event, flow)),
      eventId,
      queue,
      currency,
      ...(heatDue ? { heat } : {}),
      ...(forecast === undefined ? {} : { forecast }),
      nodes: [...this.#peers.values()].map(({ status: peer }) => peer),
      lastAct,
    }
    // Every node with operators tells its own.
    this.#admin.local.to(ROOM + event).emit('status', status)
  }
}

function eventOf(message: unknown): EventId | undefined {
  const id =
    typeof message === 'object' && message !== null && 'eventId' in message ? message.eventId : undefined
  return typeof id === 'string' && EVENT_ID.test(id) ? (id as EventId) : undefined
}

function say(socket: Socket, problem: Problem, event?: EventId): void {
  const { code, message: detail, extra } = problem
  const told: ServerMessage = {
    type: 'error',
    code,
    detail,
    ...(event === undefined ? {} : { eventId: event }),
    ...(extra.retryAfter === undefined ? {} : { retryAfter: extra.retryAfter }),
  }
  socket.emit('error', told)
}

/** As Socket.IO carries it: the code, and the whole problem as `data`. */
function refusal(error: unknown): Error {
  const problem =
    error instanceof Problem ? error : new Problem('unavailable', 'The token could not be checked.')
  return Object.assign(new Error(problem.code), { data: problem.body() })
}

/** The adapter leaves the promise of a publish alone: with Redis away it would end the process. */
function catching(publisher: Redis): Redis {
  return new Proxy(publisher, {
    get(target, name) {
      if (name === 'publish')
        return (channel: string, text: string) => target.publish(channel, text).catch(() => 0)
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
