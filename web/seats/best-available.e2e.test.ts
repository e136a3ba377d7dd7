/** The best seats in a real browser: one press, by keyboard, on a phone; a lone seat told; more time and more seats. */
import { expect, test } from 'vitest'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import type { Fan } from '../fan.ts'
import { eventually, PHONE, Site } from '../site-fixture.ts'

/** A house for each test. */
const EVENTS = ['best100', 'best101', 'best102', 'best103'] as const

const site = Site.forTests({
  catalogue: false,
  database: async url => {
    const pool = connectPostgres(url, 'test', makeLog('test', 'silent'))
    for (const event of EVENTS) await insertSmallHouse(pool, event)
    await pool.end()
  },
})

async function arrive(event: (typeof EVENTS)[number], options = {}): Promise<Fan> {
  const fan = await site.arrive(`/e/${event}`, options)
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
  await fan.open(`${site.url}/e/best103`)
  await fan.listSeats('Right')
  await fan.seat({ section: 'Right', row: 'B', seat: '9' }).click()
  await page.getByRole('button', { name: 'Add to what you hold' }).waitFor()
  expect(await fan.hold()).toBe(booking)
  await eventually(() => page.getByTestId('ticket').count()).toBe(2)
  expect(await page.getByTestId('amount').textContent()).not.toBe(before)
})
