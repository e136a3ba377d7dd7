import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { flowCounts } from '../queue/flow.ts'
import { AdminTokens } from '../shared/admin-tokens.ts'
import type { EventId } from '../shared/ids.ts'
import { EventFigures } from './admin-figures.ts'
import { SampleLog } from './admin-history.ts'
import { SAMPLES_KEPT } from './bounds.ts'
import { makeNode, type TestNode } from './node-fixture.ts'
import { type OperatorSeat, operatorAt, refusedAt } from './operator-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode
let tokens: AdminTokens
const seats: OperatorSeat[] = []

beforeAll(async () => {
  node = await makeNode({ environment: { TRUSTED_PROXIES: '0' } })
  tokens = new AdminTokens(node.deps.config)
})

afterAll(async () => {
  for (const { socket } of seats) socket.disconnect()
  await node.close()
})

const named = (name: string, seconds: number) =>
  tokens.issue(name, node.deps.clock.now() + seconds * 1_000) ?? ''

function operator(token = node.adminToken): OperatorSeat {
  const seat = operatorAt(node.port, token)
  seats.push(seat)
  return seat
}

function watching(eventId: EventId): OperatorSeat {
  const seat = operator()
  seat.socket.emit('watch', { eventId })
  return seat
}

test('[W70] /admin opens to an operator’s own token until its second, and says why when it closes', async () => {
  expect(await refusedAt(node.port, named('ada', -5))).toMatchObject({ code: 'admin_expired' })
  const ada = operator(named('ada', 3))
  ada.socket.emit('watch', { eventId: node.eventId })
  await expect.poll(() => ada.statuses.length, SOON).toBeGreaterThan(0)
  const gone = new Promise<string>(resolve => ada.socket.on('disconnect', resolve))
  // A reason by which Socket.IO's client stays away.
  expect(await gone).toBe('io server disconnect')
  expect(ada.errors).toMatchObject([{ code: 'admin_expired' }])
})

