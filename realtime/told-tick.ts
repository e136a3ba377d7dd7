/** A tick for one band, made into bytes or text once, where a door needs it. */
import type { QueueTick } from '../shared/wire/messages.ts'
import { knotsOf, type Stretch } from '../shared/wire/position.ts'
import { encodeTick } from '../shared/wire/queue-frames.ts'

export class ToldTick {
  readonly #tick: Omit<QueueTick, 'knots'>
  readonly #piece: Stretch
  #frame: Uint8Array<ArrayBuffer> | undefined
  #message: QueueTick | undefined

  constructor(tick: Omit<QueueTick, 'knots'>, piece: Stretch) {
    this.#tick = tick
    this.#piece = piece
  }

  get frame(): Uint8Array<ArrayBuffer> {
    this.#frame ??= encodeTick(this.#tick, this.#piece)
    return this.#frame
  }

  get message(): QueueTick {
    const { eventId, generation, state, waiting, active, frontier, rate, soldOut, serverTime } = this.#tick
    const { leaving, bound, unordered, epoch, seq } = this.#tick
    this.#message ??= {
      type: 'tick',
      eventId,
      generation,
      state,
      waiting,
      active,
      frontier,
      knots: knotsOf(this.#piece),
      rate,
      leaving,
      bound,
      soldOut,
      serverTime,
      ...(unordered === true ? { unordered } : {}),
      ...(epoch === undefined || seq === undefined ? {} : { epoch, seq }),
    }
    return this.#message
  }
}
