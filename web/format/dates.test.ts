import { describe, expect, it } from 'vitest'
import { clock, longDay, moment, stub, zoneName } from './dates.ts'

describe('dates', () => {
  const evening = '2026-04-11T23:30:00Z'

  it("[V2] are shown by the venue's clock, not by the fan's", () => {
    expect(longDay(evening, 'Europe/Madrid')).toBe('Sun 12 April 2026')
    expect(clock(evening, 'Europe/Madrid')).toBe('01:30')
    expect(longDay(evening, 'America/New_York')).toBe('Sat 11 April 2026')
    expect(clock(evening, 'America/New_York')).toBe('19:30')
  })

  it('[V2] name their zone and fit a stub', () => {
    expect(zoneName(evening, 'Asia/Tokyo')).toBe('GMT+9')
    expect(stub(evening, 'Asia/Tokyo')).toEqual({ weekday: 'Sun', day: '12', month: 'Apr', year: '2026' })
    expect(moment(evening, 'Asia/Tokyo')).toBe('12 April, 08:30 GMT+9')
  })
})
