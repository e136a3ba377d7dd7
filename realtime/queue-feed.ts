/**
 * The lines of events, as far as this node's sockets stand in them: who comes and goes, and what news of Redis means to whom.
 * Which visitor is next is decided in Redis; what each is told is in line-places.ts, and whatever news was lost is found by
 * comparing, with each beat (line-repair.ts, queue-beat.ts).
 */
import { newsOf } from '../queue/news.ts'
import type { Queue, QueueNews, QueueNode } from '../queue/queue.ts'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { ForecastError, PlaceInfo, QueueInfo } from '../shared/wire/messages.ts'
import type { Channels } from './channels.ts'
import type { Connection } from './connection.ts'
import { type Door, seatTopic } from './doors.ts'
import { Line } from './line.ts'
import type { LineMember } from './line-member.ts'
import { isRefusal, LinePlaces } from './line-places.ts'
import { LineRepair } from './line-repair.ts'
import { LineTicks } from './line-ticks.ts'
import type { Meters } from './meters.ts'
import type { SeatFeed } from './seat-feed.ts'
import { TickShare } from './tick-share.ts'
import type { Ticker } from './ticker.ts'

interface Parts {
  queue: Queue & QueueNode
  seats: SeatFeed
  channels: Channels
  keys: Keys
  door: Door
  ticker: Ticker
  clock: Clock
  /** CPU time of this thread, ms. */
  cpu: () => number
  /** What of this thread telling positions may take, as TICK_SHARE_PERCENT. */
  tickPercent: number
  log: Log
  meters: Meters
}

