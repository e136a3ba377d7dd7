/** An audit's report, in words and as JSON. */
import type { Found } from './audit.ts'
import { type Fault, type FaultKind, isNote, KINDS } from './fault.ts'
import type { Repaired } from './repair.ts'
import { MOST_OF_A_KIND } from './snapshot.ts'

/** Named of each kind; all of them are in the JSON. */
const NAMED = 10

export interface Report extends Found {
  tookMs: number
  repaired: Repaired[]
}

export function inWords(report: Report): string {
  const { faults, notes, looked, tookMs, repaired } = report
  const { bookings, payments, events, queues, intents, refunds } = looked
  const seconds = (tookMs / 1_000).toFixed(1)
  return [
    `Looked at ${bookings} bookings, ${payments} payments, the seats of ${events} events, ${queues} queues, ${intents} payments and ${refunds} refunds at Stripe, in ${seconds} s.`,
    ...listed(faults),
    ...listed(notes),
    ...repaired.map(({ fault, told }) => `repair of ${fault.kind} ${fault.place}: ${told}`),
    faults.length === 0
      ? 'Clean: no faults.'
      : `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}.`,
  ].join('\n')
}

function listed(faults: Fault[]): string[] {
  return [...Map.groupBy(faults, ({ kind }) => kind)].flatMap(([kind, all]) => [
    `${isNote(kind) ? '' : 'FAULT '}${countOf(all)} ${KINDS[kind]}  [${kind satisfies FaultKind}]`,
    ...all.slice(0, NAMED).map(({ place, detail }) => `  ${place}: ${detail}`),
    ...(all.length > NAMED ? [`  ... and ${all.length - NAMED} more`] : []),
  ])
}

function countOf(all: Fault[]): string {
  return all.length >= MOST_OF_A_KIND ? `${all.length} or more` : String(all.length)
}

export function asJson({ faults, notes, looked, tookMs, repaired }: Report): string {
  return JSON.stringify({
    clean: faults.length === 0,
    faults,
    notes,
    looked,
    tookMs,
    repaired: repaired.map(({ fault, told, done }) => ({ kind: fault.kind, place: fault.place, told, done })),
  })
}
