/**
 * Buys tickets through one origin, as fans do: pages, sockets by both doors, a hold that the live map shows, a payment, and one
 * with 3-D Secure. For whatever stands in front of Onsale: it fails where anything of it does not get through.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { connectOnsale, type Onsale } from '../../client/onsale.ts'
import type { SeatWatch } from '../../client/seats.ts'

const DEADLINE_MS = 15_000
const BUYER = { name: 'Ada', email: 'ada@example.com' }

export interface Bought {
  /** What was done, a line each. */
  said: string[]
  token: string
  ticketIds: string[]
}

/** @param origin such as http://localhost:8080 */
export async function buyThrough(
  origin: string,
  realtimeUrl = origin.replace(/^http/, 'ws'),
): Promise<Bought> {
  const page = await fetch(origin)
  const isPage = page.ok && (await page.text()).includes('<script')
  if (!isPage) throw new Error(`no page at ${origin}: ${page.status}`)
  const onsale = connectOnsale({ httpUrl: origin, realtimeUrl })
  try {
    const { token } = await onsale.createSession()
    await socketIo(realtimeUrl, token)
    const { events } = await onsale.events.search({ keyword: 'bayern', pageSize: 1 })
    const [event] = events
    if (event === undefined) throw new Error('the demo catalogue is not there')
    const watch = onsale.watchSeats(event.eventId)
    await until('the live map', () => watch.status === 'live' && onsale.connection === 'open')
    const said = [`page, Socket.IO and live map of ${event.name}`]
    const ticketIds: string[] = []
    for (const card of ['pm_card_visa', 'pm_card_threeDSecure2Required']) {
      const ticket = await buy(onsale, watch, event.eventId, card)
      ticketIds.push(ticket)
      said.push(`bought ${ticket} with ${card}`)
    }
    watch.close()
    return { said, token, ticketIds }
  } finally {
    onsale.close()
  }
}

async function socketIo(url: string, token: string): Promise<void> {
  const app = io(url.replace(/^ws/, 'http'), {
    transports: ['websocket'],
    auth: { token },
    reconnection: false,
  })
  try {
    await new Promise((resolve, reject) => {
      app.on('welcome', resolve).on('connect_error', reject)
      setTimeout(() => reject(new Error('Socket.IO: no welcome')), DEADLINE_MS).unref()
    })
  } finally {
    app.disconnect()
  }
}

async function buy(onsale: Onsale, watch: SeatWatch, eventId: string, card: string): Promise<string> {
  const seat = freeSeat(watch)
  const ticket = `${eventId}-${seat}`
  const { bookingId } = await onsale.bookings.hold(eventId, { ticketIds: [ticket] })
  await until('the hold on the map', () => watch.state.get(seat) !== 0)
  const asked = await onsale.bookings.confirm(bookingId, { paymentMethodId: card, buyer: BUYER })
  if (asked.nextAction?.type === 'redirect') await askTheBank(asked.nextAction.url)
  const status = async () => (await onsale.bookings.get(bookingId)).status
  await until('the confirmed booking', async () => (await status()) === 'confirmed')
  return ticket
}

function freeSeat({ state }: SeatWatch): number {
  for (let seat = 0; seat < state.seats; seat++) if (state.get(seat) === 0) return seat
  throw new Error('no free seat')
}

async function askTheBank(url: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ result: 'complete' }),
    redirect: 'manual',
  })
  if (answer.status >= 400) throw new Error(`the bank’s page at ${url}: ${answer.status}`)
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come in ${DEADLINE_MS / 1_000} s`)
    await wait(50)
  }
}
