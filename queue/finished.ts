/** The queue of an event that is over or canceled ends by itself, and none is opened for it. */
import { invalid } from '../shared/errors.ts'
import type { EventId } from '../shared/ids.ts'
import { EVENT_OVER_MS } from '../shared/limits.ts'
import type { Queryable } from '../shared/postgres.ts'

/** Of one look: a season that ends at once takes some looks more. */
const ENDED_A_LOOK = 20
const OVER = `interval '${EVENT_OVER_MS / 1_000} seconds'`

/** In the audit log like every change. Harmless when many processes do it: each queue is ended by one of them. */
export async function endFinished(db: Queryable): Promise<void> {
  await db.query(
    `with over as (
       select q.event_id, q.state, e.status from queue_settings q join events e on e.id = q.event_id
       where q.state <> 'off' and (e.status = 'canceled' or e.starts_at < now() - ${OVER})
       limit ${ENDED_A_LOOK} for update of q skip locked),
     ended as (
       update queue_settings q set state = 'off', version = q.version + 1, updated_at = now()
       from over where q.event_id = over.event_id)
     insert into audit_log (actor, act, event_id, detail)
     select 'onsale', 'queue.configure', event_id, jsonb_build_object('before', jsonb_build_object('state', state),
       'after', jsonb_build_object('state', 'off'), 'why', case status when 'canceled' then 'canceled' else 'over' end)
     from over`,
  )
}

/** @throws Problem invalid_request */
export async function refuseFinished(db: Queryable, event: EventId): Promise<void> {
  const { rows } = await db.query<{ canceled: boolean }>(
    `select status = 'canceled' as canceled from events where id = $1 and (status = 'canceled' or starts_at < now() - ${OVER})`,
    [event],
  )
  const [found] = rows
  if (found !== undefined)
    throw invalid('state', `must stay off: the event is ${found.canceled ? 'canceled' : 'over'}`)
}
