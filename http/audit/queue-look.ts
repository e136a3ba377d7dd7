/** I3: no queue has more active than its cap allowed of late, and no place has admitted twice. */
import type { EventId } from '../../shared/ids.ts'
import { redisMs } from '../../shared/redis.ts'
import type { AuditParts } from './audit.ts'
import type { Fault } from './fault.ts'
import { type Check, faultsOf, inSnapshot } from './snapshot.ts'

const TWICE: Check = {
  kind: 'admitted_twice',
  sql: `select format('%s place %s', event_id, encode(member, 'hex')) as place,
      format('score %s admitted visitors %s', score, string_agg(visitor_id::text, ', ' order by visitor_id)) as detail
    from queue_admissions where ended_at is null or ended_at > now() - interval '1 day'
    group by event_id, member, score having count(*) > 1`,
}

/** A cap that was lowered ends nobody's slot: the highest of the longest stay counts. */
const CAPS = `
  select q.event_id as event, greatest(q.cap, coalesce(max((a.detail->'before'->>'cap')::int), 0))::int as cap
  from queue_settings q left join audit_log a on a.event_id = q.event_id and a.act = 'queue.configure'
    and a.detail->'before'->>'state' <> 'off' and a.at > now() - make_interval(secs => greatest(q.stay_seconds, q.pass_seconds))
  where q.state <> 'off' group by q.event_id order by q.event_id`

export async function queueLook({
  pool,
  redis,
  keys,
}: AuditParts): Promise<{ faults: Fault[]; queues: number }> {
  const { faults, caps } = await inSnapshot(pool, async snapshot => ({
    faults: await faultsOf(snapshot, TWICE, [0, 0, new Date(0)]),
    caps: await snapshot.rows<{ event: EventId; cap: number }>(CAPS),
  }))
  for (const { event, cap } of caps) {
    const asked = await redis.time()
    const active = await redis.zcount(keys.queue(event).act, redisMs(asked), '+inf')
    if (active > cap) faults.push({ kind: 'over_cap', place: event, detail: `more than ${cap} are active` })
  }
  return { faults, queues: caps.length }
}
