/** What the clocks of a place show, as an instant. Pure: now comes in. */

/** A calendar day, YYYY-MM-DD, and a time of day, HH:MM, by the clock of an IANA time zone. */
export interface LocalTime {
  date: string
  time: string
  clock: string
}

/** The instant at which the clock shows that day and time. */
export function instantOf({ date, time, clock }: LocalTime): Date {
  const asIfUtc = Date.parse(`${date}T${time}:00Z`)
  // The offset before a change of clocks may not hold after it: the second look is at the instant itself.
  const guess = asIfUtc - offsetAt(asIfUtc, clock)
  return new Date(asIfUtc - offsetAt(guess, clock))
}

/** What the clock shows at an instant: YYYY-MM-DDTHH:MM. */
export function localTimeOf(instant: Date, clock: string): string {
  return new Date(instant.getTime() + offsetAt(instant.getTime(), clock)).toISOString().slice(0, 16)
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far a clock is ahead of UTC at an instant, in ms. */
function offsetAt(instant: number, clock: string): number {
  const format = formats.get(clock) ?? new Intl.DateTimeFormat('sv-SE', { ...FIELDS, timeZone: clock })
  formats.set(clock, format)
  // Swedish writes 2026-08-22 20:30:00, which is ISO but for the T.
  return Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) - instant
}

const FIELDS = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
} as const
