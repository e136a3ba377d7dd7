import { expect, test } from 'vitest'
import { ForecastErrors } from './forecast-errors.ts'

test('[Q167] of the latest two hundred who were let in it is known how far p50 was off and how many waited no longer than p90', () => {
  const errors = new ForecastErrors()
  expect(errors.latest).toBeUndefined()
  errors.saw(120, { p50: 100, p90: 130 })
  errors.saw(90, { p50: 100, p90: 130 })
  errors.saw(150, { p50: 100, p90: 130 })
  expect(errors.latest?.p50Error).toBeCloseTo(0.2)
  expect(errors.latest?.covered).toBeCloseTo(2 / 3)
  for (let i = 0; i < 200; i++) errors.saw(100, { p50: 100, p90: 130 })
  expect(errors.latest).toEqual({ p50Error: 0, covered: 1, visitors: 200 })
})
