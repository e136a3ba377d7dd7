/**
 * A seat map that is live: subscribe first, buffer, fetch the snapshot, apply what was buffered. A gap, another epoch or a
 * word of the server means fetching again; without a socket the state is polled. What is shown is always some true moment
 * of the map, and after quiet the newest.
 */

import { decodeDiff, decodeSnapshot, readHandle } from '../shared/wire/seat-frames.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import type { Connection, EventMessage, Member } from './connection.ts'
import { asOnsaleError, type Http, OnsaleError } from './http.ts'
import type { Platform } from './platform.ts'
import { Timers } from './timers.ts'

export { SeatState } from '../shared/wire/seat-state.ts'

/** `paused`: the server cannot see changes now. `refused`: a pass is needed, or there is no such event on sale. */
export type WatchStatus = 'loading' | 'live' | 'polling' | 'paused' | 'refused'

/** What has changed. After `all`, read every seat anew. */
export type SeatChange =
  | { kind: 'all' }
  | {
      kind: 'some'
      /** index, status, index, status, ... */
      seats: readonly number[]
      /** area, units free, ... */
      areas: readonly number[]
      /** Server's clock at the oldest change in it, mod 2^32 ms. */
      at: number
    }

export interface WatchOptions {
  /** While the queue is on. A new one is given by `setPass`. */
  pass?: string | undefined
  onChange?: (change: SeatChange, state: SeatState) => void
  /** Of the seats that were given to `mind`: each once. */
  onLost?: (lost: LostSeat[]) => void
  onStatus?: (status: WatchStatus) => void
  /** Why it is refused, or what failed just now; it goes on trying where trying helps. */
  onError?: (error: OnsaleError) => void
}

/** A seat of this visitor's that is theirs no more, and why. `ended`: their hold is over, and the seat is free again. */
export interface LostSeat {
  index: number
  was: 'chosen' | 'held'
  why: 'held' | 'sold' | 'blocked' | 'ended'
}

interface Version {
  epoch: number
  seq: number
}

/** By status. */
const WHY = ['ended', 'held', 'sold', 'blocked'] as const

const POLL_MS = 3_000
const LONGEST_POLL_MS = 30_000
/** Everybody is told to resync in one moment: they ask over this time. */
const RESYNC_SPREAD_MS = 500
/** A snapshot from a cache may be a second old: what it lacks is asked for as a diff, soon and then ever later. */
const STALE_RETRY_MS = 100
/** A diff follows its tick, or was lost. */
const TICK_GRACE_MS = 1_000
/** Frames that wait for a snapshot; when there are more, the gap shows and we fetch again. */
const MOST_BUFFERED = 1_000

const REFUSALS = /^(waiting_room_required|pass_|session_|event_not_found|not_on_sale|invalid_request)/

export class SeatWatch implements Member {
  readonly eventId: string
  readonly state = new SeatState()
  readonly #connection: Connection
  readonly #http: Http
  readonly #platform: Platform
  readonly #options: WatchOptions
  #pass: string | undefined
  #status: WatchStatus = 'loading'
  #closed = false
  /** Of the present subscription; undefined: none. */
  #handle: number | undefined
  /** The server's map is at least here. */
  #needed: Version = { epoch: 0, seq: 0 }
  /** The last resync that was not yet obeyed: whatever version we have, only a snapshot asked for after it is right. */
  #doubted: Version | undefined
  #buffer: Uint8Array[] = []
  #fetching = false
  #paused = false
  /** Fetches since all was well. */
  #tries = 0
  /** Of this visitor, with what it is. */
  #minded = new Map<number, LostSeat['was']>()
  readonly #timers: Timers<'fetch' | 'rewatch'>

  constructor(
    eventId: string,
    connection: Connection,
    http: Http,
    platform: Platform,
    options: WatchOptions,
  ) {
    this.eventId = eventId
    this.#connection = connection
    this.#http = http
    this.#platform = platform
    this.#timers = new Timers(platform)
    this.#options = options
    this.#pass = options.pass
    this.#connection.attach(this)
  }

  get status(): WatchStatus {
    return this.#status
  }