test('[W71] each second tells tickets held and sold, revenue, the newest act and the nodes; heat comes at once and every three seconds', async () => {
  const { eventId, stock } = await node.addEvent('figures01')
  const { pool } = node.deps
  await node.hold([0, 1, 2], { stock })
  const booking = '00000000-0000-4000-8000-00000000000a'
  const payment = '00000000-0000-4000-8000-00000000000b'
  await pool.query(
    `insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at)
     values ($1, $2, gen_random_uuid(), 'confirmed', '{5,6,41}', 9000, 'EUR', 0, now())`,
    [booking, eventId],
  )
  await pool.query(
    `insert into payments (id, booking_id, params, capture_method, status, amount, currency, captured)
     values ($1, $2, '{}', 'manual', 'captured', 9000, 'EUR', 9000)`,
    [payment, booking],
  )
  await pool.query(
    `insert into refunds (id, payment_id, amount, reason, status)
     values (gen_random_uuid(), $1, 2000, 'x', 'succeeded'), (gen_random_uuid(), $1, 500, 'x', 'creating'),
       (gen_random_uuid(), $1, 700, 'x', 'failed')`,
    [payment],
  )
  for (const seat of [5, 6, 41])
    await pool.query(
      `insert into tickets (event_id, seat_index, status, booking_id) values ($1, $2, 'sold', $3)`,
      [eventId, seat, booking],
    )
  await pool.query(`insert into seat_blocks (event_id, seat_index) values ($1, 9)`, [eventId])
  await node.inventory.mark(stock, [5, 6, 41], 2)
  await node.inventory.mark(stock, [9], 3)
  await node.queue.configure(eventId, { rate: 3 }, 'ada')

  const { statuses } = watching(eventId)
  await expect.poll(() => statuses.length, SOON).toBeGreaterThan(6)
  const first = statuses[0]!
  expect(first).toMatchObject({
    eventId,
    currency: 'EUR',
    queue: { state: 'off' },
    free: 43,
    holds: 3,
    sold: 3,
    revenue: 6_500,
    rateIn: 0,
    rateOut: 0,
    nodes: [{ node: 'test', sockets: expect.any(Number), watchers: 0 }],
  })
  expect(first.lastAct).toBeGreaterThan(0)
  expect(first.heat?.reduce((sum, one) => sum + one.total, 0)).toBe(49)
  expect(first.heat?.reduce((sum, one) => sum + one.held, 0)).toBe(3)
  expect(first.heat?.at(-1)).toMatchObject({ total: 10, held: 0, sold: 1 })
  expect(statuses.slice(0, 7).map(({ heat }) => heat !== undefined)).toEqual([
    true,
    false,
    false,
    true,
    false,
    false,
    true,
  ])
  const times = statuses.map(({ at }) => at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(Math.abs(times[0]! - node.deps.clock.now())).toBeLessThan(15_000)
  const act = first.lastAct
  await node.queue.configure(eventId, { rate: 4 }, 'ada')
  await expect.poll(() => statuses.at(-1)?.lastAct, SOON).toBeGreaterThan(act)
}, 30_000)

test('[W72] joins and admissions a second are counted, whatever the line’s length does', async () => {
  const { eventId } = await node.addEvent('rates01')
  await node.queue.configure(eventId, { state: 'paused', rate: 1_000, cap: 1_000 }, 'test')
  const { statuses } = watching(eventId)
  await expect.poll(() => statuses.length, SOON).toBeGreaterThan(1)
  const visitors = Array.from({ length: 40 }, () => node.visitor().visitorId)
  await Promise.all(visitors.map(one => node.queue.join(eventId, one)))
  // Once more is not once more.
  await Promise.all(visitors.map(one => node.queue.join(eventId, one)))
  for (const one of visitors.slice(0, 10)) await node.queue.leave(eventId, one)
  const most = (rate: 'rateIn' | 'rateOut') => Math.max(...statuses.map(one => one[rate]))
  await expect.poll(() => most('rateIn'), SOON).toBeGreaterThan(5)
  await node.queue.configure(eventId, { state: 'open' }, 'test')
  await expect.poll(() => most('rateOut'), SOON).toBeGreaterThan(3)
  const { redis, keys } = node.deps
  expect(await flowCounts(redis, keys, eventId)).toMatchObject({ joined: 40, admitted: 30 })
  await expect.poll(() => statuses.at(-1), SOON).toMatchObject({ rateIn: 0, rateOut: 0 })
}, 40_000)

test('[W73] a socket watches eight events at most, and hears no more of one it leaves', async () => {
  const { socket, statuses, errors, histories } = operator()
  const ids = Array.from({ length: 9 }, (_, i) => `bounded${i}`)
  for (const eventId of ids) socket.emit('watch', { eventId })
  await expect.poll(() => errors, SOON).toMatchObject([{ code: 'too_many_requests', eventId: 'bounded8' }])
  expect(histories.map(({ eventId }) => eventId)).not.toContain('bounded8')
  for (const eventId of ids) socket.emit('unwatch', { eventId })
  socket.emit('watch', { eventId: node.eventId })
  await expect.poll(() => statuses.length, SOON).toBeGreaterThan(0)
  socket.emit('unwatch', { eventId: node.eventId })
  socket.emit('watch', { eventId: 'bounded1' })
  await expect.poll(() => histories.at(-1), SOON).toEqual({ eventId: 'bounded1', samples: [] })
  const heard = statuses.length
  await new Promise(resolve => setTimeout(resolve, 2_500))
  expect(statuses.length).toBeLessThanOrEqual(heard + 1)
})

test('[W76] while its queue is on an event leaves a sample every five seconds, which a console opened later is told once', async () => {
  const { eventId } = await node.addEvent('history01')
  await node.queue.configure(eventId, { state: 'paused' }, 'test')
  await node.queue.join(eventId, node.visitor().visitorId)
  const { samples: key } = node.deps.keys.desk(eventId)
  await expect.poll(() => node.deps.redis.llen(key), { timeout: 20_000 }).toBeGreaterThan(2)
  const { histories, statuses } = watching(eventId)
  await expect.poll(() => statuses.length, SOON).toBeGreaterThan(1)
  expect(histories).toHaveLength(1)
  const samples = histories[0]!.samples
  expect(samples.length).toBeGreaterThan(2)
  expect(samples.at(-1)).toEqual({
    at: expect.any(Number),
    waiting: 1,
    active: 0,
    free: 50,
    holds: 0,
    sold: 0,
    revenue: 0,
    rateIn: expect.any(Number),
    rateOut: 0,
  })
  for (const [i, { at }] of samples.entries()) {
    if (i === 0) continue
    expect(at - samples[i - 1]!.at).toBeGreaterThan(4_000)
    expect(at - samples[i - 1]!.at).toBeLessThan(8_000)
  }
}, 40_000)

test('[W77] of many nodes one takes each sample; fifteen minutes of them are kept, for a day after the last', async () => {
  const { eventId } = await node.addEvent('history02')
  const { redis, keys } = node.deps
  const logs = Array.from(
    { length: 5 },
    (_, i) => new SampleLog({ redis, keys, figures: new EventFigures(node.deps), node: `n${i}` }),
  )
  await Promise.all(logs.map(log => log.take([eventId])))
  const { samples, sampler } = keys.desk(eventId)
  expect(await redis.llen(samples)).toBe(1)
  const last = (await redis.lindex(samples, 0))!
  await redis.lpush(samples, ...Array.from({ length: SAMPLES_KEPT + 20 }, () => last))
  await redis.del(sampler)
  await logs[4]!.take([eventId])
  expect(await redis.llen(samples)).toBe(SAMPLES_KEPT)
  expect(await redis.ttl(samples)).toBeGreaterThan(86_000)
  expect(await logs[0]!.read(eventId)).toHaveLength(SAMPLES_KEPT)
})

test('[W78] many operators cost one reading a second, and while Postgres is away the last that is known is told on', async () => {
  const { eventId } = await node.addEvent('away01')
  const reads = vi.spyOn(node.deps.inventory, 'snapshot')
  const many = Array.from({ length: 10 }, () => watching(eventId))
  await expect.poll(() => many.every(({ statuses }) => statuses.length > 1), SOON).toBe(true)
  const before = reads.mock.calls.filter(([stock]) => stock.eventId === eventId).length
  const heard = many[0]!.statuses.length
  await expect.poll(() => many[0]!.statuses.length, SOON).toBeGreaterThan(heard + 3)
  const after = reads.mock.calls.filter(([stock]) => stock.eventId === eventId).length
  expect(after - before).toBeLessThanOrEqual(many[0]!.statuses.length - heard + 1)

  const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const query = vi.spyOn(node.deps.pool, 'query').mockImplementation(() => Promise.reject(gone) as never)
  const { statuses } = many[0]!
  const known = statuses.length
  await expect.poll(() => statuses.length, SOON).toBeGreaterThan(known + 6)
  query.mockRestore()
  expect(statuses.at(-1)).toMatchObject({ eventId, free: 50, currency: 'EUR' })
}, 40_000)

// Last: the network of this machine is refused after it.
test('[W79] after 20 wrong tokens a minute a network is refused with the seconds to wait, at the sockets’ door too', async () => {
  for (let i = 0; i < 20; i++) expect((await refusedAt(node.port, `wrong${i}`)).code).toBe('admin_invalid')
  const refused = await refusedAt(node.port, node.adminToken)
  expect(refused).toMatchObject({ code: 'too_many_requests', retryAfter: expect.any(Number) })
  const ada = operator(named('ada', 60))
  ada.socket.emit('watch', { eventId: node.eventId })
  await expect.poll(() => ada.statuses.length, SOON).toBeGreaterThan(0)
}, 30_000)
