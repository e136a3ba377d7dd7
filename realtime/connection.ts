/**
 * One socket's part in the conversation, the same behind every door: what it watches, where it waits, what it may. It knows
 * nothing of framing. All it does for others (diffs, ticks, admissions) belongs to the feeds.
 */
import type { Queue } from '../queue/queue.ts'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventRecord, EventStore } from '../shared/event-store.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { requireLine, requireOnSale } from '../shared/on-sale.ts'
import { CLOSE, type QueueInfo, type ServerMessage } from '../shared/wire/messages.ts'
import {
  MESSAGE_BURST,
  MESSAGES_A_SECOND,
  REFUSED_AT_MOST,
  RUNNING_A_SOCKET,
  SIGNLESS_LOOKS,
  WATCHES_A_SOCKET,
} from './bounds.ts'
import { seatTopic, type Topic, type Wire } from './doors.ts'
import type { Meters } from './meters.ts'
import type { ParsedMessage } from './parse-message.ts'
import type { QueueFeed } from './queue-feed.ts'
import type { SeatFeed } from './seat-feed.ts'

/** What all connections of a node share. */
export interface Tier {
  node: string
  clock: Clock
  log: Log
  events: Pick<EventStore, 'find'>
  queue: Pick<Queue, 'gate' | 'settings' | 'status'>
  seats: SeatFeed
  queues: QueueFeed
  meters: Meters
  /** Every open connection, for the goodbye. */
  connections: Set<Connection>
}

/** What a socket does about one event's seats. `asking` ends as `watching` or not at all. */
interface Watch {
  readonly event: EventId
  state: 'asking' | 'watching'
  /** Let in by a pass while the queue is on. */
  byPass: boolean
}

/** Shared, as most sockets have none. */
const NONE: readonly EventId[] = []
const NO_WATCHES: readonly Watch[] = []
/** Of a queue that is off. */
const OPEN = { ok: true } as const

/** `lagging`: reads too slowly and hears no diffs until it has caught up. */
type State = 'open' | 'lagging' | 'closed'

export interface Comer {
  visitorId: VisitorId
  network: string
}

const TO_JOIN = 'This event has a waiting room: join it, and watch with the pass that it gives you.'
const ANOTHER_PASS = 'The waiting room lets in who has a pass of this session.'

export class Connection {
  readonly visitorId: VisitorId
  /** Where it comes from; an event may limit the places of one network. */
  readonly network: string
  /** The queues this socket stands in or was let in by; kept by the queue feed. */
  lines: readonly EventId[] = NONE
  readonly #tier: Tier
  readonly #wire: Wire
  #state: State = 'open'
  /** At most WATCHES_A_SOCKET; a list, as nearly every socket has one. */
  #watches = NO_WATCHES
  #running = 0
  #ending = false
  #tokens = MESSAGE_BURST
  #refilledAt: number
  #refused = 0
  /** Looks at it since its last sign of life. */
  #signless = 0

