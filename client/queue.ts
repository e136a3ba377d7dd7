/**
 * A place in the line of one event: joined once, kept over reloads and reconnects, its position read from ticks that are the
 * same for everybody. The position shown never rises while the place is the same.
 */

import { type Pace, positionAfter, waitTime } from '../shared/wire/forecast.ts'
import type {
  EndReason,
  PlaceInfo,
  QueueInfo,
  QueueState,
  QueueTick,
  WaitTime,
} from '../shared/wire/messages.ts'
import { positionOf } from '../shared/wire/position.ts'
import {
  msOf,
  type PlaceJson,
  placeFromJson,
  type QueueJson,
  queueFromJson,
} from '../shared/wire/queue-json.ts'
import type { Connection, EventMessage, Member } from './connection.ts'
import { asOnsaleError, type Http, OnsaleError } from './http.ts'
import type { Platform } from './platform.ts'
import { Slowdown, type Slower } from './slowdown.ts'
import { Timers } from './timers.ts'

export type { EndReason, WaitTime } from '../shared/wire/messages.ts'
export type { Slower } from './slowdown.ts'

export interface QueueView {
  /** Undefined until the server has said. */
  queue?: QueueState | undefined
  /** Places in the line, and admitted visitors that are not gone. */
  waiting: number
  active: number
  /** An operator's word. */
  message?: string | undefined
  /** When the line forms and when its doors move, ms by the server's clock, where that is set. */
  preQueueAt?: number | undefined
  opensAt?: number | undefined
  /** Nothing is left: only returns bring seats back. */
  soldOut: boolean
  place: 'none' | 'joining' | 'refused' | 'waiting' | 'admitted' | 'ended'
  refused: Refusal | undefined
  /** Places ahead; undefined while no number can be told: the place is safe all the same. */
  position: number | undefined
  wait: WaitTime | null
  /** Whether the place's order is still to be drawn by lot, or was. */
  draw: 'to_come' | 'drawn' | undefined
  /** The place's name among the published entrants of the draw. */
  entry: string | undefined
  /** Why the wait has become longer than it was told, for a while after it has. */
  slower: Slower | undefined
  /** Give it to `watchSeats` and `hold`. */
  pass: string | undefined
  /** End of the turn, ms by the server's clock. */
  until: number | undefined
  reason: EndReason | undefined
  /** Signed proof of the place: keep it, and give it to `queue()` after a reload. */
  receipt: string | undefined
  /** The same for the least position shown of this place. */
  shown: ShownPosition | undefined
}

/** No newcomers are taken. Where there is hope it is asked again unasked for. */
export interface Refusal {
  code: 'queue_closed' | 'too_many_places'
  /** When the line forms, ms by the server's clock: it is joined then. Undefined with `queue_closed`: it takes nobody any more. */
  from: number | undefined
}

export interface ShownPosition {
  /** Of the place that it was. */
  score: number
  position: number
}

export interface QueueOptions {
  receipt?: string | undefined
  /** Kept from before a reload: no higher position is shown while the place is the same. */
  shown?: ShownPosition | undefined
  onChange?: (view: QueueView) => void
  onError?: (error: OnsaleError) => void
}

type TimerName = 'poll' | 'retry' | 'called' | 'beat'

const POLL_SECONDS = 5
const RETRY_SECONDS = 2
/** Those who wait for a line to form come spread over this time. */
const SPREAD_MS = 2_000
/** Who has no place hears no news: a plan that was changed is found by asking. */
const LOOK_MS = 60_000
/** Called, but the call was lost: ask. */
const CALLED_MS = 5_000
/** Between ticks the client counts on, but not for ever: some come 20 seconds apart, and more seldom from a busy node. */
const COUNT_ON_MS = 60_000
const BEAT_MS = 1_000

export class QueuePlace implements Member {
  readonly eventId: string
  readonly #connection: Connection
  readonly #http: Http
  readonly #platform: Platform
  readonly #options: QueueOptions
  readonly #timers: Timers<TimerName>
  #view: QueueView
  #wanted = false
  #closed = false
  #score: number | undefined
  #generation: number | undefined
  /** A draw is still to come: the place is safe, and has no number. */
  #isUnordered = false
  /** What the last tick said: places ahead then, the line's pace, and when. */
  #base: Pace & { position: number; at: number } = { position: 0, rate: 0, leaving: 0, at: 0 }
  readonly #slowdown = new Slowdown()

