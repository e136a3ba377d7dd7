/**
 * What a line on this node has missed is found again by comparing: calls whose news was lost, ends of a time in which nothing
 * was heard, and places that Redis has lost. What fails is tried again with the next beat.
 */
import type { QueueNode } from '../queue/queue.ts'
import type { LineTick } from '../queue/sketch.ts'
import { PASSES_A_CALL, SOCKETS_A_TURN } from './bounds.ts'
import type { Line } from './line.ts'
import type { LinePlaces } from './line-places.ts'

interface Parts {
  queue: QueueNode
  places: LinePlaces
}

export class LineRepair {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Called long ago, by the tick's frontier, and never told: the news was lost. Who has no turn all the same has missed it, and
   * is here: their place is called next.
   */
  async catchUp(line: Line, { frontier }: LineTick): Promise<void> {
    const missed = line.ticks.called(frontier)
    if (missed.length > 0) await this.#parts.places.tellAdmitted(line, missed)
    for (const { place, visitorId } of missed)
      if (place === 'waiting') this.#parts.queue.back(line.event, visitorId)
  }

  /**
   * After a loss of Redis what this node remembers of places is brought back; then, as after a draw, everyone waiting here is
   * told theirs. What fails is tried again with the next beat.
   */
  async restore(line: Line): Promise<void> {
    if (line.restoring === undefined && (line.isLost || line.placesToTell))
      line.restoring = this.#restoreNow(line).finally(() => {
        line.restoring = undefined
      })
    await line.restoring
  }

  async #restoreNow(line: Line): Promise<void> {
    const wasLost = line.isLost
    if (wasLost) {
      // Said again where Redis is lost once more meanwhile.
      line.isLost = false
      await this.#parts.queue.reassert(line.event, line.remembered()).catch((error: unknown) => {
        line.isLost = true
        throw error
      })
      line.placesToTell = true
    }
    while (line.placesToTell) {
      line.placesToTell = false
      await this.#tellPlaces(line, wasLost).catch((error: unknown) => {
        line.placesToTell = true
        throw error
      })
    }
  }

  async #tellPlaces(line: Line, wasLost: boolean): Promise<void> {
    const waiting = line.waiting()
    for (let at = 0; at < waiting.length; at += SOCKETS_A_TURN)
      await Promise.all(
        waiting.slice(at, at + SOCKETS_A_TURN).map(member => this.#parts.places.tell(line, member, wasLost)),
      )
  }

  /** Cut off for longer than a grace: turns may have ended and places been given up, and nobody here was told. */
  async findMissed(line: Line): Promise<void> {
    line.newsMissed = false
    await this.#findEnded(line).catch((error: unknown) => {
      line.newsMissed = true
      throw error
    })
    line.placesToTell = true
  }

  async #findEnded(line: Line): Promise<void> {
    const admitted = [...line.members.values()].filter(({ place }) => place === 'admitted')
    for (let at = 0; at < admitted.length; at += PASSES_A_CALL) {
      const some = admitted.slice(at, at + PASSES_A_CALL)
      const live = await this.#parts.queue.passes(
        line.event,
        some.map(({ visitorId }) => visitorId),
      )
      const still = new Set(live.map(({ visitorId }) => visitorId))
      const over = some.filter(({ visitorId }) => !still.has(visitorId))
      this.#parts.places.end(
        line,
        over.map(({ hex }) => hex),
        'expired',
      )
    }
  }
}
