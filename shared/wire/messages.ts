/**
 * Everything said on a socket, as two unions: what a client says and what the server says. Both doors speak it:
 * `/ws` as JSON text (and seat diffs as binary frames, seat-frames.ts), Socket.IO as events named by `type`.
 * Times are ms since 1970 by the server's clock.
 */

/** The subprotocol of /ws. A session token may follow as a second entry: `bearer.<token>`. */
export const SUBPROTOCOL = 'onsale.v1'
export const BEARER_PREFIX = 'bearer.'

export type ClientMessage =
  /** Send me the event's seat diffs. The pass is needed while the queue is on. */
  | { type: 'watch'; eventId: string; pass?: string | undefined }
  | { type: 'unwatch'; eventId: string }
  /** Give me a place in the line, or tell me the one I have. Idempotent. */
  | { type: 'join'; eventId: string; receipt?: string | undefined }
  | { type: 'leave'; eventId: string }
  /** What time is it? `at` comes back, so the client can measure the way. */
  | { type: 'time'; at: number }

export type ServerMessage =
  | { type: 'welcome'; visitorId: string; serverTime: number; node: string }
  /** Diffs of this event follow, with this handle in their frames, from after epoch.seq. */
  | { type: 'watching'; eventId: string; handle: number; epoch: number; seq: number }
  /**
   * What you have may be wrong: fetch the whole snapshot and take it as it is, also where its version is below yours. `map`: the
   * hash of the event's map, where it is another now.
   */
  | { type: 'resync'; eventId: string; epoch: number; seq: number; map?: string }
  /** Live updates have stopped (Redis is away) or come again. */
  | { type: 'paused'; eventId: string; paused: boolean }
  | { type: 'queue'; eventId: string; queue: QueueInfo }
  | { type: 'place'; eventId: string; place: PlaceInfo }
  /** The same place's receipt, renewed while one is here: keep it instead of the one before. */
  | { type: 'receipt'; eventId: string; receipt: string }
  | QueueTick
  | { type: 'admitted'; eventId: string; pass: string; until: number }
  /** The visitor's turn or place has ended. */
  | { type: 'ended'; eventId: string; reason: EndReason }
  | { type: 'time'; at: number; serverTime: number }
  /** The node goes away: come back after this many ms, to another. */
  | { type: 'goodbye'; afterMs: number }
  /** `from` with `queue_closed`: when the line forms, ms. Absent there: it takes nobody any more. */
  | { type: 'error'; code: string; detail: string; eventId?: string; retryAfter?: number; from?: number }

export type QueueState = 'off' | 'scheduled' | 'pre_queue' | 'open' | 'paused' | 'recovering' | 'closing'

/** What anybody may know of an event's queue. */
export interface QueueInfo {
  state: QueueState
  /** Places in the line. */
  waiting: number
  /** Admitted and not gone. */
  active: number
  /** An operator's word to those who wait. */
  message?: string
  /** When the line forms and when its doors move, ms; absent where no time is set, or it is past. */
  preQueueAt?: number | undefined
  opensAt?: number | undefined
  /** Nothing is left: only returns bring seats back. */
  soldOut?: true
}

export type EndReason = 'left' | 'expired' | 'purchased' | 'ejected' | 'sold_out' | 'queue_off'

/** Where a visitor stands. */
export type PlaceInfo =
  | { state: 'none' }
  | {
      state: 'waiting'
      /** Places ahead; null while the draw is still to come: the place is safe, and has no number. */
      position: number | null
      /** What orders places; with a tick's knots it gives the position. */
      score: number
      receipt: string
      generation: number
      wait: WaitTime | null
      /** The draw is still to come. */
      phase?: 'pre'
      /** Where the order is drawn: the visitor's name among the published entrants, 28 hex digits. */
      entry?: string
    }
  | { state: 'admitted'; pass: string; until: number }

/** Seconds until admission: half of those at this place wait less than p50, nine in ten less than p90. */
export interface WaitTime {
  p50: number
  p90: number
}

/**
 * What bounds admission: the operator's rate; the cap, or the seats, as many are in already; the payment provider's rate; an
 * operator's pause; that nothing is left. `none`: nobody waits, or the doors are to move later.
 */
export type Bound = 'none' | 'rate' | 'cap' | 'seats' | 'payments' | 'paused' | 'sold_out'

/** The beat everyone in the line hears: a client finds its own score among the knots and knows its position. */
export interface QueueTick {
  type: 'tick'
  eventId: string
  generation: number
  state: QueueState
  waiting: number
  active: number
  /** Every place with a score at or below was called. */
  frontier: number
  /** Pairs score, rank: ascending, exact in front, coarser behind; of the piece of the line that its receivers stand in. */
  knots: number[]
  /** Measured admissions per second. */
  rate: number
  /** Measured: of each place in the line, the chance a second that it is given up. */
  leaving: number
  /** What the pace of admissions hangs on now. */
  bound: Bound
  /** Nothing is left and nothing held: only returns bring seats back. */
  soldOut: boolean
  serverTime: number
  /** The draw is still to come: places are safe, and no number is told. */
  unordered?: boolean | undefined
  /** Version of the seat map, so that the loss of a last diff is seen. */
  epoch?: number | undefined
  seq?: number | undefined
}

/**
 * Messages of /admin, over Socket.IO alone: `history` once after `watch`, then `status` every second; `error` as above, with
 * `admin_expired` before the socket of a token that has come to its end is closed.
 */
export interface AdminStatus extends AdminSample {
  eventId: string
  queue: QueueInfo
  currency: string
  /** Sections and standing areas in the order of the map; told every few seconds. */
  heat?: SectionHeat[]
  /** Realtime nodes that have spoken in the last seconds. */
  nodes: NodeStatus[]
  /** Of the node that tells; absent until somebody was let in who was told a wait there. */
  forecast?: ForecastError
  /** Id of the event's latest line in the audit log, 0 where there is none. */
  lastAct: number
}

/** How true the waiting times were that were told at the join, of the latest visitors let in. */
export interface ForecastError {
  /** Median of how far the wait was off p50, as a share of it. */
  p50Error: number
  /** The share that waited no longer than p90. */
  covered: number
  visitors: number
}

/** The minutes before, oldest first, as far as they are known: one sample every few seconds. */
export interface AdminHistory {
  eventId: string
  samples: AdminSample[]
}

/** How an event stood at one moment. */
export interface AdminSample {
  /** ms, by Redis's clock. */
  at: number
  waiting: number
  active: number
  free: number
  /** Tickets held. */
  holds: number
  sold: number
  /** Captured less refunded, minor units. */
  revenue: number
  /** Joins and admissions a second, counted over the last five. */
  rateIn: number
  rateOut: number
}

/** How full a section or standing area is, in tickets; blocked ones are no part of `total`. */
export interface SectionHeat {
  section: string
  name: string
  total: number
  held: number
  sold: number
}

/** What one realtime node carries. */
export interface NodeStatus {
  node: string
  sockets: number
  watchers: number
}

/** Come back after the goodbye's delay. */
export const GOING_AWAY = 1012
/** Too slow for too long: poll for a while. */
export const TOO_SLOW = 1013

/** Close codes of /ws beside RFC 6455's: whether to come back. */
export const CLOSE = {
  goingAway: GOING_AWAY,
  tooSlow: TOO_SLOW,
  /** Do not come back with the same message. */
  badMessage: 4400,
  tooMany: 4429,
} as const
