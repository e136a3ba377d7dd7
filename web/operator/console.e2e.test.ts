/** The operators' console in a real browser, before a whole Onsale. */
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AdminTokens } from '../../shared/admin-tokens.ts'
import { readAdminKeys } from '../../shared/config.ts'
import { eventually, Site } from '../site-fixture.ts'

const Session = z.object({ token: z.string() })
const Blocks = z.object({ blocks: z.array(z.object({ ticketId: z.string() })) })
const Listed = z.object({
  tickets: z.array(
    z.object({ ticketId: z.string(), section: z.string(), row: z.string(), seat: z.string() }),
  ),
})

const site = Site.forTests()

/** Before the list of events. */
async function arrive(token: string, viewport = { width: 1440, height: 900 }): Promise<Page> {
  const { page } = await site.arrive(`/operator#token=${token}`, { viewport })
  // The page has taken it.
  await eventually(() => new URL(page.url()).hash).toBe('')
  return page
}

const plays = () => site.events('status=onsale&type=theatre&pageSize=5')

async function join(eventId: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { token } = Session.parse(await (await fetch(`${site.url}/sessions`, { method: 'POST' })).json())
    await fetch(`${site.url}/events/${eventId}/queue`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    })
  }
}

function configure(eventId: string, token: string, change: object): Promise<Response> {
  return fetch(`${site.url}/admin/events/${eventId}/queue`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(change),
  })
}

/** A token of somebody with a name, for so long. */
function tokenFor(name: string, seconds: number): string {
  return new AdminTokens(readAdminKeys(site.onsale.env)).issue(name, Date.now() + seconds * 1_000) ?? ''
}

async function blocksOf(eventId: string): Promise<unknown[]> {
  const answer = await fetch(`${site.url}/admin/events/${eventId}/blocks`, {
    headers: { authorization: `Bearer ${site.onsale.adminToken}` },
  })
  return Blocks.parse(await answer.json()).blocks
}

