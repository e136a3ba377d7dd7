/** What a run counts and times, by k6's metrics, and what must hold of it. Made in k6's init context, once a VU. */
import { Counter, Trend } from 'k6/metrics'
import { PROBLEM_CODES, type ProblemCode } from '../../shared/errors.ts'

/** How a fan's evening ended. */
export const OUTCOMES = [
  'bought',
  'abandoned',
  'vanished',
  'left_the_line',
  'empty_handed',
  'turn_over',
  'still_there',
  'failed',
] as const
export type Outcome = (typeof OUTCOMES)[number]

const counter = (name: string) => new Counter(`onsale_${name}`)
const time = (name: string) => new Trend(`onsale_${name}`, true)

/** Where a fan's evening went wrong, though the server had not said that it must. */
export const FAILURES = ['session', 'line', 'seats', 'hold', 'payment'] as const
export type Failure = (typeof FAILURES)[number]

export const fans = counter('fans')
export const outcomes = Object.fromEntries(OUTCOMES.map(name => [name, counter(name)])) as Record<
  Outcome,
  Counter
>

export const failures = Object.fromEntries(FAILURES.map(name => [name, counter(`failed_${name}`)])) as Record<
  Failure,
  Counter
>

/** From opening a socket until the server has welcomed it. */
export const connect = time('connect')
/** From `join` until the place is told. */
export const place = time('place')
/** From `join` until the pass has come. */
export const admission = time('admission')
export const snapshot = time('snapshot')
/** From the oldest change in a frame, by the server's clock, until the fan has it. */
export const diff = time('diff')
/** Answers 201 and hold_conflict. */
export const hold = time('hold')
/** From `confirm` until the booking is known to be confirmed. */
export const payment = time('payment')

/** From an answer's coming until k6's JavaScript had time for it: how far the load itself falls behind. */
export const lag = time('lag')

export const holds = counter('holds')
export const conflicts = counter('conflicts')
export const declined = counter('declined')
export const ticketsBought = counter('tickets_bought')
/** One ticket, confirmed to two fans of one VU; over all VUs the launcher compares with the map. */
export const soldTwice = counter('sold_twice')
/** A fan who came back was told another place. */
export const moved = counter('moved')
export const returns = counter('returns')
export const diffs = counter('diffs')
/** A frame was missing, or the server said resync. */
export const gaps = counter('gaps')
export const socketsLost = counter('sockets_lost')
/** Answers of 500 and above. */
export const serverErrors = counter('server_errors')
/** No answer at all. */
export const unreachable = counter('unreachable')
const refusals = Object.fromEntries(PROBLEM_CODES.map(code => [code, counter(`refused_${code}`)])) as Record<
  ProblemCode,
  Counter
>

export function refused(code: string): void {
  refusals[code as ProblemCode]?.add(1)
}

/** k6 skips a threshold on a counter that never counted: these must be judged also when they stand at nought. */
export function beginAtNought(): void {
  for (const one of [outcomes.bought, outcomes.failed, soldTwice, moved, serverErrors, unreachable])
    one.add(0)
}

/**
 * The limits of a run on one machine with everything beside it: what a fan would feel, not what the tiers can do. Each can be
 * replaced by `--threshold`.
 */
export const THRESHOLDS: Record<string, string[]> = {
  onsale_server_errors: ['count==0'],
  onsale_unreachable: ['count==0'],
  onsale_sold_twice: ['count==0'],
  onsale_moved: ['count==0'],
  onsale_failed: ['count==0'],
  onsale_bought: ['count>0'],
  onsale_place: ['p(95)<2000'],
  onsale_diff: ['p(95)<1000'],
  onsale_hold: ['p(95)<1000'],
  onsale_payment: ['p(95)<5000'],
}
