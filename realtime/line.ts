/** One event's line on this node: who waits or is in, what is known of the queue, and what is still to be done. */
import type { Remembered } from '../queue/queue.ts'
import type { EventId } from '../shared/ids.ts'
import type { QueueState } from '../shared/wire/messages.ts'
import { RECEIPT_BEATS } from './bounds.ts'
import { ForecastErrors } from './forecast-errors.ts'
import type { LineMember } from './line-member.ts'
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
  /** While this is done. */
  restoring: Promise<void> | undefined
  ready: Promise<void> = Promise.resolve()
  #receiptsDue = 0
  #round: Iterator<LineMember> | undefined

  constructor(event: EventId, ticks: LineTicks) {
    this.event = event
    this.alone = [event]
    this.ticks = ticks
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
