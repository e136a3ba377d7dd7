/** A line that an operator plans and a draw orders, in real browsers before a whole Onsale. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Fan } from '../fan.ts'
import { localText } from '../format/venue-clock.ts'
import { eventually, PHONE, Site } from '../site-fixture.ts'

/** The list closes ten seconds before. */
const DOORS_MS = 18_000

const Event = z.object({ venue: z.object({ timeZone: z.string() }) })
const Session = z.object({ visitorId: z.string() })

const site = Site.forTests()

async function play(at: number): Promise<string> {
  return (await site.events('status=onsale&type=theatre&pageSize=5'))[at]!.eventId
}

/** Opens the page of the event as somebody new; answers who they are. */
async function open(fan: Fan, eventId: string): Promise<string> {
  const session = fan.page.waitForResponse(response => response.url().endsWith('/sessions'))
  await fan.open(`${site.url}/e/${eventId}`)
  return Session.parse(await (await session).json()).visitorId
}

test('[V87] an operator plans a draw: fans see no number, then theirs, one is let in, and one is thrown out', async () => {
  const eventId = await play(0)
  const { venue } = Event.parse(await (await fetch(`${site.url}/events/${eventId}`)).json())
  const [{ page }, ada, ben] = [await site.arrive(), await site.arrive(), await site.arrive(undefined, PHONE)]
  await page.goto(`${site.url}/operator#token=${site.onsale.adminToken}`)
  await eventually(() => new URL(page.url()).hash).toBe('')
  await page.goto(`${site.url}/operator?event=${eventId}`)
  await page.getByTestId('method').selectOption('random')
  await page.getByTestId('rate').fill('0.05')
  await page.getByTestId('queue-scheduled').click()
  await page.getByText('A schedule needs the time of its doors.').waitFor()
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('opensAt')

  await page.getByTestId('opensAt').fill(localText(Date.now() + DOORS_MS, venue.timeZone))
  await page.getByTestId('queue-pre_queue').click()
  const consequence = page.getByTestId('consequence')
  await eventually(() => consequence.textContent()).toMatch(
    /forms at once.*Doors move by themselves on .*by lot/,
  )
  await page.getByTestId('confirm-switch').click()
  await eventually(() => page.getByTestId('queue-state').textContent()).toBe('Pre-queue')
  await eventually(() => page.getByTestId('queue-opens').textContent()).toMatch(/^opens .*, in 0:\d\d/)
  await eventually(() => page.getByTestId('audit-entry').first().textContent()).toMatch(
    /queue off → pre-queue.*order as they come → by lot.*doors move not set → /,
  )

  const visitors = await Promise.all([ada, ben].map(fan => open(fan, eventId)))
  for (const fan of [ada, ben]) {
    await fan.page.getByTestId('in-draw').waitFor()
    await eventually(() => fan.page.getByTestId('in-draw').textContent()).toMatch(/Doors move at /)
    expect(await fan.page.getByTestId('position').count()).toBe(0)
    expect(await fan.page.getByTestId('entry').textContent()).toMatch(/^[0-9a-f]{28}$/)
  }
  expect(await ben.page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.viewport.width)

  const isIn = (fan: Fan) => fan.page.getByTestId('turn').isVisible()
  const some = async () => (await Promise.all([ada, ben].map(isIn))).filter(Boolean).length
  await expect.poll(some, { timeout: 30_000, interval: 100 }).toBe(1)
  const [other, visitor] = (await isIn(ada)) ? [ben, visitors[1]!] : [ada, visitors[0]!]
  await eventually(() => other.page.getByTestId('position').getAttribute('data-position')).toMatch(/^[01]$/)

  await page.getByTestId('visitor').fill(visitor)
  await page.getByTestId('eject').click()
  await page.getByTestId('confirm-eject').click()
  await eventually(() => other.page.getByTestId('outside').textContent()).toMatch(
    /^Your place was taken back/,
  )
  await eventually(() => page.getByTestId('audit-entry').first().textContent()).toContain(
    `visitor ${visitor}`,
  )
})

test('[V88] a page that came before the line forms joins it by itself, and a line that is closed to newcomers says so', async () => {
  const eventId = await play(1)
  const change = (body: object) => site.operate('PUT', `/admin/events/${eventId}/queue`, body)
  const from = Date.now() + 15_000
  const [preQueueAt, opensAt] = [from, from + 3_600_000].map(at => new Date(at).toISOString())
  await change({ state: 'scheduled', preQueueAt, opensAt })
  const [fan, late] = [await site.arrive(undefined, PHONE), await site.arrive()]
  await open(fan, eventId)
  const planned = fan.page.getByTestId('planned')
  await eventually(() => planned.textContent()).toMatch(
    /^The line forms (at|on) .*it joins by itself.*Doors move/,
  )
  await fan.page.getByTestId('doors-move').waitFor({ timeout: 30_000 })
  expect(Date.now()).toBeGreaterThan(from - 100)
  expect(await fan.page.getByTestId('position').getAttribute('data-position')).toBe('0')

  await change({ joins: false })
  await open(late, eventId)
  await eventually(() => late.page.getByTestId('outside').textContent()).toMatch(/^The line takes nobody new/)
})
