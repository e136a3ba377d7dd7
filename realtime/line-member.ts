/** A visitor in a line with a socket on this node: there may be a hundred thousand, so it is small. */
import type { VisitorId } from '../shared/ids.ts'
import type { Banded } from './bands.ts'
import type { Connection } from './connection.ts'

/** Shared, as nearly every visitor has one socket. */
const NO_MORE: readonly Connection[] = []

export class LineMember implements Banded {
  readonly visitorId: VisitorId
  /** Their name in the line, 28 hex digits. */
  readonly hex: string
  place: 'joining' | 'waiting' | 'admitted'
  score = Number.POSITIVE_INFINITY
  band = -1
  slice = 0
  /** When a wait was told first, ms; 0: never. And which. */
  toldAt = 0
  p50 = 0
  p90 = 0
  #first: Connection | undefined
  #more = NO_MORE

  constructor(visitorId: VisitorId, hex: string, place: LineMember['place']) {
    this.visitorId = visitorId
    this.hex = hex
    this.place = place
  }

  /** Made anew: a list of one that is kept costs as much as half a member. */
  get sockets(): readonly Connection[] {
    return this.#first === undefined ? NO_MORE : [this.#first, ...this.#more]
  }

  get isHere(): boolean {
    return this.#first !== undefined
  }

  /** Answers whether it is new. */
  add(socket: Connection): boolean {
    if (this.#first === socket || this.#more.includes(socket)) return false
    if (this.#first === undefined) this.#first = socket
    else this.#more = [...this.#more, socket]
    return true
  }

  /** Answers whether it was there. */
  remove(socket: Connection): boolean {
    if (this.#first === socket) {
      this.#first = this.#more[0]
      this.#more = this.#more.length > 1 ? this.#more.slice(1) : NO_MORE
      return true
    }
    const left = this.#more.filter(one => one !== socket)
    if (left.length === this.#more.length) return false
    this.#more = left.length > 0 ? left : NO_MORE
    return true
  }
}
