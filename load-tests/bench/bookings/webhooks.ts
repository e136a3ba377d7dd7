/**
 * From Stripe's word to the fan's map: fans pay by a bank that takes the money at once and says so by webhook alone, so many a
 * second. The clock runs from the fan's yes at the bank to the seat sold on a watcher's socket; Stripe is not to be asked meanwhile.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import type { Target } from '../report/table.ts'
import { BUYER, openShop, type Shop } from './shop.ts'
import { mostOf, quantile } from './spread.ts'
import { Watcher } from './watcher.ts'

const EVENT = 'webhooks1'
const RATE = 100
const SECONDS = 8
const WARM = 100
/** The longest that one of them stands in the line to pay. */
const LINE_MS = 20_000
/** Fans who come at once while all is prepared. */
const AT_ONCE = 24
const GIVE_UP_MS = 20_000
/** Calls that no word of Stripe's leads to: the look at the list of events, once a minute. */
const BESIDE = 'GET /v1/events'

export async function webhooks(): Promise<Target[]> {
  const shop = await openShop({ PAYMENT_METHODS: 'card,ideal' })
  try {
    const count = WARM + RATE * SECONDS
    await insertSmallHouse(shop.pool, EVENT, { length: Math.ceil(count / 4) })
    const watcher = await Watcher.open(shop, EVENT)
    const pages = await atTheBank(shop, count)
    await paced(watcher, pages.slice(0, WARM), 0)
    // The reconciler asks after payments of which nothing was heard for a while, which is another path.
    await shop.pool.query('update payments set checked_at = now()')
    const before = (await shop.atStripe()).asked
    const tookMs = await paced(watcher, pages.slice(WARM), WARM)
    const after = (await shop.atStripe()).asked
    watcher.close()
    const asked = Object.entries(after).filter(([call, n]) => call !== BESIDE && n > (before[call] ?? 0))
    const never = tookMs.filter(Number.isNaN).length
    const seen = tookMs.filter(ms => !Number.isNaN(ms))
    return [
      {
        name: `from the bank to the map, ${RATE}/s, p99`,
        bound: { most: 300 },
        measured: never > 0 ? Number.POSITIVE_INFINITY : quantile(seen, 0.99),
        unit: 'ms',
        note: `p50 ${quantile(seen, 0.5)}, longest ${mostOf(seen)}; ${never} of ${tookMs.length} never`,
      },
      {
        name: '  calls to Stripe meanwhile',
        bound: { most: 0 },
        measured: asked.reduce((sum, [call, n]) => sum + n - (before[call] ?? 0), 0),
        unit: '',
        note: asked.map(([call]) => call).join(', '),
      },
      await shop.audit(),
    ]
  } finally {
    await shop.close()
  }
}

/** Bookings that wait for the fan at the bank's page; answers the pages, by seat. */
async function atTheBank(shop: Shop, count: number): Promise<string[]> {
  const pages: string[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let seat = next++; seat < count; seat = next++) pages[seat] = await pageOf(shop, seat)
    }),
  )
  return pages
}

async function pageOf({ caller, onsale, token }: Shop, seat: number): Promise<string> {
  const fan = token()
  const held = await caller.call('POST', `/bookings/${EVENT}`, fan, { ticketIds: [`${EVENT}-${seat}`] })
  const path = `/bookings/${held.body['bookingId']}`
  const method = await idealMethod(onsale.env)
  const pageIn = (body: Record<string, unknown>) => (body['nextAction'] as { url?: string } | undefined)?.url
  let seen = await caller.call('PUT', `${path}/confirm`, fan, { paymentMethodId: method, buyer: BUYER })
  // Where holds were slow it may stand in the line of payments.
  const until = performance.now() + LINE_MS
  while (pageIn(seen.body) === undefined && seen.body['status'] === 'paying' && performance.now() < until) {
    await wait(100)
    seen = await caller.call('GET', path, fan)
  }
  const page = pageIn(seen.body)
  if (page === undefined) throw new Error(`${held.status}, ${seen.status}: ${JSON.stringify(seen.body)}`)
  return page
}

async function idealMethod(env: Shop['onsale']['env']): Promise<string> {
  const answer = await fetch(`${env['STRIPE_API_BASE']}/v1/payment_methods`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env['STRIPE_SECRET_KEY']}` },
    body: new URLSearchParams({ type: 'ideal' }),
  })
  return String(((await answer.json()) as { id?: string }).id)
}

/** Fans say yes at a steady rate; answers how long each seat took to show sold. */
async function paced(watcher: Watcher, pages: string[], firstSeat: number): Promise<number[]> {
  const began = performance.now()
  const under: Promise<number>[] = []
  while (under.length < pages.length) {
    const due = Math.min(pages.length, Math.ceil(((performance.now() - began) / 1_000) * RATE))
    while (under.length < due) {
      const at = under.length
      const from = Date.now()
      under.push(watcher.shows(firstSeat + at, 2, GIVE_UP_MS).then(seen => seen - from))
      void sayYes(pages[at]!)
    }
    await wait(5)
  }
  return Promise.all(under)
}

async function sayYes(page: string): Promise<void> {
  await fetch(page, {
    method: 'POST',
    body: new URLSearchParams({ result: 'complete' }),
    redirect: 'manual',
  })
}
