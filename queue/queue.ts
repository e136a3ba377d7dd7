/**
 * The waiting room of an event: who waits, in which order, who was admitted. Places live in Redis, in one sorted
 * set an event; admissions are recorded in Postgres before their pass is sent, so that nobody is admitted twice
 * when Redis is lost. This file is the contract; redis-queue.ts keeps it.
 *
 * A visitor's member in Redis is 14 bytes: an HMAC of event and visitor, so a repeated join changes nothing.
 */
import type { BookingId, EventId, VisitorId } from '../shared/ids.ts'
import type { EndReason, PlaceInfo, QueueInfo, QueueState } from '../shared/wire/messages.ts'
import type { LineTick } from './sketch.ts'

/** What an operator sets. */
export interface QueueSettings {
  /** `scheduled` and `pre_queue` move on by themselves, at `preQueueAt` and `opensAt`: see QueueInfo for the state now. */
  state: QueueState
  /** The order of those who came before the doors: as they came, or drawn by lot. */
  method: QueueMethod
  /** Whether newcomers are taken. */
  joins: boolean
  /** From when on a scheduled line may form, and when its doors move; ms. Null: when an operator says so. */
  preQueueAt: number | null
  opensAt: number | null
  /** The round of drand's quicknet whose randomness the draw takes in; null: none. Named before entries close, and after the doors' time. */
  beaconRound: number | null
  /** Admissions per second; fractions are allowed (0.2 = one in five seconds). */
  rate: number
  /** Most active visitors at once. */
  cap: number
  /** Admissions that may come at once after quiet. */
  burst: number
  /** Visitors let in per free seat, so that those who leave empty-handed do not leave seats unsold. */
  factor: number
  /** How long a slot lasts, seconds; an active visitor's is renewed until `staySeconds` after the admission. */
  passSeconds: number
  staySeconds: number
  /** How long a turn waits for its visitor, seconds; then it goes to the next, and the place is kept for a return. */
  claimSeconds: number
  /** How long a place is kept without a socket or a poll, seconds. */
  graceSeconds: number
  /** When nothing is left and nothing held: the line waits for returns, or is told and ended. */
  soldOut: 'keep' | 'dissolve'
  /** Payments a second that the payment provider takes: no more are let in than can pay in time. Null: STRIPE_RPS. */
  payRate: number | null
  /** Most places from one network. Null: no bound, as an honest crowd may share one address. */
  perNetwork: number | null
  message: string
  generation: number
}

export type QueueMethod = 'fifo' | 'random'

/** What an operator changes; the rest stays. A burst of null follows the rate: a second's worth, at least one. */
export type QueueChange = Partial<Omit<QueueSettings, 'generation' | 'burst'>> & { burst?: number | null }

export interface Admission {
  visitorId: VisitorId
  pass: string
  /** End of the pass, ms: two seconds before the slot's, so that a pass that still counts always meets its slot. */
  until: number
}

/** May this visitor see and book the event's seats? */
export type Gate =
  | { ok: true }
  | {
      ok: false
      code: 'waiting_room_required' | 'pass_invalid' | 'pass_expired' | 'pass_foreign'
      /** Until the line forms or its doors open, where that is still to come. */
      doorsInMs?: number
    }

export interface JoinedBy {
  /** Of the place one had: it counts where Redis was lost. */
  receipt?: string | undefined
  /** Where they come from, as shared/network says; counts only where the event has a hard limit. */
  network?: string | undefined
}

export interface Queue {
  /** Cached for at most a second; `off` where nobody ever set it. */
  settings(event: EventId): Promise<QueueSettings>
  /** `own`: the place of whoever asks, which counts also where it is newer than what was read of the line. */
  info(event: EventId, own?: PlaceInfo): Promise<QueueInfo>
  /** One audited change, in effect everywhere within a second. Answers the settings after it. */
  configure(event: EventId, change: QueueChange, actor: string): Promise<QueueSettings>

