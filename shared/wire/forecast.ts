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
/** Of rates measured with a memory that fades in a minute, and in five, as admit.lua does: for how long they know, in seconds. */
const RATE_KNOWN_S = 2 * 60
const LEAVING_KNOWN_S = 2 * 300
/** And no rate is steadier than this, as a share: houses and hands are not. */
const LEAST_DRIFT = 0.01

/**
 * Seconds until admission with so many ahead. With p ahead, r let in a second and a share h giving up, dp/dt = -r - h p, so
 * p is 0 after ln(1 + h p / r) / h. Null where nobody is being admitted or the wait is past a day.
 *
 * The p90 is what follows from chance: those let in, and those who give up, come as in a Poisson process, so that both rates are known
 * only as well as so many of them tell, and will be as even as so many are.
 */
export function waitTime(position: number, { rate, leaving }: Pace): WaitTime | null {
  if (!(rate > 0)) return null
  const turns = position + 1
  const share = (leaving * turns) / rate
  // Nobody leaves: the logarithm's limit, and no rounding of nearly nothing.
  const seconds = share < 1e-6 ? turns / rate : Math.log1p(share) / leaving
  if (seconds > LONGEST_SECONDS) return null
  const late = seconds + Z90 * Math.sqrt(varianceOf(seconds, share, rate))
  return { p50: Math.ceil(seconds), p90: Math.ceil(late) }
}

/** `share`: how many give up in the time that lets one in, were nobody let in. */
function varianceOf(seconds: number, share: number, rate: number): number {
  // Of those ahead some half of the wait's leavers count, and an error in their rate half as much as one in the admissions'.
  const toCome = seconds * (1 + share / 2)
  const known = seconds ** 2 * (1 / RATE_KNOWN_S + share / 4 / LEAVING_KNOWN_S)
  return (toCome + known) / rate + (LEAST_DRIFT * seconds) ** 2
}

/** Places ahead after so many seconds: the same equation, the other way. */
export function positionAfter(position: number, seconds: number, { rate, leaving }: Pace): number {
  const gone = leaving * seconds
  if (gone < 1e-6) return Math.max(0, position - rate * seconds)
  return Math.max(0, (position + rate / leaving) * Math.exp(-gone) - rate / leaving)
}
