/**
 * What a hold of two seats costs Redis, as against two bare SET NX PX by the same client, as many of them under way at once:
 * the rounds of one and the other take turns, so that whatever else the machine does meets both.
 */
import { randomUUID } from 'node:crypto'
import { type BookingId, visitorId } from '../../../shared/ids.ts'
import { type Ground, redisCpu } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { makeStadium, SEATS, type Stadium } from '../seats/stadium.ts'
import { median } from './spread.ts'

const ROUNDS = 7
/** Of a round. */
const HOLDS = 4_000
/** Sent together, and awaited together. */
const AT_ONCE = 100
const HOLD_MS = 600_000
/** Of one visitor at once. */
const MOST = 40

type Kind = 'bare' | 'plain' | 'whole'

interface Cost {
  wallMs: number
  cpuMs: number
}

export async function holdScript(ground: Ground): Promise<Target[]> {
  const stadium = await makeStadium(ground, 'bookings1')
  const costs: Record<Kind, Cost[]> = { bare: [], plain: [], whole: [] }
  for (let n = 0; n <= ROUNDS; n++) {
    for (const kind of ['bare', 'plain', 'whole'] as const) {
      const cost = await round(ground, stadium, kind)
      // The first of each makes keys and code warm.
      if (n > 0) costs[kind].push(cost)
      await emptied(ground, stadium)
    }
  }
  const ratio = (kind: Kind, of: keyof Cost) =>
    median(costs[kind].map((cost, n) => costs.bare[n]![of] / cost[of]))
  const rate = (kind: Kind, of: keyof Cost) =>
    Math.round((1_000 * HOLDS) / median(costs[kind].map(cost => cost[of])))
  const row = (name: string, kind: Kind, of: keyof Cost, least?: number): Target => ({
    name,
    ...(least === undefined ? {} : { bound: { least } }),
    measured: ratio(kind, of),
    unit: 'x',
    note: `${rate(kind, of)}/s against ${rate('bare', of)}/s`,
  })
  return [
    row('hold of two seats, all on, against SET NX PX: Redis', 'whole', 'cpuMs', 0.2),
    row('  by the clock', 'whole', 'wallMs', 0.2),
    row('without limits and key: Redis', 'plain', 'cpuMs', 0.27),
    row('  by the clock', 'plain', 'wallMs', 0.27),
  ]
}

async function round(ground: Ground, stadium: Stadium, kind: Kind): Promise<Cost> {
  const work = { bare, plain, whole }[kind]
  const [cpu, began] = [await redisCpu(ground.redis), performance.now()]
  for (let first = 0; first < HOLDS; first += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => work(ground, stadium, first + at)))
  return { wallMs: performance.now() - began, cpuMs: (await redisCpu(ground.redis)) - cpu }
}

/** All over the house, each seat once. */
function pairOf(nth: number): [number, number] {
  const seat = (2 * nth * 6_173) % SEATS
  return [seat, seat + 1]
}

async function bare({ redis, keys }: Ground, { stock }: Stadium, nth: number): Promise<void> {
  const { seat } = keys.seats(stock.eventId)
  const booking = randomUUID()
  const set = await Promise.all(
    pairOf(nth).map(index => redis.set(seat(index), booking, 'PX', HOLD_MS, 'NX')),
  )
  if (set.includes(null)) throw new Error('a seat was not free')
}

async function plain(_: Ground, { inventory, stock }: Stadium, nth: number): Promise<void> {
  const taker = { booking: randomUUID() as BookingId }
  const { ok } = await inventory.take(stock, taker, { seats: pairOf(nth), areas: [] }, HOLD_MS)
  if (!ok) throw new Error('a seat was not free')
}

/** As a booking does it: the key's mark, the waiting room asked, the visitor's holds counted, the mark taken away. */
async function whole(_: Ground, { inventory, stock }: Stadium, nth: number): Promise<void> {
  const visitor = visitorId(randomUUID())
  const call = randomUUID()
  const taker = {
    booking: randomUUID() as BookingId,
    activeMember: Buffer.alloc(14, 1),
    visitor,
    most: MOST,
    call,
  }
  const { ok } = await inventory.take(stock, taker, { seats: pairOf(nth), areas: [] }, HOLD_MS)
  await inventory.land(stock, visitor, call)
  if (!ok) throw new Error('a seat was not free')
}

/** The house is free again. */
async function emptied({ redis }: Ground, { inventory, stock }: Stadium): Promise<void> {
  await redis.flushall()
  await inventory.rebuild(stock)
}