  /**
   * Idempotent: one visitor has one place, whatever the number of tabs, nodes and repeats.
   * @throws Problem queue_closed where no newcomers are taken, too_many_places where a hard limit of the network is reached
   */
  join(event: EventId, visitor: VisitorId, by?: JoinedBy): Promise<PlaceInfo>
  /** Gives up place or slot. Harmless when repeated. */
  leave(event: EventId, visitor: VisitorId): Promise<void>
  /**
   * The visitor `from` has logged in and is `to` now: the better of both places stays, and a slot counts before any place.
   * Harmless when repeated.
   * @throws Problem queue_unavailable also while a draw that has fixed its entrants is under way
   */
  adopt(event: EventId, from: VisitorId, to: VisitorId): Promise<void>
  /** Where the visitor stands; counts as a sign of life of a visitor who polls. */
  status(event: EventId, visitor: VisitorId): Promise<PlaceInfo>
  /**
   * A slot comes back at once: the visitor has bought, or was thrown out. With `at`, ms, only the slot in
   * which the visitor was then ends, and no place in the line: the word of a purchase may come late.
   */
  end(event: EventId, visitor: VisitorId, reason: EndReason, at?: number): Promise<void>

  /** A payment is under way until `endsAt`, ms, or over where none is given: no more are let in than can pay in time. */
  payment(event: EventId, booking: BookingId, endsAt?: number): Promise<void>
  /** An operator throws a visitor out, in the audit log; what they hold or pay stays theirs. */
  eject(event: EventId, visitor: VisitorId, actor: string): Promise<void>

  /**
   * Passes everybody while the queue is off. A pass counts only with its own session and a live slot in Redis. Whoever comes
   * to the gate is active: in the last half of a slot it is renewed, and news of it brings another pass.
   */
  gate(event: EventId, visitor: VisitorId | undefined, pass: string | undefined): Promise<Gate>
  /** The visitor's member of `act`, for the hold script. */
  member(event: EventId, visitor: VisitorId): Buffer
}

/**
 * What a realtime node does for its own sockets. Presence of a connected visitor costs nothing: `join` and `back`
 * through a socket's door say that they are here, `away` that they are gone, and the node's lease, renewed by `sweep`,
 * covers all of them. A method that cannot reach Redis or Postgres throws Problem `queue_unavailable`: try again with the
 * next beat.
 */
export interface QueueNode {
  /** One leaderless round of admission: harmless when many nodes call. Its news names the admitted. */
  admit(event: EventId): Promise<void>
  /** The last socket of this visitor on this node closed, or the first opened again. Buffered, and sent in batches. */
  away(event: EventId, visitor: VisitorId): void
  back(event: EventId, visitor: VisitorId): void
  /** Once a second. Renews the node's lease, gives up places whose grace is over and slots whose time is over. */
  sweep(event: EventId): Promise<void>
  /** Read once for everyone who waits: the front within a second, those behind it within some five. */
  tick(event: EventId): Promise<LineTick>
  /** Events whose queue is on. */
  events(): Promise<EventId[]>
  /**
   * Sign passes for the admitted among these, after making sure that Postgres has their admissions; the others are left
   * out. To be called for one's own visitors who are here: named by `admitted` or `renewed`, or at or below a tick's frontier
   * and not told. It claims their turns.
   */
  passes(event: EventId, visitors: VisitorId[]): Promise<Admission[]>
  /**
   * After a loss of Redis: what this node remembers of the places of its visitors, in the order of their scores. Bounded by
   * Redis's time; answers how many came back.
   */
  reassert(event: EventId, places: Remembered[]): Promise<number>
  /** Fresh receipts of places that are here, in their order: they say when their visitors were last seen. */
  receipts(event: EventId, places: Remembered[]): Promise<string[]>
  /** The settings have changed (news of kind `settings`): what is remembered of them is dropped. */
  refresh(event: EventId): void
}

export interface Remembered {
  visitorId: VisitorId
  score: number
}

/** Published on the queue's channel, as news.ts reads it. Members are 28 hex digits: `member(event, visitor).toString('hex')`. */
export type QueueNews =
  | { kind: 'admitted'; frontier: number; members: string[] }
  /** A place or a slot has ended. */
  | { kind: 'ended'; members: string[]; reason: EndReason }
  /** These slots last longer: their visitors get another pass. */
  | { kind: 'renewed'; members: string[] }
  /** All who waited have ended. */
  | { kind: 'dissolved'; reason: EndReason }
  /** Who has a live socket of one of these calls `back` within a second, else the place is given up. */
  | { kind: 'asked'; members: string[] }
  /** A login has given these a better place: they are told. */
  | { kind: 'moved'; members: string[] }
  /** The order has been drawn: everyone who waits has another score, and is to be told. */
  | { kind: 'drawn' }
  /**
   * Call `refresh`, then look at `settings`. State `off`: everyone who waited or was active has ended, queue_off.
   * Another generation than before: Redis was lost or the line is a new one; clients join again with their receipt.
   */
  | { kind: 'settings' }
