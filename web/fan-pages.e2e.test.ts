/** The pages around the seats, in a real browser: searching by keyboard, going from page to page, and what every control says of itself. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { eventually, PHONE, Site } from './site-fixture.ts'

const site = Site.forTests()
const arrive = site.arrive.bind(site)
const found = async (query: string) => (await site.events(query))[0]!.eventId

/** With this seat of the fourth row of a theatre held. */
const atCheckout = async (seat: string) => {
  const fan = await arrive(`/e/${await found('status=onsale&type=theatre&pageSize=1')}`)
  await fan.listSeats('Stalls centre')
  await fan.seat({ section: 'Stalls centre', row: 'D', seat }).click()
  await fan.hold()
  return fan
}

/** What is suggested; the choice of an order has options too. */
const offersOn = (page: Page) => page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option')

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement
    return `${element?.tagName}: ${element?.textContent}`
  })

test('[V45] suggestions are chosen by keyboard, as readers expect of a combobox; Escape closes them and keeps the text', async () => {
  const { page } = await arrive('/', PHONE)
  const box = page.getByRole('combobox', { name: /^Search/ })
  const offers = offersOn(page)
  await box.focus()
  await page.keyboard.type('munc')
  await eventually(() => offers.count()).toBeGreaterThan(3)
  expect(await box.getAttribute('aria-expanded')).toBe('true')
  await page.keyboard.press('Escape')
  await eventually(() => offers.count()).toBe(0)
  expect([await box.getAttribute('aria-expanded'), await box.inputValue()]).toEqual(['false', 'munc'])
  await page.keyboard.press('ArrowDown')
  await eventually(() => offers.count()).toBeGreaterThan(3)
  await page.keyboard.press('ArrowUp')
  const last = await offers.last().getAttribute('id')
  await eventually(() => box.getAttribute('aria-activedescendant')).toBe(last)
  await page.keyboard.press('ArrowDown')
  await eventually(() => box.getAttribute('aria-activedescendant')).toBeNull()
  await page.keyboard.press('ArrowDown')
  const chosen = page.locator('[role="option"][aria-selected="true"]')
  await eventually(() => chosen.textContent()).toMatch(/^FC Bayern München/)
  await page.keyboard.press('Enter')
  await eventually(() => new URL(page.url()).searchParams.get('q')).toBe('FC Bayern München')
  await eventually(() => offers.count()).toBe(0)
  expect(await box.inputValue()).toBe('FC Bayern München')

  await box.fill('munich')
  await offers.filter({ hasText: 'City' }).first().click()
  await eventually(() => new URL(page.url()).searchParams.get('city')).toBe('Munich')
  expect(new URL(page.url()).searchParams.has('q')).toBe(false)
  await box.fill('')
  await page.keyboard.type('bayern dortmund')
  await offers
    .filter({ hasText: /20\d\d · Munich/ })
    .first()
    .click()
  await page.waitForURL(/\/e\//)
})

test('[V46] only what was typed last is asked for and shown, however slow an older answer is', async () => {
  const { page } = await arrive('/')
  const asked: string[] = []
  await page.route('**/events/suggest?*', async route => {
    const q = new URL(route.request().url()).searchParams.get('q') ?? ''
    asked.push(q)
    if (q === 'lon') await new Promise(done => setTimeout(done, 1_500))
    await route.continue().catch(() => undefined)
  })
  const box = page.getByTestId('search')
  // At once, as a pause between two letters is up to the machine.
  await box.fill('lon')
  await eventually(() => asked).toEqual(['lon'])
  await box.fill('london')
  await eventually(() => offersOn(page).first().textContent()).toMatch(/London/)
  await box.fill('madrid')
  await eventually(() => offersOn(page).allTextContents()).toContainEqual(expect.stringMatching(/^Madrid/))
  await page.waitForTimeout(1_500)
  expect((await offersOn(page).allTextContents()).join()).not.toMatch(/London/)
  expect(asked).toEqual(['lon', 'london', 'madrid'])
})

test('[V47] the hot event is marked and comes first; sorting and what is on sale are in the address', async () => {
  const { page } = await arrive('/')
  const cards = page.getByTestId('event-card')
  await cards.first().waitFor()
  expect(await cards.first().getByTestId('hot').count()).toBe(1)
  expect(await page.getByTestId('hot').count()).toBe(1)
  await page.getByRole('button', { name: 'On sale now' }).click()
  await eventually(() =>
    page
      .getByRole('status')
      .filter({ hasText: /^60 events/ })
      .count(),
  ).toBe(1)
  await page.getByTestId('sort').selectOption('date')
  await eventually(() => page.getByTestId('hot').count()).toBe(0)
  expect(new URL(page.url()).search).toBe('?sale=on&sort=date')
  await page.reload()
  await cards.first().waitFor()
  expect(await page.getByTestId('sort').inputValue()).toBe('date')
})

test('[V48] on another page the focus is on its heading, and nothing of the page before stays in the head', async () => {
  const eventId = await found('status=offsale&pageSize=1')
  const { page } = await arrive(`/e/${eventId}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  // What was opened begins as browsers have it.
  expect(await focused(page)).toMatch(/^BODY/)
  expect(await page.locator('link[rel="canonical"]').getAttribute('href')).toBe(`${site.url}/e/${eventId}`)
  await page.getByRole('link', { name: 'My bookings' }).click()
  await eventually(() => focused(page)).toBe('H1: My bookings')
  expect(await page.locator('link[rel="canonical"]').count()).toBe(0)
  await page.getByRole('link', { name: 'Find an event' }).click()
  await eventually(() => focused(page)).toBe('H1: Find your seat.')
  await page.getByTestId('event-card').first().click()
  await eventually(() => focused(page)).toMatch(/^H1: FC Bayern/)
  await page.goBack()
  await eventually(() => focused(page)).toBe('H1: Find your seat.')
})

test('[V49] a second tab shows what the first has done as soon as one comes back to it', async () => {
  const fan = await atCheckout('7')
  const { page } = fan
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByTestId('pay').waitFor()
  await page.getByTestId('give-back').click()
  await page.getByTestId('ended').waitFor()
  await other.evaluate(() => window.dispatchEvent(new Event('focus')))
  await other.getByTestId('ended').waitFor({ timeout: 4_000 })
})

test('[B103] who is told to come again with a payment sees so, and the page tries again by itself', async () => {
  const fan = await atCheckout('9')
  const { page } = fan
  let tries = 0
  await page.route('**/bookings/*/confirm', async route => {
    if (++tries > 2) return route.continue()
    const body = {
      type: '/problems/too_many_requests',
      status: 429,
      code: 'too_many_requests',
      retryAfter: 1,
    }
    await route.fulfill({
      status: 429,
      contentType: 'application/problem+json',
      headers: { 'Retry-After': '1' },
      body: JSON.stringify({ ...body, title: 'Too many requests', detail: 'So many pay.' }),
    })
  })
  const paid = fan.pay('4242')
  await page.getByText('yours waits its turn').waitFor()
  await paid
  await page.getByTestId('confirmed').waitFor()
  expect(tries).toBe(3)
})

test('[V50] who waits is never told of a line without oneself', async () => {
  const eventId = await found('status=onsale&type=concert&pageSize=1')
  const turn = (state: string) =>
    site.operate('PUT', `/admin/events/${eventId}/queue`, { state, rate: 0.001, cap: 1 })
  expect((await turn('open')).status).toBe(200)
  expect((await turn('paused')).status).toBe(200)
  const fan = await site.arrive()
  await fan.page.addInitScript(() => {
    const told: string[] = []
    Object.assign(window, { told })
    new MutationObserver(() => {
      const text = document.querySelector('[data-testid="in-line"]')?.textContent
      if (text && told.at(-1) !== text) told.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
  await fan.open(`${site.url}/e/${eventId}`)
  await eventually(() => fan.page.getByTestId('in-line').textContent()).toBe('1')
  const told = await fan.page.evaluate(() => (window as unknown as { told: string[] }).told)
  expect(told.at(-1)).toBe('1')
  expect(told).not.toContain('0')
  await turn('off')
  await eventually(() => fan.page.locator('.event-head .badge').textContent()).toBe('On sale')
})

test('[V51] on every page each control has a name, each picture is told or hidden, and one link skips to the page', async () => {
  const onSale = await found('status=onsale&pageSize=1')
  const later = await found('status=offsale&pageSize=1')
  const paths = [
    '/',
    '/?q=qqqqqq',
    `/e/${onSale}`,
    `/e/${later}`,
    '/my-bookings',
    '/checkout/none',
    '/nowhere',
  ]
  for (const path of paths) {
    const { page } = await arrive(path, PHONE)
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    await page.waitForTimeout(300)
    expect(await page.evaluate(unnamed), path).toEqual([])
    expect(await page.getByRole('heading', { level: 1 }).count(), path).toBe(1)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    await page.keyboard.press('Tab')
    expect(await focused(page), path).toBe('A: Skip to the page')
    await page.keyboard.press('Enter')
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('main')
  }
})

/** In the page: what a reader could not name. */
function unnamed(): string[] {
  const text = (id: string) => document.getElementById(id)?.textContent ?? ''
  const named = (element: Element) =>
    [
      element.getAttribute('aria-label'),
      ...(element.getAttribute('aria-labelledby') ?? '').split(' ').map(text),
      ...[...((element as HTMLInputElement).labels ?? [])].map(label => label.textContent),
      element.matches('input, select, textarea') ? '' : element.textContent,
    ].some(words => (words ?? '').trim() !== '')
  const controls = [
    ...document.querySelectorAll('a, button, input, select, textarea, [role="img"], [role="application"]'),
  ]
  const pictures = [...document.querySelectorAll('svg')].filter(
    svg => svg.closest('[aria-hidden="true"]') === null && !svg.hasAttribute('aria-label'),
  )
  return [
    ...controls.filter(element => element.closest('[aria-hidden="true"]') === null && !named(element)),
    ...pictures,
  ].map(element => element.outerHTML.slice(0, 120))
}