/** A fan holds the first seat of the row in the first section; answers its label. */
async function holdIn(eventId: string, row: string): Promise<string> {
  const { tickets } = Listed.parse(
    await (await fetch(`${site.url}/events/${eventId}?include=tickets`)).json(),
  )
  const first = tickets.find(ticket => ticket.section === tickets[0]?.section && ticket.row === row)!
  const { token } = Session.parse(await (await fetch(`${site.url}/sessions`, { method: 'POST' })).json())
  const held = await fetch(`${site.url}/bookings/${eventId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ticketIds: [first.ticketId] }),
  })
  expect(held.status).toBe(201)
  return first.seat
}

describe('the console', () => {
  test('[V70] from the list to one event: live numbers, a rate that Open takes as typed, and each act in the log', async () => {
    const [event] = await plays()
    const { eventId, name } = event!
    const page = await arrive(tokenFor('ada', 600))
    await page.getByLabel('Search events').fill(name)
    await page.getByRole('link', { name, exact: true }).first().click()
    await page.waitForURL(url => url.searchParams.get('event') === eventId)
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    await eventually(() => page.getByTestId('console-liveness').textContent()).toBe('Live')
    await eventually(() => page.getByTestId('queue-state').textContent()).toBe('Queue off')

    await page.getByTestId('rate').fill('x')
    await page.getByTestId('queue-open').click()
    await eventually(() => page.getByTestId('rate-hint').textContent()).toMatch(/^The rate is a number/)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('rate')
    await page.getByTestId('rate').fill('0.1')
    await page.getByRole('button', { name: 'Most active at once: more' }).click()
    expect(await page.getByTestId('cap').inputValue()).toBe('600')
    await page.getByTestId('queue-open').click()
    await eventually(() => page.getByTestId('consequence').textContent()).toMatch(
      /one every 10 s, at most 600/,
    )
    await page.getByTestId('confirm-switch').click()
    await eventually(() => page.getByTestId('queue-state').textContent()).toBe('Queue open')
    const log = page.getByTestId('audit-entry')
    await eventually(() => log.first().textContent()).toMatch(
      /ada.*queue off → open.*rate 10 a second → 0.1 a second.*cap 500 → 600/,
    )

    await join(eventId, 4)
    await eventually(async () =>
      Number(await page.getByTestId('count-waiting').textContent()),
    ).toBeGreaterThan(1)
    await page.getByRole('button', { name: 'Admissions per second: more' }).click()
    await page.getByTestId('message').fill('Soon.')
    await page.getByTestId('save-settings').click()
    await page.getByText('Settings saved.').waitFor()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(
      'save-settings',
    )
    await eventually(() => log.first().textContent()).toMatch(
      /rate 0.1 a second → 0.2 a second.*message none → “Soon.”/,
    )

    await eventually(() => page.getByTestId('heat-row').count()).toBeGreaterThan(3)
    await eventually(() => page.getByTestId('node').count()).toBe(1)
    const section = page.locator('.heat-part[tabindex="0"]')
    await section.focus()
    const first = await page.getByTestId('heat-words').textContent()
    expect(first).toMatch(/% taken, 0 sold and 0 held of /)
    await page.keyboard.press('ArrowRight')
    await eventually(() => page.getByTestId('heat-words').textContent()).not.toBe(first)
    expect(await page.locator('.chart canvas').count()).toBe(3)
  })

  test('[V71] follows what another operator does, and keeps what is being typed', async () => {
    const { eventId } = (await plays())[1]!
    await configure(eventId, site.onsale.adminToken, { rate: 3, cap: 30 })
    const page = await arrive(site.onsale.adminToken)
    await page.goto(`${site.url}/operator?event=${eventId}`)
    await eventually(() => page.getByTestId('rate').inputValue()).toBe('3')
    await eventually(() => page.getByTestId('console-liveness').textContent()).toBe('Live')
    await page.getByTestId('cap').fill('40')
    await configure(eventId, tokenFor('ben', 60), { rate: 7, cap: 70 })
    await eventually(() => page.getByTestId('rate').inputValue()).toBe('7')
    expect(await page.getByTestId('cap').inputValue()).toBe('40')
    await eventually(() => page.getByTestId('audit-entry').first().textContent()).toMatch(
      /ben.*rate 3 a second → 7 a second/,
    )
  })

  test('[V72] a wrong token and one whose time is over are told as such, also while one watches', async () => {
    const page = await arrive('wrong-wrong-wrong-wrong')
    const refusal = () => page.getByTestId('token-refused').textContent()
    await eventually(refusal).toBe('This token is not the right one.')
    await page.getByTestId('token').fill(tokenFor('ada', -5))
    await page.getByRole('button', { name: 'Enter' }).click()
    await eventually(refusal).toBe('This token has expired.')
    await page.getByText('npm run admin:token').waitFor()

    const { eventId } = (await plays())[2]!
    const ending = await arrive(tokenFor('ada', 8))
    await ending.goto(`${site.url}/operator?event=${eventId}`)
    await eventually(() => ending.getByTestId('console-liveness').textContent()).toBe('Live')
    await eventually(() => ending.getByTestId('token-refused').textContent()).toBe('This token has expired.')
  })

  test('[W148] seats are kept back by section, row and seat, listed, and put on sale again; who holds one is named', async () => {
    const { eventId } = (await plays())[4]!
    const page = await arrive(tokenFor('ada', 600))
    await page.goto(`${site.url}/operator?event=${eventId}`)
    const pane = page.getByTestId('kept-back')
    const lines = pane.getByTestId('kept-back-row')
    await pane.getByTestId('keep-section').selectOption({ index: 1 })
    await pane.getByTestId('keep-row').selectOption({ index: 2 })
    await pane.getByTestId('keep-seats').fill('1-99999')
    await pane.getByText(/has no seat “1-99999”/).waitFor()
    await pane.getByTestId('keep-seats').fill('1-3, 5')
    await pane.getByTestId('keep-reason').fill('cameras')
    expect(await pane.getByTestId('keep-back').textContent()).toBe('Keep back 4 tickets')
    await pane.getByTestId('keep-back').click()
    await eventually(() => lines.allTextContents()).toEqual([
      expect.stringMatching(/, seats 1–3, 5cameras ?ada/),
    ])
    await eventually(() => pane.getByTestId('kept-back-count').textContent()).toBe('4 tickets')
    const log = page.getByTestId('audit-entry').first()
    await eventually(() => log.textContent()).toMatch(/ada.*4 tickets kept back: cameras/)
    const blocked = async () => (await blocksOf(eventId)).length
    expect(await blocked()).toBe(4)

    // A fan has a seat of the next row.
    const row = await pane.getByTestId('keep-row').locator('option').nth(3).textContent()
    const held = await holdIn(eventId, row ?? '')
    await pane.getByTestId('keep-row').selectOption({ index: 3 })
    await pane.getByTestId('keep-back').click()
    await eventually(() => pane.getByTestId('kept-back-fault').textContent()).toContain(
      `row ${row}, seat ${held}: choose without them`,
    )
    expect(await blocked()).toBe(4)

    await lines.first().getByTestId('lift').click()
    await page.getByTestId('confirm-lift').click()
    await eventually(() => lines.count()).toBe(0)
    await eventually(() => log.textContent()).toMatch(/4 tickets put on sale again/)
    expect(await blocked()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(1440)
  })

  test('[V73] on a phone all of it fits; without the realtime tier it says that it asks, without both that it is cut off', async () => {
    const { eventId } = (await plays())[3]!
    const page = await arrive(site.onsale.adminToken, { width: 390, height: 844 })
    await page.goto(`${site.url}/operator?event=${eventId}`)
    const liveness = () => page.getByTestId('console-liveness').textContent()
    await eventually(liveness).toBe('Live')
    await eventually(() => page.getByTestId('heat-row').count()).toBeGreaterThan(3)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await site.onsale.parts.realtime.stop()
    await eventually(liveness).toBe('Asking every 2 s')
    await site.onsale.parts.http.stop()
    await eventually(liveness).toMatch(/^Connection lost. Numbers of \d\d:\d\d:\d\d.$/)
    await site.onsale.parts.http.start()
    await site.onsale.parts.realtime.start()
    await expect.poll(liveness, { timeout: 40_000 }).toBe('Live')
  })
})
