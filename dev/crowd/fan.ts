/**
 * One person in the crowd, through the same SDK as a page: stands in line, goes away and comes back, chooses, pays; or leaves,
 * abandons, vanishes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Booking, HoldRequest } from '../../client/bookings.ts'
import { asOnsaleError, type OnsaleError } from '../../client/http.ts'
import { connectOnsale, type Onsale } from '../../client/onsale.ts'
import type { QueuePlace } from '../../client/queue.ts'
import type { SeatWatch } from '../../client/seats.ts'
import { between, chanceOf } from '../../load-tests/chance.ts'
import type { Site } from '../../load-tests/site.ts'
import { chooseSeats, type Row } from './choice.ts'
import type { Ledger } from './ledger.ts'
import type { End, Stage, Tally } from './tally.ts'

export interface Scene {
  site: Site
  rows: Row[]
  tally: Tally
  ledger: Ledger
  seed: number
  /** Everybody goes home. */
  over: AbortSignal
  /** The first error of a kind, for the person at the console. */
  complain: (error: OnsaleError) => void
}

/** Shares of those who wait long enough to do so. */
const LEAVES_THE_LINE = 0.04
const VANISHES_IN_LINE = 0.04
const GOES_AND_RETURNS = 0.12
/** Shares of those who hold seats. */
const VANISHES_WITH_SEATS = 0.05
const ABANDONS = 0.12
const DECLINED_FIRST = 0.1
const STANDS = 0.2
/** What people take their time for, ms. */
const PATIENCE = [1_500, 12_000] as const
const AWAY = [2_000, 6_000] as const
const LOOKS = [1_000, 6_000] as const
const TYPES_CARD = [2_000, 8_000] as const
const SULKS = [1_000, 4_000] as const
/** Races one goes on losing before one goes home. */
const TRIES = 6
/** Said at most so often by one person before they give up. */
const ERRORS = 20
const LOAD_SEATS_MS = 30_000
const SETTLED_MS = 40_000
const ASK_EVERY_MS = 500
const GOOD_CARD = 'pm_card_visa'
const BAD_CARD = 'pm_card_visa_chargeDeclined'
/** Answers, not errors: they are counted elsewhere. */
const EXPECTED =
  /^(hold_conflict|sold_out|card_declined|queue_off|booking_expired|waiting_room_required|pass_expired)$/

/** The end of an evening, thrown from wherever it comes. */
class Home extends Error {
  readonly end: End

  constructor(end: End) {
    super(end)
    this.end = end
  }
}

export class Fan {
  readonly #scene: Scene
  readonly #number: number
  readonly #random: () => number
  readonly #changed = new Set<() => void>()
  #onsale: Onsale
  #place: QueuePlace | undefined
  #stage: Stage | undefined
  #held: string | undefined
  #errors = 0
  #connection: string | undefined
  /** From before the socket opened. */
  #oldReceipt: string | undefined
  #gone = false

  constructor(scene: Scene, number: number) {
    this.#scene = scene
    this.#number = number
    this.#random = chanceOf(scene.seed, number)
    this.#onsale = this.#connect(undefined)
  }

  /** Never rejects; the seats and the place are given back unless the fan vanishes. */
  async live(): Promise<void> {
    const { tally } = this.#scene
    tally.people++
    let end: End
    try {
      end = await this.#evening()
    } catch (error) {
      if (!(error instanceof Home)) this.#failed(error)
      end = error instanceof Home ? error.end : 'failed'
    }
    this.#scene.ledger.left(this.#number, performance.now())
    if (end !== 'vanished') await this.#tidy()
    this.#gone = true
    this.#onsale.close()
    this.#enter(undefined)
    tally.ended(end)
  }

