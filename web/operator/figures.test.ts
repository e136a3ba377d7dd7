import { describe, expect, test } from 'vitest'
import { changeWords, compact, compactMoney, count, forecastWords, perSecond, takings } from './figures.ts'

describe('figures', () => {
  test('[V60] a change has its sign, and its time where that is no minute', () => {
    const words = (by: number, seconds: number) => changeWords({ by, seconds }, count)
    expect([words(1_200, 60), words(-3, 58), words(0, 60), words(4, 20)]).toEqual([
      '+1,200',
      '−3',
      '±0',
      '+4 in 20 s',
    ])
    expect(changeWords({ by: 0.04, seconds: 60 }, perSecond)).toBe('±0')
  })

  test('[V61] money and large counts are short on axes and in tiles, by the currency', () => {
    expect(['EUR', 'JPY', 'KWD'].map(currency => takings(123_450, currency))).toEqual([
      '€1,234.50',
      '¥123,450',
      expect.stringMatching(/123\.450$/),
    ])
    expect(takings(123_456_789, 'EUR')).toBe('€1,234,568')
    expect([compactMoney(50_000, 'EUR'), compactMoney(123_456_789, 'EUR')]).toEqual(['€500', '€1.2M'])
    expect([compact(0.25), compact(9_999), compact(82_000)]).toEqual(['0.25', '9,999', '82K'])
  })

  test('[Q169] how true the waits were is one sentence: the error of p50, and how many p90 covered', () => {
    expect(forecastWords({ p50Error: 0.08, covered: 0.92, visitors: 200 })).toBe(
      'Waits told were off by 8 %, by the median of the last 200 fans let in; 92 % waited no longer than the longest told.',
    )
    expect(forecastWords({ p50Error: 0, covered: 1, visitors: 1 })).toMatch(/the last fan let in; 100 %/)
  })
})
