import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import { Metrics } from '../shared/metrics.ts'
import { makeMeters } from './meters.ts'
import { Ticker } from './ticker.ts'

/** A ticker whose flushes cost so many ms of CPU, and when they came, ms from the first. */
async function flushes(cost: number, watchers: number, lastMs: number): Promise<number[]> {
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
  return times
}

const gaps = (times: number[]) => times.slice(1).map((time, i) => time - (times[i] ?? 0))

test('[S45] the first publication after quiet goes at once, the next after 50 ms', async () => {
  const times = await flushes(0, 10, 400)
  expect(times[0]).toBeLessThan(20)
  expect(times.length).toBeGreaterThanOrEqual(6)
  for (const gap of gaps(times)) expect(gap).toBeGreaterThanOrEqual(45)
})

test('[S46] under load a tick grows to 150 ms at most, and only a node past 10,000 watchers goes further', async () => {
  const busy = gaps(await flushes(300, 10_000, 1_500)).slice(-4)
  for (const gap of busy) expect([gap > 140, gap < 190]).toEqual([true, true])
  const over = gaps(await flushes(300, 10_001, 3_000)).slice(-2)
  for (const gap of over) expect(gap).toBeGreaterThan(250)
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
