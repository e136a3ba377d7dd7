/** The operator's calls: the token, the queue's switch, and live numbers over Socket.IO or else by asking. */
import { OnsaleError } from '../../client/http.ts'
import type { AdminStatus, QueueInfo, QueueState } from '../../shared/wire/messages.ts'
import { kept, tab } from '../kept.ts'

/** GET and PUT /admin/events/:eventId/queue */
export interface QueueSettings {
  eventId: string
  state: QueueState
  rate: number
  cap: number
  message: string
  passSeconds: number
  graceSeconds: number
  queue: QueueInfo
}

export interface QueueChange {
  state?: 'open' | 'paused' | 'off'
  rate?: number
  cap?: number
  message?: string
}

/** What is shown live; free, holds and sold only where Socket.IO tells them. */
export interface LiveCounts {
  queue: QueueInfo
  seats: Pick<AdminStatus, 'free' | 'holds' | 'sold' | 'rateIn' | 'rateOut' | 'nodes'> | undefined
}

const TOKEN = 'admin-token'
const POLL_MS = 2_000

/** Takes the token out of the address, so that it stands in no history, screenshot or referrer. */
export function takeToken(): string | undefined {
  const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1]
  if (given !== undefined) {
    tab.set(TOKEN, decodeURIComponent(given))
    history.replaceState(null, '', location.pathname + location.search)
  }
  return kept(tab, TOKEN)
}

export function keepToken(token: string): void {
  tab.set(TOKEN, token)
}

export function dropToken(): void {
  tab.remove(TOKEN)
}

export class Desk {
  readonly #token: string
  readonly #realtimeUrl: string

  constructor(token: string, realtimeUrl: string) {
    this.#token = token
    this.#realtimeUrl = realtimeUrl
  }

  settings(eventId: string): Promise<QueueSettings> {
    return this.#call(eventId, 'GET')
  }

  configure(eventId: string, change: QueueChange): Promise<QueueSettings> {
    return this.#call(eventId, 'PUT', change)
  }

  /** Numbers of one event, live until the answer is called. */
  watch(eventId: string, show: (counts: LiveCounts) => void, fail: (error: unknown) => void): () => void {
    let ended = false
    let stop = this.#poll(eventId, show, fail)
    // Socket.IO's client is some 40 KB and only operators need it.
    import('./admin-socket.ts')
      .then(({ watchStatus }) => {
        if (ended) return
        const polled = stop
        let live = false
        const close = watchStatus(this.#realtimeUrl, this.#token, eventId, status => {
          if (!live) polled()
          live = true
          const { queue, free, holds, sold, rateIn, rateOut, nodes } = status
          show({ queue, seats: { free, holds, sold, rateIn, rateOut, nodes } })
        })
        stop = () => {
          polled()
          close()
        }
      })
      // Asking goes on.
      .catch(() => undefined)
    return () => {
      ended = true
      stop()
    }
  }

  #poll(eventId: string, show: (counts: LiveCounts) => void, fail: (error: unknown) => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let ended = false
    const ask = async () => {
      try {
        const { queue } = await this.settings(eventId)
        if (!ended) show({ queue, seats: undefined })
      } catch (error) {
        if (!ended) fail(error)
      }
      if (!ended) timer = setTimeout(() => void ask(), POLL_MS)
    }
    void ask()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }

  async #call(eventId: string, method: 'GET' | 'PUT', change?: QueueChange): Promise<QueueSettings> {
    let response: Response
    try {
      response = await fetch(`/admin/events/${encodeURIComponent(eventId)}/queue`, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.#token}`,
          ...(change === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(change === undefined ? {} : { body: JSON.stringify(change) }),
      })
    } catch (cause) {
      throw new OnsaleError(0, {}, { cause })
    }
    const body = (await response.json().catch(() => ({}))) as Record<string, unknown>
    if (!response.ok) throw new OnsaleError(response.status, body)
    return body as unknown as QueueSettings
  }
}

export function isTokenWrong(error: unknown): boolean {
  return error instanceof OnsaleError && error.code.startsWith('admin_')
}
