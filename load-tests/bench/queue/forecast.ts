/**
 * How honest the told waiting times are: lines of fans played through in their own time, the pace measured as admit.lua measures it
 * and told by the real functions, and every forecast compared with what came.
 */
import { paceOf } from '../../../queue/forecast.ts'
import { waitTime } from '../../../shared/wire/forecast.ts'
import type { Target } from '../report/table.ts'

const BEAT_S = 0.25
/** As in admit.lua. */
const [PACE_S, LEAVING_S] = [60, 300]
/** How often everyone in the line is told, as far as this bench asks. */
const TOLD_EVERY_S = 20
/** Shorter waits than these are told in seconds, and nobody plans by them. */
const LEAST_S = 30

interface Scenario {
  name: string
  fans: number
  /** Share of those who wait that gives up a second. */
  leaving: number
  /** What the operator allows at a time. */
  rateAt(seconds: number): number
  /** Whether slots come back by chance, as where the cap bounds; else as tokens do. */
  byChance: boolean
}

const SCENARIOS: Scenario[] = [
  { name: 'a steady rate', fans: 6_000, leaving: 1 / 3_000, rateAt: () => 5, byChance: false },
  {
    name: 'a steady cap, a third gives up',
    fans: 6_000,
    leaving: 1 / 1_800,
    rateAt: () => 5,
    byChance: true,
  },
  {
    name: 'two changes of the rate',
    fans: 9_000,
    leaving: 1 / 3_000,
    rateAt: seconds => (seconds < 600 ? 5 : seconds < 900 ? 3.5 : 5),
    byChance: true,
  },
]

interface Told {
  at: number
  p50: number
  p90: number
}

interface Outcome {
  /** Actual over told p50. */
  ratios: number[]
  covered: number
}

export function forecast(): Target[] {
  const played = SCENARIOS.map(scenario => ({ name: scenario.name, ...play(scenario) }))
  const all = played.flatMap(({ ratios }) => ratios)
  const covered = played.reduce((sum, one) => sum + one.covered, 0) / all.length
  const each = (of: (one: Outcome) => number) =>
    played.map(one => `${one.name} ${percent(of(one))}`).join('; ')
  const worst = Math.max(...played.map(({ ratios }) => errorOf(ratios)))
  return [
    {
      name: 'p50 of the wait is off by, at most',
      bound: { most: 0.2 },
      measured: worst,
      unit: '',
      note: `median error: ${each(({ ratios }) => errorOf(ratios))}`,
    },
    {
      name: 'p90 covers at least',
      bound: { least: 0.85 },
      measured: covered,
      unit: '',
      note: each(one => one.covered / one.ratios.length),
    },
    {
      name: 'p90 covers at most',
      bound: { most: 0.95 },
      measured: covered,
      unit: '',
      note: `${all.length} forecasts`,
    },
  ]
}

function play({ fans, leaving, rateAt, byChance }: Scenario): Outcome {
  const chance = random(1)
  /** Of those who wait, in their order, what they were told. */
  let line: Told[][] = Array.from({ length: fans }, () => [])
  const outcome: Outcome = { ratios: [], covered: 0 }
  const measured = { state: 'open' as const, rate: rateAt(0), pace: 0, weight: 0, left: 0, waited: 0 }
  let tokens = 0
  for (let beat = 0; line.length > 0; beat++) {
    const now = beat * BEAT_S
    const rate = rateAt(now)
    tokens += byChance ? poisson(rate * BEAT_S, chance) : rate * BEAT_S
    const before = line.length
    line = line.filter(() => chance() >= leaving * BEAT_S)
    const left = before - line.length
    const called = line.splice(0, Math.floor(tokens))
    tokens = line.length === 0 ? 0 : tokens - called.length
    for (const told of called) judge(told, now, outcome)
    const [fade, forget] = [Math.exp(-BEAT_S / PACE_S), Math.exp(-BEAT_S / LEAVING_S)]
    measured.rate = byChance ? measured.rate : rate
    measured.pace = measured.pace * fade + called.length
    measured.weight = measured.weight * fade + BEAT_S
    measured.left = measured.left * forget + left
    measured.waited = measured.waited * forget + line.length * BEAT_S
    if (beat % (TOLD_EVERY_S / BEAT_S) !== 0) continue
    const pace = paceOf(measured)
    for (const [position, told] of line.entries()) {
      // One in ten, each now and then: the others would be told the same.
      if (position % 10 !== (beat / (TOLD_EVERY_S / BEAT_S)) % 10) continue
      const wait = waitTime(position, pace)
      if (wait !== null && wait.p50 >= LEAST_S) told.push({ at: now, ...wait })
    }
  }
  return outcome
}

function judge(told: Told[], now: number, outcome: Outcome): void {
  for (const { at, p50, p90 } of told) {
    outcome.ratios.push((now - at) / p50)
    if (now - at <= p90) outcome.covered++
  }
}

/** Median of how far off it was. */
function errorOf(ratios: number[]): number {
  const errors = ratios.map(ratio => Math.abs(ratio - 1)).sort((a, b) => a - b)
  return errors[Math.floor(errors.length / 2)] ?? 0
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function poisson(mean: number, chance: () => number): number {
  let count = 0
  for (let left = chance(); left > Math.exp(-mean); left *= chance()) count++
  return count
}

/** The same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
