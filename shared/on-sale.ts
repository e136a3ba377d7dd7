/** May fans come to this event now? One answer for HTTP and for sockets. */
import { Problem } from './errors.ts'
import type { EventRecord } from './event-store.ts'
import { EVENT_OVER_MS } from './limits.ts'

/** @throws Problem not_on_sale */
export function requireOnSale(
  event: Pick<EventRecord, 'status' | 'startsAt' | 'onSaleAt'>,
  now: number,
): void {
  const { status, startsAt, onSaleAt } = event
  const isOver = now - startsAt > EVENT_OVER_MS
  if (status === 'onsale' && !isOver) return
  throw new Problem('not_on_sale', isOver ? 'The event is over.' : `The event is ${status}.`, {
    members: { eventStatus: status, onSaleAt: new Date(onSaleAt).toISOString() },
  })
}

/** The same for the line: who has a place keeps it while an operator takes the event off sale for a while. @throws Problem not_on_sale */
export async function requireLine(
  event: Parameters<typeof requireOnSale>[0],
  now: number,
  place: () => Promise<{ state: string }>,
): Promise<void> {
  try {
    requireOnSale(event, now)
  } catch (error) {
    const { state } = await place().catch(() => ({ state: 'none' }))
    if (state === 'none') throw error
  }
}
