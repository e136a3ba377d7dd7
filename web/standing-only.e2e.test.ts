/** A house without one seat, in a whole Onsale and a real browser. Skipped where there is no Chromium. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Onsale, startOnsale } from '../dev/processes.ts'
import { testDatabase } from '../dev/test-parts.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { Fan } from './fan.ts'

const CHROMIUM = process.env['CHROMIUM_PATH']
const NONE = 'no Chromium: apt-get install chromium, or set CHROMIUM_PATH'

let browser: Browser | undefined
let onsale: Onsale | undefined

beforeAll(async () => {
  if (findChromium(CHROMIUM) === undefined) return
  browser = await launchChromium(CHROMIUM)
  const { url } = await testDatabase({ catalogue: true })
  onsale = await startOnsale({ ports: 'free', env: { DATABASE_URL: url } })
})
afterAll(async () => {
  await browser?.close()
  await onsale?.stop()
})
beforeEach(({ skip }) => skip(browser === undefined, NONE))

test('[E30] at the demo’s night in a club two standing tickets are chosen, held and paid', async () => {
  const site = onsale!.env['HTTP_PUBLIC_URL'] ?? onsale!.httpUrl
  const answer = await fetch(`${site}/events/search?status=onsale&keyword=night+berlin+club`)
  const { events } = z
    .object({ events: z.array(z.object({ eventId: z.string() })) })
    .parse(await answer.json())
  expect(events.length).toBe(1)
  const fan = await Fan.arrive(browser!)
  const { page } = fan
  await fan.open(`${site}/e/${events[0]?.eventId}`)
  for (const area of ['Floor', 'Gallery'])
    await page.getByRole('button', { name: `One more: Adult, ${area}` }).click()
  await fan.hold()
  await fan.pay('4242')
  await page.getByTestId('confirmed').waitFor()
  await fan.open(`${site}/e/${events[0]?.eventId}`)
  await expect.poll(() => page.getByText('999 left').count(), { timeout: 10_000 }).toBeGreaterThan(0)
  await expect.poll(() => page.getByText('199 left').count(), { timeout: 10_000 }).toBeGreaterThan(0)
  expect(fan.faults).toEqual([])
})
