/** Numbers, changes and times as the console shows them. Pure. */

import { exponentOf } from '../../shared/wire/currency.ts'
import type { ForecastError } from '../../shared/wire/messages.ts'
import { money, shortMoney } from '../format/money.ts'
import type { Change } from './moments.ts'

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** A second: one digit after the point tells a slow line from none. */
export function perSecond(rate: number): string {
  return rate.toLocaleString('en', { maximumFractionDigits: 1 })
}

/** "+12", "−3", "±0"; with "in 20 s" where less than a minute is known. */
export function changeWords(change: Change, show: (value: number) => string): string {
  const size = show(Math.abs(change.by))
  const sign = size === show(0) ? '±' : change.by > 0 ? '+' : '−'
  return change.seconds >= 55 ? `${sign}${size}` : `${sign}${size} in ${change.seconds} s`
}

/** How true the waits were that fans were told as they joined. */
export function forecastWords({ p50Error, covered, visitors }: ForecastError): string {
  const share = (part: number) => `${Math.round(100 * part)} %`
  const who = visitors === 1 ? 'the last fan let in' : `the last ${count(visitors)} fans let in`
  return `Waits told were off by ${share(p50Error)}, by the median of ${who}; ${share(covered)} waited no longer than the longest told.`
}

/** "€1,234.50", and from 10,000 on "€12,345": an on-sale's takings are not counted in cents. */
export function takings(minor: number, currency: string): string {
  const unit = 10 ** exponentOf(currency)
  if (Math.abs(minor) < 10_000 * unit) return money(minor, currency)
  return shortMoney(Math.round(minor / unit) * unit, currency)
}

/** "€1.2M": for an axis, where there is room for little. */
export function compactMoney(minor: number, currency: string): string {
  const units = minor / 10 ** exponentOf(currency)
  if (Math.abs(units) < 10_000) return shortMoney(Math.round(minor), currency)
  const symbol = money(0, currency).replaceAll(/[\d.,\s]/g, '')
  return symbol + compact(units)
}

/** "12.5k": likewise. */
export function compact(value: number): string {
  if (Math.abs(value) < 10_000) return value.toLocaleString('en', { maximumFractionDigits: 2 })
  return value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 })
}

export function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** "14:03:22", by the operator's own clock: what happens now is compared with the clock on the wall. */
export function wallClock(at: number): string {
  return CLOCK.format(at)
}

/** "3 Apr", likewise. */
export function wallDay(at: number): string {
  return DAY.format(at)
}