export class QueueFeed {
  readonly #parts: Parts
  readonly #lines = new Map<EventId, Line>()
  readonly #share: TickShare
  readonly #places: LinePlaces
  readonly #repair: LineRepair
  #members = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#share = new TickShare(parts)
    this.#places = new LinePlaces({ ...parts, share: this.#share })
    this.#repair = new LineRepair({ ...parts, places: this.#places })
    parts.channels.onChange({ away: () => undefined, back: () => this.#back() })
  }

  events(): EventId[] {
    return [...this.#lines.keys()]
  }

  /** Is the queue on, as far as this node has heard? */
  isOn(event: EventId): boolean {
    return this.#lines.get(event)?.isOn === true
  }

  /** Known to be off: its news is heard, and says so. */
  isOff(event: EventId): boolean {
    return this.#lines.get(event)?.state === 'off'
  }

  /** How true the waits were that visitors here were told. */
  forecast(event: EventId): ForecastError | undefined {
    return this.#lines.get(event)?.forecasts.latest
  }

  /** Resolves once news of this event's queue is heard and its state known. */
  async open(event: EventId): Promise<void> {
    let line: Line
    do {
      line = this.#line(event)
      await line.ready
      // One that nobody needed yet may have been given up meanwhile.
    } while (this.#lines.get(event) !== line)
  }

  /** Gives up the lines that nobody here needs. */
  prune(): void {
    const { seats, channels, keys } = this.#parts
    for (const [event, line] of this.#lines) {
      if (line.members.size > 0 || seats.isWatched(event)) continue
      this.#lines.delete(event)
      channels.unlisten(keys.queue(event).channel)
    }
  }

  /** Places are told by `place`. @throws Problem `queue_off` where there is nothing to join */
  async join(connection: Connection, event: EventId, receipt: string | undefined): Promise<void> {
    const { queue } = this.#parts
    const { visitorId, network } = connection
    // Whoever has gone already is never taken out again.
    if (!connection.isOpen) return
    // A member before the call: news of an admission may come before the answer.
    const line = this.#line(event)
    const hex = this.#hex(event, visitorId)
    line.enter(connection, hex, 'joining')
    try {
      await line.ready
      if (!connection.isOpen) return
      const place = await queue.join(event, visitorId, { receipt, network })
      if (connection.isOpen) this.#placed(event, connection, hex, place)
      // The word that they left may have come to Redis before the join.
      else if (this.#lines.get(event)?.members.has(hex) !== true) queue.away(event, visitorId)
      await this.#inform(connection, event, place)
    } catch (error) {
      if (error instanceof Problem && error.code === 'queue_closed') await this.#inform(connection, event)
      if (this.#lines.get(event)?.members.get(hex)?.place === 'joining')
        this.#forget(event, connection, hex, !isRefusal(error))
      throw error
    }
  }

  /** Of times and the operator's word, which no tick says. What cannot be told now comes with the next change. */
  async #inform(connection: Connection, event: EventId, own?: PlaceInfo): Promise<void> {
    const info = await this.#parts.queue.info(event, own).catch(() => undefined)
    if (info !== undefined && connection.isOpen)
      connection.send({ type: 'queue', eventId: event, queue: info })
  }

  #placed(event: EventId, connection: Connection, hex: string, place: PlaceInfo): void {
    // Anew: what ended meanwhile (the visitor left in another tab) was taken out.
    const line = this.#line(event)
    const member = line.enter(connection, hex, 'joining')
    switch (place.state) {
      case 'none':
        if (line.state === 'off') throw new Problem('queue_off', 'There is no queue now: the seats are open.')
        this.#forget(event, connection, hex, false)
        break
      case 'admitted':
        this.#places.admit(line, member)
        break
      case 'waiting':
        // Told already, by news that was faster.
        if (member.place === 'admitted') return
        this.#places.stand(line, member, place)
        break
      default:
        place satisfies never
    }
    connection.send({ type: 'place', eventId: event, place })
  }

  async leave(connection: Connection, event: EventId): Promise<void> {
    const { visitorId } = connection
    await this.#parts.queue.leave(event, visitorId)
    const line = this.#lines.get(event)
    if (line !== undefined) this.#places.end(line, [this.#hex(event, visitorId)], 'left')
  }

  /** Watches by a pass: is here, and must hear when the turn ends. */
  here(connection: Connection, event: EventId): void {
    const line = this.#line(event)
    const hex = this.#hex(event, connection.visitorId)
    const known = line.members.has(hex)
    line.enter(connection, hex, 'admitted').place = 'admitted'
    if (!known) this.#parts.queue.back(event, connection.visitorId)
  }

  /** A socket has closed. The last of a visitor starts the grace. */
  gone(connection: Connection): void {
    for (const event of connection.lines)
      this.#forget(event, connection, this.#hex(event, connection.visitorId), true)
  }

  /** Who was called and not told is told; then everyone waiting here whose band is due hears where they stand. */
  async tick(event: EventId): Promise<void> {
    const line = this.#lines.get(event)
    if (line === undefined || line.members.size === 0) return
    const { queue, seats } = this.#parts
    let tick = await queue.tick(event)
    // A tick of another order or generation would make every client ask by itself: they are told their places first.
    if (tick.generation !== line.generation) await this.#look(line)
    if (line.unordered && tick.unordered !== true) line.placesToTell = true
    line.unordered = tick.unordered === true
    if (line.newsMissed) await this.#repair.findMissed(line)
    if (line.isLost || line.placesToTell || line.restoring !== undefined) {
      await this.#repair.restore(line)
      queue.refresh(event)
      tick = await queue.tick(event)
    }
    if (tick.generation !== line.generation) return
    await this.#repair.catchUp(line, tick)
    await line.ticks.publish(tick, seats.version(event) ?? {})
    await this.#places.renewReceipts(line)
  }

  /** Looks at the settings: news of a change may have been lost. */
  async look(event: EventId): Promise<void> {
    const line = this.#lines.get(event)
    if (line !== undefined) await this.#look(line)
  }

  /** Answers whether anything was new. */
  async #look(line: Line): Promise<boolean> {
    const { event } = line
    const { state, generation } = await this.#parts.queue.settings(event)
    const before = line.state
    if (before === state && line.generation === generation) return false
    const isLost = before !== undefined && before !== 'off' && generation > line.generation
    line.state = state
    line.generation = generation
    if (isLost && state !== 'off') line.isLost = true
    if (before !== undefined) await this.#changed(line)
    return true
  }

  #line(event: EventId): Line {
    const known = this.#lines.get(event)
    if (known !== undefined) return known
    const ticks = new LineTicks(event, { ...this.#parts, share: this.#share })
    const line = new Line(event, ticks, change => this.#count(change))
    this.#lines.set(event, line)
    line.ready = this.#subscribe(line)
    line.ready.catch(() => {
      if (this.#lines.get(event) !== line) return
      this.#lines.delete(event)
      line.giveUp()
      this.#parts.channels.unlisten(this.#parts.keys.queue(event).channel)
    })
    return line
  }

  async #subscribe(line: Line): Promise<void> {
    const { channels, keys, queue, log } = this.#parts
    const { event } = line
    await channels.listen(keys.queue(event).channel, message => {
      this.#hear(line, newsOf(message)).catch((err: unknown) => {
        log.warn({ err, event }, 'news of a queue could not be followed; the next beat looks again')
      })
    })
    queue.refresh(event)
    await this.look(event)
  }

  async #hear(line: Line, news: QueueNews): Promise<void> {
    const { queue } = this.#parts
    switch (news.kind) {
      case 'admitted':
      case 'renewed':
        await this.#places.tellAdmitted(line, this.#local(line, news.members))
        return
      case 'dissolved':
        await this.#places.endAll(line, line.waiting(), news.reason)
        return
      case 'ended':
        this.#places.end(line, news.members, news.reason)
        return
      case 'asked':
        for (const { visitorId } of this.#local(line, news.members)) queue.back(line.event, visitorId)
        return
      case 'moved':
        await Promise.all(
          this.#local(line, news.members).map(member => this.#places.tell(line, member, false)),
        )
        return
      case 'drawn':
        queue.refresh(line.event)
        line.placesToTell = true
        await this.#repair.restore(line)
        return
      case 'settings':
        queue.refresh(line.event)
        if (!(await this.#look(line))) await this.#tellSettings(line)
        return
      default:
        news satisfies never
    }
  }

  #local(line: Line, hexes: string[]): LineMember[] {
    return hexes.flatMap(hex => line.members.get(hex) ?? [])
  }

  /** The queue was turned on or off, or began anew. */
  async #changed(line: Line): Promise<void> {
    const { seats } = this.#parts
    const isOff = line.state === 'off'
    // At once: another line may begin before all have been told of this.
    if (isOff) for (const socket of seats.watchersOf(line.event)) socket.forgetPass(line.event)
    const ended = isOff ? this.#places.endAll(line, [...line.members.values()], 'queue_off') : undefined
    // The next beat tries again.
    if (!isOff) await this.#repair.restore(line).catch(() => undefined)
    const info = await this.#tellSettings(line).catch(() => undefined) // Ticks say the state too.
    const watchers = isOff ? [] : [...seats.watchersOf(line.event)]
    await this.#share.each(watchers, socket => {
      if (line.isOn) socket.expel(line.event, true, info)
    })
    await ended
  }

