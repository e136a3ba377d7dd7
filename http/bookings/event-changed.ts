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
    if (!(error instanceof EventChanged)) throw error
    await step('event.read', () => events.findAnew(id))
    return await attempt()
  }
}
