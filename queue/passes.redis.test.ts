import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import {
  admitted,
  admitUntil,
  intercepted,
  newVisitor,
  newVisitors,
  passes,
  type QueueRig,
  queueRig,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 100, cap: 100 } as const

async function admissionsOf(event: EventId): Promise<VisitorId[]> {
  const { rows } = await rig.pool.query<{ visitor_id: VisitorId }>(
    'select visitor_id from queue_admissions where event_id = $1',
    [event],
  )
  return rows.map(row => row.visitor_id)
}

async function letIn(queue: RedisQueue, event: EventId, visitors: VisitorId[]): Promise<void> {
  await Promise.all(visitors.map(visitor => queue.join(event, visitor)))
  const before = await rig.redis.zcard(rig.keys.queue(event).act)
  await admitUntil(
    queue,
    event,
    async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === before + visitors.length,
  )
}

test('[Q16] an admission stands in Postgres before its pass is signed, once however often it is asked for', async () => {
  const [one, two, event, visitors] = [rig.queue('a'), rig.queue('b'), await rig.event(), newVisitors(40)]
  await one.configure(event, open, 'test')
  await letIn(one, event, visitors)
  expect(await admissionsOf(event)).toEqual([])
  const asked = [...visitors, newVisitor()]
  const [granted, again] = await Promise.all([one.passes(event, asked), two.passes(event, asked)])
  expect(new Set(granted.map(admission => admission.visitorId))).toEqual(new Set(visitors))
  expect(again).toHaveLength(40)
  expect((await admissionsOf(event)).sort()).toEqual([...visitors].sort())
  const { pass, until } = granted[0]!
  expect(passes.check(pass)).toEqual({
    ok: true,
    value: { visitorId: granted[0]!.visitorId, eventId: event, until },
  })
  expect(admitted(await two.status(event, granted[0]!.visitorId)).until).toBe(until)
  const slot = Number(
    await rig.redis.zscore(rig.keys.queue(event).act, one.member(event, granted[0]!.visitorId)),
  )
  expect(until).toBeLessThanOrEqual(slot - 2_000)
})

test('[Q17] where Postgres fails between admission and record no pass is given, and the visitor gets it later', async () => {
  const [event, visitor] = [await rig.event(), newVisitor()]
  let failing = true
  const pool = new Proxy(rig.pool, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name)
      return (text: string, values: unknown[]) => {
        if (failing && text.includes('queue_admissions'))
          throw Object.assign(new Error('gone'), { code: '57P01' })
        return target.query(text, values)
      }
    },
  }) as Pool
  const queue = rig.queue('a', { pool })
  await queue.configure(event, open, 'test')
  await letIn(queue, event, [visitor])
  await expect(queue.passes(event, [visitor])).rejects.toMatchObject({
    code: 'queue_unavailable',
    status: 503,
  })
  await expect(queue.status(event, visitor)).rejects.toMatchObject({ code: 'queue_unavailable' })
  expect(await admissionsOf(event)).toEqual([])
  failing = false
  // As another node that never heard of it, and as the same one.
  expect(await rig.queue('b').passes(event, [visitor])).toHaveLength(1)
  const { pass } = admitted(await queue.join(event, visitor))
  expect(await queue.gate(event, visitor, pass)).toEqual({ ok: true })
  expect(await admissionsOf(event)).toEqual([visitor])
})

test('[Q18] while the queue is on nobody passes without a pass, not even an admitted visitor', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, open, 'test')
  expect(await queue.gate(event, visitor, undefined)).toEqual({ ok: false, code: 'waiting_room_required' })
  await letIn(queue, event, [visitor])
  expect(await queue.gate(event, visitor, undefined)).toEqual({ ok: false, code: 'waiting_room_required' })
  expect(await queue.gate(event, visitor, 'nonsense')).toEqual({ ok: false, code: 'pass_invalid' })
  const { pass } = admitted(await queue.status(event, visitor))
  expect(await queue.gate(event, visitor, pass)).toEqual({ ok: true })
})

