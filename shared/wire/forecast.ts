/**
 * How long a visitor still waits, from what is measured: admissions a second, and how many of those who wait give up. Pure, for
 * servers and for the SDK.
 */
import type { WaitTime } from './messages.ts'

/** What a tick says of the line's pace. */
export interface Pace {
  /** Measured admissions a second. */
  rate: number
  /** Measured: of each place in the line, the chance a second that it is given up. */
  leaving: number
}

/** Past a day nobody can say anything honest. */
const LONGEST_SECONDS = 24 * 3_600
/** 90th percentile of the normal distribution, in standard deviations. */
const Z90 = 1.2816
/**
 * Rates change: an operator's hand, seats running out. What p90 allows for that, as a share of the wait, so that with and without
 * two changes of a rate by a third it covers nine in ten: `npm run bench -- queue --only forecast`.
 */
const DRIFT = 0.15

/**
 * Seconds until admission with so many ahead. With p ahead, r let in a second and a share h giving up, dp/dt = -r - h p, so
 * p is 0 after ln(1 + h p / r) / h. The count of those admitted in a time is taken as Poisson, so the wait for k of them deviates by
 * sqrt(k) / r. Null where nobody is being admitted or the wait is past a day.
 */
export function waitTime(position: number, { rate, leaving }: Pace): WaitTime | null {
  if (!(rate > 0)) return null
  const turns = position + 1
  const share = (leaving * turns) / rate
  // Nobody leaves: the logarithm's limit, and no rounding of nearly nothing.
  const seconds = share < 1e-6 ? turns / rate : Math.log1p(share) / leaving
  if (seconds > LONGEST_SECONDS) return null
  const late = seconds * (1 + DRIFT) + (Z90 * Math.sqrt(seconds * rate)) / rate
  return { p50: Math.ceil(seconds), p90: Math.ceil(late) }
}

/** Places ahead after so many seconds: the same equation, the other way. */
export function positionAfter(position: number, seconds: number, { rate, leaving }: Pace): number {
  const gone = leaving * seconds
  if (gone < 1e-6) return Math.max(0, position - rate * seconds)
  return Math.max(0, (position + rate / leaving) * Math.exp(-gone) - rate / leaving)
}
