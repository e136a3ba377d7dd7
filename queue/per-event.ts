/** What a process remembers of events whose queue is on: of those that have ended nothing is kept. */
import type { EventId } from '../shared/ids.ts'

export class PerEvent<Value> extends Map<EventId, Value> {
  keepOnly(on: ReadonlySet<EventId>): void {
    for (const event of this.keys()) if (!on.has(event)) this.delete(event)
  }
}
