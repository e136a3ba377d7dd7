import { describe, expect, it } from 'vitest'
import { OnsaleError } from '../../client/http.ts'
import {
  capOf,
  consequence,
  faultsOf,
  followed,
  rateOf,
  rateText,
  read,
  stepped,
  unsaved,
} from './settings.ts'

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

  it('[V63] a quick step is one of the leading digit, up and down the same way', () => {
    const up = [0, 0.1, 0.9, 1, 9, 10, 95].map(rate => stepped(rate, 1, 0.1))
    expect(up).toEqual([0.1, 0.2, 1, 2, 10, 20, 100])
    const down = [100, 20, 10, 1, 0.2, 0.1, 0].map(rate => stepped(rate, -1, 0.1))
    expect(down).toEqual([90, 10, 9, 0.9, 0.1, 0, 0])
    expect([1, 10, 500, 0].map(cap => stepped(cap, -1, 1))).toEqual([0, 9, 400, 0])
  })

  it('[V63] all that is typed is read together, and each fault is beside its field', () => {
    expect(read({ rate: '0,5', cap: '200', message: ' Soon. ' })).toEqual({
      ok: true,
      change: { rate: 0.5, cap: 200, message: 'Soon.' },
    })
    expect(read({ rate: 'x', cap: '1.5', message: '' })).toEqual({
      ok: false,
      faults: { rate: expect.stringMatching(/^The rate/), cap: expect.stringMatching(/^The cap/) },
    })
    const refused = new OnsaleError(400, { errors: [{ field: 'cap', message: 'too many' }] })
    expect(faultsOf(refused, 'refused')).toEqual({ cap: 'too many' })
    expect(faultsOf(new OnsaleError(503, {}), 'away')).toEqual({ form: 'away' })
  })

  it('[V63] what another operator saves is followed where nothing was typed', () => {
    const [before, now] = [
      { rate: '1', cap: '10', message: '' },
      { rate: '2', cap: '20', message: 'Hi' },
    ]
    expect(followed({ ...before, cap: '15' }, before, now)).toEqual({ rate: '2', cap: '15', message: 'Hi' })
    expect(unsaved({ ...now, cap: '15', message: 'Hi ' }, now)).toEqual(['cap'])
  })

  it('[V64] what follows from a switch is said with the rate and cap as typed', () => {
    const words = consequence('open', 300, { rate: 0.5, cap: 200 })
    expect(words).toContain('one every 2 s, at most 200 active')
    expect(words).toContain('The 300 waiting take 10 min at least.')
    expect(consequence('open', 3, { rate: 0, cap: 200 })).toContain('Nobody is let in at this rate and cap.')
    expect(consequence('paused', 1_200, { rate: 1, cap: 1 })).toContain('1,200 waiting keep their places')
    expect(consequence('off', 0, { rate: 1, cap: 1 })).toContain('whoever comes may go on to the seats')
  })
})