  constructor(
    eventId: string,
    connection: Connection,
    http: Http,
    platform: Platform,
    options: QueueOptions,
  ) {
    this.eventId = eventId
    this.#connection = connection
    this.#http = http
    this.#platform = platform
    this.#timers = new Timers(platform)
    this.#options = options
    this.#view = {
      ...NOWHERE,
      waiting: 0,
      active: 0,
      soldOut: false,
      receipt: options.receipt,
      shown: options.shown,
    }
    this.#connection.attach(this)
  }

  get view(): QueueView {
    return this.#view
  }

  /** Takes a place, or finds the one we have. Harmless when repeated. */
  join(): void {
    this.#wanted = true
    if (/none|ended|refused/.test(this.#view.place)) this.#show({ ...NOWHERE, place: 'joining' })
    if (this.#connection.state === 'offline') void this.#poll()
    else this.opened()
  }

  /** Gives up place or turn. */
  leave(): void {
    this.#wanted = false
    this.#timers.clear()
    if (!this.#connection.send({ type: 'leave', eventId: this.eventId }))
      this.#http.json(`/events/${this.eventId}/queue`, { method: 'DELETE' }).catch(error => this.#tell(error))
    this.#show({ ...NOWHERE, receipt: undefined })
  }

  /** Keeps the place for as long as the event's grace allows; `leave` gives it up. */
  close(): void {
    this.#closed = true
    this.#timers.clear()
    this.#connection.detach(this)
  }

  opened(): void {
    this.#timers.clear('poll')
    const { receipt } = this.#view
    if (this.#wanted) this.#connection.send({ type: 'join', eventId: this.eventId, receipt })
  }

  offline(): void {
    void this.#poll()
  }

  lost(): void {}

  frame(): void {}

  message(message: EventMessage): void {
    switch (message.type) {
      case 'queue':
        this.#info(message.queue)
        return
      case 'place':
        this.#place(message.place)
        return
      case 'tick':
        this.#tick(message)
        return
      case 'receipt':
        if (this.#view.place === 'waiting') this.#show({ receipt: message.receipt })
        return
      case 'admitted': {
        const { pass, until } = message
        this.#place({ state: 'admitted', pass, until })
        return
      }
      case 'ended':
        this.#ended(message.reason)
        return
      case 'error':
        this.#refused(new OnsaleError(0, { ...message }))
        return
      case 'watching':
      case 'resync':
      case 'paused':
      // Of seats.
    }
  }

  #ended(reason: EndReason): void {
    this.#wanted = false
    this.#timers.clear()
    this.#show({ ...NOWHERE, place: 'ended', reason, receipt: undefined })
  }

  #info(queue: QueueInfo): void {
    const { state, waiting, active, message, preQueueAt, opensAt, soldOut = false } = queue
    const off = state === 'off' && this.#view.place !== 'ended' ? NOWHERE : {}
    if (state === 'off') this.#timers.clear()
    this.#show({ ...off, queue: state, waiting, active, message, preQueueAt, opensAt, soldOut })
  }

  #place(place: PlaceInfo): void {
    if (place.state !== 'waiting') {
      const { state, ...turn } = place
      this.#timers.clear()
      this.#show({ ...NOWHERE, place: state, ...turn })
      return
    }
    const { state, position, score, generation, receipt, wait, entry } = place
    if (score !== this.#score) this.#slowdown.forget()
    this.#score = score
    this.#generation = generation
    this.#isUnordered = position === null
    this.#base = { ...this.#base, position: position ?? 0, at: this.#platform.now() }
    this.#timers.clear('called')
    this.#beat()
    const told = position === null ? undefined : this.#least(position)
    // Lots stand before all arrivals, and below zero.
    const draw = this.#isUnordered ? 'to_come' : score < 0 ? 'drawn' : undefined
    this.#show({ ...NOWHERE, place: state, position: told, wait, receipt, draw, entry })
  }

  #tick(tick: QueueTick): void {
    const { state, waiting, active, rate, leaving, soldOut } = tick
    const news: Partial<QueueView> = { queue: state, waiting, active, soldOut }
    if (this.#view.place === 'waiting' && this.#score !== undefined) {
      // A tick may be of a moment before one came oneself.
      news.waiting = Math.max(waiting, (this.#view.position ?? 0) + 1)
      // Another life of Redis: only the server can say where we stand in it.
      if (tick.generation !== this.#generation) this.opened()
      else {
        if (!this.#isUnordered && tells(tick.knots, this.#score)) {
          const [position, at] = [positionOf(tick.knots, this.#score), this.#platform.now()]
          this.#base = { position, rate, leaving, at }
          const counted = this.#counted()
          Object.assign(news, counted, { slower: this.#slowdown.of(at, counted.wait, tick.bound) })
        }
        // Called, or drawn, and not told.
        const isLate = this.#isUnordered ? tick.unordered !== true : this.#score <= tick.frontier
        if (!isLate) this.#timers.clear('called')
        else if (!this.#timers.has('called')) this.#later('called', CALLED_MS, () => this.opened())
      }
    }
    this.#show(news)
  }

  /** Position and waiting time now, counted on since the last tick. */
  #counted(): Pick<QueueView, 'position' | 'wait'> {
    const { position, at } = this.#base
    const seconds = Math.min(COUNT_ON_MS, Math.max(0, this.#platform.now() - at)) / 1_000
    const now = this.#least(Math.round(positionAfter(position, seconds, this.#base)))
    return { position: now, wait: waitTime(now, this.#base) }
  }

  /** The position to show: no higher than one shown of the same place, also before a reload. */
  #least(position: number): number {
    const { shown } = this.#view
    return shown !== undefined && shown.score === this.#score ? Math.min(shown.position, position) : position
  }

  #beat(): void {
    this.#later('beat', BEAT_MS, () => {
      if (this.#view.place !== 'waiting') return
      this.#beat()
      if (this.#base.rate === 0 || this.#isUnordered) return
      const counted = this.#counted()
      if (counted.position !== this.#view.position) this.#show(counted)
    })
  }

  /** Without a socket; each poll is a sign of life too. */
  async #poll(): Promise<void> {
    if (!this.#wanted || this.#closed || this.#connection.state !== 'offline') return
    let pause: number
    try {
      const { receipt, place } = this.#view
      const path = `/events/${this.eventId}/queue`
      const here = place === 'waiting' || place === 'admitted'
      const call = here ? {} : { method: 'POST' as const, body: { receipt } }
      const answer = await this.#http.json<Answer>(path, call)
      if (this.#closed || !this.#wanted) return
      const over = this.#view.place === 'admitted' && answer.place.state === 'none'
      this.#info(queueFromJson(answer.queue))
      if (over) {
        // As a socket would say: a turn that is over is not joined for again unasked.
        this.#ended(answer.queue.state === 'off' ? 'queue_off' : 'expired')
        return
      }
      this.#place(placeFromJson(answer.place))
      pause = this.#spread(answer.refreshIntervalSeconds, 1 / 4)
    } catch (error) {
      const failure = asOnsaleError(error)
      this.#tell(failure)
      const again = this.#turnedAway(failure)
      if (again === 'never') return
      pause = again ?? this.#spread(failure.retryAfter ?? POLL_SECONDS, 1 / 4)
    }
    this.#later('poll', pause, () => void this.#poll())
  }

  #refused(error: OnsaleError): void {
    // Meant for a watch of the same event.
    if (error.code === 'waiting_room_required' || error.code.startsWith('pass_')) return
    this.#tell(error)
    if (error.code === 'queue_off') this.#show({ ...NOWHERE, queue: 'off' })
    const { place } = this.#view
    if (!this.#wanted || place === 'none' || place === 'ended') return
    const again = this.#turnedAway(error)
    if (
      again === 'never' ||
      (again === undefined && !/unavailable|too_many|recovering|internal/.test(error.code))
    )
      return
    this.#later('retry', again ?? this.#retryMs(error), () => this.opened())
  }

  /** Where the line takes no newcomers that is shown: ms until it is asked again. Undefined: another failure. */
  #turnedAway(error: OnsaleError): number | 'never' | undefined {
    const { code } = error
    if (code !== 'queue_closed' && code !== 'too_many_places') return undefined
    const from = msOf(error.body['from'] as number | string | undefined)
    this.#show({ ...NOWHERE, place: 'refused', refused: { code, from } })
    if (code === 'too_many_places') return this.#retryMs(error)
    if (from === undefined) {
      this.#wanted = false
      this.#timers.clear()
      return 'never'
    }
    const left = from - this.#connection.serverNow()
    if (left <= 0) return this.#retryMs(error)
    const random = this.#platform.random()
    return left > LOOK_MS ? LOOK_MS * (1 - random / 4) : left + SPREAD_MS * random
  }

  #retryMs({ retryAfter = RETRY_SECONDS }: OnsaleError): number {
    return this.#spread(retryAfter, 1)
  }

  /** ms, later by up to this share. */
  #spread(seconds: number, share: number): number {
    return 1_000 * seconds * (1 + share * this.#platform.random())
  }

  #tell(error: unknown): void {
    this.#options.onError?.(asOnsaleError(error))
  }

  #show(news: Partial<QueueView>): void {
    const next = { ...this.#view, ...news }
    const { place, position } = next
    if (place === 'waiting' && position !== undefined && this.#score !== undefined) {
      next.shown = { score: this.#score, position }
      // Whoever is told of a line stands in it, though the word of its length be older than the place.
      next.waiting = Math.max(next.waiting, position + 1)
    } else if (place === 'ended' || place === 'none') next.shown = undefined
    this.#view = next
    if (!this.#closed) this.#options.onChange?.(this.#view)
  }

  #later(name: TimerName, ms: number, run: () => void): void {
    if (!this.#closed) this.#timers.set(name, ms, run)
  }
}

/** Of the queue's path over HTTP. */
interface Answer {
  queue: QueueJson
  place: PlaceJson
  refreshIntervalSeconds: number
}

const NOWHERE = {
  place: 'none',
  position: undefined,
  wait: null,
  draw: undefined,
  entry: undefined,
  refused: undefined,
  slower: undefined,
  pass: undefined,
  until: undefined,
  reason: undefined,
} as const

/**
 * Does this score stand among these knots? Past the last, at the end of the line, stand those who came after they were read;
 * ahead of the first, those whom the next beat tells the knots of another piece.
 */
function tells(knots: readonly number[], score: number): boolean {
  return score <= knots.at(-2)! && (score >= knots[0]! || knots[1] === 0)
}
