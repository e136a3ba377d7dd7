/** What a run came to, in words for one screen, and as JSON for programs. Pure. */
import type { RunSettings } from './settings.ts'

/** What k6 hands to handleSummary, as far as we use it. */
export interface RunData {
  metrics: Record<
    string,
    { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> } | undefined
  >
  state: { testRunDurationMs: number }
}

export interface RunSummary {
  fans: number
  outcomes: Record<string, number>
  tickets: number
  /** ms: median, 95th and 99th percentile, the worst. */
  times: Record<string, { count: number; med: number; p95: number; p99: number; max: number }>
  counts: Record<string, number>
  refused: Record<string, number>
  failed: Record<string, number>
  thresholds: { metric: string; expression: string; ok: boolean }[]
  ok: boolean
  durationMs: number
  target: string
  eventId: string
  seed: number
}

const OUTCOMES: readonly [string, string][] = [
  ['bought', 'bought'],
  ['abandoned', 'gave their seats back'],
  ['vanished', 'vanished'],
  ['left_the_line', 'left the line'],
  ['empty_handed', 'went empty-handed'],
  ['turn_over', 'lost their turn'],
  ['still_there', 'were still there when the time was up'],
  ['failed', 'failed'],
]
const TIMES: readonly [string, string][] = [
  ['connect', 'opening a socket'],
  ['place', 'join to place'],
  ['admission', 'join to admission'],
  ['snapshot', 'snapshot of the seats'],
  ['diff', 'a seat changed to the fan sees it'],
  ['hold', 'hold'],
  ['payment', 'payment'],
  ['lag', 'k6 itself was late by'],
]
const COUNTS = [
  'holds',
  'conflicts',
  'declined',
  'returns',
  'diffs',
  'gaps',
  'sockets_lost',
  'server_errors',
  'unreachable',
  'sold_twice',
  'moved',
] as const

/** Past it what k6 measures is k6. */
const LATE_MS = 250
const LATE =
  'k6 itself fell behind: its machine is too busy for so many fans. Load from another, or take fewer fans.'
const ONE_NETWORK =
  'The target limits calls from one network: raise its SESSIONS_PER_MINUTE and BOOKINGS_PER_MINUTE for a test.'

export function summaryOf(data: RunData, settings: RunSettings): RunSummary {
  const value = (name: string, key = 'count') => data.metrics[`onsale_${name}`]?.values[key] ?? 0
  const beginning = (prefix: string) =>
    Object.fromEntries(
      Object.keys(data.metrics)
        .filter(name => name.startsWith(`onsale_${prefix}_`) && value(name.slice(7)) > 0)
        .map(name => [name.slice(8 + prefix.length), value(name.slice(7))]),
    )
  const thresholds = Object.entries(data.metrics).flatMap(([metric, found]) =>
    Object.entries(found?.thresholds ?? {}).map(([expression, { ok }]) => ({ metric, expression, ok })),
  )
  const times = TIMES.map(([name]) => {
    const one = (key: string) => Math.round(10 * value(name, key)) / 10
    const [med, p95, p99, max] = [one('med'), one('p(95)'), one('p(99)'), one('max')]
    return [name, { count: value(name), med, p95, p99, max }] as const
  })
  return {
    fans: value('fans'),
    outcomes: Object.fromEntries(OUTCOMES.map(([name]) => [name, value(name)])),
    tickets: value('tickets_bought'),
    times: Object.fromEntries(times),
    counts: Object.fromEntries(COUNTS.map(name => [name, value(name)])),
    refused: beginning('refused'),
    failed: beginning('failed'),
    thresholds,
    ok: thresholds.every(({ ok }) => ok),
    durationMs: Math.round(data.state.testRunDurationMs),
    target: settings.target,
    eventId: settings.eventId,
    seed: settings.seed,
  }
}

export function jsonOf(data: RunData, settings: RunSettings): string {
  return `${JSON.stringify(summaryOf(data, settings), null, 2)}\n`
}

