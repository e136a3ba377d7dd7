/** More fans pay at once than the payment provider takes calls. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PAY_EXTENSION_MS, PAY_GUARD_MS } from '../../shared/limits.ts'
import { pay } from '../bookings/pay.ts'
import {
  type Fan,
  type House,
  killedAt,
  makeShop,
  payRequest,
  type Shop,
  salesOf,
  until,
} from '../bookings/sale-fixture.ts'
import { lapse } from './lapse.ts'
import { payQueueRound, SERVE_EVERY_MS } from './pay-in-turn.ts'
import { type Running, runRounds } from './rounds.ts'

/** HOLD_HARD_LIMIT_SECONDS. */
const LIMIT_SECONDS = 1_800

let shop: Shop
let house: House
beforeAll(async () => {
  shop = await makeShop({ environment: { STRIPE_RPS: '4' } })
})
afterAll(() => shop.close())

interface Held {
  fan: Fan
  booking: Awaited<ReturnType<Fan['held']>>
}

/** So many fans, each with a seat, in a house of its own; and nobody has paid a moment ago. */
async function fans(many: number): Promise<Held[]> {
  house = await shop.house()
  await shop.deps.redis.del(shop.deps.keys.provider('pay'))
  const held: Held[] = []
  for (let seat = 0; seat < many; seat++) {
    const fan = await house.fan()
    held.push({ fan, booking: await fan.held(seat) })
  }
  return held
}

/** The rate lets nobody through for a while. */
async function crowded({ deps }: Shop = shop): Promise<void> {
  const far = (Date.now() + 60_000) * 1_000
  await deps.redis.set(deps.keys.provider('pay'), far, 'PX', 60_000)
}

async function calm({ deps }: Shop = shop): Promise<void> {
  await deps.redis.del(deps.keys.provider('pay'))
}

/** So many calls at once wait for no connection long, on a slow machine too. */
const WAVE = 20

async function allConfirmed(held: Held[]): Promise<void> {
  await until('everybody has paid', async () => {
    await shop.work()
    const now = await Promise.all(held.map(({ fan, booking }) => fan.get(booking)))
    return now.every(({ status }) => status === 'confirmed')
  })
}

test('[P60] Who pays while nobody may is told `paying` and their place in line, keeps the seats, and is paid for in order.', async () => {
  const held = await fans(3)
  await crowded()
  const places = []
  for (const { fan, booking } of held) {
    const { status, body } = await fan.pay(booking)
    expect([status, body.status]).toEqual([200, 'paying'])
    places.push(body.payQueue)
  }
  expect(places).toEqual([
    { position: 1, seconds: 1 },
    { position: 2, seconds: 1 },
    { position: 3, seconds: 1 },
  ])
  expect(shop.atStripe(held[0]?.booking ?? '')).toBeUndefined()
  expect(await house.shown(2)).toBe('held')
  await calm()
  await allConfirmed(held)
  const paid = shop.simulator.state().payments.map(({ metadata }) => metadata['bookingId'])
  // The simulator tells the newest first.
  expect(paid.filter(id => held.some(({ booking }) => booking === id)).reverse()).toEqual(
    held.map(({ booking }) => booking),
  )
  expect(await held[0]?.fan.get(held[0].booking)).not.toHaveProperty('payQueue')
  await shop.work()
  expect(await shop.audit()).toEqual([])
})

test('[B100] Whom a busy process has no room for waits in the same line, and another process serves them.', async () => {
  const [held] = await fans(1)
  if (held === undefined) throw new Error('nobody holds')
  const busy = salesOf(shop)
  for (let nth = 0; nth < 64; nth++) busy.payRoom.enter()
  const view = await pay(busy, payRequest(held.fan, held.booking))
  expect(view).toMatchObject({ status: 'paying', payQueue: { position: 1 } })
  expect(await payQueueRound(busy).work()).toBe(false)
  await allConfirmed([held])
})

test('[P61] The time to pay of who waits begins with their turn; until then the seats are kept, to a limit since they were taken.', async () => {
  const [one] = await fans(1)
  if (one === undefined) return
  const { fan, booking } = one
  await crowded()
  await fan.pay(booking, 'pm_card_chargeDeclined')
  const waiting = await fan.get(booking)
  const sinceTaken = Date.parse(waiting.expiresAt) - Date.parse(waiting.createdAt)
  expect(Math.abs(sinceTaken - LIMIT_SECONDS * 1_000)).toBeLessThan(5_000)
  const { redis, keys } = shop.deps
  const ends = async () => redis.pexpiretime(keys.seats(house.eventId).seat(0))
  expect((await ends()) - Date.parse(waiting.expiresAt)).toBeGreaterThanOrEqual(PAY_GUARD_MS)
  await lapse(shop.sales)
  expect((await fan.get(booking)).status).toBe('paying')
  await calm()
  await shop.work()
  const served = await fan.get(booking)
  // Nobody waited for the answer: the booking tells it.
  expect(served).toMatchObject({ status: 'paying', declineCode: 'generic_decline' })
  const left = Date.parse(served.expiresAt) - Date.parse(served.serverTime)
  expect(left).toBeGreaterThan(PAY_EXTENSION_MS - 10_000)
  expect(left).toBeLessThanOrEqual(600_000)
  expect((await ends()) - Date.parse(served.expiresAt)).toBeGreaterThanOrEqual(PAY_GUARD_MS)
  expect((await ends()) - Date.parse(served.expiresAt)).toBeLessThan(PAY_GUARD_MS + 2_000)
  await calm()
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
})

