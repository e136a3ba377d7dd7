/**
 * A real on-sale (seats taken a second, of a festival in March 2026), times ten, two seats a booking, on 20,000 seats: first with a
 * payment provider that takes what comes, then with one that enforces Stripe's rates, where most payments wait in line. Every fan
 * goes to the end: the seats, the payment, the booking read until it is settled.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import { seeded } from '../../chance.ts'
import type { Target } from '../report/table.ts'
import type { Answer, Method } from './caller.ts'
import { BUYER, openShop, type Shop } from './shop.ts'
import { mostOf, quantile } from './spread.ts'

const TRACE = [7, 18, 52, 72, 131, 134, 108, 120, 125, 100, 39, 8, 14, 10, 17, 4, 8]
const SEATS = 20_000
const EVENT = 'sale1'
const WARM = 'warm1'
const WARM_FANS = 400
const WARM_PAUSE_MS = 50
/** Payments a second that we put to a provider that enforces its rates. */
const PAID_A_SECOND = 20
/** Who waits looks so often; in the line to pay as seldom as the page does: a third of the time it was told, 15 s at most. */
const LOOK_MS = 4_000
const LINE_MOST_MS = 15_000
/** Over the line's own length. */
const PATIENCE_MS = 120_000
/** Who finds a pair taken looks for another so often. */
const TRIES = 20

interface Seen {
  holdMs: number[]
  statuses: Map<number, number>
  confirmed: number
  positions: number
  lost: string[]
  tickets: string[]
}

const newSeen = (): Seen => ({
  holdMs: [],
  statuses: new Map(),
  confirmed: 0,
  positions: 0,
  lost: [],
  tickets: [],
})

/** @param times how often the real trace */
export async function sale(times: number): Promise<Target[]> {
  return [...(await run('sale', times, false)), ...(await run('sale, Stripe’s rates', times, true))]
}

async function run(name: string, times: number, limited: boolean): Promise<Target[]> {
  const shop = await openShop(limited ? { STRIPE_RPS: String(PAID_A_SECOND) } : {})
  try {
    await insertSmallHouse(shop.pool, EVENT, { length: SEATS / 4 })
    if (limited) await shop.turn({ rateLimits: { on: true, endpointPerSecond: 25, accountPerSecond: 100 } })
    const bookings = Math.round((times * TRACE.reduce((sum, seats) => sum + seats, 0)) / 2)
    const patienceMs = PATIENCE_MS + (limited ? (1_000 * bookings) / PAID_A_SECOND : 0)
    await warmed(shop)
    const seen = newSeen()
    const began = performance.now()
    const late = await fansCome(shop, times, seen, patienceMs)
    const seconds = (performance.now() - began) / 1_000
    const double = await shop.pool.query<{ double: number }>(DOUBLE, [EVENT])
    const answered = [...seen.statuses].sort().map(([status, count]) => `${count} of ${status}`)
    return [
      {
        name: `${name}: holds, p99`,
        bound: { most: 100 },
        measured: quantile(seen.holdMs, 0.99),
        unit: 'ms',
        note: `p50 ${quantile(seen.holdMs, 0.5).toFixed(0)} ms; ${bookings} fans, at most ${Math.round((times * mostOf(TRACE)) / 2)}/s, ${seconds.toFixed(0)} s in all; the bench itself late by ${late.toFixed(0)} ms`,
      },
      {
        name: '  answers of 5xx, or none',
        bound: { most: 0 },
        measured: [...seen.statuses].reduce(
          (sum, [status, n]) => sum + (status === 0 || status >= 500 ? n : 0),
          0,
        ),
        unit: '',
        note: answered.join(', '),
      },
      {
        name: '  seats sold twice',
        bound: { most: 0 },
        measured:
          seen.tickets.length - new Set(seen.tickets).size + Number(double.rows[0]?.double ?? Number.NaN),
        unit: '',
        note: `${seen.tickets.length} tickets told confirmed`,
      },
      {
        name: '  fans whose hold was lost',
        bound: { most: 0 },
        measured: seen.lost.length,
        unit: '',
        note: [...new Set(seen.lost)].slice(0, 3).join('; '),
      },
      {
        name: '  fans who bought',
        bound: { least: bookings },
        measured: seen.confirmed,
        unit: '',
      },
      ...(limited
        ? [
            {
              name: '  fans who were told their place in the line to pay',
              bound: { least: 1 },
              measured: seen.positions,
              unit: '',
            },
          ]
        : []),
      await shop.audit(),
    ]
  } finally {
    await shop.close()
  }
}

