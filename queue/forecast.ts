/** The line's pace as the scripts have measured it: how fast it is let in, and how fast it gives up. */

import type { Pace } from '../shared/wire/forecast.ts'
import type { QueueState } from '../shared/wire/messages.ts'

/** Counts of admit.lua, decayed: the older the less they weigh. */
export interface Measured {
  state: QueueState
  /** The operator's. */
  rate: number
  /** Admissions, in `weight` seconds in which somebody waited. */
  pace: number
  weight: number
  /** Places that ended without an admission, in `waited` seconds of all places together. */
  left: number
  waited: number
}

/** Before anything is measured the operator's rate counts, as if it had been seen for so many seconds. */
const PRIOR_SECONDS = 5
/** And nobody leaves, as if a place had been kept for an hour: the first who goes says little. */
const PRIOR_WAITED = 3_600

/** The rate is 0 while the doors stand still. */
export function paceOf({ state, pace, weight, rate, left, waited }: Measured): Pace {
  return {
    rate: state === 'open' ? (pace + rate * PRIOR_SECONDS) / (weight + PRIOR_SECONDS) : 0,
    leaving: left / (waited + PRIOR_WAITED),
  }
}