test('[P62] Who waits may take another card at the same place, or give the tickets back, of which Stripe hears nothing.', async () => {
  const held = await fans(2)
  const [first, second] = held
  if (first === undefined || second === undefined) return
  await crowded()
  await first.fan.pay(first.booking, 'pm_card_chargeDeclined')
  await second.fan.pay(second.booking)
  const again = await first.fan.pay(first.booking, 'pm_card_visa')
  expect(again.body.payQueue?.position).toBe(1)
  const { body } = await second.fan.cancel(second.booking)
  expect(body.status).toBe('cancelled')
  expect(await house.shown(1)).toBe('available')
  await calm()
  await allConfirmed([first])
  expect(shop.atStripe(second.booking)).toBeUndefined()
  const { rows } = await shop.deps.pool.query('select booking_id from pay_queue')
  expect(rows).toEqual([])
})

test('[P63] A line that is longer than the seats can be kept is refused with 503, and the hold stays as it was.', async () => {
  const [one] = await fans(1)
  if (one === undefined) return
  await crowded()
  const { rows } = await shop.deps.pool.query<{ seq: number }>(
    `insert into pay_queue (booking_id, payment_method, return_url)
     select id, 'pm_card_visa', 'http://localhost/' from bookings where id = $1 returning seq`,
    [one.booking],
  )
  // As far ahead of the next as half an hour of this rate.
  await shop.deps.pool.query(`select setval(pg_get_serial_sequence('pay_queue', 'seq'), $1)`, [
    (rows[0]?.seq ?? 0) + LIMIT_SECONDS * 4,
  ])
  const house2 = await shop.house()
  const other = await house2.fan()
  const last = await other.held(0)
  await other.pay(last)
  const late = await house2.fan()
  const booking = await late.held(1)
  const before = await late.get(booking)
  const { status, body, headers } = await late.pay(booking)
  expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'payments_unavailable', '15'])
  expect(await late.get(booking)).toMatchObject({ status: 'in_progress', expiresAt: before.expiresAt })
  await shop.deps.pool.query('delete from pay_queue')
  await calm()
})

const DEATHS = ['pay.call', 'pay.called', 'pay.create', 'pay.confirm', 'settle.write', 'pay.leave'] as const

test.for(DEATHS)(
  '[P64] Whoever serves the line may die (after %s): another serves the payment, and it is paid once.',
  async step => {
    const [one] = await fans(1)
    if (one === undefined) return
    const { fan, booking } = one
    await crowded()
    await fan.pay(booking)
    await calm()
    const dying = payQueueRound(salesOf(shop, { step: killedAt(step, 'after') }))
    await dying.work().catch(() => undefined)
    await dying.idle()
    expect(await shop.deps.pool.query('select from pay_queue where due_at > now()')).toMatchObject({
      rowCount: step === 'pay.leave' ? 0 : 1,
    })
    // Its seconds are over.
    await shop.deps.pool.query('update pay_queue set due_at = now()')
    await calm()
    await allConfirmed([one])
    expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
    expect(await shop.audit()).toEqual([])
  },
)

test('[P65] Stripe’s own word that it is too much puts a payment into the line, at its place, and nothing is lost.', async () => {
  const [one] = await fans(1)
  if (one === undefined) return
  const { fan, booking } = one
  shop.simulator.change({ failNext: { path: '/v1/payment_intents', status: 429 } })
  const { status, body } = await fan.pay(booking)
  expect([status, body.status, body.payQueue?.position]).toEqual([200, 'paying', 1])
  shop.simulator.change({ failNext: { path: '/v1/payment_intents', status: 429 } })
  await calm()
  await shop.work()
  expect((await fan.get(booking)).status).toBe('paying')
  await allConfirmed([one])
  expect(shop.atStripe(booking)).toMatchObject({ charges: 1 })
})

