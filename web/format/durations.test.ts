import { describe, expect, it } from 'vitest'
import { digits, secondsLeft, spoken, waiting, words } from './durations.ts'

describe('time left', () => {
  it("[V3] is what the server's clock leaves, never below zero", () => {
    expect(secondsLeft(10_000, 1_000)).toBe(9)
    expect(secondsLeft(10_000, 9_001)).toBe(1)
    expect(secondsLeft(10_000, 10_000)).toBe(0)
    expect(secondsLeft(10_000, 99_000)).toBe(0)
  })

  it('[V3] is shown as minutes and seconds', () => {
    expect([digits(0), digits(9), digits(65), digits(600), digits(3_729)]).toEqual([
      '0:00',
      '0:09',
      '1:05',
      '10:00',
      '1:02:09',
    ])
    expect([words(1), words(60), words(125)]).toEqual(['1 second', '1 minute', '2 minutes 5 seconds'])
  })

  it('[V3] is spoken at few moments, also where a beat was missed', () => {
    expect(spoken(62, 61)).toBeUndefined()
    expect(spoken(61, 60)).toBe('1 minute left.')
    expect(spoken(64, 58)).toBe('58 seconds left.')
    expect(spoken(1, 0)).toBe('The time is over.')
    expect(spoken(0, 0)).toBeUndefined()
  })
})

describe('waiting time', () => {
  it('[V4] is told as the span between p50 and p90', () => {
    expect(waiting(10, 50)).toBe('less than a minute')
    expect(waiting(100, 110)).toBe('about 2 min')
    expect(waiting(240, 350)).toBe('4 to 6 min')
    expect(waiting(3_000, 5_400)).toBe('50 min to 1 h 30 min')
    expect(waiting(7_200, 7_200)).toBe('2 h to 2 h')
  })
})
