/** The operator's calls over HTTP: events, one event's queue, and the log of what operators did. */
import { OnsaleError } from '../../client/http.ts'
import type { QueueInfo, QueueState } from '../../shared/wire/messages.ts'
import { type QueueJson, queueFromJson } from '../../shared/wire/queue-json.ts'
import type { Block } from './kept-back.ts'

/** GET /admin/events */
export interface DeskEvent {
  eventId: string
  name: string
  /** Its name. */
  venue: string
  startsAt: string
  status: string
  hot: boolean
  queue: Pick<QueueInfo, 'state' | 'waiting' | 'active'>
  free: number
  sold: number
}

/** What an operator sets; times are RFC 3339. */
interface Settings {
  rate: number
  cap: number
  message: string
  method: 'fifo' | 'random'
  preQueueAt: string | null
  opensAt: string | null
  beaconRound: number | null
  joins: boolean
  claimSeconds: number
  graceSeconds: number
  staySeconds: number
  soldOut: 'keep' | 'dissolve'
  perNetwork: number | null
  payRate: number | null
}

/** GET and PUT /admin/events/:eventId/queue */
export interface QueueSettings extends Settings {
  eventId: string
  /** What it is now, as in `queue`. */
  state: QueueState
  /** What an operator has set; a plan moves on by itself. */
  setTo: QueueState
  queue: QueueInfo
}

export type QueueChange = Partial<Settings> & { state?: Exclude<QueueState, 'recovering'> }

/** GET /admin/audit, newest first; `next` is the `before` of the page after. */
export interface AuditPage {
  entries: AuditEntry[]
  next: number | null
}

export interface AuditEntry {
  id: number
  /** RFC 3339 */
  at: string
  actor: string
  act: string
  eventId: string | null
  detail: Record<string, unknown> | null
}

/** As many as the server takes at once. */
const TICKETS_A_CALL = 2_000
/** An answer that takes longer is as none. */
const DEADLINE_MS = 10_000

export class Desk {
  readonly token: string

  constructor(token: string) {
    this.token = token
  }

  async events(): Promise<DeskEvent[]> {
    return (await this.#call<{ events: DeskEvent[] }>('/admin/events')).events
  }

  async settings(eventId: string): Promise<QueueSettings> {
    return settingsOf(await this.#call(queueOf(eventId)))
  }

  async configure(eventId: string, change: QueueChange): Promise<QueueSettings> {
    return settingsOf(await this.#call(queueOf(eventId), { method: 'PUT', body: change }))
  }

  eject(eventId: string, visitorId: string): Promise<unknown> {
    return this.#call(`${queueOf(eventId)}/visitors/${encodeURIComponent(visitorId)}`, { method: 'DELETE' })
  }

  async blocks(eventId: string): Promise<Block[]> {
    return (await this.#call<{ blocks: Block[] }>(blocksOf(eventId))).blocks
  }

  /** Answers how many were not kept back before. @throws OnsaleError `hold_conflict` names the tickets that fans have */
  keepBack(eventId: string, ticketIds: readonly string[], reason: string): Promise<number> {
    return this.#inCalls(ticketIds, some =>
      this.#call(blocksOf(eventId), { method: 'PUT', body: { ticketIds: some, reason } }),
    )
  }

  /** Answers how many are on sale again. */
  giveBack(eventId: string, ticketIds: readonly string[]): Promise<number> {
    return this.#inCalls(ticketIds, some =>
      this.#call(blocksOf(eventId), { method: 'DELETE', body: { ticketIds: some } }),
    )
  }

  async #inCalls(
    ticketIds: readonly string[],
    call: (some: readonly string[]) => Promise<{ changed: number }>,
  ): Promise<number> {
    let changed = 0
    for (let at = 0; at < ticketIds.length; at += TICKETS_A_CALL)
      changed += (await call(ticketIds.slice(at, at + TICKETS_A_CALL))).changed
    return changed
  }

  audit(eventId: string, before: number | undefined, limit: number): Promise<AuditPage> {
    const query = new URLSearchParams({ eventId, limit: String(limit) })
    if (before !== undefined) query.set('before', String(before))
    return this.#call(`/admin/audit?${query}`)
  }

  /** @throws OnsaleError */
  async #call<Answer>(
    path: string,
    { method = 'GET', body }: { method?: 'GET' | 'PUT' | 'DELETE'; body?: object } = {},
  ): Promise<Answer> {
    let response: Response
    try {
      response = await fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      })
    } catch (cause) {
      throw new OnsaleError(0, {}, { cause })
    }
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
    if (!response.ok) throw new OnsaleError(response.status, { ...retryAfter(response), ...answer })
    return answer as Answer
  }
}

function settingsOf(answer: Omit<QueueSettings, 'queue'> & { queue: QueueJson }): QueueSettings {
  return { ...answer, queue: queueFromJson(answer.queue) }
}

function queueOf(eventId: string): string {
  return `/admin/events/${encodeURIComponent(eventId)}/queue`
}

function blocksOf(eventId: string): string {
  return `/admin/events/${encodeURIComponent(eventId)}/blocks`
}

function retryAfter(response: Response): { retryAfter?: number } {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? { retryAfter: seconds } : {}
}
