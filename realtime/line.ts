/** One event's line on this node: who waits or is in, what is known of the queue, and what is still to be done. */
import type { Remembered } from '../queue/queue.ts'
import type { EventId } from '../shared/ids.ts'
import type { QueueState } from '../shared/wire/messages.ts'
import { RECEIPT_BEATS } from './bounds.ts'
import type { Connection } from './connection.ts'
import { ForecastErrors } from './forecast-errors.ts'
import { LineMember } from './line-member.ts'
import type { LineTicks } from './line-ticks.ts'

export class Line {
  readonly event: EventId
  /** What nearly every socket's lines are: one list for all of them. */
  readonly alone: readonly EventId[]
  readonly ticks: LineTicks
  readonly forecasts = new ForecastErrors()
  /** By the member's hex, as news names them. */
  readonly members = new Map<string, LineMember>()
  /** As this node last saw it; undefined until it looked. */
  state: QueueState | undefined
  generation = 0
  /** A draw is still to come, by the last tick. */
  unordered = false
  /** Redis lost the line, and what we remember has not been brought back. */
  isLost = false
  /** The places of those who wait here are others than they were told. */
  placesToTell = false
  /** News was not heard for a while: whose turn ended meanwhile is to be found. */
  newsMissed = false
  /** While this is done. */
  restoring: Promise<void> | undefined
  ready: Promise<void> = Promise.resolve()
  readonly #counted: (change: number) => void
  #receiptsDue = 0
  #round: Iterator<LineMember> | undefined

  /** `counted` hears of each member more or less. */
  constructor(event: EventId, ticks: LineTicks, counted: (change: number) => void) {
    this.event = event
    this.alone = [event]
    this.ticks = ticks
    this.#counted = counted
  }

  /** Is the queue on, as far as this node has heard? */
  get isOn(): boolean {
    return this.state !== undefined && this.state !== 'off'
  }

  /** A socket of the visitor of this name is here from now on; `place` is of who was not yet. */
  enter(connection: Connection, hex: string, place: LineMember['place']): LineMember {
    let member = this.members.get(hex)
    if (member === undefined) {
      member = new LineMember(connection.visitorId, hex, place)
      this.members.set(hex, member)
      this.#counted(1)
    }
    if (member.add(connection)) this.ticks.hear(member, connection)
    if (connection.lines.length === 0) connection.lines = this.alone
    else if (!connection.lines.includes(this.event)) connection.lines = [...connection.lines, this.event]
    return member
  }

  /** Answers whether it was the visitor's last here. */
  exit(connection: Connection, hex: string): boolean {
    const member = this.members.get(hex)
    if (member?.remove(connection) !== true) return false
    this.ticks.miss(member, connection)
    if (member.isHere) return false
    this.remove(member)
    return true
  }

  has(member: LineMember): boolean {
    return this.members.get(member.hex) === member
  }

  remove(member: LineMember): void {
    if (!this.has(member)) return
    this.ticks.take(member)
    this.members.delete(member.hex)
    this.#counted(-1)
  }

  /** Nobody is in it any more: it could not be followed. */
  giveUp(): void {
    for (const member of [...this.members.values()]) this.remove(member)
  }

  waiting(): LineMember[] {
    return [...this.members.values()].filter(({ place }) => place === 'waiting')
  }

  /** Those who wait here, in the order of their places. */
  remembered(): Remembered[] {
    return this.waiting().sort((a, b) => a.score - b.score)
  }

  /** Those whose receipt is to be renewed with this beat: all of them once in RECEIPT_BEATS. */
  nextForReceipts(): LineMember[] {
    this.#receiptsDue += this.members.size / RECEIPT_BEATS
    const next: LineMember[] = []
    for (; this.#receiptsDue >= 1; this.#receiptsDue--) {
      this.#round ??= this.members.values()
      const { value, done } = this.#round.next()
      if (done === true) this.#round = undefined
      else if (value.place === 'waiting') next.push(value)
    }
    return next
  }
}