/** Code and connections, by fans of another event who buy: an on-sale is seldom the first minute of a process. */
async function warmed(shop: Shop): Promise<void> {
  await insertSmallHouse(shop.pool, WARM, { length: SEATS / 4 })
  const random = seeded(7)
  const seen = newSeen()
  const fans: Promise<void>[] = []
  for (let n = 0; n < WARM_FANS; n++) {
    fans.push(fan(shop, seen, WARM, random, performance.now() + PATIENCE_MS))
    await wait(WARM_PAUSE_MS)
  }
  await Promise.all(fans)
  await shop.drained()
}

/** Answers by how much the last fan came too late, ms: the bench's own fault. */
async function fansCome(shop: Shop, times: number, seen: Seen, patienceMs: number): Promise<number> {
  const random = seeded(11)
  const arrivals = TRACE.flatMap((seats, second) => {
    const fans = Math.round((times * seats) / 2)
    return Array.from({ length: fans }, (_, at) => 1_000 * (second + at / fans))
  })
  const began = performance.now()
  const fans: Promise<void>[] = []
  let late = 0
  for (const at of arrivals) {
    const due = at - (performance.now() - began)
    if (due > 2) await wait(due)
    late = Math.max(late, -due)
    fans.push(fan(shop, seen, EVENT, random, performance.now() + patienceMs))
  }
  await Promise.all(fans)
  return late
}

async function fan(
  { caller, token }: Shop,
  seen: Seen,
  event: string,
  random: () => number,
  until: number,
): Promise<void> {
  const own = token()
  const call = async (...args: [Method, string, unknown?, string?]) => {
    const [method, path, body, key] = args
    const answer = await caller.call(method, path, own, body, key)
    seen.statuses.set(answer.status, (seen.statuses.get(answer.status) ?? 0) + 1)
    return answer
  }
  let id: string | undefined
  for (let n = 0; n < TRIES && id === undefined; n++) {
    const pair = 2 * Math.floor((random() * SEATS) / 2)
    const ticketIds = [`${event}-${pair}`, `${event}-${pair + 1}`]
    const held = await call('POST', `/bookings/${event}`, { ticketIds }, randomUUID())
    seen.holdMs.push(held.tookMs)
    if (held.status === 201) id = String(held.body['bookingId'])
    else if (held.status !== 409) await wait(200)
  }
  if (id === undefined) {
    seen.lost.push('found no pair')
    return
  }
  const path = `/bookings/${id}`
  const paying = { paymentMethodId: 'pm_card_visa', buyer: BUYER }
  let now = await call('PUT', `${path}/confirm`, paying)
  let told = false
  while (now.body['status'] !== 'confirmed' && performance.now() < until) {
    if (!told && now.body['payQueue'] !== undefined) {
      told = true
      seen.positions++
    }
    const { status } = now.body
    if (now.status < 400 && status !== 'paying' && status !== 'in_progress') break
    await wait(pauseOf(now))
    // Refused for a while (429, 503): paid once more.
    now = now.status >= 400 ? await call('PUT', `${path}/confirm`, paying) : await call('GET', path)
  }
  if (now.body['status'] !== 'confirmed') {
    seen.lost.push(`${now.status} ${String(now.body['code'] ?? now.body['status'])}`)
    return
  }
  seen.confirmed++
  seen.tickets.push(...(now.body['tickets'] as { ticketId: string }[]).map(({ ticketId }) => ticketId))
}

function pauseOf({ body }: Answer): number {
  const { payQueue, retryAfter } = body as { payQueue?: { seconds: number }; retryAfter?: number }
  if (retryAfter !== undefined) return 1_000 * retryAfter
  return Math.max(LOOK_MS, Math.min(LINE_MOST_MS, (1_000 * (payQueue?.seconds ?? 0)) / 3))
}

/** Seats that are in two sold items: I1's index refuses it, and nothing is taken on trust here. */
const DOUBLE = `
  select count(*)::int as double from (
    select seat_index from booking_items where event_id = $1 and state = 'sold' group by seat_index having count(*) > 1
  ) as twice`
