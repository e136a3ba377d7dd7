/**
 * Takes docs/console.png: the console of the event whose queue is on, with a minute of a crowd in it.
 * `npm run picture -- console '<the operator link that npm start printed>'`, beside `npm start` and `npm run crowd`.
 */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import type { DeskEvent } from './desk.ts'

const FILE = join(import.meta.dirname, '../../docs/console.png')
const VIEWPORT = { width: 1440, height: 1600 }
/** A minute of changes, and some time for the crowd to come. */
const PATIENCE_MS = 150_000

/** @throws Error that names the cure */
export async function takeConsole(browser: Browser, link: string | undefined): Promise<void> {
  const token = /#token=(.+)$/.exec(link ?? '')?.[1]
  if (link === undefined || token === undefined)
    throw new Error(
      "No operator link was given.\nCure: npm run picture -- console 'http://localhost:3000/operator#token=…', as npm start printed it.",
    )
  const event = await busiest(new URL(link).origin, decodeURIComponent(token))
  const page = await browser.newPage({ viewport: VIEWPORT })
  await page.goto(link)
  await page.waitForURL(url => url.hash === '')
  await page.goto(new URL(`/operator?event=${event.eventId}`, link).href)
  await page
    .locator('.tiles .change')
    .filter({ hasText: /[1-9].* \/ min/ })
    .nth(3)
    .waitFor({ timeout: PATIENCE_MS })
  // The cross-hair, where the crowd has been for a while.
  const box = await page.locator('.chart .u-over').first().boundingBox()
  if (box === null) throw new Error('the charts are not shown')
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.4)
  await page.waitForTimeout(1_500)
  const end = await page.locator('.page').evaluate(element => element.getBoundingClientRect().bottom)
  const height = Math.min(VIEWPORT.height, Math.ceil(end))
  await page.screenshot({ path: FILE, clip: { x: 0, y: 0, width: VIEWPORT.width, height } })
  console.log(`${FILE}: ${event.name}`)
}

/** Where most wait. */
async function busiest(site: string, token: string): Promise<DeskEvent> {
  const response = await fetch(`${site}/admin/events`, { headers: { authorization: `Bearer ${token}` } })
  const { events = [] } = (await response.json()) as { events?: DeskEvent[] }
  const [first] = events
    .filter(({ queue }) => queue.state !== 'off')
    .toSorted((a, b) => b.queue.waiting - a.queue.waiting)
  if (first === undefined)
    throw new Error(`No queue is on at ${site}.\nCure: npm run crowd -- --fans 200 --event hot, beside this.`)
  return first
}
