/** What becomes of a turn: claimed, missed, renewed, given back; and of all of them when nothing is left. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventId } from '../shared/ids.ts'
import {
  admitted,
  admitUntil,
  joinInOrder,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  waiting,
} from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 100, cap: 1 } as const
const keysOf = (event: EventId) => rig.keys.queue(event)
const activeOf = (event: EventId) => rig.redis.zcard(keysOf(event).act)

/** How the house stands, as the seats' scripts would write it. */
async function house(event: EventId, free: number, holds = 0): Promise<void> {
  const { meta, expiries } = rig.keys.seats(event)
  await rig.redis.hset(meta, 'free', free)
  await rig.redis.del(expiries)
  for (let i = 0; i < holds; i++) await rig.redis.zadd(expiries, 9e12, `booking-${i}`)
}

test('[Q102] a turn that nobody claims goes to the next, and its visitor is called first on coming back', async () => {
  const [queue, event, [first, second]] = [rig.queue('a'), await rig.event(), newVisitors(2)]
  await queue.configure(event, { ...open, claimSeconds: 1 }, 'test')
  const [place] = await joinInOrder(queue, event, [first!, second!])
  await admitUntil(queue, event, async () => (await activeOf(event)) === 1)
  await admitUntil(queue, event, async () => (await queue.passes(event, [second!])).length === 1)
  const { rows } = await rig.pool.query('select visitor_id from queue_admissions where event_id = $1', [
    event,
  ])
  expect(rows).toEqual([{ visitor_id: second }])
  const back = waiting(await queue.join(event, first!))
  expect([back.score, back.position]).toEqual([place!.score, 0])
  await queue.leave(event, second!)
  await admitUntil(queue, event, async () => (await queue.status(event, first!)).state === 'admitted')
})

test('[Q230] whoever comes right after a turn that nobody claimed, before any sweep, is called next too', async () => {
  const [queue, web, event] = [rig.queue('a'), rig.queue('web', { door: 'poll' }), await rig.event()]
  const visitors = newVisitors(3)
  await queue.configure(event, { ...open, cap: 2, claimSeconds: 1 }, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 2)
  await delay(1_100)
  const [joins, polls] = [await queue.join(event, visitors[0]!), await web.status(event, visitors[1]!)].map(
    waiting,
  )
  expect([joins!.score, joins!.position, polls!.score, polls!.position]).toEqual([
    places[0]!.score,
    0,
    places[1]!.score,
    0,
  ])
  await admitUntil(queue, event, async () => (await activeOf(event)) === 2)
  expect((await queue.passes(event, visitors)).map(({ visitorId }) => visitorId)).toEqual(
    visitors.slice(0, 2),
  )
})

test('[Q103] a claimed turn has its whole length, whoever claims it and however often', async () => {
  const [queue, other, event, visitor] = [rig.queue('a'), rig.queue('b'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, claimSeconds: 3, passSeconds: 60 }, 'test')
  await queue.join(event, visitor)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 1)
  await delay(1_100)
  const [[one], [two]] = await Promise.all([queue.passes(event, [visitor]), other.passes(event, [visitor])])
  const status = admitted(await other.status(event, visitor))
  expect([two!.until, status.until]).toEqual([one!.until, one!.until])
  const [seconds] = await rig.redis.time()
  expect(one!.until / 1_000 - Number(seconds)).toBeGreaterThan(55)
})

test('[Q104] who is active is renewed in the last half of the slot, up to the longest stay', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, passSeconds: 10, staySeconds: 14 }, 'test')
  const heard = await rig.hear(event)
  await queue.join(event, visitor)
  await admitUntil(queue, event, async () => (await queue.status(event, visitor)).state === 'admitted')
  const first = admitted(await queue.status(event, visitor))
  await delay(3_500)
  expect(await queue.gate(event, visitor, first.pass)).toEqual({ ok: true })
  const members = [queue.member(event, visitor).toString('hex')]
  await expect.poll(() => heard).toContainEqual({ kind: 'renewed', members })
  const [second] = await queue.passes(event, [visitor])
  expect(second!.until).toBeGreaterThan(first.until)
  await delay(3_000)
  expect(await queue.gate(event, visitor, second!.pass)).toEqual({ ok: true })
  const [third] = await queue.passes(event, [visitor])
  const [row] = (
    await rig.pool.query<{ admitted_at: Date; until: Date }>(
      'select admitted_at, until from queue_admissions where event_id = $1',
      [event],
    )
  ).rows
  expect(row!.until.getTime() - row!.admitted_at.getTime()).toBe(14_000)
  expect(third!.until).toBeLessThanOrEqual(row!.until.getTime())
}, 30_000)

