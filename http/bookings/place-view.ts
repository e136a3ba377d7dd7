/** Where a ticket is, as its buyer is told. */
import { z } from '@hono/zod-openapi'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId } from '../../shared/ids.ts'

export const PlaceView = z.object({
  ticketId: z.string(),
  section: z.string(),
  row: z.string(),
  seat: z.string(),
  kind: z.enum(['seat', 'accessible', 'companion', 'standing']),
  category: z.string(),
})

export type PlaceView = z.infer<typeof PlaceView>

export function placeOf(event: EventRecord, index: number): PlaceView {
  const place = event.plan.at(index)
  return {
    ticketId: ticketId(event.eventId, index),
    section: place?.section ?? '',
    row: place?.row ?? '',
    seat: place?.seat ?? '',
    kind: place?.kind ?? 'seat',
    category: place?.category ?? '',
  }
}
