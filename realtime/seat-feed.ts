/**
 * The seats of each event that somebody here watches: heard from Redis, merged within a tick, encoded once, published to
 * every door. It knows which version its watchers have been told, and tells them to fetch the snapshot whenever something
 * may be missing: after a gap, another epoch, a Redis that was away, a last diff that never came.
 */
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import { parseDiff } from '../shared/seats/diff.ts'
import type { Inventory, SeatDiff, Stock } from '../shared/seats/inventory.ts'
import type { ServerMessage } from '../shared/wire/messages.ts'
import { encodeDiff, mergeDiffs } from '../shared/wire/seat-frames.ts'
import {
  DIFF_LATE_MS,
  FOUND_OPEN_MS,
  LINGER_MS,
  PENDING_DIFFS,
  VERSION_EVERY_MS,
  VERSION_REPEATS,
} from './bounds.ts'
import type { Channels } from './channels.ts'
import type { Connection } from './connection.ts'
import { type Door, seatTopic } from './doors.ts'
import type { Meters } from './meters.ts'
import type { Ticker } from './ticker.ts'

export interface Version {
  epoch: number
  seq: number
}

/** What a watcher is told: its frames carry the handle, and follow this version. */
export type Watching = Readonly<Extract<ServerMessage, { type: 'watching' }>>

interface Feed {
  stock: Stock
  readonly handle: number
  readonly watchers: Set<Connection>
  /** Heard from Redis last. What the doors have published lags behind by `pending`. */
  heard: Version
  published: Version
  /** Of the last diff that came; Redis publishes them in their order. */
  came: Version
  pending: SeatDiff[]
  /** `starting`: subscribed, the version not yet known. `away`: Redis is not heard. */
  state: 'starting' | 'live' | 'away'
  ready: Promise<void>
  due: boolean
  resync: string | undefined
  /** The map that a new epoch began with, until it is told. */
  map: string | undefined
  usedAt: number
  /** Until then a plain watch need not ask whether it may. */
  openUntil: number
  /** The same to all, until something is published. */
  told: Watching | undefined
  versionAt: number
  /** Rounds since the watchers were told a version. */
  quiet: number
}

interface Parts {
  inventory: Pick<Inventory, 'counts'>
  channels: Channels
  keys: Keys
  door: Door
  ticker: Ticker
  clock: Clock
  log: Log
  meters: Meters
}

const HANDLES = 0xffff
const RETRY_MS = 500

export class SeatFeed {
  readonly #parts: Parts
  readonly #feeds = new Map<EventId, Feed>()
  readonly #handles = new Set<number>()
  readonly #end = new AbortController()
  #nextHandle = 0
  #watchers = 0

