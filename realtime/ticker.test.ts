import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import { Metrics } from '../shared/metrics.ts'
import { makeMeters } from './meters.ts'
import { Ticker } from './ticker.ts'

/** Flushes that cost so many ms of CPU: when they came, ms from the first word, and the tick planned at last. */
async function run(
  cost: number,
  watchers: number,
  lastMs: number,
): Promise<{ times: number[]; tick: number }> {
  let cpu = 0
  const meters = makeMeters(new Metrics('test'))
  const ticker = new Ticker({ clock: systemClock, cpu: () => cpu, watchers: () => watchers, meters })
  const times: number[] = []
  const began = performance.now()
  let due = false
  while (performance.now() - began < lastMs) {
    if (!due) {
      due = true
      ticker.soon(() => {
        times.push(performance.now() - began)
        cpu += cost
        due = false
      })
    }
    await wait(2)
  }
  ticker.close()
  const { values } = await meters.tickSeconds.get()
  return { times, tick: values[0]?.value ?? 0 }
}

test('[S45] the first publication after quiet goes at once, the next after 50 ms', async () => {
  const { times, tick } = await run(0, 10, 400)
  expect(times[0]).toBeLessThan(45)
  expect(tick).toBe(0.05)
  for (const [i, time] of times.entries()) if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThan(45)
})

test('[S46] under load a tick grows to 150 ms at most, and only a node past 10,000 watchers goes further, to a second', async () => {
  expect((await run(300, 10_000, 1_500)).tick).toBe(0.15)
  expect((await run(300, 10_001, 2_000)).tick).toBeGreaterThan(0.2)
  expect((await run(5_000, 10_001, 2_500)).tick).toBe(1)
})

test('[S47] publications of one tick go out in one turn, in their order', async () => {
  const ticker = new Ticker({
    clock: systemClock,
    cpu: () => 0,
    watchers: () => 0,
    meters: makeMeters(new Metrics('test')),
  })
  const said: string[] = []
  for (const word of ['a', 'b', 'c']) ticker.soon(() => said.push(word))
  expect(said).toEqual([])
  await new Promise(resolve => setImmediate(resolve))
  expect(said).toEqual(['a', 'b', 'c'])
  ticker.close()
})
