/** The best seats in a real browser: one press, by keyboard, on a phone; a lone seat told; more time and more seats. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Onsale, startOnsale } from '../../dev/processes.ts'
import { testDatabase } from '../../dev/test-parts.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { findChromium, launchChromium } from '../chromium.ts'
import { Fan } from '../fan.ts'

const CHROMIUM = process.env['CHROMIUM_PATH']
const NONE = 'no Chromium: apt-get install chromium, or set CHROMIUM_PATH'
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true }
/** A house for each test. */
const EVENTS = ['best100', 'best101', 'best102', 'best103'] as const
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 10_000, interval: 50 })

let browser: Browser | undefined
let onsale: Onsale
let site = ''
const fans: Fan[] = []

beforeAll(async () => {
  if (findChromium(CHROMIUM) === undefined) return
  browser = await launchChromium(CHROMIUM)
  const { url } = await testDatabase()
  const pool = connectPostgres(url, 'test', makeLog('test', 'silent'))
  for (const event of EVENTS) await insertSmallHouse(pool, event)
  await pool.end()
  onsale = await startOnsale({ ports: 'free', env: { DATABASE_URL: url } })
  site = onsale.env['HTTP_PUBLIC_URL'] ?? onsale.httpUrl
})
afterAll(async () => {
  await browser?.close()
  await onsale?.stop()
})
beforeEach(({ skip }) => skip(browser === undefined, NONE))
afterEach(async () => {
  const faults = fans.flatMap(fan => fan.faults)
  await Promise.all(fans.splice(0).map(fan => fan.leave()))
  expect(faults).toEqual([])
})

async function arrive(event: (typeof EVENTS)[number], options = {}): Promise<Fan> {
  const fan = await Fan.arrive(browser!, options)
  fans.push(fan)
  await fan.open(`${site}/e/${event}`)
  await fan.page.getByTestId('best').waitFor()
  return fan
}

test('[V100] On a phone and by keyboard alone the best seats at a price are held with one press.', async () => {
  const { page } = await arrive('best100', PHONE)
  const form = page.getByRole('form', { name: 'Best available' })
  await form.getByLabel('How many tickets').focus()
  await page.keyboard.type('3')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Back')
  await page.keyboard.press('Tab')
  await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Hold the best')
  const wide = await page.evaluate(() => document.documentElement.scrollWidth)
  expect(wide).toBeLessThanOrEqual(390)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/checkout\//)
  await eventually(() => page.getByTestId('ticket').count()).toBe(3)
  const places = await page.getByTestId('ticket').locator('strong').allTextContents()
  expect(places.every(place => /row B/i.test(place))).toBe(true)
})

test('[V101] Where nothing fits, what comes near is offered, and held with one press.', async () => {
  const wish = async (tickets: string) => {
    const { page } = await arrive('best101')
    await page.getByLabel('How many tickets').selectOption(tickets)
    await page.getByLabel('At which price').selectOption('a')
    await page.getByRole('button', { name: 'Hold the best' }).click()
    return page
  }
  // Both front rows, but for two seats of one and the places for a wheelchair and a companion.
  for (const tickets of ['8', '8']) await (await wish(tickets)).waitForURL(/\/checkout\//)
  const page = await wish('8')
  await page.getByTestId('offer').waitFor()
  await page.getByTestId('offer').getByRole('button').click()
  await page.waitForURL(/\/checkout\//)
})

test('[V102] A choice that would leave a seat alone is told, with others to take in its place.', async () => {
  const fan = await arrive('best102')
  await fan.listSeats('Left')
  const second = { section: 'Left', row: 'B', seat: '2' }
  await fan.seat(second).click()
  const warning = fan.page.getByTestId('orphan')
  await eventually(() => warning.textContent()).toContain('row B, seat 1')
  await warning.getByRole('button').click()
  await eventually(() => warning.count()).toBe(0)
  expect(await fan.statusOf(second)).not.toBe('chosen')
  expect(await fan.page.getByTestId('chosen-seat').count()).toBe(1)
})

test('[V103] More seats come to a booking that is open, and it is given more time.', async () => {
  const fan = await arrive('best103')
  const { page } = fan
  await fan.listSeats('Right')
  await fan.seat({ section: 'Right', row: 'B', seat: '10' }).click()
  const booking = await fan.hold()
  const before = await page.getByTestId('amount').textContent()
  await page.getByTestId('more-time').waitFor()
  await page.getByTestId('more-time').click()
  await fan.open(`${site}/e/best103`)
  await fan.listSeats('Right')
  await fan.seat({ section: 'Right', row: 'B', seat: '9' }).click()
  await page.getByRole('button', { name: 'Add to what you hold' }).waitFor()
  expect(await fan.hold()).toBe(booking)
  await eventually(() => page.getByTestId('ticket').count()).toBe(2)
  expect(await page.getByTestId('amount').textContent()).not.toBe(before)
})
