import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollThrough } from './rolling-fixture.ts'
import { testTiers } from './test-tiers-fixture.ts'
import type { Tiers } from './tiers-fixture.ts'

let tiers: Tiers
beforeAll(async () => {
  tiers = await testTiers({ length: 250 })
})
afterAll(() => tiers.close())

test('[S127] a rolling restart of two nodes under 500 watchers loses no change and no client', async () => {
  const rolled = await rollThrough(tiers, 500)
  expect(rolled).toMatchObject({ fans: 500, gone: 0, wrong: 0 })
  // Without a socket for three seconds: only a machine that stands still does that to them.
  expect(rolled.polled).toBeLessThanOrEqual(25)
  expect(rolled.changes).toBeGreaterThan(40)
  expect(rolled.moved).toBeGreaterThanOrEqual(500)
  expect(Math.max(...rolled.stopSeconds)).toBeLessThan(10)
})
