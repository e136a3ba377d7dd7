/** Dates as the clocks at the venue show them: a fan who travels must not do sums. */

const LOCALE = 'en-GB'
const formats = new Map<string, Intl.DateTimeFormat>()

function format(timeZone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${timeZone}`
  let found = formats.get(key)
  if (found === undefined) {
    found = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone })
    formats.set(key, found)
  }
  return found
}

type Moment = string | number

/** "Sat 12 April 2026" */
export function longDay(at: Moment, zone: string): string {
  return format(zone, 'long', { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' })
    .format(new Date(at))
    .replaceAll(',', '')
}

/** "20:45" */
export function clock(at: Moment, zone: string): string {
  return format(zone, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}

/** "CET", or "GMT+9" where the zone has no short name. */
export function zoneName(at: Moment, zone: string): string {
  const parts = format(zone, 'zone', { timeZoneName: 'short' }).formatToParts(new Date(at))
  return parts.find(part => part.type === 'timeZoneName')?.value ?? zone
}

/** For the stub of a ticket. */
export function stub(
  at: Moment,
  zone: string,
): { weekday: string; day: string; month: string; year: string } {
  const parts = format(zone, 'stub', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
  const found = parts.formatToParts(new Date(at))
  const part = (type: string) => found.find(one => one.type === type)?.value ?? ''
  return { weekday: part('weekday'), day: part('day'), month: part('month').slice(0, 3), year: part('year') }
}

/** "12 April, 10:00 CET" */
export function moment(at: Moment, zone: string): string {
  const day = format(zone, 'day', { day: 'numeric', month: 'long' }).format(new Date(at))
  return `${day}, ${clock(at, zone)} ${zoneName(at, zone)}`
}
