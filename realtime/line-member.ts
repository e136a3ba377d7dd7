/** A visitor in a line with a socket on this node: there may be a hundred thousand, so it is small. */
import type { VisitorId } from '../shared/ids.ts'
import type { Banded } from './bands.ts'
import type { Connection } from './connection.ts'

export class LineMember implements Banded {
  readonly visitorId: VisitorId
  /** Nearly always one: a list of one costs a fifth of a set. */
  sockets: readonly Connection[] = []
  place: 'joining' | 'waiting' | 'admitted'
  score = Number.POSITIVE_INFINITY
  band = -1
  slice = 0
  /** When a wait was told first, ms; 0: never. And which. */
  toldAt = 0
  p50 = 0
  p90 = 0

  constructor(visitorId: VisitorId, place: LineMember['place']) {
    this.visitorId = visitorId
    this.place = place
  }

  /** Answers whether it is new. */
  add(socket: Connection): boolean {
    if (this.sockets.includes(socket)) return false
    this.sockets = [...this.sockets, socket]
    return true
  }

  /** Answers whether it was there. */
  remove(socket: Connection): boolean {
    const before = this.sockets.length
    this.sockets = this.sockets.filter(one => one !== socket)
    return this.sockets.length < before
  }
}
