/**
 * The waiting room of an event: who waits, in which order, who was admitted. Places live in Redis, in one sorted
 * set an event; admissions are recorded in Postgres before their pass is sent, so that nobody is admitted twice
 * when Redis is lost. This file is the contract; redis-queue.ts keeps it.
 *
 * A visitor's member in Redis is 14 bytes: an HMAC of event and visitor, so a repeated join changes nothing.
 */
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { EndReason, PlaceInfo, QueueInfo, QueueState, QueueTick } from '../shared/wire/messages.ts'

/** What an operator sets. */
export interface QueueSettings {
  state: QueueState
  /** Admissions per second; fractions are allowed (0.2 = one in five seconds). */
  rate: number
  /** Most active visitors at once. */
  cap: number
  /** Admissions that may come at once after quiet. */
  burst: number
  /** Visitors let in per free seat, so that those who leave empty-handed do not leave seats unsold. */
  factor: number
  /** How long a slot lasts, seconds. */
  passSeconds: number
  /** How long a place is kept without a socket or a poll, seconds. */
  graceSeconds: number
  message: string
  generation: number
}

export interface Admission {
  visitorId: VisitorId
  pass: string
  /** End of the slot, ms. */
  until: number
}

/** May this visitor see and book the event's seats? */
export type Gate =
  | { ok: true }
  | { ok: false; code: 'waiting_room_required' | 'pass_invalid' | 'pass_expired' | 'pass_foreign' }

export interface Queue {
  /** Cached for at most a second; `off` where nobody ever set it. */
  settings(event: EventId): Promise<QueueSettings>
  info(event: EventId): Promise<QueueInfo>
  /** One audited change, in effect everywhere within a second. Answers the settings after it. */
  configure(event: EventId, change: Partial<Omit<QueueSettings, 'generation'>>, actor: string): Promise<QueueSettings>

  /** Idempotent: one visitor has one place, whatever the number of tabs, nodes and repeats. */
  join(event: EventId, visitor: VisitorId, receipt?: string): Promise<PlaceInfo>
  /** Gives up place or slot. Harmless when repeated. */
  leave(event: EventId, visitor: VisitorId): Promise<void>
  /** Where the visitor stands; counts as a sign of life of a visitor who polls. */
  status(event: EventId, visitor: VisitorId): Promise<PlaceInfo>
  /** A slot comes back at once: the visitor has bought, or was thrown out. */
  end(event: EventId, visitor: VisitorId, reason: EndReason): Promise<void>

  /** Passes everybody while the queue is off. A pass counts only with its own session and a live slot in Redis. */
  gate(event: EventId, visitor: VisitorId | undefined, pass: string | undefined): Promise<Gate>
  /** The visitor's member of `act`, for the hold script. */
  member(event: EventId, visitor: VisitorId): Buffer
}

/** What a realtime node does for its own sockets. */
export interface QueueNode {
  /** One leaderless round of admission: harmless when many nodes call. Answers whom it admitted. */
  admit(event: EventId): Promise<void>
  /** The last socket of this visitor on this node closed, or the first opened again. */
  away(event: EventId, visitor: VisitorId): void
  back(event: EventId, visitor: VisitorId): void
  /** Releases those whose grace is over, and slots whose time is over. */
  sweep(event: EventId): Promise<void>
  /** Read once for everyone who waits. */
  tick(event: EventId): Promise<QueueTick>
  /** Events whose queue is on. */
  events(): Promise<EventId[]>
  /** Sign passes for the admitted among these, after making sure that Postgres has their admissions. */
  passes(event: EventId, visitors: VisitorId[]): Promise<Admission[]>
}

/** Published on the queue's channel, JSON. Members are 28 hex digits. */
export type QueueNews =
  | { kind: 'admitted'; frontier: number; members: string[] }
  | { kind: 'ended'; member: string; reason: EndReason }
  | { kind: 'settings' }