  constructor(parts: Parts) {
    this.#parts = parts
    parts.channels.onChange({ away: () => this.#away(), back: () => this.#back() })
    void this.#keep()
  }

  /** Sockets that watch, once for each event. */
  get watchers(): number {
    return this.#watchers
  }

  /** The version this node knows of, for ticks; undefined where nobody watches here. */
  version(event: EventId): Version | undefined {
    const feed = this.#feeds.get(event)
    return feed?.state === 'live' ? feed.published : undefined
  }

  isWatched(event: EventId): boolean {
    return this.#feeds.has(event)
  }

  watchersOf(event: EventId): Iterable<Connection> {
    return this.#feeds.get(event)?.watchers ?? []
  }

  /** Resolves once the event's diffs are heard and its version was read after that. */
  async open(stock: Stock): Promise<void> {
    let feed = this.#feeds.get(stock.eventId)
    if (feed === undefined) {
      feed = this.#start(stock)
      this.#feeds.set(stock.eventId, feed)
      this.#parts.meters.feeds.set(this.#feeds.size)
    } else if (!isSameHouse(feed.stock, stock)) {
      // Another house since: allowed only while nothing was ever held or sold.
      feed.stock = stock
      feed.ready = this.#read(feed, this.#parts.channels.life)
    }
    feed.usedAt = this.#parts.clock.now()
    await feed.ready
  }

  /** To be called right after `open`, in the turn in which the socket subscribes to the topic. */
  add(event: EventId, connection: Connection): Watching | undefined {
    const feed = this.#feeds.get(event)
    if (feed === undefined || feed.state !== 'live') return undefined
    const before = feed.watchers.size
    this.#count(feed.watchers.add(connection).size - before)
    const { epoch, seq } = feed.published
    if (feed.told?.seq !== seq || feed.told.epoch !== epoch)
      feed.told = { type: 'watching', eventId: event, handle: feed.handle, epoch, seq }
    return feed.told
  }

  /** A watch without a pass has just been let in: those who come with it need not ask the same again. */
  foundOpen(event: EventId): void {
    const feed = this.#feeds.get(event)
    if (feed !== undefined) feed.openUntil = this.#parts.clock.now() + FOUND_OPEN_MS
  }

  isFoundOpen(event: EventId): boolean {
    const left = (this.#feeds.get(event)?.openUntil ?? 0) - this.#parts.clock.now()
    return left > 0 && left <= FOUND_OPEN_MS
  }

  remove(event: EventId, connection: Connection): void {
    const feed = this.#feeds.get(event)
    if (feed?.watchers.delete(connection) !== true) return
    feed.usedAt = this.#parts.clock.now()
    this.#count(-1)
  }

  close(): void {
    this.#end.abort()
  }

  #count(change: number): void {
    this.#watchers += change
    this.#parts.meters.watchers.all = this.#watchers
  }

  #start(stock: Stock): Feed {
    const now = this.#parts.clock.now()
    const feed: Feed = {
      stock,
      handle: this.#takeHandle(),
      watchers: new Set(),
      heard: { epoch: 0, seq: 0 },
      published: { epoch: 0, seq: 0 },
      came: { epoch: 0, seq: 0 },
      pending: [],
      state: 'starting',
      ready: Promise.resolve(),
      due: false,
      resync: undefined,
      map: undefined,
      usedAt: now,
      openUntil: 0,
      told: undefined,
      versionAt: now,
      quiet: 0,
    }
    feed.ready = this.#subscribe(feed)
    feed.ready.catch(() => this.#drop(feed))
    return feed
  }

  async #subscribe(feed: Feed): Promise<void> {
    const { channels, keys } = this.#parts
    const { life } = channels
    await channels.listen(keys.seats(feed.stock.eventId).channel, message =>
      this.#hear(feed, message.toString()),
    )
    await this.#read(feed, life)
  }

  /** Makes a feed live that hears: reads the version, and keeps of what was heard meanwhile what follows it. */
  async #read(feed: Feed, life: number): Promise<void> {
    const { channels, inventory } = this.#parts
    const { epoch, seq } = await inventory.counts(feed.stock)
    if (channels.life !== life) throw new Problem('unavailable', 'Live updates are interrupted.')
    feed.heard = { epoch, seq }
    feed.published = { epoch, seq }
    feed.state = 'live'
    const meanwhile = feed.pending
    feed.pending = []
    for (const diff of meanwhile) this.#follow(feed, diff)
  }

