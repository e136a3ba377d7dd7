/** Keeps one event's board current: told over Socket.IO, and where that is silent asked for over HTTP. */
import { answered, type Board, EMPTY_BOARD, lost, told, withHistory } from './board.ts'
import type { Desk } from './desk.ts'
import { isTokenRefused } from './token.ts'

const ASK_EVERY_MS = 2_000
/** A status comes every second: after so long without one, it is asked for. */
const SILENT_MS = 3_500

export interface Listener {
  show(board: Board): void
  refused(code: string): void
}

export class Feed {
  readonly #desk: Desk
  readonly #eventId: string
  readonly #listener: Listener
  #board = EMPTY_BOARD
  #toldAt = Number.NEGATIVE_INFINITY
  #closed = false
  #closeSocket: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(desk: Desk, realtimeUrl: string, eventId: string, listener: Listener) {
    this.#desk = desk
    this.#eventId = eventId
    this.#listener = listener
    void this.#open(realtimeUrl)
    void this.#ask()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#closeSocket?.()
  }

  async #open(realtimeUrl: string): Promise<void> {
    try {
      const { watchStatus } = await import('./admin-socket.ts')
      if (this.#closed) return
      this.#closeSocket = watchStatus(
        { realtimeUrl, token: this.#desk.token, eventId: this.#eventId },
        {
          status: status => {
            this.#toldAt = Date.now()
            this.#show(told(this.#board, status, this.#toldAt))
          },
          history: history => this.#show(withHistory(this.#board, history)),
          refused: error => this.#failed(error),
        },
      )
    } catch {
      // Asking goes on.
    }
  }

  /** Every two seconds: asks where nothing was told. */
  async #ask(): Promise<void> {
    if (Date.now() - this.#toldAt > SILENT_MS) {
      const asked = Date.now()
      try {
        const { queue } = await this.#desk.settings(this.#eventId)
        if (this.#toldAt < asked) this.#show(answered(this.#board, queue, Date.now()))
      } catch (error) {
        this.#failed(error)
        if (this.#toldAt < asked) this.#show(lost(this.#board, error))
      }
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#ask(), ASK_EVERY_MS)
  }

  #failed(error: unknown): void {
    if (!this.#closed && isTokenRefused(error)) this.#listener.refused(error.code)
  }

  #show(board: Board): void {
    this.#board = board
    if (!this.#closed) this.#listener.show(board)
  }
}
