/**
 * Takes docs/rolling-restart.png: two browsers at one seat map before, during and after a restart of both realtime nodes, one after the
 * other. `npm run picture -- rolling`; it starts an Onsale of its own.
 */

import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { Family } from '../../../dev/child.ts'
import { projectRoot } from '../../../dev/data-folder.ts'
import { type Onsale, startOnsale } from '../../../dev/processes.ts'
import { startTier } from '../../../dev/tier.ts'
import { balance } from '../../../realtime/balancer-fixture.ts'
import { launchChromium } from '../../../web/chromium.ts'
import { Fan } from '../../../web/fan.ts'

const FILE = join(projectRoot, 'docs/rolling-restart.png')
const SIZE = { width: 1080, height: 640 }
const SHOWN = 640
const SECTION = 'Stalls centre'
/** Within this time the other browser must show what one has done. */
const SOON_MS = 10_000

const ports = [await freePort(), await freePort()] as const
const front = await balance(ports)
const family = new Family(process.execPath, projectRoot)
const onsale = await startOnsale({
  ports: 'free',
  env: { REALTIME_PORT: String(ports[0]), REALTIME_PUBLIC_URL: front.url, NODE_NAME: 'a' },
})
const browser = await launchChromium(process.env['CHROMIUM_PATH'])
try {
  await take(onsale, browser)
} finally {
  await browser.close()
  await family.end()
  await onsale.stop()
  front.close()
}

/** Not by get-port, which then keeps it from whoever asks for that very one. */
function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function take({ env, parts }: Onsale, browser: Browser): Promise<void> {
  const site = env['HTTP_PUBLIC_URL'] ?? ''
  const second = await startNode(env)
  const found = await fetch(`${site}/events/search?status=onsale&type=theatre&pageSize=1`)
  const { events } = (await found.json()) as { events: { eventId: string; name: string }[] }
  const [event] = events
  if (event === undefined) throw new Error('no play is on sale')
  const [ada, ben] = [
    await Fan.arrive(browser, { viewport: SIZE }),
    await Fan.arrive(browser, { viewport: SIZE }),
  ]
  for (const { page } of [ada, ben]) await page.goto(`${site}/e/${event.eventId}`)
  const rows: { title: string; pictures: string[] }[] = []
  const shown = async (title: string) => {
    const pictures: string[] = []
    for (const { page } of [ada, ben]) {
      await page.getByTestId('liveness').filter({ hasText: 'Live' }).waitFor({ timeout: SOON_MS })
      pictures.push((await page.screenshot()).toString('base64'))
    }
    rows.push({ title, pictures })
  }
  for (const fan of [ada, ben]) await fan.listSeats(SECTION)
  await holdAndSee(ada, ben, `${site}/e/${event.eventId}`, 6)
  await shown('Two nodes. Ada, on the left, holds two seats of row G.')
  await parts.realtime.stop()
  await holdAndSee(ada, ben, `${site}/e/${event.eventId}`, 7)
  await shown('One node was stopped; its fans moved to the other. Two of row H are held.')
  await parts.realtime.start()
  await second.stop('SIGTERM', 12_000)
  await holdAndSee(ada, ben, `${site}/e/${event.eventId}`, 8)
  await shown('It is back, and the other was stopped. Two of row I are held.')
  const sheet = await browser.newPage({ viewport: { width: 2 * SHOWN + 72, height: 100 } })
  await sheet.setContent(html(rows))
  await sheet.screenshot({ path: FILE, fullPage: true })
  console.log(`${FILE}: ${event.name}`)
}

function startNode(env: Onsale['env']) {
  return startTier({
    family,
    name: 'b',
    node: process.execPath,
    script: join(projectRoot, 'realtime/main.ts'),
    cwd: projectRoot,
    env: { ...env, REALTIME_PORT: String(ports[1]), NODE_NAME: 'b' },
    readyUrl: `http://127.0.0.1:${ports[1]}/readyz`,
  })
}

/** Two free seats in the middle of a row are held by one fan; the other, who does nothing, sees them go. */
async function holdAndSee(one: Fan, other: Fan, page: string, row: number): Promise<void> {
  const rowOf = (at: Page) => at.locator('.rows li').nth(row).locator('button.seat.free')
  const before = await rowOf(other.page).count()
  const first = Math.floor((await rowOf(one.page).count()) / 2)
  for (let i = 0; i < 2; i++) await rowOf(one.page).nth(first).click()
  await one.hold()
  await one.open(page)
  await one.listSeats(SECTION)
  const deadline = performance.now() + SOON_MS
  while ((await rowOf(other.page).count()) !== before - 2) {
    if (performance.now() > deadline) throw new Error(`row ${row + 1} does not show what was held`)
    await other.page.waitForTimeout(50)
  }
  for (const fan of [one, other]) await fan.page.locator('.rows li').nth(row).scrollIntoViewIfNeeded()
}

function html(rows: { title: string; pictures: string[] }[]): string {
  const shown = rows.map(
    ({ title, pictures }) =>
      `<h2>${title}</h2><div>${pictures.map(png => `<img src="data:image/png;base64,${png}">`).join('')}</div>`,
  )
  return `<style>
    body { margin: 0; padding: 16px 24px 24px; background: #cfc9bb; font: 15px sans-serif }
    h2 { font-size: 17px; font-weight: 600; margin: 14px 0 8px; color: #2a2d34 }
    div { display: flex; gap: 24px }
    img { width: ${SHOWN}px; border-radius: 8px; box-shadow: 0 6px 18px #0003 }
  </style>${shown.join('')}`
}
