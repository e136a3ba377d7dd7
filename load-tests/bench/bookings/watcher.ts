/** A fan's map, kept by the server's own frames over a real socket: what each seat shows, and since when. */
import { BEARER_PREFIX, type ServerMessage, SUBPROTOCOL } from '../../../shared/wire/messages.ts'
import { decodeDiff, decodeSnapshot } from '../../../shared/wire/seat-frames.ts'
import { SeatState, type SeatStatus } from '../../../shared/wire/seat-state.ts'
import type { Shop } from './shop.ts'

export class Watcher {
  readonly #state = new SeatState()
  readonly #since = new Map<number, number>()
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, { status: SeatStatus; seen: (at: number) => void }[]>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer) this.#frame(new Uint8Array(data))
    })
  }

  static async open({ onsale, token }: Shop, event: string): Promise<Watcher> {
    const bearer = token()
    const socket = new WebSocket(`${onsale.realtimeUrl}/ws`, [SUBPROTOCOL, `${BEARER_PREFIX}${bearer}`])
    socket.binaryType = 'arraybuffer'
    const watcher = new Watcher(socket)
    await said(socket, 'welcome')
    socket.send(JSON.stringify({ type: 'watch', eventId: event }))
    await said(socket, 'watching')
    const answer = await fetch(`${onsale.httpUrl}/events/${event}/seats`, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/octet-stream' },
    })
    const snapshot = decodeSnapshot(new Uint8Array(await answer.arrayBuffer()))
    if (snapshot === undefined) throw new Error('no snapshot of the seats')
    watcher.#state.replace(snapshot)
    return watcher
  }

  /** When the seat first showed it, ms by this machine's clock; NaN where that did not happen within the time. */
  shows(seat: number, status: SeatStatus, withinMs: number): Promise<number> {
    if (this.#state.get(seat) === status) return Promise.resolve(this.#since.get(seat) ?? Date.now())
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(Number.NaN), withinMs)
      const seen = (at: number) => {
        clearTimeout(timer)
        resolve(at)
      }
      this.#waiting.set(seat, [...(this.#waiting.get(seat) ?? []), { status, seen }])
    })
  }

  close(): void {
    this.#socket.close()
  }

  #frame(frame: Uint8Array): void {
    const diff = decodeDiff(frame)
    if (diff === undefined) return
    const at = Date.now()
    // Absolute values: also what came before the snapshot does no harm, and a gap only shows later.
    this.#state.diff(diff)
    for (let i = 0; i + 1 < diff.changes.length; i += 2) {
      const seat = diff.changes[i] ?? -1
      this.#since.set(seat, at)
      const waiting = this.#waiting.get(seat) ?? []
      for (const { status, seen } of waiting) if (status === diff.changes[i + 1]) seen(at)
      this.#waiting.set(
        seat,
        waiting.filter(one => one.status !== diff.changes[i + 1]),
      )
    }
  }
}

function said(socket: WebSocket, type: ServerMessage['type']): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('close', ({ code }) => reject(new Error(`the socket was closed (${code})`)))
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (typeof data === 'string' && (JSON.parse(data) as ServerMessage).type === type) resolve()
    })
  })
}
