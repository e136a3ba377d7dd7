/** Who did what to which event: one line an act, written in the act's own transaction where it has one. */
import type { EventId } from './ids.ts'
import type { Queryable } from './postgres.ts'

/** `event`: null where the act is of none. */
export async function writeAudit(
  db: Queryable,
  actor: string,
  act: string,
  event: EventId | null,
  detail: object,
): Promise<void> {
  await db.query('insert into audit_log (actor, act, event_id, detail) values ($1, $2, $3, $4)', [
    actor,
    act,
    event,
    JSON.stringify(detail),
  ])
}
