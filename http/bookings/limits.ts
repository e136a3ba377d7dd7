/** How much one visitor may have of one event, and how a refusal says so. */
import type { Config } from '../../shared/config.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import type { VisitorId } from '../../shared/ids.ts'
import { HOLD_BUDGET_WINDOW_MS, HOLD_LEAST_MS, SECOND } from '../../shared/limits.ts'
import type { Allowance } from './insert-store.ts'
import type { Sales } from './sales.ts'

/** The version of a user's visitor id, which is the same on each of their devices. */
const USER_VERSION = '8'
const VERSION_AT = 14

/** Tickets of one event that the visitor may hold and have bought together. */
export function mostOf(
  config: Pick<Config, 'MAX_TICKETS_PER_USER' | 'MAX_TICKETS_PER_VISITOR'>,
  visitor: VisitorId,
): number {
  const isUser = visitor[VERSION_AT] === USER_VERSION
  return isUser ? config.MAX_TICKETS_PER_USER : config.MAX_TICKETS_PER_VISITOR
}

/** For the insert: `held` in live holds, the new one among them. */
export function allowanceOf(
  { config }: Pick<Sales, 'config'>,
  visitor: VisitorId,
  held: number,
  now: number,
  holdMs: number,
): Allowance {
  return {
    held,
    most: mostOf(config, visitor),
    budgetMs: config.HOLD_BUDGET_SECONDS * SECOND,
    since: now - HOLD_BUDGET_WINDOW_MS,
    leastMs: Math.min(HOLD_LEAST_MS, holdMs),
  }
}

/** `indices`: all that the visitor would hold. @throws Problem limit_exceeded, naming the category */
export async function checkCategories(
  { pool, step, config }: Sales,
  event: EventRecord,
  visitor: VisitorId,
  indices: readonly number[],
): Promise<void> {
  const limit = config.MAX_TICKETS_PER_CATEGORY
  // Nobody may have so many of all together.
  if (limit >= mostOf(config, visitor)) return
  const bought = await step('hold.bought', () =>
    pool.query<{ seat_index: number }>(BOUGHT, [visitor, event.eventId]),
  )
  const counts = new Map<string, number>()
  for (const index of [...indices, ...bought.rows.map(row => row.seat_index)]) {
    const category = event.plan.at(index)?.category ?? ''
    counts.set(category, (counts.get(category) ?? 0) + 1)
  }
  for (const [category, count] of counts)
    if (count > limit)
      throw new Problem(
        'limit_exceeded',
        `You may have ${limit} tickets of category ${category}, not ${count}.`,
        {
          members: { limit, scope: 'category', category, count },
        },
      )
}

const BOUGHT = `
  select i.seat_index from bookings b join booking_items i on i.booking_id = b.id
  where b.visitor_id = $1 and b.event_id = $2 and b.status = 'confirmed' and i.state = 'sold'`

/** `had`: held or bought already. */
export function tooManyOf(config: Config, visitor: VisitorId, had: number): Problem {
  const limit = mostOf(config, visitor)
  return new Problem('limit_exceeded', `You may have ${limit} tickets of this event, and have ${had}.`, {
    members: { limit, scope: 'visitor', had },
  })
}

export function tooLong(config: Config): Problem {
  const limit = config.HOLD_BUDGET_SECONDS
  const told = `You have held tickets of this event for ${limit} seconds without buying. Try again later.`
  return new Problem('limit_exceeded', told, { members: { limit, scope: 'hold_seconds' } })
}
