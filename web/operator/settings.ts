/** What an operator types, checked before it is sent. Pure. */

export type Typed<T> = { ok: true; value: T } | { ok: false; fault: string }

const MOST_RATE = 100_000
const MOST_CAP = 10_000_000

/** Admissions per second; fractions, with a point or a comma. */
export function rateOf(text: string): Typed<number> {
  const value = Number(text.trim().replace(',', '.'))
  if (text.trim() === '' || !Number.isFinite(value)) return fault('The rate is a number, such as 0.5 or 20.')
  if (value < 0 || value > MOST_RATE) return fault('The rate is from 0 to 100,000 admissions per second.')
  return { ok: true, value }
}

/** Most active visitors at once. */
export function capOf(text: string): Typed<number> {
  const value = Number(text.trim())
  if (text.trim() === '' || !Number.isInteger(value)) return fault('The cap is a whole number.')
  if (value < 0 || value > MOST_CAP) return fault('The cap is from 0 to 10,000,000.')
  return { ok: true, value }
}

/** "one every 5 s", "20 a second, 1,200 a minute" */
export function rateText(rate: number): string {
  if (rate === 0) return 'nobody is let in'
  if (rate < 1) return `one every ${round(1 / rate)} s`
  return `${round(rate)} a second, ${round(rate * 60)} a minute`
}

function round(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 1 })
}

function fault(text: string): { ok: false; fault: string } {
  return { ok: false, fault: text }
}