  async #tellSettings(line: Line): Promise<QueueInfo> {
    const { queue, door, ticker } = this.#parts
    const { event } = line
    const info = await queue.info(event)
    const said = { type: 'queue', eventId: event, queue: info } as const
    ticker.soon(() => {
      // Who watches and waits hears it twice, which does no harm; a third topic for every socket would cost more.
      door.publish(seatTopic(event), said)
      line.ticks.say(said)
    })
    return info
  }

  /** News of this time is lost: of admissions the next tick tells, of the rest a look with it. */
  #back(): void {
    for (const line of this.#lines.values()) {
      this.#parts.queue.refresh(line.event)
      line.newsMissed = true
    }
  }

  /** `hadPlace`: may have one, for which the grace begins. */
  #forget(event: EventId, connection: Connection, hex: string, hadPlace: boolean): void {
    connection.lines = connection.lines.filter(one => one !== event)
    if (this.#lines.get(event)?.exit(connection, hex) === true && hadPlace)
      this.#parts.queue.away(event, connection.visitorId)
  }

  #hex(event: EventId, visitor: VisitorId): string {
    return this.#parts.queue.member(event, visitor).toString('hex')
  }

  #count(change: number): void {
    this.#members += change
    this.#parts.meters.waiting.set(this.#members)
  }
}
