import { expect, test } from 'vitest'
import { fromLocal, localText } from './venue-clock.ts'

const at = (text: string) => Date.parse(text)

test('[V83] a time is typed and shown by the clocks at the venue, summer and winter', () => {
  expect(fromLocal('2026-01-12T10:00', 'Europe/Berlin')).toBe(at('2026-01-12T09:00Z'))
  expect(fromLocal('2026-07-12T10:00:30', 'Europe/Berlin')).toBe(at('2026-07-12T08:00:30Z'))
  expect(fromLocal('2026-07-12T00:30', 'Asia/Kolkata')).toBe(at('2026-07-11T19:00Z'))
  expect(localText(at('2026-07-12T08:00Z'), 'Europe/Berlin')).toBe('2026-07-12T10:00')
  expect(localText(at('2026-07-12T08:00:30Z'), 'America/New_York')).toBe('2026-07-12T04:00:30')
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'])
    for (let day = 0; day < 366; day++) {
      const noon = at('2026-01-01T12:00Z') + day * 86_400_000
      expect(fromLocal(localText(noon, zone), zone)).toBe(noon)
    }
})

test('[V83] an hour left out in spring is no time; of one that comes twice in autumn the first is meant', () => {
  expect(fromLocal('2026-03-29T02:30', 'Europe/Berlin')).toBeUndefined()
  expect(fromLocal('2026-10-25T02:30', 'Europe/Berlin')).toBe(at('2026-10-25T00:30Z'))
  expect(fromLocal('2026-03-29T01:59', 'Europe/Berlin')).toBe(at('2026-03-29T00:59Z'))
  for (const wrong of ['', 'soon', '2026-13-01T10:00', '2026-01-01'])
    expect(fromLocal(wrong, 'UTC')).toBeUndefined()
})
