/** Time that is left, and time that one waits: as numbers for the eye and as words for the ear. */

/** Whole seconds until a moment, never below 0: a second shown is a second had. */
export function secondsLeft(until: number, now: number): number {
  return Math.max(0, Math.ceil((until - now) / 1_000))
}

/** "9:05", "1:02:09" */
export function digits(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** "9 minutes 5 seconds", as a reader speaks it. */
export function words(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  const many = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'}`
  if (minutes === 0) return many(rest, 'second')
  return rest === 0 ? many(minutes, 'minute') : `${many(minutes, 'minute')} ${many(rest, 'second')}`
}

/** A countdown that spoke each second would let nobody do anything else: it speaks at these. */
const SPOKEN = [600, 300, 120, 60, 30, 10]

/** What to say as the time left goes from `before` to `now`; undefined for silence. */
export function spoken(before: number, now: number): string | undefined {
  if (now === 0) return before > 0 ? 'The time is over.' : undefined
  return SPOKEN.some(mark => before > mark && now <= mark) ? `${words(now)} left.` : undefined
}

/** "less than a minute", "about 4 min", "4 to 6 min", "about 1 h 20 min". Seconds in. */
export function waiting(p50: number, p90: number): string {
  if (p90 <= 60) return 'less than a minute'
  const [from, to] = [Math.max(1, Math.round(p50 / 60)), Math.max(1, Math.ceil(p90 / 60))]
  if (to < 60) return from >= to ? `about ${to} min` : `${from} to ${to} min`
  return `${long(from)} to ${long(to)}`
}

function long(minutes: number): string {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  if (hours === 0) return `${rest} min`
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
}
