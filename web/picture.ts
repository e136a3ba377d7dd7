/**
 * Takes docs/two-browsers.png from a running Onsale: two fans before the same seats, side by side, each seeing what the
 * other does. `npm run picture`, beside `npm start`; another address may be given. `npm run picture -- console` takes the
 * operators' console instead: see operator/console-picture.ts. `npm run picture -- rolling` takes docs/rolling-restart.png, from an
 * Onsale of its own: see load-tests/bench/rolling/picture.ts.
 */
import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { Fan } from './fan.ts'
import { takeConsole } from './operator/console-picture.ts'

/** The windows, and how wide each is shown. */
const SIZE = { width: 1080, height: 720 }
const SHOWN = 800
const FILE = join(import.meta.dirname, '../docs/two-browsers.png')
const SECTION = 'Stalls centre'
/** Others, so that the hall is not empty: so many bookings, of which every second is paid. */
const CROWD = 44

const site = (process.argv[2] ?? 'http://localhost:3000').replace(/\/$/, '')

interface Ticket {
  ticketId: string
  section: string
  row: string
  status: string
}

if (process.argv[2] === 'rolling') {
  const script = join(import.meta.dirname, '../load-tests/bench/rolling/picture.ts')
  process.exit(spawnSync(process.execPath, [script], { stdio: 'inherit' }).status ?? 1)
}
const browser = await launchChromium(process.env['CHROMIUM_PATH'])
try {
  if (process.argv[2] === 'console') await takeConsole(browser, process.argv[3])
  else await takeTwoBrowsers(browser)
} finally {
  await browser.close()
}

async function takeTwoBrowsers(browser: Browser): Promise<void> {
  const { events } = await get<{ events: { eventId: string; name: string }[] }>(
    '/events/search?status=onsale&type=theatre&pageSize=1',
  )
  const [event] = events
  if (event === undefined) throw new Error(`${site} has no play on sale`)
  await fill(event.eventId)
  const look = { viewport: SIZE, deviceScaleFactor: 1.5 }
  const [ada, ben] = [await Fan.arrive(browser, look), await Fan.arrive(browser, look)]
  const page = `${site}/e/${event.eventId}`
  await ada.open(page)
  await ada.listSeats(SECTION)
  await choose(ada.page, 8, 3)
  await ada.hold()
  await ada.open(page)
  await ben.open(page)
  await ben.listSeats(SECTION)
  await choose(ben.page, 10, 2)
  await ben.page.getByRole('button', { name: 'Map', exact: true }).click()
  const pictures: string[] = []
  for (const fan of [ada, ben]) {
    await approach(fan.page)
    pictures.push((await fan.page.screenshot()).toString('base64'))
  }
  const both = await browser.newPage({
    viewport: { width: 2 * SHOWN + 76, height: Math.round((SIZE.height * SHOWN) / SIZE.width) + 82 },
    deviceScaleFactor: 1,
  })
  await both.setContent(sheet(pictures))
  await mkdir(join(FILE, '..'), { recursive: true })
  await both.screenshot({ path: FILE })
  console.log(`${FILE}: ${event.name}`)
}

/** Free seats in the middle of a row. */
async function choose(page: Page, row: number, count: number): Promise<void> {
  const free = page.locator('.rows li').nth(row).locator('button.seat.free')
  const first = Math.floor((await free.count()) / 2)
  for (let i = 0; i < count; i++) await free.nth(first).click()
}

/** To the middle of the stalls, near enough for numbers on the seats. */
async function approach(page: Page): Promise<void> {
  const map = page.getByTestId('seat-map')
  await map.waitFor()
  await page.waitForTimeout(500)
  const box = await map.boundingBox()
  if (box === null) throw new Error('the seat map is not shown')
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.45)
  for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -110)
  await page.mouse.move(0, 0)
  await page.waitForTimeout(900)
}

async function fill(eventId: string): Promise<void> {
  const { tickets } = await get<{ tickets: Ticket[] }>(`/events/${eventId}/seats`)
  const rows = Map.groupBy(
    tickets.filter(({ status, section }) => status === 'available' && section.startsWith('Stalls')),
    ({ section, row }) => `${section} ${row}`,
  )
  const all = [...rows.values()]
  for (let i = 0; i < CROWD; i++) {
    const row = all[(i * 7) % all.length] ?? []
    const from = (i * 5) % Math.max(1, row.length - 3)
    const ticketIds = row.slice(from, from + 2 + (i % 3)).map(({ ticketId }) => ticketId)
    const { token } = await call<{ token: string }>('POST', '/sessions', undefined, {})
    const held = await call<{ bookingId?: string }>('POST', `/bookings/${eventId}`, token, { ticketIds })
    if (held.bookingId === undefined || i % 2 === 0) continue
    await call('PUT', `/bookings/${held.bookingId}/confirm`, token, {
      paymentMethodId: 'pm_card_visa',
      buyer: { name: 'One of many', email: 'fan@example.com' },
    })
  }
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(site + path, { headers: { accept: 'application/json' } })).json()) as T
}

async function call<T>(method: string, path: string, token: string | undefined, body: object): Promise<T> {
  const response = await fetch(site + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  return (await response.json()) as T
}

/** Each in a plain window. */
function sheet(pictures: string[]): string {
  const windows = pictures.map(
    picture =>
      `<figure><header><i></i><i></i><i></i></header><img src="data:image/png;base64,${picture}"></figure>`,
  )
  return `<style>
    body { margin: 0; padding: 24px; display: flex; gap: 28px; background: #cfc9bb }
    figure { margin: 0; width: ${SHOWN}px; border-radius: 12px; overflow: hidden; box-shadow: 0 10px 30px #0003 }
    header { height: 34px; background: #2a2d34; display: flex; gap: 8px; align-items: center; padding: 0 14px }
    i { width: 11px; height: 11px; border-radius: 50%; background: #6b7080 }
    img { display: block; width: 100% }
  </style>${windows.join('')}`
}
