import { describe, expect, it } from 'vitest'
import { OnsaleError } from '../../client/http.ts'
import { capOf, draftOf, faultsOf, followed, rateOf, read, stepped, unsaved } from './settings.ts'

const ZONE = 'Europe/Berlin'
const SETTINGS = {
  rate: 1,
  cap: 10,
  message: '',
  method: 'fifo',
  preQueueAt: null,
  opensAt: null,
  beaconRound: null,
  joins: true,
  claimSeconds: 15,
  graceSeconds: 120,
  staySeconds: 1_800,
  soldOut: 'keep',
  perNetwork: null,
  payRate: null,
} as const
const SAVED = draftOf(SETTINGS, ZONE)

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

  it('[V63] a quick step is one of the leading digit, up and down the same way', () => {
    const up = [0, 0.1, 0.9, 1, 9, 10, 95].map(rate => stepped(rate, 1, 0.1))
    expect(up).toEqual([0.1, 0.2, 1, 2, 10, 20, 100])
    const down = [100, 20, 10, 1, 0.2, 0.1, 0].map(rate => stepped(rate, -1, 0.1))
    expect(down).toEqual([90, 10, 9, 0.9, 0.1, 0, 0])
    expect([1, 10, 500, 0].map(cap => stepped(cap, -1, 1))).toEqual([0, 9, 400, 0])
  })

  it('[V63] all that is typed is read together, and each fault is beside its field', () => {
    expect(read({ ...SAVED, rate: '0,5', cap: '200', message: ' Soon. ' }, SAVED, ZONE)).toEqual({
      ok: true,
      change: { rate: 0.5, cap: 200, message: 'Soon.' },
    })
    expect(read({ ...SAVED, rate: 'x', cap: '1.5' }, SAVED, ZONE)).toEqual({
      ok: false,
      first: 'rate',
      faults: { rate: expect.stringMatching(/^The rate/), cap: expect.stringMatching(/^The cap/) },
    })
    const refused = new OnsaleError(400, { errors: [{ field: 'cap', message: 'too many' }] })
    expect(faultsOf(refused, 'refused')).toEqual({ cap: 'too many' })
    expect(faultsOf(new OnsaleError(503, {}), 'away')).toEqual({ form: 'away' })
  })

  it('[V63] what another operator saves is followed where nothing was typed', () => {
    const [before, now] = [SAVED, { ...SAVED, rate: '2', cap: '20', message: 'Hi' }]
    expect(followed({ ...before, cap: '15' }, before, now)).toEqual({
      ...now,
      cap: '15',
    })
    expect(unsaved({ ...now, cap: '15', message: 'Hi ', soldOut: 'dissolve' }, now)).toEqual([
      'cap',
      'when sold out',
    ])
  })

  it('[V85] a plan is read by the clocks at the venue; what was not typed is not sent', () => {
    const typed = { ...SAVED, method: 'random', opensAt: '2026-04-12T11:00', graceSeconds: '60' }
    const opensAt = '2026-04-12T09:00:00.000Z'
    const shown = { rate: 1, cap: 10, message: '' }
    expect(read(typed, SAVED, ZONE)).toEqual({
      ok: true,
      change: { ...shown, method: 'random', opensAt, graceSeconds: 60 },
    })
    expect(read(SAVED, SAVED, ZONE)).toEqual({ ok: true, change: shown })
    // A line that begins knows nothing of the one before: its plan goes out whole, typed anew or not.
    expect(read(typed, typed, ZONE, 'scheduled')).toMatchObject({
      change: { method: 'random', preQueueAt: null, opensAt, beaconRound: null },
    })
    const early = { ...typed, preQueueAt: '2026-04-12T10:00' }
    expect(read(early, early, ZONE, 'pre_queue')).toMatchObject({ change: { preQueueAt: null, opensAt } })
    expect(draftOf({ ...SETTINGS, opensAt }, ZONE)).toEqual({ ...SAVED, opensAt: '2026-04-12T11:00' })
  })

  it('[V85] each fault of a plan is beside its field, and a schedule needs the time of its doors', () => {
    const wrong = {
      ...SAVED,
      opensAt: '2026-03-29T02:30',
      claimSeconds: '1',
      staySeconds: '1.5',
      perNetwork: '0',
      payRate: '-1',
      beaconRound: 'next',
      soldOut: 'perhaps',
    }
    const answer = read(wrong, SAVED, ZONE)
    expect(answer.ok ? [] : Object.keys(answer.faults)).toEqual([
      'opensAt',
      'beaconRound',
      'claimSeconds',
      'staySeconds',
      'soldOut',
      'perNetwork',
      'payRate',
    ])
    expect(answer).toMatchObject({ first: 'opensAt' })
    expect(read(SAVED, SAVED, ZONE, 'scheduled')).toMatchObject({ ok: false, first: 'opensAt' })
    expect(read({ ...SAVED, perNetwork: ' ', payRate: '0,5' }, SAVED, ZONE)).toMatchObject({
      change: { payRate: 0.5 },
    })
    const refused = new OnsaleError(400, { errors: [{ field: 'beaconRound', message: 'name a later one' }] })
    expect(faultsOf(refused, 'refused')).toEqual({ beaconRound: 'name a later one' })
  })
})