  async #evening(): Promise<End> {
    this.#enter('coming')
    await this.#session()
    this.#join(undefined)
    this.#enter('waiting')
    await this.#inLine()
    this.#enter('inside')
    return await this.#atTheSeats(await this.#seats())
  }

  async #session(): Promise<void> {
    for (;;) {
      try {
        await this.#onsale.createSession()
        return
      } catch (error) {
        const { retryAfter = 2 } = this.#failed(error)
        await this.#pause(1_000 * retryAfter * (1 + this.#random()))
      }
    }
  }

  #join(receipt: string | undefined): void {
    this.#place = this.#onsale.queue(this.#scene.site.event.eventId, {
      receipt,
      onChange: () => this.#note(),
      onError: error => this.#failed(error),
    })
    this.#onsale.onConnection(() => this.#note())
    this.#place.join()
  }

  /** For the count at the end: what is shown of the place, and whether the fan stands there. */
  #note(): void {
    const { place, shown, receipt } = this.#place?.view ?? {}
    const { connection } = this.#onsale
    if (connection !== this.#connection) this.#oldReceipt = receipt
    this.#connection = connection
    if (place !== undefined) {
      // Not before the server knows it too: then it gives another receipt.
      const isHere = connection === 'open' && receipt !== this.#oldReceipt
      this.#scene.ledger.seen(this.#number, { place, score: shown?.score, isHere }, performance.now())
    }
    this.#touch()
  }

  /** Settles when the fan is let in, or the gates are open. */
  async #inLine(): Promise<void> {
    const whim = this.#random()
    const patience = between(this.#random, ...PATIENCE)
    await this.#until(() => this.#place?.view.place !== 'joining')
    if (await this.#until(() => this.#isIn(), patience)) return
    if (whim < LEAVES_THE_LINE) throw new Home('leftLine')
    if (whim < LEAVES_THE_LINE + VANISHES_IN_LINE) throw new Home('vanished')
    if (whim < LEAVES_THE_LINE + VANISHES_IN_LINE + GOES_AND_RETURNS) await this.#goAndReturn()
    await this.#until(() => this.#isIn())
  }

  #isIn(): boolean {
    const { place, queue, reason } = this.#place?.view ?? {}
    if (place === 'ended' && reason !== 'queue_off')
      throw new Home(reason === 'sold_out' ? 'emptyHanded' : 'turnOver')
    return place === 'admitted' || place === 'ended' || (place === 'none' && queue === 'off')
  }

  /** The socket is cut, and some seconds later the same token and receipt come back. */
  async #goAndReturn(): Promise<void> {
    const { tally } = this.#scene
    const { receipt, shown } = this.#place?.view ?? {}
    const score = shown?.score ?? Number.POSITIVE_INFINITY
    const token = this.#onsale.token
    this.#onsale.close()
    this.#enter('away')
    await this.#pause(between(this.#random, ...AWAY))
    this.#onsale = this.#connect(token)
    this.#join(receipt)
    this.#enter('waiting')
    tally.returns++
    await this.#until(() => this.#place?.view.place !== 'joining')
    const after = this.#place?.view
    // Not by the number of places ahead: while a lost line comes back, those ahead come back too.
    if (after?.place === 'waiting' && (after.shown?.score ?? 0) > score) tally.placesLost++
  }

  async #seats(): Promise<SeatWatch> {
    const watch = this.#onsale.watchSeats(this.#scene.site.event.eventId, {
      pass: this.#place?.view.pass,
      onChange: () => this.#touch(),
      onError: error => this.#failed(error),
    })
    if (await this.#until(() => watch.state.filled, LOAD_SEATS_MS)) return watch
    throw new Home('failed')
  }

  async #atTheSeats(watch: SeatWatch): Promise<End> {
    for (let tries = 0; tries < TRIES; tries++) {
      await this.#pause(between(this.#random, ...LOOKS))
      const wanted = this.#choose(watch)
      if (wanted === undefined) return 'emptyHanded'
      try {
        const { eventId } = this.#scene.site.event
        const booking = await this.#onsale.bookings.hold(eventId, wanted, { pass: this.#place?.view.pass })
        this.#held = booking.bookingId
        this.#enter('holding')
        return await this.#withSeats(booking)
      } catch (error) {
        if (error instanceof Home) throw error
        const { code, retryAfter } = this.#failed(error)
        if (code === 'hold_conflict') this.#scene.tally.conflicts++
        if (code === 'waiting_room_required' || code === 'pass_expired') return 'turnOver'
        await this.#pause(retryAfter === undefined ? between(this.#random, ...SULKS) : 1_000 * retryAfter)
      }
    }
    return 'emptyHanded'
  }

  #choose({ state }: SeatWatch): HoldRequest | undefined {
    const { rows, site } = this.#scene
    const wanted = Math.min(site.event.maxTickets, 1 + Math.floor(4 * this.#random() ** 1.3))
    const area = state.areas.findIndex(free => free >= wanted)
    const areaId = site.event.areas[area]?.areaId
    const stands = areaId !== undefined && (state.seats === 0 || this.#random() < STANDS)
    const seats = stands ? [] : chooseSeats(rows, state, wanted, this.#random)
    if (seats.length > 0) return { ticketIds: seats.map(index => `${site.event.eventId}-${index}`) }
    return areaId === undefined ? undefined : { areas: [{ areaId, quantity: wanted }] }
  }

  async #withSeats({ bookingId }: Booking): Promise<End> {
    const { tally } = this.#scene
    const whim = this.#random()
    await this.#pause(between(this.#random, ...TYPES_CARD))
    if (whim < VANISHES_WITH_SEATS) return 'vanished'
    if (whim < VANISHES_WITH_SEATS + ABANDONS) return 'abandoned'
    if (this.#random() < DECLINED_FIRST) {
      await this.#pay(bookingId, BAD_CARD).catch((error: unknown) => {
        if (this.#failed(error).code === 'card_declined') tally.declined++
      })
      await this.#pause(between(this.#random, ...TYPES_CARD))
    }
    const booking = await this.#paid(bookingId)
    if (booking.status !== 'confirmed') return booking.status === 'expired' ? 'turnOver' : 'failed'
    this.#held = undefined
    tally.tickets += booking.tickets.length
    return 'bought'
  }

  /** The booking once it is decided; a call that failed for want of an answer is made again. */
  async #paid(bookingId: string): Promise<Booking> {
    const deadline = performance.now() + SETTLED_MS
    let ask = () => this.#pay(bookingId, GOOD_CARD)
    for (;;) {
      let again = ASK_EVERY_MS
      try {
        const booking = await ask()
        if (booking.status !== 'paying' || performance.now() > deadline) return booking
        ask = () => this.#onsale.bookings.get(bookingId)
      } catch (error) {
        const { code, retryAfter = 1 } = this.#failed(error)
        if (code === 'booking_expired') throw new Home('turnOver')
        if (performance.now() > deadline) throw new Home('failed')
        again = 1_000 * retryAfter
      }
      // Not a pause that ends with the evening: who has begun to pay is seen to the end.
      await sleep(again)
    }
  }

  #pay(bookingId: string, paymentMethodId: string): Promise<Booking> {
    const buyer = { name: `Fan ${this.#number}`, email: `fan${this.#number}@example.com` }
    return this.#onsale.bookings.confirm(bookingId, { paymentMethodId, buyer })
  }

  async #tidy(): Promise<void> {
    if (this.#held !== undefined)
      await this.#onsale.bookings.cancel(this.#held).catch((error: unknown) => this.#failed(error))
    const { place } = this.#place?.view ?? {}
    if (place === 'waiting' || place === 'admitted') this.#place?.leave()
  }

  #connect(token: string | undefined): Onsale {
    const { url, realtimeUrl } = this.#scene.site
    return connectOnsale({ httpUrl: url, realtimeUrl, token, random: this.#random })
  }

  #enter(stage: Stage | undefined): void {
    this.#scene.tally.moved(this.#stage, stage)
    this.#stage = stage
  }

  /** Counts it where it is an error. */
  #failed(thrown: unknown): OnsaleError {
    const error = asOnsaleError(thrown)
    if (this.#gone || EXPECTED.test(error.code)) return error
    if (this.#scene.tally.error(error.code)) this.#scene.complain(error)
    this.#errors++
    this.#touch()
    return error
  }

  #touch(): void {
    for (const look of [...this.#changed]) look()
  }

  async #pause(ms: number): Promise<void> {
    await this.#until(() => false, ms)
  }

  /** Whether it came about within ms. @throws Home when everybody goes, or there were too many errors */
  async #until(look: () => boolean, ms = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { over } = this.#scene
    return await new Promise<boolean>((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#changed.delete(check)
        over.removeEventListener('abort', check)
        clearTimeout(timer)
        settle()
      }
      const check = (): void => {
        try {
          if (over.aborted) throw new Home('sentHome')
          if (this.#errors > ERRORS) throw new Home('failed')
          if (look()) end(() => resolve(true))
        } catch (error) {
          end(() => reject(error))
        }
      }
      const timer = Number.isFinite(ms) ? setTimeout(() => end(() => resolve(false)), ms) : undefined
      this.#changed.add(check)
      over.addEventListener('abort', check)
      check()
    })
  }
}
