/**
 * The operators' namespace, `/admin`: who has ADMIN_TOKEN watches events, and hears of each once a second how queue and
 * seats stand. Its traffic between nodes goes through the Redis adapter; what an outage loses comes with the next second.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createAdapter } from '@socket.io/redis-adapter'
import type { Namespace, Server } from 'socket.io'
import type { Queue, QueueNode } from '../queue/queue.ts'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventStore } from '../shared/event-store.ts'
import { EVENT_ID, type EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { Inventory } from '../shared/seats/inventory.ts'
import type { AdminStatus, NodeStatus } from '../shared/wire/messages.ts'
import { PEER_MS, SOLD_EVERY_MS, STATUS_EVERY_MS } from './bounds.ts'

interface Parts {
  io: Server
  adminToken: string
  node: string
  /** Two connections of their own: see connectPublisher and connectSubscriber. */
  publisher: Redis
  subscriber: Redis
  keys: Keys
  pool: Pool
  events: Pick<EventStore, 'find'>
  inventory: Pick<Inventory, 'counts'>
  queue: Queue & Pick<QueueNode, 'tick'>
  clock: Clock
  log: Log
  /** This node's sockets and watchers. */
  load: () => { sockets: number; watchers: number }
}

const ROOM = 'event:'

export class AdminDesk {
  readonly #parts: Parts
  readonly #admin: Namespace
  readonly #peers = new Map<string, { at: number; status: NodeStatus }>()
  readonly #sold = new Map<EventId, { at: number; sold: number }>()
  readonly #last = new Map<EventId, { at: number; waiting: number }>()
  readonly #end = new AbortController()

  constructor(parts: Parts) {
    this.#parts = parts
    const { io, publisher, subscriber, keys } = parts
    // The whole server gets it, yet only this namespace ever broadcasts through it.
    io.adapter(createAdapter(catching(publisher), subscriber, { key: keys.adapter }))
    this.#admin = io.of('/admin')
    this.#admin.use((socket, next) => next(this.#refusal(socket.handshake.auth['token'])))
    this.#admin.on('connection', socket => {
      socket.on('watch', (message: unknown) => {
        const event = eventOf(message)
        if (event !== undefined) void socket.join(ROOM + event)
      })
      socket.on('unwatch', (message: unknown) => {
        const event = eventOf(message)
        if (event !== undefined) void socket.leave(ROOM + event)
      })
    })
    this.#admin.on('node', (status: NodeStatus) => {
      this.#peers.set(status.node, { at: this.#parts.clock.now(), status })
    })
    void this.#run()
  }

  close(): void {
    this.#end.abort()
  }

  #refusal(token: unknown): Error | undefined {
    const given = typeof token === 'string' ? token : ''
    const digest = (text: string) => createHash('sha256').update(text).digest()
    if (timingSafeEqual(digest(given), digest(this.#parts.adminToken))) return undefined
    const problem = new Problem(
      given === '' ? 'admin_required' : 'admin_invalid',
      'Send ADMIN_TOKEN as auth.token.',
    )
    return Object.assign(new Error(problem.code), { data: problem.body() })
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts
    const { signal } = this.#end
    while (!signal.aborted) {
      await clock.sleep(STATUS_EVERY_MS, signal)
      if (signal.aborted) return
      this.#tellPeers()
      for (const event of this.#watched()) {
        await this.#tell(event).catch((err: unknown) => log.debug({ err, event }, 'a status was left out'))
      }
    }
  }

  #tellPeers(): void {
    const { node, load, clock } = this.#parts
    const status: NodeStatus = { node, ...load() }
    const now = clock.now()
    this.#peers.set(node, { at: now, status })
    for (const [peer, { at }] of this.#peers) if (now - at > PEER_MS) this.#peers.delete(peer)
    this.#admin.serverSideEmit('node', status)
  }

  #watched(): EventId[] {
    return [...this.#admin.adapter.rooms.keys()].flatMap(room =>
      room.startsWith(ROOM) ? [room.slice(ROOM.length) as EventId] : [],
    )
  }

  async #tell(event: EventId): Promise<void> {
    const found = await this.#parts.events.find(event)
    if (found === undefined) return
    const { queue, inventory } = this.#parts
    const [info, tick, counts, sold] = await Promise.all([
      queue.info(event),
      queue.tick(event),
      inventory.counts(found.stock),
      this.#soldOf(event),
    ])
    const status: AdminStatus = {
      eventId: event,
      queue: info,
      free: counts.free,
      holds: counts.holds,
      sold,
      rateIn: this.#rateIn(event, info.waiting, tick.rate),
      rateOut: tick.rate,
      nodes: [...this.#peers.keys()],
      load: [...this.#peers.values()].map(({ status: peer }) => peer),
    }
    // Every node with admins tells its own.
    this.#admin.local.to(ROOM + event).emit('status', status)
  }

  /** Joins a second: what the line grew by, and who left it by the front. */
  #rateIn(event: EventId, waiting: number, rateOut: number): number {
    const now = this.#parts.clock.now()
    const last = this.#last.get(event)
    this.#last.set(event, { at: now, waiting })
    if (last === undefined || now <= last.at || now - last.at > 3 * STATUS_EVERY_MS) return 0
    return Math.max(0, (1_000 * (waiting - last.waiting)) / (now - last.at) + (waiting > 0 ? rateOut : 0))
  }

  async #soldOf(event: EventId): Promise<number> {
    const now = this.#parts.clock.now()
    const known = this.#sold.get(event)
    if (known !== undefined && now - known.at < SOLD_EVERY_MS) return known.sold
    const { rows } = await this.#parts.pool.query<{ sold: number }>(
      `select count(*) as sold from tickets where event_id = $1 and status = 'sold'`,
      [event],
    )
    const sold = rows[0]?.sold ?? 0
    this.#sold.set(event, { at: now, sold })
    return sold
  }
}

function eventOf(message: unknown): EventId | undefined {
  const id =
    typeof message === 'object' && message !== null && 'eventId' in message ? message.eventId : undefined
  return typeof id === 'string' && EVENT_ID.test(id) ? (id as EventId) : undefined
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