test('[Q105] when nothing is left and nothing is held, those who wait are told, and wait for returns', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { ...open, cap: 10 }, 'test')
  await house(event, 0, 1)
  await joinInOrder(queue, event, visitors)
  await queue.admit(event)
  await until('a tick', async () => (await queue.tick(event)).waiting === 3)
  expect((await queue.tick(event)).soldOut).toBe(false)
  await house(event, 0)
  await until('sold out', async () => {
    await queue.admit(event)
    return (await queue.tick(event)).soldOut
  })
  expect(waiting(await queue.status(event, visitors[0]!)).position).toBe(0)
  await house(event, 1)
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[0]!)).state === 'admitted')
  await until('a tick', async () => !(await queue.tick(event)).soldOut)
})

test('[Q106] or the line is ended kindly, and takes nobody while nothing is left', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, { ...open, state: 'paused', cap: 10, soldOut: 'dissolve' }, 'test')
  await joinInOrder(queue, event, visitors)
  await house(event, 0)
  const heard = await rig.hear(event)
  await queue.configure(event, { state: 'open' }, 'test')
  await until('dissolved', async () => {
    await queue.admit(event)
    return heard.some(({ kind }) => kind === 'dissolved')
  })
  expect(await queue.status(event, visitors[0]!)).toEqual({ state: 'none' })
  await expect(queue.join(event, newVisitor())).rejects.toMatchObject({ code: 'queue_closed' })
  await house(event, 2)
  await until('returns', async () => {
    await queue.admit(event)
    return (await queue.tick(event)).soldOut === false
  })
  waiting(await queue.join(event, newVisitor()))
})

test('[Q107] no more are let in than the payment provider can take in a minute', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(10)]
  await queue.configure(event, { ...open, cap: 100, payRate: 0.1 }, 'test')
  await joinInOrder(queue, event, visitors)
  const { paying } = keysOf(event)
  // Six a minute, of which four wait; a fifth has ended.
  for (const booking of ['a', 'b', 'c', 'd']) await rig.redis.zadd(paying, 9e12, booking)
  await rig.redis.zadd(paying, 1, 'over')
  await delay(260)
  await queue.admit(event)
  expect(await activeOf(event)).toBe(2)
  expect(await rig.redis.zcard(paying)).toBe(4)
})

test('[P97] where the operator names no rate of payments, STRIPE_RPS says how many can pay in a minute', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(10)]
  await queue.configure(event, { ...open, cap: 100 }, 'test')
  await joinInOrder(queue, event, visitors)
  const { paying } = keysOf(event)
  // Twenty a second, of whose minute all but three wait already.
  const pays = Array.from({ length: 20 * 60 - 3 }, (_, at) => [9e12, `b${at}`]).flat()
  await rig.redis.zadd(paying, ...pays)
  await delay(260)
  await queue.admit(event)
  expect(await activeOf(event)).toBe(3)
  // The operator's own number goes before it.
  await queue.configure(event, { payRate: 100 }, 'test')
  await delay(260)
  await queue.admit(event)
  expect(await activeOf(event)).toBe(10)
})

test('[Q108] a place is given up within two seconds of the end of its grace', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, state: 'paused', graceSeconds: 3 }, 'test')
  await queue.join(event, visitor)
  queue.away(event, visitor)
  const member = queue.member(event, visitor)
  await until('away', async () => (await rig.redis.zscore(keysOf(event).away, member)) !== null)
  const ends = Number(await rig.redis.zscore(keysOf(event).away, member))
  let gone = 0
  await until('given up', async () => {
    await queue.sweep(event)
    await delay(200)
    const [seconds, micros] = await rig.redis.time()
    gone = Number(seconds) * 1_000 + Number(micros) / 1_000
    return (await rig.redis.zscore(keysOf(event).line, member)) === null
  })
  expect(gone).toBeGreaterThanOrEqual(ends)
  expect(gone - ends).toBeLessThan(2_000)
})
