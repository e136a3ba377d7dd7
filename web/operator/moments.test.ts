import { describe, expect, test } from 'vitest'
import type { AdminSample } from '../../shared/wire/messages.ts'
import { added, changeOf, columns, type Moment, remembered, shownSpan, valueAgo } from './moments.ts'

const MINUTE = 60_000

function sample(at: number, waiting = 0): AdminSample {
  return { at, waiting, active: 5, free: 90, holds: 4, sold: 6, revenue: 600, rateIn: 2, rateOut: 1 }
}

/** One a second. */
const seconds = (from: number, to: number, waiting = (second: number) => second) =>
  Array.from({ length: to - from + 1 }, (_, i) => sample((from + i) * 1_000, waiting(from + i)))

describe('change over a minute', () => {
  test('[V60] a figure is compared with what it was a minute ago', () => {
    expect(changeOf(seconds(0, 100), 'waiting')).toEqual({ by: 60, seconds: 60 })
    expect(
      changeOf(
        seconds(0, 100, s => -s),
        'waiting',
      ),
    ).toEqual({ by: -60, seconds: 60 })
  })

  test('[V60] where less is known, over what is known; with one moment not at all', () => {
    expect(changeOf(seconds(0, 20), 'waiting')).toEqual({ by: 20, seconds: 20 })
    expect(changeOf([sample(0)], 'waiting')).toBeUndefined()
    expect(changeOf([], 'waiting')).toBeUndefined()
  })

  test('[V60] what was not heard for long says nothing of the last minute', () => {
    expect(changeOf([sample(0, 5), sample(3 * MINUTE, 9)], 'waiting')).toBeUndefined()
    const asked: Moment = { at: 61_000, waiting: 80, active: 1 }
    expect(changeOf([...seconds(0, 60), asked], 'sold')).toEqual({ by: 0, seconds: 60 })
    expect(changeOf([...seconds(0, 60), asked], 'waiting')).toEqual({ by: 79, seconds: 60 })
  })
})

describe('the last quarter of an hour', () => {
  test('[V61] moments are kept for 15 minutes, in their order, each once', () => {
    const moments = seconds(0, 1_000).reduce<readonly Moment[]>(added, [])
    expect(moments[0]?.at).toBe(101_000)
    expect(moments).toHaveLength(900)
    expect(added(moments, sample(1_000_000))).toBe(moments)
    expect(added(moments, sample(5))).toBe(moments)
  })

  test("[V61] the server's memory fills what a lost connection left out", () => {
    const here = [sample(0), { at: 20_000, waiting: 1, active: 1 }, sample(60_000, 60)]
    const history = [5_000, 10_000, 15_000, 20_500, 25_000].map(at => sample(at))
    expect(remembered(here, history).map(({ at }) => at)).toEqual([
      0, 5_000, 10_000, 15_000, 20_500, 25_000, 60_000,
    ])
    expect(remembered([], [])).toEqual([])
  })

  test('[V61] lines are broken where nothing was told for long, and nowhere else', () => {
    const asked: Moment[] = [11_000, 13_000].map(at => ({ at, waiting: 11, active: 1 }))
    const short = [...seconds(8, 10), ...asked, ...seconds(15, 16)]
    expect(columns(short, ['waiting', 'sold'])).toEqual([
      [8_000, 9_000, 10_000, 11_000, 13_000, 15_000, 16_000],
      [8, 9, 10, 11, 11, 15, 16],
      [6, 6, 6, undefined, undefined, 6, 6],
    ])
    const long = [...seconds(8, 9), { at: 20_000, waiting: 1, active: 1 }, ...seconds(40, 41)]
    expect(columns(long, ['sold'])[1]).toEqual([6, 6, null, 6, 6])
    expect(columns([...seconds(0, 1), ...seconds(60, 62)], ['sold'])[1]).toEqual([6, 6, null, 6, 6])
  })

  test('[V61] charts run over 15 minutes at most and one at least, and their table looks back', () => {
    expect(shownSpan(0, 60 * MINUTE)).toEqual([45 * MINUTE, 60 * MINUTE])
    expect(shownSpan(0, 5 * MINUTE)).toEqual([0, 5 * MINUTE])
    expect(shownSpan(10 * MINUTE, 10 * MINUTE)).toEqual([9 * MINUTE, 10 * MINUTE])
    const moments = seconds(0, 400)
    expect([0, 1, 5, 14].map(ago => valueAgo(moments, 'waiting', ago))).toEqual([400, 340, 100, undefined])
  })
})
