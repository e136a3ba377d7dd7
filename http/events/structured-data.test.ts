import { expect, test } from 'vitest'
import { majorUnits } from '../../shared/wire/currency.ts'
import { offsetTime, spokenTime } from './venue-time.ts'

test('[F64] times are those of the clocks at the venue with their offset, summer and winter, whole hours or not', () => {
  const at = (time: string, zone: string) => offsetTime(Date.parse(time), zone)
  expect(at('2026-12-05T19:00:00Z', 'Europe/Berlin')).toBe('2026-12-05T20:00:00+01:00')
  expect(at('2026-07-05T18:00:00Z', 'Europe/Berlin')).toBe('2026-07-05T20:00:00+02:00')
  expect(at('2026-12-05T20:00:00Z', 'Europe/London')).toBe('2026-12-05T20:00:00+00:00')
  expect(at('2026-12-05T19:00:00Z', 'Asia/Kolkata')).toBe('2026-12-06T00:30:00+05:30')
  expect(at('2026-12-05T01:00:00Z', 'America/St_Johns')).toBe('2026-12-04T21:30:00-03:30')
  expect(spokenTime(Date.parse('2026-12-05T19:00:00Z'), 'Europe/Berlin')).toBe(
    'Sat 5 December 2026, 20:00 CET',
  )
})

test('[F64] prices are in major units, by as many digits as the currency has', () => {
  expect(majorUnits(4500, 'EUR')).toBe('45.00')
  expect(majorUnits(5, 'EUR')).toBe('0.05')
  expect(majorUnits(4500, 'JPY')).toBe('4500')
  expect(majorUnits(4500, 'KWD')).toBe('4.500')
})
