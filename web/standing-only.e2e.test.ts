/** A house without one seat, in a whole Onsale and a real browser. */
import { expect, test } from 'vitest'
import { eventually, Site } from './site-fixture.ts'

const site = Site.forTests()

test('[E30] at the demo’s night in a club two standing tickets are chosen, held and paid', async () => {
  const events = await site.events('status=onsale&keyword=night+berlin+club')
  expect(events.length).toBe(1)
  const path = `/e/${events[0]?.eventId}`
  const fan = await site.arrive(path)
  const { page } = fan
  for (const area of ['Floor', 'Gallery'])
    await page.getByRole('button', { name: `One more: Adult, ${area}` }).click()
  await fan.hold()
  await fan.pay('4242')
  await page.getByTestId('confirmed').waitFor()
  await fan.open(`${site.url}${path}`)
  await eventually(() => page.getByText('999 left').count()).toBeGreaterThan(0)
  await eventually(() => page.getByText('199 left').count()).toBeGreaterThan(0)
})
