/** The orphan rule at a hold of seats chosen by hand, where ORPHAN_RULE says `refuse`. */
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId } from '../../shared/ids.ts'
import { judgeChoice } from '../../shared/seats/orphan-rule.ts'
import type { Sales } from './sales.ts'

/** @throws Problem leaves_orphan, naming who would be alone and what to take instead */
export async function checkOrphans(
  sales: Sales,
  event: EventRecord,
  seats: readonly number[],
): Promise<void> {
  if (sales.config.ORPHAN_RULE !== 'refuse' || seats.length === 0) return
  const { stretches, free } = await sales.step('hold.picture', () => sales.pictures.read(event))
  // Somebody has one of them: the take will say so.
  if (seats.some(index => free[index] !== 1)) return
  const judged = judgeChoice(stretches, free, seats)
  if (judged.ok) return
  const named = (indices: number[]) => indices.map(index => ticketId(event.eventId, index))
  const [tickets, instead] = [named(judged.orphans), named(judged.instead)]
  throw new Problem('leaves_orphan', `These would be left alone: ${tickets.join(', ')}.`, {
    members: { tickets, instead },
  })
}
