/** Joins and admissions a second, from counters seen at moments. */
import type { FlowCounts } from '../queue/flow.ts'
import type { EventId } from '../shared/ids.ts'
import type { AdminSample } from '../shared/wire/messages.ts'
import { RATE_WINDOW_MS } from './bounds.ts'

type Rates = Pick<AdminSample, 'rateIn' | 'rateOut'>

/** 0 where the time between is none, or so long that it says nothing of now, and where Redis has begun to count anew. */
export function ratesBetween(earlier: FlowCounts | undefined, later: FlowCounts): Rates {
  const elapsed = earlier === undefined ? 0 : later.at - earlier.at
  if (earlier === undefined || elapsed <= 0 || elapsed > 3 * RATE_WINDOW_MS) return { rateIn: 0, rateOut: 0 }
  const a = (before: number, now: number) => (Math.max(0, now - before) * 1_000) / elapsed
  return { rateIn: a(earlier.joined, later.joined), rateOut: a(earlier.admitted, later.admitted) }
}

/** The rates of the last seconds, for one who reads every second. */
export class RecentRates {
  readonly #seen = new Map<EventId, FlowCounts[]>()

  next(event: EventId, now: FlowCounts): Rates {
    const seen = this.#seen.get(event) ?? []
    // One reading at or beyond the window's edge stays, to measure from.
    while (seen.length > 1 && now.at - (seen[1]?.at ?? 0) >= RATE_WINDOW_MS) seen.shift()
    const rates = ratesBetween(seen[0], now)
    seen.push(now)
    this.#seen.set(event, seen)
    return rates
  }

  /** Forgets the events nobody asks for any more. */
  keep(events: EventId[]): void {
    for (const event of this.#seen.keys()) if (!events.includes(event)) this.#seen.delete(event)
  }
}