test('[P66] With 25 calls a second an endpoint and 100 an account, 80 fans in the line all get their tickets: no 429, no 5xx, no hold lost.', async () => {
  const rush = await makeShop({ environment: { STRIPE_RPS: '20' } })
  let lines: Running[] = []
  try {
    rush.simulator.change({ rateLimits: { on: true } })
    const held: Held[] = []
    for (let one = 0; one < 2; one++) {
      const own = await rush.house()
      for (let seat = 0; seat < 40; seat++) {
        const fan = await own.fan()
        held.push({ fan, booking: await fan.held(seat) })
      }
    }
    // They all stand in the line before the first is served, however slow this machine is.
    await crowded(rush)
    for (let wave = 0; wave < held.length; wave += WAVE) {
      const told = await Promise.all(
        held.slice(wave, wave + WAVE).map(({ fan, booking }) => fan.pay(booking)),
      )
      expect(told.filter(({ status }) => status !== 200)).toEqual([])
      const places = told.map(({ body }) => body.payQueue?.position ?? 0).sort((a, b) => a - b)
      expect(places).toEqual(Array.from({ length: WAVE }, (_, n) => wave + n + 1))
    }
    await calm(rush)
    const began = performance.now()
    // Two processes, as they serve the line.
    lines = [rush.sales, salesOf(rush)].map(sales =>
      runRounds({ name: 'pay queue', everyMs: SERVE_EVERY_MS, work: payQueueRound(sales).work }, sales),
    )
    await until('everybody has paid', async () => {
      await rush.work()
      const { rows } = await rush.deps.pool.query<{ n: number }>(
        `select count(*)::int as n from bookings where status = 'confirmed'`,
      )
      return rows[0]?.n === held.length
    })
    // As fast as the rate, and no faster: 80 at 20 a second, the first four of them at once.
    expect((performance.now() - began) / 1_000).toBeGreaterThan(3.5)
    await until('every payment is captured', async () => {
      await rush.work()
      return rush.simulator.state(200).payments.every(({ status }) => status === 'succeeded')
    })
    expect(rush.simulator.state().answers[429] ?? 0).toBe(0)
    expect(await rush.audit()).toEqual([])
  } finally {
    for (const line of lines) await line.stop()
    await rush.close()
  }
}, 90_000)

test('[P67] Who waits to pay counts as a payment under way, so that admission goes by it.', async () => {
  const [one] = await fans(1)
  if (one === undefined) return
  await crowded()
  await one.fan.pay(one.booking)
  const { redis, keys } = shop.deps
  const endsAt = Number(await redis.zscore(keys.queue(house.eventId).paying, one.booking))
  expect(endsAt).toBe(Date.parse((await one.fan.get(one.booking)).expiresAt))
  await calm()
  await allConfirmed([one])
  expect(await redis.zscore(keys.queue(house.eventId).paying, one.booking)).toBeNull()
})

test('a process that cannot count in Redis puts no payment to Stripe', async () => {
  const [one] = await fans(1)
  if (one === undefined) return
  const away = salesOf(shop)
  const turns = { ...away.turns, payment: () => Promise.reject(new Error('Connection is closed.')) }
  const paid = pay({ ...away, turns }, payRequest(one.fan, one.booking))
  await expect(paid).rejects.toThrow('Connection is closed')
  expect(shop.atStripe(one.booking)).toBeUndefined()
  expect((await one.fan.get(one.booking)).status).toBe('in_progress')
})

test('[P100] While one hold in twenty is late anywhere, of as many as tell something, payments go to Stripe at two a second on every node; after that, and after a calm, at first twenty.', async () => {
  const few = await makeShop({ environment: { STRIPE_RPS: '1000' } })
  const { redis, keys } = few.deps
  const turns = () => salesOf(few).turns
  const key = keys.provider('holds')
  /** As a process finds it that has asked nobody yet. */
  const pace = async () => {
    await turns().payment()
    return Number(await redis.hget(key, 'pace'))
  }
  try {
    await turns().tell({ all: 15, late: 15 })
    expect(await pace()).toBe(20)
    await turns().tell({ all: 400, late: 0 })
    expect(await pace()).toBe(20)
    await turns().tell({ all: 100, late: 60 })
    expect(await pace()).toBe(2)
    // Which is what is taken: one at once, and the next half a second later.
    const one = turns()
    await one.payment()
    await redis.del(keys.provider('pay'))
    const taken = (await Promise.all(Array.from({ length: 10 }, () => one.payment()))).filter(Boolean)
    expect(taken.length).toBeGreaterThan(0)
    expect(taken.length).toBeLessThan(4)
    await until('they are forgotten, and the pace is that after a calm', async () => (await pace()) === 20)
    const lateFor = async (ms: number) => {
      await redis.hset(key, { at: Date.now(), all: 400, late: 400, used: ms, pace: 20 })
      return pace()
    }
    expect(await lateFor(20_000)).toBe(2)
    expect(await lateFor(30_000)).toBe(20)
  } finally {
    await few.close()
  }
})

test('[P100] More payments go while more are wanted, twice as many each four seconds; in a calm that is forgotten.', async () => {
  const few = await makeShop({ environment: { STRIPE_RPS: '1000' } })
  const { redis, keys } = few.deps
  const one = salesOf(few).turns
  const pace = async () => Number(await redis.hget(keys.provider('holds'), 'pace'))
  try {
    const other = salesOf(few).turns
    await until('it is half as fast again', async () => {
      await one.payment()
      // One that has nothing to pay changes nothing of it.
      await other.tell({ all: 1, late: 0 })
      return (await pace()) > 30
    })
    const gained = await pace()
    await redis.hset(keys.provider('holds'), { pace: 400, at: Date.now() - 20_000, wanted: 0 })
    await salesOf(few).turns.tell({ all: 1, late: 0 })
    expect(gained).toBeLessThan(60)
    expect(await pace()).toBeCloseTo(100, -1)
  } finally {
    await few.close()
  }
})