  /**
   * The seats this visitor has chosen, and those they hold, instead of what was given before: `onLost` tells when one is lost.
   * Mind none while you ask for a hold: its answer says what could not be had, and the map shows your own hold like any other.
   */
  mind({ chosen = [], held = [] }: { chosen?: Iterable<number>; held?: Iterable<number> }): void {
    this.#minded.clear()
    for (const index of chosen) this.#minded.set(index, 'chosen')
    for (const index of held) this.#minded.set(index, 'held')
    this.#miss()
  }

  setPass(pass: string | undefined): void {
    this.#pass = pass
    if (this.#status === 'refused') this.#enter('loading')
    if (this.#connection.state === 'open') this.opened()
    else this.offline()
  }

  close(): void {
    this.#closed = true
    this.#timers.clear()
    this.#connection.send({ type: 'unwatch', eventId: this.eventId })
    this.#connection.detach(this)
  }

  opened(): void {
    this.lost()
    if (this.#status === 'refused') return
    this.#connection.send({ type: 'watch', eventId: this.eventId, pass: this.#pass })
  }

  lost(): void {
    this.#handle = undefined
    this.#paused = false
    this.#buffer = []
    this.#timers.clear('rewatch')
  }

  message(message: EventMessage): void {
    switch (message.type) {
      case 'watching':
        this.#handle = message.handle
        this.#buffer = []
        this.#timers.clear('fetch')
        this.#needed = message
        // Behind us: a node that is late, or a Redis that lost its newest changes while we were away.
        if (this.state.reaches(message.epoch, message.seq + 1)) this.#doubted = this.#needed
        this.#need(message, 0)
        return
      case 'resync':
        // Taken at its word, also where it goes back; what came before it belongs to what was lost.
        this.#doubted = this.#needed = message
        this.#buffer = []
        this.#need(message, RESYNC_SPREAD_MS * this.#platform.random())
        return
      case 'tick':
        // Ticks and diffs are published apart: a diff on its way may still come.
        if (message.epoch !== undefined && message.seq !== undefined && this.#handle !== undefined)
          this.#need({ epoch: message.epoch, seq: message.seq }, TICK_GRACE_MS)
        return
      case 'paused':
        this.#paused = message.paused
        if (message.paused) this.#enter('paused')
        else this.#need(this.#needed, 0)
        return
      case 'error':
        // Of a join, not of a watch.
        if (message.code !== 'queue_off') this.#failed(new OnsaleError(0, { ...message }))
        return
      case 'queue':
      case 'place':
      case 'receipt':
      case 'admitted':
      case 'ended':
      // Of the waiting room.
    }
  }

  frame(frame: Uint8Array): void {
    if (this.#handle === undefined || readHandle(frame) !== this.#handle) return
    if (this.#fetching || !this.state.filled || this.#doubted !== undefined) {
      this.#buffer.push(frame)
      if (this.#buffer.length > MOST_BUFFERED) this.#buffer.shift()
    } else this.#apply(frame)
  }

  /** Makes sure that we get there: from what comes, or else by fetching after so many ms. */
  #need(version: Version, afterMs: number): void {
    const { epoch, seq } = this.#needed
    if (epoch < version.epoch || (epoch === version.epoch && seq < version.seq)) this.#needed = version
    if (this.#reached()) this.#settle()
    else this.#fetchAfter(afterMs)
  }

  #reached(): boolean {
    return this.#doubted === undefined && this.state.reaches(this.#needed.epoch, this.#needed.seq)
  }

  #apply(frame: Uint8Array): void {
    const diff = decodeDiff(frame)
    if (diff === undefined) return
    const { changes, areas, now } = diff
    switch (this.state.diff(diff)) {
      case 'applied':
        this.#changed({ kind: 'some', seats: changes, areas, at: now })
        return
      case 'resync':
        this.#buffer.push(frame)
        this.#need(diff, RESYNC_SPREAD_MS * this.#platform.random())
        return
      case 'ignored':
    }
  }

  offline(): void {
    if (this.#closed || this.#status === 'refused') return
    this.#fetchAfter(this.state.filled ? POLL_MS * this.#platform.random() : 0)
  }

  #fetchAfter(ms: number): void {
    if (this.#fetching || this.#timers.has('fetch') || this.#closed) return
    if (ms <= 0) return void this.#fetch()
    this.#timers.set('fetch', ms, () => {
      if (this.#handle !== undefined && this.#reached()) this.#settle()
      else void this.#fetch()
    })
  }

  async #fetch(): Promise<void> {
    this.#fetching = true
    this.#tries++
    let failed = false
    try {
      const doubted = this.#doubted
      this.#take(await this.#read(doubted), doubted)
    } catch (error) {
      failed = true
      this.#failed(asOnsaleError(error))
    } finally {
      this.#fetching = false
    }
    if (this.#closed || this.#status === 'refused') return
    if (this.state.filled && this.#doubted === undefined) {
      const buffered = this.#buffer
      this.#buffer = []
      for (const frame of buffered) this.#apply(frame)
    }
    this.#next(failed)
  }

  /** After a fetch: done, or once more, the later the more often it was in vain. */
  #next(failed: boolean): void {
    const live = this.#handle !== undefined
    if (live && this.#reached()) {
      this.#settle()
      return
    }
    if (!live && !failed) {
      this.#tries = 0
      if (this.#connection.state === 'offline') this.#enter('polling')
    }
    const most = Math.min(LONGEST_POLL_MS, (live ? STALE_RETRY_MS : POLL_MS) * 2 ** this.#tries)
    this.#fetchAfter(most * (0.5 + this.#platform.random() / 2))
  }

  #read(doubted: Version | undefined): Promise<Uint8Array> {
    const { filled, epoch, seq } = this.state
    // There is no epoch 0, so the whole comes, and from no cache that kept it before the resync.
    const since = doubted !== undefined ? `0.${doubted.seq}` : filled ? `${epoch}.${seq}` : undefined
    const call = { pass: this.#pass, headers: { accept: 'application/octet-stream' }, query: { since } }
    return this.#http.bytes(`/events/${this.eventId}/seats`, call)
  }

  /** `asked`: the doubt it was asked in. What a newer resync has overtaken may show something, and ends no doubt. */
  #take(frame: Uint8Array, asked: Version | undefined): void {
    if (this.#closed || frame.length === 0) return
    const snapshot = decodeSnapshot(frame)
    if (snapshot === undefined) {
      if (this.#doubted === undefined) this.#apply(frame)
      return
    }
    // An older whole where changes since ours were asked for says that the server lost ours: taken as it is, too.
    const { epoch, seq } = this.state
    const known = asked === undefined && snapshot.epoch === epoch && snapshot.seq === seq
    if (this.#doubted === asked && !known) {
      this.#doubted = undefined
      this.state.replace(snapshot)
    } else if (this.state.snapshot(snapshot) === 'ignored') return
    this.#changed({ kind: 'all' })
  }

  #changed(change: SeatChange): void {
    this.#options.onChange?.(change, this.state)
    this.#miss()
  }

  #miss(): void {
    if (!this.state.filled) return
    const lost: LostSeat[] = []
    for (const [index, was] of this.#minded) {
      const status = this.state.get(index) ?? 3
      // What one holds and sees sold was bought, or the booking says why not.
      if (was === 'chosen' ? status === 0 : status % 3 > 0) continue
      lost.push({ index, was, why: WHY[status] })
      this.#minded.delete(index)
    }
    if (lost.length > 0) this.#options.onLost?.(lost)
  }

  #failed(error: OnsaleError): void {
    this.#options.onError?.(error)
    if (REFUSALS.test(error.code)) {
      this.#enter('refused')
      this.#timers.clear('fetch')
    } else if (
      this.#handle === undefined &&
      this.#connection.state === 'open' &&
      !this.#timers.has('rewatch')
    ) {
      // The server could not let us watch just now: ask again, and poll meanwhile.
      const pause = 1_000 * (error.retryAfter ?? 2)
      this.#timers.set('rewatch', pause * (1 + this.#platform.random()), () => this.opened())
      this.offline()
    }
  }

  #settle(): void {
    if (this.#handle === undefined || !this.state.filled) return
    this.#tries = 0
    if (!this.#paused) this.#enter('live')
  }

  #enter(status: WatchStatus): void {
    if (this.#status === status || this.#closed) return
    this.#status = status
    this.#options.onStatus?.(status)
  }
}
