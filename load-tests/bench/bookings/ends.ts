/**
 * How soon seats are free on a fan's map: of a hold that ran out, of a payment that Stripe has cancelled, and, with Stripe away,
 * of one that nobody can cancel. Times to pay are minutes long, so here they are set shorter in both stores, as a clock would.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { EventStore } from '../../../shared/event-store.ts'
import { bookingId, eventId } from '../../../shared/ids.ts'
import { PAY_GUARD_MS } from '../../../shared/limits.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import type { Target } from '../report/table.ts'
import { BUYER, openShop, type Shop } from './shop.ts'
import { mostOf, quantile } from './spread.ts'
import { Watcher } from './watcher.ts'

const EVENT = 'ends1'
const HOLD_SECONDS = 8
const HOLDS = 100
const CANCELLED = 20
const AWAY = 10
/** Between two holds: they end one after the other. */
const APART_MS = 50
const LOOK_MS = 20
/** A time to pay that is set anew has this much left. */
const LEFT_MS = 3_000
const LATE_MS = 30_000

export async function ends(): Promise<Target[]> {
  const shop = await openShop({ HOLD_SECONDS: String(HOLD_SECONDS) })
  try {
    await insertSmallHouse(shop.pool, EVENT, { length: Math.ceil((HOLDS + CANCELLED + AWAY) / 4) })
    const watcher = await Watcher.open(shop, EVENT)
    const targets = [
      ...(await heldOnly(shop, watcher)),
      ...(await cancelled(shop, watcher)),
      ...(await away(shop, watcher)),
    ]
    watcher.close()
    return targets
  } finally {
    await shop.close()
  }
}

async function heldOnly(shop: Shop, watcher: Watcher): Promise<Target[]> {
  const late: Promise<number>[] = []
  for (let seat = 0; seat < HOLDS; seat++) {
    const { expiresAt } = await hold(shop, seat)
    // Its diff comes after its answer.
    await watcher.shows(seat, 1, LATE_MS)
    const within = expiresAt - Date.now() + LATE_MS
    late.push(watcher.shows(seat, 0, within).then(seen => seen - expiresAt))
    await wait(APART_MS)
  }
  return [told('a hold’s seat free after its second, longest', 500, await Promise.all(late))]
}

/** From the moment the simulator had not cancelled yet, as it is asked again and again: so never too kind. */
async function cancelled(shop: Shop, watcher: Watcher): Promise<Target[]> {
  const seats = Array.from({ length: CANCELLED }, (_, at) => HOLDS + at)
  const bookings = new Map<string, number>()
  for (const seat of seats) bookings.set(await paying(shop, seat), seat)
  await timeToPay(shop, [...bookings.keys()])
  const open = new Map(bookings)
  const late: Promise<number>[] = []
  let before = Date.now()
  const end = Date.now() + LATE_MS
  while (open.size > 0 && Date.now() < end) {
    const asked = Date.now()
    const { payments } = await shop.atStripe(2 * CANCELLED)
    for (const { status, metadata } of payments) {
      const id = metadata['bookingId'] ?? ''
      const seat = open.get(id)
      if (status !== 'canceled' || seat === undefined) continue
      open.delete(id)
      const from = before
      late.push(watcher.shows(seat, 0, LATE_MS).then(seen => seen - from))
    }
    before = asked
    await wait(LOOK_MS)
  }
  const all = [...(await Promise.all(late)), ...[...open].map(() => Number.NaN)]
  return [told('a paying one’s seat free after Stripe’s cancel, longest', 500, all)]
}

async function away(shop: Shop, watcher: Watcher): Promise<Target[]> {
  const seats = Array.from({ length: AWAY }, (_, at) => HOLDS + CANCELLED + at)
  const bookings: string[] = []
  for (const seat of seats) bookings.push(await paying(shop, seat))
  await shop.onsale.parts.simulator?.stop()
  const payUntil = await timeToPay(shop, bookings)
  const late = seats.map(seat =>
    watcher.shows(seat, 0, LEFT_MS + PAY_GUARD_MS + LATE_MS).then(seen => seen - payUntil),
  )
  return [
    told(
      'with Stripe away, free after its time to pay, longest',
      PAY_GUARD_MS + 500,
      await Promise.all(late),
    ),
  ]
}

function told(name: string, most: number, late: number[]): Target {
  const never = late.filter(Number.isNaN).length
  return {
    name,
    bound: { most },
    measured: never > 0 ? Number.POSITIVE_INFINITY : mostOf(late),
    unit: 'ms',
    note: `${late.length} seats, p50 ${quantile(late, 0.5)}, earliest ${Math.min(...late)}${never > 0 ? `; ${never} never` : ''}`,
  }
}

async function hold({ caller, token }: Shop, seat: number, fan = token()) {
  const body = { ticketIds: [`${EVENT}-${seat}`] }
  const held = await caller.call('POST', `/bookings/${EVENT}`, fan, body)
  if (held.status !== 201) throw new Error(`${held.status}: ${JSON.stringify(held.body)}`)
  return { fan, id: String(held.body['bookingId']), expiresAt: Date.parse(String(held.body['expiresAt'])) }
}

/** A booking whose fan stands at the bank's page and does nothing. */
async function paying(shop: Shop, seat: number): Promise<string> {
  const { fan, id } = await hold(shop, seat)
  const body = { paymentMethodId: 'pm_card_threeDSecure2Required', buyer: BUYER }
  const path = `/bookings/${id}`
  let paid = await shop.caller.call('PUT', `${path}/confirm`, fan, body)
  const end = performance.now() + LATE_MS
  // It may stand in the line of payments first.
  while (
    paid.body['nextAction'] === undefined &&
    paid.body['status'] === 'paying' &&
    performance.now() < end
  ) {
    await wait(LOOK_MS)
    paid = await shop.caller.call('GET', path, fan)
  }
  if (paid.body['nextAction'] === undefined) throw new Error(`${paid.status}: ${JSON.stringify(paid.body)}`)
  return id
}

/** Their time to pay is over in some seconds, and the guard a minute later. Answers when, ms. */
async function timeToPay({ pool, inventory }: Shop, bookings: string[]): Promise<number> {
  const event = await new EventStore(pool).find(eventId(EVENT))
  if (event === undefined) throw new Error('the house is not there')
  const payUntil = Date.now() + LEFT_MS
  await pool.query('update bookings set pay_until = $2, expires_at = $3 where id = any($1)', [
    bookings,
    new Date(payUntil),
    new Date(payUntil + PAY_GUARD_MS),
  ])
  for (const id of bookings) {
    const left = payUntil + PAY_GUARD_MS - Date.now()
    const { ok } = await inventory.extend(event.stock, bookingId(id), left)
    if (!ok) throw new Error('a hold was lost')
  }
  return payUntil
}
