/** Deletes what is past its time (KEEP_DAYS), a bounded batch of each kind a round: never money, bookings or tickets. */
import type { Sales } from '../bookings/sales.ts'

export const CLEAR_EVERY_MS = 60_000
/** Rows of one statement: some 50 ms of Postgres. */
const BATCH = 2_000

const OLD = [
  // Events of Stripe's that were dealt with; what is quarantined stays for somebody to look at.
  `delete from inbox where stripe_event_id in (
     select stripe_event_id from inbox
     where received_at < now() - make_interval(days => $1) and done_at is not null and fault is distinct from 'quarantined'
     order by received_at limit $2)`,
  // Jobs that were given up: what they were for is told by alarms and the audit.
  `select graphile_worker.complete_jobs(array(
     select id from graphile_worker.jobs
     where attempts >= max_attempts and updated_at < now() - make_interval(days => $1) and locked_at is null limit $2))`,
  // Who was let in where, once it is over.
  `delete from queue_admissions where ctid in (
     select a.ctid from events e join queue_admissions a on a.event_id = e.id
     where e.starts_at < now() - make_interval(days => $1) limit $2)`,
]

/** True where a batch was full: there may be more. */
export async function clear({ pool, step, config }: Sales): Promise<boolean> {
  let full = false
  for (const statement of OLD) {
    const { rowCount } = await step('clear.write', () => pool.query(statement, [config.KEEP_DAYS, BATCH]))
    full ||= (rowCount ?? 0) >= BATCH
  }
  return full
}
