/** Moments as one types them into a field by the clocks at the venue, and back. */

const formats = new Map<string, Intl.DateTimeFormat>()

/** "2026-04-12T10:00", with seconds where there are some: what a datetime-local field takes. */
export function localText(at: number, zone: string): string {
  const text = new Date(at + offset(at, zone)).toISOString()
  return text.endsWith(':00.000Z') ? text.slice(0, 16) : text.slice(0, 19)
}

/** ms; undefined for what is no moment there, as in the hour that is left out in spring. The first of two that are called the same. */
export function fromLocal(text: string, zone: string): number | undefined {
  const wall = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text}Z`) : Number.NaN
  if (Number.isNaN(wall)) return undefined
  const day = 86_400_000
  const found = [wall - day, wall + day]
    .map(near => wall - offset(near, zone))
    .filter(at => at + offset(at, zone) === wall)
  return found.length === 0 ? undefined : Math.min(...found)
}

/** How far the clocks there are ahead of UTC then, ms. */
function offset(at: number, zone: string): number {
  let format = formats.get(zone)
  if (format === undefined) {
    const two = '2-digit'
    const digits = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const
    format = new Intl.DateTimeFormat('en-US', { ...digits, hourCycle: 'h23', timeZone: zone })
    formats.set(zone, format)
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000
}
