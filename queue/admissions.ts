/**
 * Admissions in Postgres, each written before its pass is signed: only this makes it true that a place admits once,
 * also when Redis forgets.
 */
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Queryable } from '../shared/postgres.ts'
import type { EndReason } from '../shared/wire/messages.ts'

export interface Slot {
  visitor: VisitorId
  member: Buffer
  /** What the place was called at. */
  score: number
  generation: number
  admittedAt: number
  /** End of the slot, ms. */
  until: number
}

/** Writes those not yet written, and the later end of those renewed. Answers, in the slots' order, whether each is live: `false` where it was ended before. */
export async function recordAdmissions(db: Queryable, event: EventId, slots: Slot[]): Promise<boolean[]> {
  const once = new Map(slots.map(slot => [keyOf(slot.visitor, slot.score), slot]))
  const rows = [...once.values()]
  const written = await db.query<{ visitor_id: VisitorId; score: number; live: boolean }>(
    `insert into queue_admissions as a (event_id, visitor_id, member, generation, score, admitted_at, until)
     select $1, * from unnest($2::uuid[], $3::bytea[], $4::integer[], $5::float8[], $6::timestamptz[], $7::timestamptz[])
     on conflict (event_id, visitor_id, score) do update set until = greatest(a.until, excluded.until)
     returning a.visitor_id, a.score, a.ended_at is null as live`,
    [
      event,
      rows.map(row => row.visitor),
      rows.map(row => row.member),
      rows.map(row => row.generation),
      rows.map(row => row.score),
      rows.map(row => new Date(row.admittedAt)),
      rows.map(row => new Date(row.until)),
    ],
  )
  const live = new Set(written.rows.filter(row => row.live).map(row => keyOf(row.visitor_id, row.score)))
  return slots.map(slot => live.has(keyOf(slot.visitor, slot.score)))
}

/** Everyone who was admitted in this line, with the score of the latest place that admitted: none up to it does again. */
export async function spentPlaces(
  db: Queryable,
  event: EventId,
  firstGeneration: number,
): Promise<{ member: Buffer; score: number }[]> {
  const { rows } = await db.query<{ member: Buffer; score: number }>(
    `select member, max(score) as score from queue_admissions
     where event_id = $1 and generation >= $2 group by member`,
    [event, firstGeneration],
  )
  return rows
}

/** The bounds keep a late word from the visitor's next admission: none admitted later, ms, or of a higher score. */
export async function endAdmission(
  db: Queryable,
  event: EventId,
  visitor: VisitorId,
  reason: EndReason,
  bounds: { admittedUntil: number | undefined; score: number | undefined },
): Promise<void> {
  const { admittedUntil, score } = bounds
  await db.query(
    `update queue_admissions set ended_at = now(), reason = $3
     where event_id = $1 and visitor_id = $2 and ended_at is null
       and admitted_at <= coalesce($4::timestamptz, 'infinity') and score <= coalesce($5::float8, 'infinity')`,
    [event, visitor, reason, admittedUntil === undefined ? null : new Date(admittedUntil), score ?? null],
  )
}

/** Before the act, as an operator may not throw anybody out unseen. */
export async function auditEjection(
  db: Queryable,
  event: EventId,
  visitor: VisitorId,
  actor: string,
): Promise<void> {
  await db.query(`insert into audit_log (actor, act, event_id, detail) values ($1, 'queue.eject', $2, $3)`, [
    actor,
    event,
    JSON.stringify({ visitorId: visitor }),
  ])
}

/** The slots of this line that are not over at `now`, ms: what Redis must know again. */
export async function liveAdmissions(
  db: Queryable,
  event: EventId,
  firstGeneration: number,
  now: number,
): Promise<{ member: Buffer; score: number; admittedAt: number; until: number }[]> {
  const { rows } = await db.query<{ member: Buffer; score: number; admitted_at: Date; until: Date }>(
    `select member, score, admitted_at, until from queue_admissions
     where event_id = $1 and ended_at is null and until > $2 and generation >= $3`,
    [event, new Date(now), firstGeneration],
  )
  return rows.map(({ member, score, admitted_at, until }) => ({
    member,
    score,
    admittedAt: admitted_at.getTime(),
    until: until.getTime(),
  }))
}

function keyOf(visitor: VisitorId, score: number): string {
  return `${visitor} ${score}`
}
