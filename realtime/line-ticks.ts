/**
 * What everyone waiting in one line on this node is told of their position, and when: for each band one frame, encoded once and
 * published by uWS. Which socket hears which band is kept here.
 */
import type { LineTick } from '../queue/sketch.ts'
import type { Clock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { ServerMessage } from '../shared/wire/messages.ts'
import { positionOf } from '../shared/wire/position.ts'
import { Bands, intervalOf, pieceOf } from './bands.ts'
import { BEAT_MS, SOCKETS_A_TURN } from './bounds.ts'
import type { Connection } from './connection.ts'
import { bandTopic, type Door, type Topic } from './doors.ts'
import type { LineMember } from './line-member.ts'
import type { TickShare } from './tick-share.ts'
import { ToldTick } from './told-tick.ts'

interface Parts {
  door: Door
  clock: Clock
  share: TickShare
}

export class LineTicks {
  readonly #event: EventId
  readonly #parts: Parts
  readonly #bands = new Bands<LineMember>()
  /** When a band last heard, by its number; ms. */
  readonly #heardAt: number[] = []
  /** Places in the line by the last tick. */
  #waiting = 0

  constructor(event: EventId, parts: Parts) {
    this.#event = event
    this.#parts = parts
  }

  /**
   * The member waits at this position: from now on its sockets hear their band. Whose draw is to come may stand anywhere: they
   * hear as often as the last in the line.
   */
  place(member: LineMember, position: number | null): void {
    this.take(member)
    this.#bands.add(member, position ?? this.#waiting)
    const topic = this.#topic(member)
    for (const socket of member.sockets) socket.hear(topic)
  }

  /** The member waits no more. */
  take(member: LineMember): void {
    if (member.band < 0) return
    const topic = this.#topic(member)
    for (const socket of member.sockets) socket.miss(topic)
    this.#bands.remove(member)
  }

  /** One more socket of a member, or one less. */
  hear(member: LineMember, socket: Connection): void {
    if (member.band >= 0) socket.hear(this.#topic(member))
  }

  miss(member: LineMember, socket: Connection): void {
    if (member.band >= 0) socket.miss(this.#topic(member))
  }

  /** Who waits in front and was called, by this frontier. */
  called(frontier: number): LineMember[] {
    return this.#bands.upTo(frontier)
  }

  /** A message to all who wait. */
  say(message: ServerMessage): void {
    for (const topic of this.#topics()) this.#parts.door.publish(topic, message)
  }

  /** Tells the bands whose time has come, the most overdue first, as far as the ticks' share goes. */
  async publish(tick: LineTick, version: { epoch?: number; seq?: number }): Promise<void> {
    const { clock, door, share } = this.#parts
    this.#waiting = tick.waiting
    for (const band of this.#due(clock.now())) {
      if (share.isSpent) return
      await this.#moveUp(band, tick)
      this.#heardAt[band] = clock.now()
      const told = new ToldTick({ ...tick, ...version }, pieceOf(tick, band))
      for (let slice = 0; slice < this.#bands.slices(band); slice++)
        await share.pay(() => door.publishTick(bandTopic(this.#event, band, slice), told))
    }
  }

  #due(now: number): number[] {
    const overdue = (band: number) => (now - (this.#heardAt[band] ?? 0)) / intervalOf(band)
    // Half a beat early is nearer than half a beat late.
    const isDue = (band: number) => {
      const since = now - (this.#heardAt[band] ?? 0)
      return since < 0 || since >= intervalOf(band) - BEAT_MS / 2
    }
    return this.#bands
      .peopled()
      .filter(isDue)
      .sort((a, b) => overdue(b) - overdue(a))
  }

  async #moveUp(band: number, { knots }: LineTick): Promise<void> {
    // Before a draw nobody stands anywhere.
    if (knots.length === 0) return
    const nearer = this.#bands.movedUp(band, knots)
    for (const [i, member] of nearer.entries()) {
      if (i % SOCKETS_A_TURN === SOCKETS_A_TURN - 1) await new Promise(resolve => setImmediate(resolve))
      if (member.band === band) this.place(member, positionOf(knots, member.score))
    }
  }

  #topic({ band, slice }: LineMember): Topic {
    return bandTopic(this.#event, band, slice)
  }

  #topics(): Topic[] {
    return this.#bands
      .peopled()
      .flatMap(band =>
        Array.from({ length: this.#bands.slices(band) }, (_, slice) => bandTopic(this.#event, band, slice)),
      )
  }
}
