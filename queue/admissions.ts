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

/** The score of the admission in which the visitor was at this time, ms, ended since or not; undefined where there was none. */
export async function admittedAt(
  db: Queryable,
  event: EventId,
  visitor: VisitorId,
  at: number,
): Promise<number | undefined> {
  const { rows } = await db.query<{ score: number }>(
    `select score from queue_admissions where event_id = $1 and visitor_id = $2 and admitted_at <= $3
     order by admitted_at desc limit 1`,
    [event, visitor, new Date(at)],
  )
  return rows[0]?.score
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

/** A place that went to somebody else: none up to its score brings anybody back. */
export async function recordSpent(
  db: Queryable,
  event: EventId,
  { visitor, member, score, generation }: Pick<Slot, 'visitor' | 'member' | 'score' | 'generation'>,
): Promise<void> {
  await db.query(
    `insert into queue_admissions (event_id, visitor_id, member, generation, score, admitted_at, until, ended_at, reason)
     values ($1, $2, $3, $4, $5, now(), now(), now(), 'left') on conflict do nothing`,
    [event, visitor, member, generation, score],
  )
}

export interface Admitted {
  visitor: VisitorId
  member: Buffer
  score: number
  admittedAt: number
  until: number
  hasEnded: boolean
}

/** Rows of one reading: some 20 ms of Postgres and 1 MB here. */
const PAGE_ROWS = 5_000

/** Every admission of this line, in pages, so that a million of them neither pass a statement's deadline nor fill the memory. */
export async function* admissionsOf(
  db: Queryable,
  event: EventId,
  firstGeneration: number,
): AsyncGenerator<Admitted[]> {
  let after: Admitted | undefined
  do {
    const { rows } = await db.query<AdmittedRow>(
      `select visitor_id, member, score, admitted_at, until, ended_at is not null as ended from queue_admissions
       where event_id = $1 and generation >= $2 and (visitor_id, score) > ($3::uuid, $4::float8)
       order by visitor_id, score limit ${PAGE_ROWS}`,
      [event, firstGeneration, after?.visitor ?? NIL, after?.score ?? Number.NEGATIVE_INFINITY],
    )
    const page = rows.map(fromRow)
    if (page.length > 0) yield page
    after = page.length === PAGE_ROWS ? page.at(-1) : undefined
  } while (after !== undefined)
}

const NIL = '00000000-0000-0000-0000-000000000000'

interface AdmittedRow {
  visitor_id: VisitorId
  member: Buffer
  score: number
  admitted_at: Date
  until: Date
  ended: boolean
}

function fromRow({ visitor_id, member, score, admitted_at, until, ended }: AdmittedRow): Admitted {
  return {
    visitor: visitor_id,
    member,
    score,
    admittedAt: admitted_at.getTime(),
    until: until.getTime(),
    hasEnded: ended,
  }
}

function keyOf(visitor: VisitorId, score: number): string {
  return `${visitor} ${score}`
}
