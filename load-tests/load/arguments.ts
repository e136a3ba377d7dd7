/** What `npm run load` was asked for, checked: each fault is told by the option's name. Pure. */
import { parseArgs } from 'node:util'
import { Cure } from '../../dev/cure.mjs'
import { parseDuration, parseThreshold } from '../on-sale/settings.ts'
import type { Asked } from '../site.ts'

export const USAGE = `Usage: npm run load [-- options]     (k6 against an Onsale; exit 0 green, 99 a threshold was crossed)
  --fans N            how many come (100)
  --duration D        until nobody starts anything new: 90s, 2m, 1h (2m)
  --arrival D         they come over this time, half of them in its first quarter (a quarter of the duration)
  --target URL        an Onsale (the one that runs from this clone, else http://localhost:3000)
  --realtime URL      its sockets (as the target says)
  --event E           an event's id, words of its name, or hot: the demo's (hot)
  --rate N --cap N    admissions a second, and most at the seats; put back afterwards (all in within 40 % of the time; half of them)
  --threshold T       a limit of your own, metric=expression, as often as you like: hold=p(95)<300
  --json FILE         the summary for programs
  --seed N            another crowd (1)
The queue is opened with ADMIN_TOKEN where it is off, and put back. For a crowd from one address raise the target's
SESSIONS_PER_MINUTE (6000) and BOOKINGS_PER_MINUTE (1200), which mean networks of people.`

export interface LoadArguments extends Asked {
  fans: number
  duration: string
  durationMs: number
  arrival: string | undefined
  rate: number | undefined
  cap: number | undefined
  thresholds: string[]
  json: string | undefined
  seed: number
}

const text = { type: 'string' } as const

/** `help` where that was asked for. @throws {Cure} */
export function readArguments(args: string[]): LoadArguments | 'help' {
  const given = parsed(args)
  if (given.help) return 'help'
  const duration = given.duration ?? '2m'
  return {
    target: given.target,
    realtime: given.realtime,
    event: given.event ?? 'hot',
    fans: number('--fans', given.fans, 1, 1_000_000, true) ?? 100,
    duration,
    durationMs: milliseconds('--duration', duration),
    arrival: given.arrival && `${milliseconds('--arrival', given.arrival)}ms`,
    rate: number('--rate', given.rate, 0.1, 100_000, false),
    cap: number('--cap', given.cap, 1, 10_000_000, true),
    thresholds: (given.threshold ?? []).map(checkedThreshold),
    json: given.json,
    seed: number('--seed', given.seed, 0, 2 ** 31, true) ?? 1,
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        fans: text,
        duration: text,
        arrival: text,
        target: text,
        realtime: text,
        event: text,
        rate: text,
        cap: text,
        threshold: { type: 'string', multiple: true },
        json: text,
        seed: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new Cure(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
}

function checkedThreshold(threshold: string): string {
  if (parseThreshold(threshold) === undefined || threshold.includes(';'))
    throw new Cure(
      `--threshold ${threshold} is not metric=expression, such as hold=p(95)<300 or failed=count==0.`,
    )
  return threshold
}

export function number(
  name: string,
  given: string | undefined,
  least: number,
  most: number,
  isWhole: boolean,
): number | undefined {
  if (given === undefined) return undefined
  const value = given.trim() === '' ? Number.NaN : Number(given)
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value
  throw new Cure(`${name} ${given}: it must be a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`)
}

export function milliseconds(name: string, given: string): number {
  const ms = parseDuration(given)
  if (ms !== undefined && ms >= 1_000) return ms
  throw new Cure(`${name} ${given}: it must be a time of a second or more, such as 90s, 2m or 1h30m.`)
}
