/** How an event stood over the last minutes: kept, measured against a minute ago, laid out for charts. Pure. */
import type { AdminSample } from '../../shared/wire/messages.ts'

/** Where it was asked for instead of told, a moment knows the queue alone. */
export type Moment = Pick<AdminSample, 'at' | 'waiting' | 'active'> & Partial<AdminSample>
export type Figure = Exclude<keyof AdminSample, 'at'>

const SECOND = 1_000
const MINUTE = 60 * SECOND
/** What the charts show. */
const KEPT_MS = 15 * MINUTE
/** A chart that begins shows this much, so that its first seconds are no cliff. */
const LEAST_SHOWN_MS = MINUTE
/** Longer without a word, and the line is broken instead of drawn through what nobody knows. */
const GAP_MS = 20 * SECOND

/** One more; what is older than the charts goes. A moment that is not newer than the last is left out. */
export function added(moments: readonly Moment[], moment: Moment): readonly Moment[] {
  const last = moments.at(-1)
  if (last !== undefined && moment.at <= last.at) return moments
  return [...moments.filter(({ at }) => at > moment.at - KEPT_MS), moment]
}

/** The server's memory and what was seen here, as one: it also fills the gap that a lost connection left. */
export function remembered(moments: readonly Moment[], samples: readonly AdminSample[]): readonly Moment[] {
  const known = samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY
  const byTime = new Map<number, Moment>()
  for (const sample of samples) byTime.set(sample.at, sample)
  for (const moment of moments) {
    const asked = moment.sold === undefined && moment.at <= known
    if (!asked) byTime.set(moment.at, moment)
  }
  const all = [...byTime.values()].toSorted((a, b) => a.at - b.at)
  const newest = all.at(-1)?.at ?? 0
  return all.filter(({ at }) => at > newest - KEPT_MS)
}

export interface Change {
  by: number
  /** Over how long: a minute, or less where less is known. */
  seconds: number
}

/** What a figure has changed by in the last minute; undefined where nothing is known to compare with. */
export function changeOf(moments: readonly Moment[], figure: Figure): Change | undefined {
  const now = moments.findLast(moment => moment[figure] !== undefined)
  if (now === undefined) return undefined
  const known = moments.filter(moment => moment[figure] !== undefined)
  const before = known.findLast(({ at }) => at <= now.at - MINUTE) ?? known[0]
  if (before === undefined || before === now) return undefined
  // After a gap, the last word may be much older than a minute: that says nothing of the last minute.
  if (now.at - before.at > MINUTE + GAP_MS) return undefined
  return {
    by: (now[figure] ?? 0) - (before[figure] ?? 0),
    seconds: Math.round((now.at - before.at) / SECOND),
  }
}

/** The figure so many minutes ago, within half a minute. */
export function valueAgo(moments: readonly Moment[], figure: Figure, minutes: number): number | undefined {
  const newest = moments.at(-1)
  if (newest === undefined) return undefined
  const wanted = newest.at - minutes * MINUTE
  return moments.findLast(moment => moment.at <= wanted && moment.at > wanted - MINUTE / 2)?.[figure]
}

/** Columns for uPlot: times in ms, then each figure. Null breaks the line, undefined is drawn through. */
export function columns(
  moments: readonly Moment[],
  figures: readonly Figure[],
): [number[], ...(number | null | undefined)[][]] {
  const times = moments.map(({ at }) => at)
  return [times, ...figures.map(figure => column(moments, figure))]
}

/** A moment that does not tell the figure breaks its line only where it was not told for long. */
function column(moments: readonly Moment[], figure: Figure): (number | null | undefined)[] {
  const values: (number | null | undefined)[] = moments.map(moment => moment[figure])
  let known: number | undefined
  for (const [i, { at }] of moments.entries()) {
    if (values[i] === undefined) continue
    const before = moments[known ?? i]?.at ?? at
    if (at - before > GAP_MS) {
      // Where nothing came between, the newer one gives way: half a second of a chart.
      const gap = i - (known ?? i) > 1 ? i - 1 : i
      values[gap] = null
    }
    known = i
  }
  return values
}

/** From when to when the charts run, in ms. */
export function shownSpan(first: number, last: number): [from: number, to: number] {
  return [Math.max(last - KEPT_MS, Math.min(first, last - LEAST_SHOWN_MS)), last]
}
