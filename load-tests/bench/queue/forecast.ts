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
/** Each line is played so often, by another chance: how far a measured rate is off lasts for minutes, so one run says little. */
const SEEDS = 5

interface Line {
  name: string
  /** Without: it is only told, not judged. */
  isJudged: boolean
  /** Who is there when the doors open. */
  fans: number
  /** Come a second, by chance, until `until`, seconds. */
  joins: number
  until: number
  /** Share of those who wait that gives up a second. */
  leaving: number
  /** Turns a second that there are at a time. */
  rateAt(seconds: number): number
  /** Whether they come free by chance, as where the cap bounds; else as tokens do. */
  byChance: boolean
}

const HOUR = 3_600

const LINES: Line[] = [
  {
    name: 'a steady rate',
    isJudged: true,
    fans: 6_000,
    joins: 0,
    until: 0,
    leaving: 1 / 3_000,
    rateAt: () => 5,
    byChance: true,
  },
  {
    name: 'a third gives up',
    isJudged: true,
    fans: 6_000,
    joins: 0,
    until: 0,
    leaving: 1 / 1_800,
    rateAt: () => 5,
    byChance: true,
  },
  {
    name: 'two changes of the rate',
    isJudged: true,
    fans: 3_000,
    joins: 5,
    until: 3 * HOUR,
    leaving: 1 / 3_000,
    rateAt: seconds => (seconds < HOUR ? 5 : seconds < 2 * HOUR ? 3.5 : 5),
    byChance: true,
  },
  {
    name: 'the operator’s rate to the second',
    isJudged: false,
    fans: 6_000,
    joins: 0,
    until: 0,
    leaving: 1 / 3_000,
    rateAt: () => 5,
    byChance: false,
  },
  {
    name: 'all come at once and meet both changes',
    isJudged: false,
    fans: 9_000,
    joins: 0,
    until: 0,
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
  return LINES.flatMap(line => {
    const outcome: Outcome = { ratios: [], covered: 0 }
    for (let seed = 1; seed <= SEEDS; seed++) play(line, seed, outcome)
    const covered = outcome.covered / outcome.ratios.length
    const off = {
      name: `${line.name}: p50 is off by`,
      measured: errorOf(outcome.ratios),
      unit: '',
      note: `median of ${outcome.ratios.length} forecasts, in ${SEEDS} runs`,
    }
    const covers = { name: `${line.name}: p90 covers`, measured: covered, unit: '' }
    if (!line.isJudged) return [off, covers]
    return [
      { ...off, bound: { most: 0.2 } },
      { ...covers, bound: { least: 0.85 } },
      { ...covers, name: `${line.name}: and no more than`, bound: { most: 0.95 } },
    ]
  })
}

function play({ fans, joins, until, leaving, rateAt, byChance }: Line, seed: number, outcome: Outcome): void {
  const chance = random(seed)
  /** Of those who wait, in their order, what they were told. */
  const line: Told[][] = Array.from({ length: fans }, () => [])
  const measured = { state: 'open' as const, rate: rateAt(0), pace: 0, weight: 0, left: 0, waited: 0 }
  let tokens = 0
  for (let beat = 0; line.length > 0 || beat * BEAT_S < until; beat++) {
    const now = beat * BEAT_S
    const rate = rateAt(now)
    if (now < until) for (let i = poisson(joins * BEAT_S, chance); i > 0; i--) line.push([])
    tokens += byChance ? poisson(rate * BEAT_S, chance) : rate * BEAT_S
    const left = Math.min(line.length, poisson(leaving * BEAT_S * line.length, chance))
    for (let i = 0; i < left; i++) line.splice(Math.floor(chance() * line.length), 1)
    const called = line.splice(0, Math.floor(tokens))
    tokens = line.length === 0 ? 0 : tokens - called.length
    for (const told of called) judge(told, now, outcome)
    const [fade, forget] = [Math.exp(-BEAT_S / PACE_S), Math.exp(-BEAT_S / LEAVING_S)]
    measured.rate = byChance ? measured.rate : rate
    // As there, only while somebody waits.
    if (called.length > 0 || line.length > 0) {
      measured.pace = measured.pace * fade + called.length
      measured.weight = measured.weight * fade + BEAT_S
    }
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
