import { describe, expect, it } from 'vitest'
import { capOf, rateOf, rateText } from './settings.ts'

describe("an operator's settings", () => {
  it('[V20] the rate is a number of admissions a second, fractions allowed', () => {
    expect(rateOf('20')).toEqual({ ok: true, value: 20 })
    expect(rateOf(' 0,2 ')).toEqual({ ok: true, value: 0.2 })
    expect(rateOf('0')).toEqual({ ok: true, value: 0 })
    for (const wrong of ['', 'fast', '-1', '1e9', 'NaN']) expect(rateOf(wrong).ok).toBe(false)
  })

  it('[V20] the cap is a whole number', () => {
    expect(capOf('500')).toEqual({ ok: true, value: 500 })
    for (const wrong of ['', '1.5', '-1', '99999999999']) expect(capOf(wrong).ok).toBe(false)
  })

  it('[V20] a rate is told as people think of it', () => {
    expect(rateText(0)).toBe('nobody is let in')
    expect(rateText(0.2)).toBe('one every 5 s')
    expect(rateText(20)).toBe('20 a second, 1,200 a minute')
  })
})
