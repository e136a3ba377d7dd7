/**
 * What each visitor holds of an event by their list in Redis, by which their limit is counted, against the holds of their live bookings. An
 * entry whose time is over counts no more, and an entry nobody knows counts for the seconds of a take.
 */
import { chunks } from '../../shared/chunks.ts'
import type { EventId, VisitorId } from '../../shared/ids.ts'
import type { Keys } from '../../shared/keys.ts'
import { SECOND, TAKE_TTL_MS } from '../../shared/limits.ts'
import type { Redis } from '../../shared/redis.ts'
import type { Fault } from './fault.ts'
import type { HoldParts } from './seat-state.ts'
import type { SeatTruth } from './seat-truth.ts'

const VISITORS_AT_ONCE = 100
const SLACK_MS = SECOND

export async function visitorLook(
  { redis, keys }: { redis: Redis; keys: Keys },
  event: EventId,
  truth: SeatTruth,
  holds: Map<string, HoldParts | undefined>,
  now: number,
): Promise<Fault[]> {
  const of = keys.seats(event)
  const live = [...truth.bookings.values()].filter(({ until }) => until > now + SLACK_MS)
  const byVisitor = Map.groupBy(live, ({ visitor }) => visitor)
  const faults: Fault[] = []
  for (const some of chunks([...byVisitor.keys()], VISITORS_AT_ONCE)) {
    const asked = redis.pipeline()
    for (const visitor of some) asked.hgetall(of.visitor(visitor as VisitorId))
    const told = (await asked.exec()) ?? []
    for (const [at, visitor] of some.entries()) {
      const [error, entries] = told[at] ?? []
      if (error) throw error
      const listed = entriesOf(entries as Record<string, string>)
      for (const { id } of byVisitor.get(visitor) ?? []) {
        // Without its hold there is nothing to count; where that is not what the booking has, it is no fault of the count.
        const hold = holds.get(id)
        if (hold === undefined) continue
        const held = [...hold.seats, ...hold.units].toSorted((a, b) => a - b).join()
        const counted = listed.get(id)?.seats ?? 'none'
        if (counted === held) continue
        const detail = `${event}: booking ${id} holds {${held}}, counted ${counted}`
        faults.push({ kind: 'visitor_wrong', place: visitor, detail })
      }
      for (const [id, { until, seats }] of listed) {
        if (truth.bookings.has(id) || until <= now + TAKE_TTL_MS + SLACK_MS) continue
        faults.push({
          kind: 'visitor_wrong',
          place: visitor,
          detail: `${event}: ${id} is counted with {${seats}}, and is no live booking`,
        })
      }
    }
  }
  return faults
}

/** `until:index,index,...` of each booking. */
function entriesOf(entries: Record<string, string>): Map<string, { until: number; seats: string }> {
  return new Map(
    Object.entries(entries).map(([id, entry]) => {
      const [until = '', seats = ''] = entry.split(':')
      return [
        id,
        {
          until: Number(until),
          seats: [...seats.split(',')].toSorted((a, b) => Number(a) - Number(b)).join(),
        },
      ]
    }),
  )
}
