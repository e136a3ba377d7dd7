/** How an event stands for sale, in a word or two. */
import { moment } from '../format/dates.ts'
import type { FoundEvent } from '../shop.ts'

export type Sellable = Pick<FoundEvent, 'status' | 'startsAt' | 'onSaleAt' | 'venue'> & {
  queue: { state: string } | null
  availability?: { free: number | null }
}

/** How the fan stands before the event's doors, where that is known. */
export type Door = 'open' | 'waiting' | 'admitted'

export interface StatusWords {
  text: string
  tone: '' | 'good' | 'waiting' | 'bad'
}

/** So long an opening is looked for. */
const OPENING_MS = 30 * 60_000

const OTHER = { postponed: 'Postponed', rescheduled: 'New date', canceled: 'Canceled' } as const

/** The time of the sale has come and it is not open: an organiser opens by hand, a little late perhaps. */
export function isOpening({ status, onSaleAt }: Pick<Sellable, 'status' | 'onSaleAt'>, now: number): boolean {
  const late = now - Date.parse(onSaleAt)
  return status === 'offsale' && late >= 0 && late < OPENING_MS
}

export function statusWords(event: Sellable, now: number, door?: Door): StatusWords {
  const { status, queue, availability, onSaleAt, startsAt, venue } = event
  if (status !== 'onsale' && status !== 'offsale') return { text: OTHER[status], tone: 'bad' }
  if (Date.parse(startsAt) <= now) return { text: 'Over', tone: '' }
  if (status === 'offsale') {
    const opens = Date.parse(onSaleAt)
    if (opens > now) return { text: `On sale from ${moment(opens, venue.timeZone)}`, tone: '' }
    return isOpening(event, now)
      ? { text: 'About to open', tone: 'waiting' }
      : { text: 'Not on sale', tone: '' }
  }
  if (door === 'admitted') return { text: 'Your turn', tone: 'good' }
  const waiting = door === undefined ? queue !== null && queue.state !== 'off' : door === 'waiting'
  if (waiting) return { text: 'Waiting room', tone: 'waiting' }
  if (availability?.free === 0) return { text: 'Sold out for now', tone: '' }
  return { text: 'On sale', tone: 'good' }
}
