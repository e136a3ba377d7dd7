/** A node knows an event as it was up to a second ago. What is written in Postgres asks whether it still is so; where not, it is done once more. */
import { Problem } from '../../shared/errors.ts'
import type { EventId } from '../../shared/ids.ts'
import type { Sales } from './sales.ts'

/** The event went off sale, or got another map, after it was read for this call: nothing was written. */
export class EventChanged extends Problem {
  constructor() {
    super('not_on_sale', 'The event is being changed.', { retryAfter: 1 })
  }
}

/** `attempt` reads the event itself. */
export async function withEventAnew<T>(
  { events, step }: Sales,
  id: EventId,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!mayHaveChanged(error)) throw error
    await step('event.read', () => events.findAnew(id))
    return await attempt()
  }
}

/** A seat that the house has left out may be there again: it is refused by the house as it is now. */
function mayHaveChanged(error: unknown): boolean {
  return error instanceof EventChanged || (error instanceof Problem && error.code === 'ticket_not_found')
}