  constructor(tier: Tier, { visitorId, network }: Comer, wire: Wire) {
    this.#tier = tier
    this.#wire = wire
    this.visitorId = visitorId
    this.network = network
    this.#refilledAt = tier.clock.now()
    tier.connections.add(this)
    wire.send({ type: 'welcome', visitorId, serverTime: this.#refilledAt, node: tier.node })
  }

  get isOpen(): boolean {
    return this.#state !== 'closed'
  }

  /** A client's message, already parsed. */
  receive(message: ParsedMessage): void {
    if (this.#state === 'closed' || !this.#affords(message)) return
    this.#tier.meters.received[message.type]++
    switch (message.type) {
      case 'time':
        this.send({ type: 'time', at: message.at, serverTime: this.#tier.clock.now() })
        return
      case 'unwatch':
        this.#unwatch(message.eventId)
        return
      case 'watch':
        if (message.pass !== undefined || !this.#watchAtOnce(message.eventId))
          void this.#run(message.eventId, () => this.#watch(message.eventId, message.pass))
        return
      case 'join':
        void this.#run(message.eventId, async () => {
          const { eventId, receipt } = message
          const { queue, queues, clock } = this.#tier
          const found = await this.#found(eventId)
          await requireLine(found, clock.now(), () => queue.status(eventId, this.visitorId))
          await queues.join(this, eventId, receipt)
        })
        return
      case 'leave':
        void this.#run(message.eventId, async () => {
          const { eventId } = await this.#found(message.eventId)
          await this.#tier.queues.leave(this, eventId)
        })
        return
      default:
        message satisfies never
    }
  }

  /** A sign of life, asked for or not: of those there may be too many, too. */
  pinged(): void {
    if (this.#state !== 'closed') this.#affords()
  }

  /** From time to time: is there more to it than bytes? */
  look(): void {
    if (this.#wire.showsLife && ++this.#signless > SIGNLESS_LOOKS) this.end(CLOSE.tooMany, 'signless')
  }

  /** What came is no message of ours: told, and ended. */
  refuse(detail: string): void {
    if (this.#state === 'closed') return
    this.send({ type: 'error', code: 'invalid_request', detail })
    this.end(CLOSE.badMessage, 'malformed')
  }

  send(message: ServerMessage): void {
    if (this.#state !== 'closed') this.#wire.send(message)
  }

  end(code: number, why: string): void {
    if (this.#state === 'closed' || this.#ending) return
    this.#ending = true
    this.#tier.meters.closed.inc({ why })
    this.#wire.end(code)
  }

  /** The door's last word. */
  closed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const { connections, seats, queues } = this.#tier
    connections.delete(this)
    for (const { event } of this.#watches) seats.remove(event, this)
    this.#watches = NO_WATCHES
    queues.gone(this)
  }

  /** The socket reads too slowly: no more diffs until it has read what it has. */
  lagging(): void {
    if (this.#state !== 'open') return
    this.#state = 'lagging'
    for (const { event, state } of this.#watches)
      if (state === 'watching') this.#wire.unsubscribe(seatTopic(event))
  }

  /** All is read. The resync goes first, in the turn in which the diffs begin again: nothing is missed between them. */
  caughtUp(): void {
    if (this.#state !== 'lagging') return
    this.#state = 'open'
    for (const watch of this.#watches) {
      if (watch.state !== 'watching') continue
      const told = this.#tier.seats.add(watch.event, this)
      if (told !== undefined)
        this.send({ type: 'resync', eventId: watch.event, epoch: told.epoch, seq: told.seq })
      this.#wire.subscribe(seatTopic(watch.event))
    }
  }

  hear(topic: Topic): void {
    if (this.#state !== 'closed') this.#wire.subscribe(topic)
  }

  miss(topic: Topic): void {
    if (this.#state !== 'closed') this.#wire.unsubscribe(topic)
  }

  /** The queue is on, and this socket has no right to see the seats (any more). */
  expel(event: EventId, onlyWithoutPass: boolean, queue?: QueueInfo): void {
    const watch = this.#watches.find(one => one.event === event)
    if (watch === undefined || watch.state !== 'watching' || (onlyWithoutPass && watch.byPass)) return
    this.#unwatch(event)
    if (queue !== undefined) this.send({ type: 'queue', eventId: event, queue })
    this.#error(new Problem('waiting_room_required', TO_JOIN), event)
  }

  /** The queue is off: everyone may watch, and a pass says nothing. */
  forgetPass(event: EventId): void {
    for (const watch of this.#watches) if (watch.event === event) watch.byPass = false
  }

  async #watch(event: EventId, pass: string | undefined): Promise<void> {
    const { seats, queue, queues } = this.#tier
    const watch = this.#asking(event)
    try {
      const { stock } = await this.#onSale(event)
      const queueOn = (await queue.settings(event)).state !== 'off'
      const gate = queueOn ? await queue.gate(event, this.visitorId, pass) : OPEN
      if (!gate.ok)
        throw new Problem(gate.code, gate.code === 'waiting_room_required' ? TO_JOIN : ANOTHER_PASS)
      await seats.open(stock)
      await queues.open(event)
      // From here on nothing waits: what is published next reaches this socket.
      if (!this.#watches.includes(watch)) return
      watch.byPass = queueOn && pass !== undefined
      if (!watch.byPass && queues.isOn(event)) throw new Problem('waiting_room_required', TO_JOIN)
      if (!this.#begin(watch))
        throw new Problem('unavailable', 'Live updates are interrupted.', { retryAfter: 2 })
      if (watch.byPass) queues.here(this, event)
      else seats.foundOpen(event)
    } catch (error) {
      if (this.#watches.includes(watch)) this.#unwatch(event)
      throw error
    }
  }

  /** One of a crowd: somebody has just been let in without a pass, so whether one may is known, and nothing has to wait. */
  #watchAtOnce(event: EventId): boolean {
    const { seats, queues } = this.#tier
    if (this.#watches.length > 0 || !queues.isOff(event) || !seats.isFoundOpen(event)) return false
    const watch: Watch = { event, state: 'asking', byPass: false }
    if (!this.#begin(watch)) return false
    this.#watches = [watch]
    return true
  }

  /** Answers whether the feed takes it. */
  #begin(watch: Watch): boolean {
    const told = this.#tier.seats.add(watch.event, this)
    if (told === undefined) return false
    watch.state = 'watching'
    if (this.#state === 'open') this.#wire.subscribe(seatTopic(watch.event))
    this.send(told)
    return true
  }

  /** The watch of this event, anew: an earlier one that still asks is given up, one that stands is asked again. */
  #asking(event: EventId): Watch {
    const known = this.#watches.findIndex(one => one.event === event)
    if (known < 0 && this.#watches.length >= WATCHES_A_SOCKET)
      throw new Problem('too_many_requests', `One socket watches ${WATCHES_A_SOCKET} events at most.`, {
        retryAfter: 60,
      })
    if (known >= 0) this.#unwatch(event)
    const watch: Watch = { event, state: 'asking', byPass: false }
    this.#watches = [...this.#watches, watch]
    return watch
  }

  #unwatch(event: EventId): void {
    const watch = this.#watches.find(one => one.event === event)
    if (watch === undefined) return
    this.#watches = this.#watches.filter(one => one !== watch)
    if (watch.state !== 'watching') return
    this.#tier.seats.remove(event, this)
    if (this.#state === 'open') this.#wire.unsubscribe(seatTopic(event))
  }

  async #onSale(event: EventId): Promise<EventRecord> {
    const found = await this.#found(event)
    requireOnSale(found, this.#tier.clock.now())
    return found
  }

  async #found(event: EventId): Promise<EventRecord> {
    const found = await this.#tier.events.find(event)
    if (found === undefined) throw new Problem('event_not_found', 'There is no such event.')
    return found
  }

  async #run(event: EventId, work: () => Promise<void>): Promise<void> {
    if (this.#running >= RUNNING_A_SOCKET) {
      this.#error(new Problem('too_many_requests', 'Too much at once on this socket.'), event)
      return
    }
    this.#running++
    try {
      await work()
    } catch (error) {
      this.#error(this.#told(error, event), event)
    } finally {
      this.#running--
    }
  }

  #told(error: unknown, event: EventId): Problem {
    if (error instanceof Problem) return error
    this.#tier.log.warn({ err: error, event }, 'a message of a client could not be served')
    return new Problem('unavailable', 'A part of the service cannot be reached; try again shortly.', {
      retryAfter: 2,
    })
  }

  #error({ code, message, extra }: Problem, eventId: EventId): void {
    const { retryAfter, members } = extra
    // Who is to join need not wait, and shall not watch again before.
    const after = retryAfter === undefined || code === 'waiting_room_required' ? {} : { retryAfter }
    const from = typeof members?.['from'] === 'string' ? { from: Date.parse(members['from']) } : {}
    this.send({ type: 'error', code, detail: message, eventId, ...after, ...from })
  }

  /** A bucket of messages; who goes on when it is empty is ended. Whoever said it must know what to say again. */
  #affords(message?: ParsedMessage): boolean {
    const now = this.#tier.clock.now()
    const came = Math.max(0, now - this.#refilledAt) * (MESSAGES_A_SECOND / 1_000)
    this.#tokens = Math.min(MESSAGE_BURST, this.#tokens + came)
    this.#refilledAt = now
    this.#signless = 0
    if (this.#tokens >= 1) {
      this.#tokens--
      this.#refused = Math.max(0, this.#refused - 1)
      return true
    }
    const slower = {
      type: 'error',
      code: 'too_many_requests',
      detail: 'Slower, please.',
      retryAfter: 1,
    } as const
    if (message !== undefined && 'eventId' in message) this.send({ ...slower, eventId: message.eventId })
    else if (this.#refused === 0) this.send(slower)
    this.#refused++
    if (this.#refused > REFUSED_AT_MOST) this.end(CLOSE.tooMany, 'flood')
    return false
  }
}
