/**
 * One fan's evening: a session, the line, the seats, a hold, the money; or one of the ways to go without. Fans of one VU share its
 * event loop, so nothing here may wait without a timer that the fan's end takes back.
 */
import { clearTimeout, setTimeout } from 'k6/timers'
import type { EndReason, PlaceInfo, ServerMessage } from '../../shared/wire/messages.ts'
import { wholeTime } from '../../shared/wire/seat-frames.ts'
import { between, chanceOf } from '../chance.ts'
import { Calls } from './calls.ts'
import { FanSocket, type Listener } from './fan-socket.ts'
import { diffHead, Follower, snapshotHead } from './follower.ts'
import type { House } from './house.ts'
import * as measures from './measures.ts'
import { type Purchase, purchase } from './purchase.ts'
import type { RunSettings } from './settings.ts'

/** What the run found out about the event before the first fan came. */
export interface Sale {
  eventId: string
  realtimeUrl: string
  /** Ids of the standing areas, in the map's order. */
  areas: string[]
  maxTickets: number
  /** When the first fan comes, ms by this machine's clock. */
  beginsAt: number
}

/** What the fans of one VU share. */
export interface Crowd {
  settings: RunSettings
  sale: Sale
  house: House
  /** Tickets confirmed to fans of this VU. */
  bought: Set<string>
}

const LEAVES_THE_LINE = 0.03
const VANISHES_IN_LINE = 0.03
const RELOADS = 0.1
/** How long a fan stands in line before doing any of these, ms. */
const PATIENCE_MS = [1_000, 8_000] as const
const RESYNC_SPREAD_MS = 500
const SEATS_MS = 20_000
/** A sample costs k6 more than a frame does. */
const TIMED_OF_FRAMES = 8
const RETRYABLE = /^(unavailable|queue_unavailable|recovering|too_many_requests|internal)$/

export class Fan implements Listener {
  readonly number: number
  readonly random: () => number
  readonly crowd: Crowd
  readonly calls: Calls
  readonly #follower = new Follower()
  readonly #timers = new Set<number>()
  readonly #turn = deferred<void>()
  readonly #seen = deferred<void>()
  readonly #over = deferred<measures.Outcome>()
  token = ''
  pass: string | undefined
  #socket: FanSocket | undefined
  #place: 'joining' | 'waiting' | 'in' | 'over' | 'gone' = 'joining'
  #joinedAt: number | undefined
  /** Frames that came. */
  #frames = 0
  #told: Extract<PlaceInfo, { state: 'waiting' }> | undefined
  #fetching = false

  constructor(crowd: Crowd, number: number) {
    this.number = number
    this.crowd = crowd
    this.random = chanceOf(crowd.settings.seed, number)
    this.calls = new Calls(crowd.settings.target, this.random)
  }

