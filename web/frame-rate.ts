/**
 * How smoothly a seat map is dragged and zoomed: opens an event's page in headless Chromium (software rendering, the worst
 * case) and counts frames. `node web/frame-rate.ts <page of an event>`, with a running Onsale.
 */
import type { Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'

const MOVES = 120
/** `steps` of the wheel come from the whole stadium to where most seats are drawn one by one. */
const SIZES = [
  { name: 'desktop 1280x800', steps: 8, viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 },
  { name: 'phone 390x844 @2', steps: 19, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
]

const [url] = process.argv.slice(2)
if (url === undefined) {
  console.error('Usage: node web/frame-rate.ts http://localhost:3000/e/<event id>')
  process.exit(2)
}
const browser = await launchChromium(process.env['CHROMIUM_PATH'])
try {
  for (const { name, steps, ...size } of SIZES) {
    const page = await browser.newPage(size)
    await page.goto(url)
    await page.getByTestId('seat-map').waitFor()
    await page.waitForTimeout(1_000)
    const box = await page.getByTestId('seat-map').boundingBox()
    if (box === null) throw new Error('the seat map is not shown')
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    await page.mouse.move(middle.x, middle.y)
    console.log(name)
    await measure(page, 'whole map, drag', () => drag(page, middle))
    await measure(page, 'zoom in by wheel', () => wheel(page, -28))
    await measure(page, 'near, drag', () => drag(page, middle))
    await measure(page, 'zoom out by wheel', () => wheel(page, 28))
    await page.getByRole('button', { name: 'Whole map' }).click()
    await page.waitForTimeout(700)
    await page.mouse.move(middle.x, middle.y)
    for (let i = 0; i < steps; i++) await page.mouse.wheel(0, -45)
    await page.waitForTimeout(300)
    await measure(page, 'most seats, drag', () => drag(page, middle))
    await page.close()
  }
} finally {
  await browser.close()
}

async function drag(page: Page, { x, y }: { x: number; y: number }): Promise<void> {
  await page.mouse.move(x, y)
  await page.mouse.down()
  for (let i = 0; i < MOVES; i++) {
    const angle = (i / MOVES) * 4 * Math.PI
    await page.mouse.move(x + 90 * Math.sin(angle), y + 60 * Math.cos(angle) - 60)
  }
  await page.mouse.up()
}

async function wheel(page: Page, step: number): Promise<void> {
  for (let i = 0; i < MOVES; i++) await page.mouse.wheel(0, step)
}

/** Times between frames while `act` runs. */
async function measure(page: Page, what: string, act: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    const times: number[] = []
    Object.assign(window, { frameTimes: times })
    const frame = (now: number) => {
      times.push(now)
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  await act()
  const times = await page.evaluate(() =>
    (window as unknown as { frameTimes: number[] }).frameTimes.splice(0),
  )
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? time))
  gaps.sort((a, b) => a - b)
  const seconds = gaps.reduce((sum, gap) => sum + gap, 0) / 1_000
  const at = (share: number) => (gaps[Math.floor(gaps.length * share)] ?? 0).toFixed(1)
  console.log(
    `  ${what.padEnd(20)} ${(gaps.length / seconds).toFixed(0).padStart(3)} fps   frame p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(0.999)} ms`,
  )
}
