/**
 * What an audit can find wrong, and what can be done about it. A fault names its place and its evidence, never its age: what is
 * still there at a second look, word for word, is no sale under way.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import type { OutboxRow } from '../payments/outbox.ts'

/** Each kind in the words of the report. A note is told, but it is no fault: it ends by itself, or only a person can judge it. */
export const KINDS = {
  sold_twice: 'tickets sold to more than one booking (I1)',
  guard_missing: 'guards of Postgres against selling twice that are not there (I1)',
  ticket_without_item: 'sold tickets that no confirmed booking has sold (I1)',
  item_without_ticket: 'sold items without their ticket (I1)',
  booking_items: 'bookings whose items do not fit their state or seats (I1)',
  total_wrong: 'bookings whose items do not sum to their total (I2)',
  money_unbalanced: 'payments that captured another sum than sold items and refunds (I2)',
  money_without_tickets: 'payments that hold or have money for no ticket (I2)',
  tickets_without_money: 'sold bookings without the money for them (I2)',
  amount_wrong: 'payments over another amount than their booking (I2)',
  seats_missing: 'events whose map size Redis has wrong',
  generation_wrong: 'events whose seats stand in Redis in another life than Postgres says',
  seat_wrong: 'seats that Redis shows otherwise than Postgres has them',
  seat_held_by_nobody: 'seats shown held that nobody holds',
  key_not_shown: 'hold keys of seats that are not shown held',
  hold_orphaned: 'holds in Redis without a live booking',
  hold_missing: 'bookings being paid that Redis does not hold the seats for',
  hold_torn: 'holds in Redis of which a part is missing',
  hold_unswept: 'ended holds that no sweep has freed',
  units_wrong: 'areas whose free units are not those of their list',
  free_wrong: 'events whose count of free tickets is wrong',
  scan_unsold: 'tickets that were let in and never sold in that serial',
  mail_unowed: 'mails told as sent about tickets or returns that never were',
  visitor_wrong:
    "visitors' lists of what they hold, by which their limit is counted, that are not their live bookings",
  over_cap: 'queues with more active than their cap (I3)',
  admitted_twice: 'places that admitted twice (I3)',
  booking_overdue: 'bookings that nobody has ended in time',
  payment_overdue: 'payments that nobody has ended in time',
  capture_overdue: 'sales whose money nobody has captured in time',
  return_overdue: 'payments that bought nothing and are not given back in time',
  refund_overdue: 'refunds that nobody has made in time',
  pay_queue_stuck: 'places in the line to pay of bookings that pay no more',
  inbox_overdue: "Stripe's events that nobody has dealt with in time",
  outbox_overdue: 'outbox rows that nobody has moved in time',
  job_overdue: 'jobs that nobody has begun, or that a dead worker keeps',
  job_dead: 'jobs that have failed for good',
  stripe_unknown: 'payments and refunds of ours at Stripe that Postgres does not know',
  stripe_missing: 'payments and refunds that Stripe does not know',
  stripe_differs: 'payments and refunds that stand otherwise at Stripe',
  stripe_twice: 'refunds made more than once at Stripe',
  not_in_redis: 'note: events that Redis does not have; they are brought back at their first use',
  never_held: 'note: bookings that never got their hold, as a process died; they end by themselves',
  needs_person: "note: Stripe's events that only a person can judge",
} as const

export type FaultKind = keyof typeof KINDS

export function isNote(kind: FaultKind): boolean {
  return KINDS[kind].startsWith('note:')
}

export interface Fault {
  kind: FaultKind
  /** What it is about: an event, a ticket, a booking, a payment ... by its id. */
  place: string
  detail: string
  /** Undefined: only a person can put it right. */
  repair?: Repair | undefined
}

/** What is safe to do on a live system: each brings Redis to what Postgres says, or asks for a job that looks before it acts. */
export type Repair =
  /** Marks these seats in Redis as Postgres has them now. */
  | { do: 'show'; eventId: EventId; seats: number[] }
  /** Frees what a booking holds in Redis, if by now it is not live. */
  | { do: 'release'; eventId: EventId; bookingId: BookingId }
  /** Brings all seats of the event back from Postgres. */
  | { do: 'rebuild'; eventId: EventId }
  | { do: 'ask'; job: OutboxRow }
  /** Lets a job that has failed for good be tried again. */
  | { do: 'retry'; jobId: string }

/** Two looks that find the same have found a fault. */
export function identityOf({ kind, place, detail }: Fault): string {
  return `${kind}\n${place}\n${detail}`
}