  async attend(): Promise<void> {
    const { sale, settings } = this.crowd
    // Squared: half of them in the first quarter of the time, as at real doors.
    const comesAt = sale.beginsAt + settings.arrivalMs * this.random() ** 2
    await this.pause(Math.max(0, comesAt - Date.now()))
    measures.fans.add(1)
    const outcome = await Promise.race([this.#story(), this.#over.promise])
    this.#place = 'gone'
    this.#socket?.end()
    for (const timer of this.#timers) clearTimeout(timer)
    measures.outcomes[outcome].add(1)
    measures.diffs.add(this.#frames)
  }

  get timeIsUp(): boolean {
    return Date.now() >= this.crowd.sale.beginsAt + this.crowd.settings.durationMs
  }

  /** Never comes where the fan is gone first. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        resolve()
      }, ms)
      this.#timers.add(timer)
    })
  }

  leave(): void {
    this.#socket?.send({ type: 'leave', eventId: this.crowd.sale.eventId })
  }

  fail(why: measures.Failure): 'failed' {
    measures.failures[why].add(1)
    return 'failed'
  }

  async #story(): Promise<measures.Outcome> {
    const token = await this.calls.session()
    if (token === undefined) return this.fail('session')
    this.token = token
    this.#socket = new FanSocket(this.crowd.sale.realtimeUrl, token, this.random, this)
    this.#socket.connect()
    const { beginsAt } = this.crowd.sale
    const timeUp = this.pause(beginsAt + this.crowd.settings.durationMs - Date.now()).then(
      () => 'up' as const,
    )
    if ((await Promise.race([this.#turn.promise, timeUp])) === 'up') {
      this.leave()
      return 'still_there'
    }
    const late = this.pause(SEATS_MS).then(() => 'late' as const)
    if ((await Promise.race([this.#seen.promise, late])) === 'late') return this.fail('seats')
    return purchase(this as Purchase)
  }

  // What the socket says.

  opened(): void {
    const { eventId } = this.crowd.sale
    if (this.#place === 'in') this.#watch()
    else {
      this.#joinedAt ??= Date.now()
      this.#socket?.send({
        type: 'join',
        eventId,
        ...(this.#told === undefined ? {} : { receipt: this.#told.receipt }),
      })
    }
  }

  gaveUp(): void {
    this.#over.resolve(this.fail('line'))
  }

  message(message: ServerMessage, at: number): void {
    switch (message.type) {
      case 'place':
        this.#placed(message.place, at)
        return
      case 'admitted':
        this.#admitted(message.pass, at)
        return
      case 'ended':
        this.#ended(message.reason, at)
        return
      case 'watching':
        this.#follower.watching(message.handle)
        void this.#look()
        return
      case 'resync':
        measures.gaps.add(1)
        void this.pause(RESYNC_SPREAD_MS * this.random()).then(() => this.#look())
        return
      case 'error':
        this.#refused(message.code, message.retryAfter, at)
        return
      default:
        // Ticks and the like are for a page to show.
        return
    }
  }

  frame(frame: Uint8Array, at: number): void {
    const head = diffHead(frame)
    if (head === undefined || !this.#follower.hears(head.handle)) return
    // A version alone, without a change, has no time to tell.
    if (head.seq >= head.seqFrom && this.#frames++ % TIMED_OF_FRAMES === 0) {
      const now = this.#socket?.serverTime(at) ?? at
      measures.diff.add(Math.max(0, now - wholeTime(head.ms, now)))
    }
    this.crowd.house.diff(frame, head.epoch, head.seqFrom, head.seq)
    if (this.#follower.frame(head) === 'whole') return
    measures.gaps.add(1)
    void this.#look()
  }

  #placed(place: PlaceInfo, at: number): void {
    switch (place.state) {
      case 'none':
        return
      case 'admitted':
        this.#admitted(place.pass, at)
        return
      case 'waiting': {
        const before = this.#told
        this.#told = place
        if (before === undefined) {
          measures.place.add(at - (this.#joinedAt ?? at))
          this.#place = 'waiting'
          this.#whim()
        } else if (before.generation === place.generation && before.score !== place.score)
          measures.moved.add(1)
        return
      }
      default:
        place satisfies never
    }
  }

  /** Some do not stand still in a line. */
  #whim(): void {
    const whim = this.random()
    const isOne = (share: number, from: number) => whim >= from && whim < from + share
    const patience = this.pause(between(this.random, ...PATIENCE_MS))
    void patience.then(() => {
      if (this.#place !== 'waiting') return
      if (isOne(LEAVES_THE_LINE, 0)) {
        this.leave()
        this.#over.resolve('left_the_line')
      } else if (isOne(VANISHES_IN_LINE, 0.1)) this.#over.resolve('vanished')
      else if (isOne(RELOADS, 0.2)) {
        measures.returns.add(1)
        this.#socket?.reload()
      }
    })
  }

  #admitted(pass: string | undefined, at: number): void {
    this.pass = pass
    if (this.#place === 'in') return
    this.#place = 'in'
    measures.admission.add(at - (this.#joinedAt ?? at))
    this.#turn.resolve()
    this.#watch()
  }

  #ended(reason: EndReason, at: number): void {
    // The gates are open.
    if (reason === 'queue_off') {
      this.#admitted(undefined, at)
      return
    }
    // `purchased` is what the purchase itself will say; that its pass is over is no refusal then.
    this.#place = 'over'
    if (reason === 'expired' || reason === 'ejected') this.#over.resolve('turn_over')
    else if (reason === 'sold_out') this.#over.resolve('empty_handed')
  }

  #refused(code: string, retryAfter: number | undefined, at: number): void {
    if (this.#place === 'over') return
    measures.refused(code)
    if (code === 'queue_off') this.#admitted(undefined, at)
    else if (RETRYABLE.test(code)) void this.pause(1_000 * (retryAfter ?? 2)).then(() => this.opened())
    else if (code === 'not_on_sale' || code === 'event_not_found') this.#over.resolve(this.fail('line'))
  }

  #watch(): void {
    const { eventId } = this.crowd.sale
    this.#socket?.send({ type: 'watch', eventId, ...(this.pass === undefined ? {} : { pass: this.pass }) })
  }

  async #look(): Promise<void> {
    if (this.#fetching || this.#place === 'gone') return
    this.#fetching = true
    const bytes = await this.calls.seats(this.crowd.sale.eventId, this.token, this.pass)
    this.#fetching = false
    if (bytes === undefined) return
    const frame = new Uint8Array(bytes)
    const head = snapshotHead(frame)
    if (head === undefined) return
    this.crowd.house.snapshot(frame)
    this.#seen.resolve()
    if (this.#follower.snapshot(head) === 'gap') void this.#look()
  }
}

interface Deferred<T> {
  promise: Promise<T>
  resolve: (value: T) => void
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>(done => {
    resolve = done
  })
  return { promise, resolve }
}
