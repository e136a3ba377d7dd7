/**
 * What the visitors of a line on this node are told of their own places: at a join, by news, with fresh receipts. What everyone
 * hears alike is in line-ticks.ts.
 */
import type { Queue, QueueNode } from '../queue/queue.ts'
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { EndReason, PlaceInfo } from '../shared/wire/messages.ts'
import { FORECAST_LEAST_SECONDS, PASSES_A_CALL } from './bounds.ts'
import type { Line } from './line.ts'
import type { LineMember } from './line-member.ts'
import type { Meters } from './meters.ts'
import type { TickShare } from './tick-share.ts'

interface Parts {
  queue: Queue & QueueNode
  clock: Clock
  share: TickShare
  meters: Meters
}

export class LinePlaces {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The member waits; the first wait it is told is held against the one that comes. */
  stand(
    line: Line,
    member: LineMember,
    { score, position, wait }: Extract<PlaceInfo, { state: 'waiting' }>,
  ): void {
    if (member.toldAt === 0 && wait !== null && wait.p50 >= FORECAST_LEAST_SECONDS)
      Object.assign(member, wait, { toldAt: this.#parts.clock.now() })
    const moved = member.place !== 'waiting' || member.score !== score
    member.place = 'waiting'
    member.score = score
    if (moved) line.ticks.place(member, position)
  }

  /** Those among them whose turn it is hear so, each with a pass. */
  async tellAdmitted(line: Line, members: LineMember[]): Promise<void> {
    for (let at = 0; at < members.length; at += PASSES_A_CALL) {
      const asked = new Map(members.slice(at, at + PASSES_A_CALL).map(member => [member.visitorId, member]))
      for (const { visitorId, pass, until } of await this.#parts.queue.passes(line.event, [
        ...asked.keys(),
      ])) {
        const member = asked.get(visitorId)
        // Who left, or whose turn ended, while the record was made has heard so already.
        if (member === undefined || !line.has(member)) continue
        this.admit(line, member)
        for (const socket of member.sockets)
          socket.send({ type: 'admitted', eventId: line.event, pass, until })
      }
    }
  }

  admit(line: Line, member: LineMember): void {
    if (member.place !== 'admitted') this.#letIn(line, member)
    member.place = 'admitted'
    line.ticks.take(member)
  }

  #letIn(line: Line, { toldAt, p50, p90 }: LineMember): void {
    const { meters, clock } = this.#parts
    meters.admissions.inc()
    if (toldAt === 0) return
    const seconds = (clock.now() - toldAt) / 1_000
    line.forecasts.saw(seconds, { p50, p90 })
    meters.forecastRatio.observe(seconds / p50)
    meters.forecasts.inc({ kept: seconds <= p90 ? 'yes' : 'no' })
  }

  /** Their places or turns have ended. */
  end(line: Line, hexes: string[], reason: EndReason): void {
    for (const hex of hexes) {
      const member = line.members.get(hex)
      if (member !== undefined) this.#end(line, member, reason)
    }
  }

  /** The same for a whole line, as the share allows. Whoever comes again meanwhile has another place, and keeps it. */
  async endAll(line: Line, members: readonly LineMember[], reason: EndReason): Promise<void> {
    const known = members.map(member => ({ member, score: member.score }))
    await this.#parts.share.each(known, ({ member, score }) => {
      if (line.has(member) && member.score === score) this.#end(line, member, reason)
    })
  }

  #end(line: Line, member: LineMember, reason: EndReason): void {
    line.remove(member)
    for (const socket of member.sockets) {
      socket.send({ type: 'ended', eventId: line.event, reason })
      if (line.isOn && reason !== 'queue_off') socket.expel(line.event, false)
    }
  }

  /** Asks where a waiting member stands, and tells it. `wasLost`: Redis has just lost the line. */
  async tell(line: Line, member: LineMember, wasLost: boolean): Promise<void> {
    const { queue } = this.#parts
    const { event } = line
    let place = await queue.status(event, member.visitorId)
    if (member.place !== 'waiting' || !line.has(member)) return
    if (place.state === 'none') {
      // Whose place Redis lost joins again by itself, with its receipt; who is here and lost it otherwise stands at the end. A loss
      // of just now is for the next look: what we remember of the place is what brings it back.
      if (wasLost || (await queue.settings(event)).generation !== line.generation) return
      const network = member.sockets[0]?.network
      place = await queue.join(event, member.visitorId, { network }).catch((error: unknown) => {
        if (isRefusal(error)) return { state: 'none' } as const
        throw error
      })
      if (!line.has(member)) {
        // The last socket closed meanwhile, and the word of that may have come before the join.
        if (!line.members.has(member.hex)) queue.away(event, member.visitorId)
        return
      }
    }
    if (place.state === 'none') {
      this.end(line, [member.hex], 'expired')
      return
    }
    if (place.state === 'admitted') this.admit(line, member)
    else this.stand(line, member, place)
    for (const socket of member.sockets) socket.send({ type: 'place', eventId: line.event, place })
  }

  /** A few of those who wait with each beat, so that everyone's is fresh. */
  async renewReceipts(line: Line): Promise<void> {
    const members = line.nextForReceipts()
    if (members.length === 0) return
    const receipts = await this.#parts.queue.receipts(line.event, members)
    for (const [i, member] of members.entries()) {
      const receipt = receipts[i]
      if (receipt === undefined || member.place !== 'waiting') continue
      for (const socket of member.sockets) socket.send({ type: 'receipt', eventId: line.event, receipt })
    }
  }
}

/** The line did not take this newcomer: there is no place whose visitor could be away. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Problem && /^(queue_closed|queue_off|too_many_places)$/.test(error.code)
}