  #hear(feed: Feed, text: string): void {
    this.#parts.meters.diffs.inc()
    const diff = parseDiff(text)
    const wentBack = !isAfter(diff, feed.came)
    feed.came = { epoch: diff.epoch, seq: diff.seq }
    if (feed.state === 'live' && wentBack) {
      // Redis lost its newest changes and makes others under their numbers.
      feed.heard = feed.came
      this.#resync(feed, 'back')
    } else if (feed.state === 'live') this.#follow(feed, diff)
    else if (feed.pending.push(diff) > PENDING_DIFFS) feed.pending.shift()
  }

  #follow(feed: Feed, diff: SeatDiff): void {
    const { heard } = feed
    if (!isAfter(diff, heard)) return
    const follows = diff.epoch === heard.epoch && diff.seq === heard.seq + 1
    feed.heard = { epoch: diff.epoch, seq: diff.seq }
    feed.map = diff.map ?? feed.map
    if (!follows) this.#resync(feed, diff.epoch === heard.epoch ? 'gap' : 'epoch')
    else if (feed.pending.push(diff) > PENDING_DIFFS) this.#resync(feed, 'flood')
    else this.#due(feed)
  }

  /** Everybody fetches what has been heard by now. */
  #resync(feed: Feed, why: string): void {
    feed.resync ??= why
    feed.pending = []
    feed.published = feed.heard
    this.#due(feed)
  }

  #due(feed: Feed): void {
    if (feed.due) return
    feed.due = true
    this.#parts.ticker.soon(() => this.#flush(feed))
  }

  #flush(feed: Feed): void {
    const { door, clock, meters } = this.#parts
    feed.due = false
    feed.quiet = 0
    // What comes next shows what was lost before: only after quiet is there anything to compare.
    feed.versionAt = clock.now()
    const topic = seatTopic(feed.stock.eventId)
    if (feed.pending.length > 0) {
      const merged = mergeDiffs(feed.pending)
      const frame = encodeDiff(merged, { handle: feed.handle })
      if (frame === undefined) {
        this.#resync(feed, 'size')
        return
      }
      this.#tellResync(feed)
      feed.pending = []
      feed.published = feed.heard
      door.publishFrame(topic, frame)
      meters.diffAge.observe(Math.max(0, clock.now() - merged.now) / 1_000)
    } else this.#tellResync(feed)
  }

  /** The version to fetch is the one before what is pending: that follows in the same turn. */
  #tellResync(feed: Feed): void {
    if (feed.resync === undefined) return
    const { door, meters } = this.#parts
    const { eventId } = feed.stock
    const map = feed.map === undefined ? {} : { map: feed.map }
    meters.resyncs.inc({ why: feed.resync })
    feed.resync = undefined
    feed.map = undefined
    door.publish(seatTopic(eventId), { type: 'resync', eventId, ...feed.published, ...map })
  }

  #away(): void {
    for (const feed of this.#feeds.values()) {
      if (feed.state !== 'live') continue
      feed.state = 'away'
      feed.pending = []
      feed.came = { epoch: 0, seq: 0 }
      this.#tellPaused(feed, true)
    }
  }

  #back(): void {
    for (const feed of this.#feeds.values()) if (feed.state === 'away') void this.#recover(feed)
  }

  async #recover(feed: Feed): Promise<void> {
    const { clock, channels, log } = this.#parts
    while (feed.state === 'away' && !channels.away && !this.#end.signal.aborted) {
      try {
        await this.#read(feed, channels.life)
      } catch (err) {
        log.debug({ err, event: feed.stock.eventId }, 'seats are not back yet')
        await clock.sleep(RETRY_MS, this.#end.signal)
        continue
      }
      this.#tellPaused(feed, false)
      this.#resync(feed, 'redis')
    }
  }

  #tellPaused(feed: Feed, paused: boolean): void {
    const { eventId } = feed.stock
    this.#parts.ticker.soon(() =>
      this.#parts.door.publish(seatTopic(eventId), { type: 'paused', eventId, paused }),
    )
  }

  /** Once a second: feeds nobody needs are given up, and the others compared with Redis when it is their time. */
  async #keep(): Promise<void> {
    const { clock, log } = this.#parts
    while (!this.#end.signal.aborted) {
      await clock.sleep(1_000, this.#end.signal)
      const now = clock.now()
      for (const feed of [...this.#feeds.values()]) {
        if (feed.watchers.size === 0 && now - feed.usedAt > LINGER_MS) this.#drop(feed)
        else if (feed.state === 'live' && now - feed.versionAt >= VERSION_EVERY_MS) {
          feed.versionAt = now
          this.#compare(feed).catch((err: unknown) => {
            log.debug({ err, event: feed.stock.eventId }, 'the version could not be read')
          })
        }
      }
    }
  }

  /**
   * Pub/sub loses a last diff without a gap to show it, and a flushed Redis says nothing at all: reading the version
   * finds the one and mends the other.
   */
  async #compare(feed: Feed): Promise<void> {
    const heard = feed.heard
    const { epoch, seq } = await this.#parts.inventory.counts(feed.stock)
    const version = { epoch, seq }
    const missed = () => isAfter(version, feed.heard)
    if (missed()) await this.#parts.clock.sleep(DIFF_LATE_MS, this.#end.signal)
    if (feed.state !== 'live') return
    // What Redis says now cannot be before what was heard earlier, unless it has lost something.
    if (missed() || isAfter(heard, version)) {
      feed.heard = version
      this.#resync(feed, 'lost')
    } else if (++feed.quiet === 1 || feed.quiet % VERSION_REPEATS === 0) this.#tellVersion(feed)
  }

  /** A diff of nothing that follows the newest: who has all ignores it, who lacks the last one sees the gap. */
  #tellVersion(feed: Feed): void {
    const { door, ticker, clock } = this.#parts
    ticker.soon(() => {
      const { epoch, seq } = feed.published
      const nothing = { epoch, seqFrom: seq + 1, seq, now: clock.now(), changes: [], areas: [] }
      const frame = encodeDiff(nothing, { handle: feed.handle })
      if (feed.state === 'live' && frame !== undefined)
        door.publishFrame(seatTopic(feed.stock.eventId), frame)
    })
  }

  #drop(feed: Feed): void {
    const { channels, keys, meters } = this.#parts
    if (this.#feeds.get(feed.stock.eventId) !== feed) return
    this.#feeds.delete(feed.stock.eventId)
    this.#handles.delete(feed.handle)
    this.#count(-feed.watchers.size)
    meters.feeds.set(this.#feeds.size)
    channels.unlisten(keys.seats(feed.stock.eventId).channel)
  }

  #takeHandle(): number {
    if (this.#handles.size >= HANDLES) throw new Problem('unavailable', 'Too many events are watched here.')
    // 0 is for frames over HTTP, where the URL names the event.
    do this.#nextHandle = (this.#nextHandle % HANDLES) + 1
    while (this.#handles.has(this.#nextHandle))
    this.#handles.add(this.#nextHandle)
    return this.#nextHandle
  }
}

function isAfter(a: Version, b: Version): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq)
}

function isSameHouse(one: Stock, other: Stock): boolean {
  return (
    one.seats === other.seats &&
    one.areas.length === other.areas.length &&
    one.areas.every(({ capacity }, i) => capacity === other.areas[i]?.capacity)
  )
}
