/** Times as the clocks at the venue show them, for what the server writes into pages. */

/** "2026-12-05T20:00:00+01:00" */
export function offsetTime(at: number, timeZone: string): string {
  const { year, month, day, hour, minute, second, timeZoneName = '' } = parts(at, timeZone, 'longOffset')
  // "GMT+01:00", or "GMT" alone.
  const offset = timeZoneName.slice('GMT'.length) || '+00:00'
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`
}

/** "Sat 5 December 2026, 20:00 CET" */
export function spokenTime(at: number, timeZone: string): string {
  const day = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone,
  })
  const { hour, minute, timeZoneName } = parts(at, timeZone, 'short')
  return `${day.format(at).replaceAll(',', '')}, ${hour}:${minute} ${timeZoneName}`
}

function parts(at: number, timeZone: string, timeZoneName: 'longOffset' | 'short') {
  const format = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName,
  })
  const found: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const { type, value } of format.formatToParts(at)) found[type] = value
  return found
}