export function screenOf(data: RunData, settings: RunSettings): string {
  const run = summaryOf(data, settings)
  const count = (name: string) => run.counts[name] ?? 0
  const outcomes = OUTCOMES.flatMap(([name, words]) => {
    const number = run.outcomes[name] ?? 0
    return number === 0
      ? []
      : [`${told(number)} ${words}${name === 'bought' ? ` ${told(run.tickets)} tickets` : ''}`]
  })
  const tries = count('holds') + count('conflicts')
  return [
    '',
    `${told(run.fans)} fans in ${toldTime(run.durationMs)} at ${run.target}, event ${run.eventId}, seed ${run.seed}`,
    ...wrapped(`${outcomes.join(' · ')}.`),
    '',
    `  ${''.padEnd(36)}${['half within', '95 % within', '99 % within', 'the worst'].map(right).join('')}`,
    ...TIMES.flatMap(([name, words]) => timesLine(words, run.times[name])),
    '',
    ...wrapped(
      [
        `${told(tries)} tries to hold, ${told(count('conflicts'))} of them lost to somebody quicker`,
        `${told(count('declined'))} cards declined first`,
        `${told(count('returns'))} fans reloaded and ${count('moved') === 0 ? 'all kept their place' : `${told(count('moved'))} LOST THEIR PLACE`}`,
        `${told(count('diffs'))} seat diffs, ${told(count('gaps'))} gaps`,
        `${told(count('sockets_lost'))} sockets lost`,
        `${told(count('server_errors'))} answers of 5xx, ${told(count('unreachable'))} calls without an answer`,
        `${told(count('sold_twice'))} tickets sold twice.`,
      ].join(' · '),
    ),
    ...codes('Refused', run.refused),
    ...codes('Failed at', run.failed),
    ...((run.times['lag']?.p95 ?? 0) > LATE_MS ? [`  ${LATE}`] : []),
    ...(run.refused['too_many_requests'] ? [`  ${ONE_NETWORK}`] : []),
    '',
    verdict(run, settings.fans - Object.values(run.outcomes).reduce((sum, number) => sum + number, 0)),
  ].join('\n')
}

function timesLine(words: string, times: RunSummary['times'][string] | undefined): string[] {
  if (times === undefined || times.count === 0) return []
  const { med, p95, p99, max } = times
  return [`  ${words.padEnd(36)}${[med, p95, p99, max].map(ms => right(toldTime(ms))).join('')}`]
}

function codes(words: string, found: Record<string, number>): string[] {
  const sorted = Object.entries(found).sort(([, a], [, b]) => b - a)
  if (sorted.length === 0) return []
  return wrapped(`${words}: ${sorted.map(([code, number]) => `${code} ${told(number)}`).join(', ')}.`)
}

/** `unfinished`: fans whose evening had no end, as the run was ended before. */
function verdict({ ok, thresholds }: RunSummary, unfinished: number): string {
  const short = unfinished > 0 ? `CUT SHORT, ${told(unfinished)} fans had not come to an end. ` : ''
  if (ok) return `  ${short}GREEN: all ${thresholds.length} thresholds held.`
  const crossed = thresholds.filter(one => !one.ok)
  return [
    `  ${short}RED: crossed`,
    ...crossed.map(({ metric, expression }) => `    ${metric} ${expression}`),
  ].join('\n')
}

/** With thousands apart; k6's JavaScript knows no locales. */
function told(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function toldTime(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}

function right(text: string): string {
  return text.padStart(13)
}

/** Lines that fit a screen of 100, broken between the parts. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ' '
  for (const part of text.split(/(?<= · |, )/)) {
    if (line.length + part.length > 100 && line.trim() !== '') {
      lines.push(line.trimEnd())
      line = ' '
    }
    line += line === ' ' ? ` ${part}` : part
  }
  return [...lines, line]
}