test('[Q19] a copied pass is useless with another session, without one, and at another event', async () => {
  const [queue, event, other, visitor] = [rig.queue('a'), await rig.event(), await rig.event(), newVisitor()]
  await queue.configure(event, open, 'test')
  await queue.configure(other, open, 'test')
  await letIn(queue, event, [visitor])
  const { pass } = admitted(await queue.status(event, visitor))
  expect(await queue.gate(event, newVisitor(), pass)).toEqual({ ok: false, code: 'pass_foreign' })
  expect(await queue.gate(event, undefined, pass)).toEqual({ ok: false, code: 'pass_foreign' })
  expect(await queue.gate(other, visitor, pass)).toEqual({ ok: false, code: 'pass_foreign' })
})

test('[Q20] an ejected visitor is refused at once, whatever the pass says', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, open, 'test')
  await letIn(queue, event, [visitor])
  const { pass } = admitted(await queue.status(event, visitor))
  await rig.queue('b').end(event, visitor, 'ejected')
  expect(await queue.gate(event, visitor, pass)).toEqual({ ok: false, code: 'waiting_room_required' })
  expect(await queue.status(event, visitor)).toEqual({ state: 'none' })
})

test('[Q21] an expired pass is refused, and so is a pass whose slot is over', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, open, 'test')
  await letIn(queue, event, [visitor])
  const expired = passes.issue({ visitorId: visitor, eventId: event, until: systemClock.now() - 5_000 })
  expect(await queue.gate(event, visitor, expired)).toEqual({ ok: false, code: 'pass_expired' })
  const { pass } = admitted(await queue.status(event, visitor))
  await rig.redis.zadd(rig.keys.queue(event).act, systemClock.now() - 1, queue.member(event, visitor))
  expect(await queue.gate(event, visitor, pass)).toEqual({ ok: false, code: 'waiting_room_required' })
})

test('[Q54] the late word of a purchase ends the slot it was made in, and no place or slot that came after', async () => {
  const [queue, event, visitor] = [rig.queue('a'), await rig.event(), newVisitor()]
  await queue.configure(event, { ...open, cap: 1 }, 'test')
  await letIn(queue, event, [visitor])
  admitted(await queue.status(event, visitor))
  const bought = systemClock.now()
  await queue.end(event, visitor, 'purchased', bought)
  expect(await queue.status(event, visitor)).toEqual({ state: 'none' })
  await queue.join(event, visitor)
  await queue.end(event, visitor, 'purchased', bought)
  expect(await queue.status(event, visitor)).toMatchObject({ state: 'waiting' })
  await admitUntil(queue, event, async () => (await queue.status(event, visitor)).state === 'admitted')
  await queue.end(event, visitor, 'purchased', bought)
  expect(await queue.status(event, visitor)).toMatchObject({ state: 'admitted' })
})

test('[Q56] the late end of an admission leaves the next one of the same visitor as it is', async () => {
  const [event, visitor] = [await rig.event(), newVisitor()]
  let wake = () => {}
  const woken = new Promise<void>(resolve => {
    wake = resolve
  })
  const slow = intercepted(rig.pool, 'query', async (text: string, values: unknown[]) => {
    if (text.startsWith('update queue_admissions')) await woken
    return await rig.pool.query(text, values)
  })
  const [queue, late] = [rig.queue('a'), rig.queue('b', { pool: slow })]
  await queue.configure(event, open, 'test')
  await letIn(queue, event, [visitor])
  await queue.passes(event, [visitor])
  const leaving = late.leave(event, visitor)
  await expect.poll(() => queue.status(event, visitor)).toEqual({ state: 'none' })
  // Again, as after a failure half way: nothing is found in Redis, and the record is still to be ended.
  const again = late.leave(event, visitor)
  await systemClock.sleep(50)
  await letIn(queue, event, [visitor])
  expect(await queue.passes(event, [visitor])).toHaveLength(1)
  wake()
  await Promise.all([leaving, again])
  const { rows } = await rig.pool.query(
    'select ended_at is null as live from queue_admissions where event_id = $1 order by score',
    [event],
  )
  expect(rows).toEqual([{ live: false }, { live: true }])
  // As a node that has not heard of the admission would ask.
  expect(await rig.queue('c').passes(event, [visitor])).toHaveLength(1)
})
