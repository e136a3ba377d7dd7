/** A part that dies comes back, but not for ever. */
import { expect, test, vi } from 'vitest'
import { Family } from './child.ts'
import { Kept } from './kept.ts'

const sleep = { command: 'sleep', args: ['60'], env: {}, cwd: import.meta.dirname }

function keptSleep() {
  const family = new Family(process.execPath, import.meta.dirname)
  const deaths: boolean[] = []
  const onBack = vi.fn()
  const kept = new Kept({
    start: () => family.start(sleep),
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 1_000,
    onDeath: (_, gaveUp) => deaths.push(gaveUp),
    onBack,
    pausesMs: [0, 0],
  })
  return { kept, deaths, onBack, family }
}

test('[R80] one that crashes is started again, until it has crashed too often', async () => {
  const { kept, deaths, onBack } = keptSleep()
  await kept.start()
  const first = await kept.pid()
  await kept.crash()
  expect(await kept.pid()).not.toBe(first)
  await kept.crash()
  expect(deaths).toEqual([false, false])
  expect(onBack).toHaveBeenCalledTimes(2)
  await kept.crash()
  expect(deaths).toEqual([false, false, true])
})

test('[R80] one that is stopped stays down, and can be started again', async () => {
  const { kept, deaths } = keptSleep()
  await kept.start()
  await kept.stop()
  await kept.start()
  await kept.stop()
  expect(deaths).toEqual([])
})

test('[R80] one that does not come back is told', async () => {
  const { kept, deaths, family } = keptSleep()
  await kept.start()
  await family.end()
  await vi.waitFor(() => expect(deaths).toEqual([false, true]))
})
