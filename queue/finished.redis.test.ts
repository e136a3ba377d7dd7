import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/clock.ts'
import type { BookingId } from '../shared/ids.ts'
import { admitUntil, joinInOrder, newVisitors, type QueueRig, queueRig, until } from './queue-fixture.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 100, cap: 2 } as const

test('[Q197] the queue of an event that is over or canceled ends by itself, in the audit log, its keys go, and none is opened', async () => {
  const [node, web] = [rig.queue('a'), rig.queue('web', { door: 'poll' })]
  const [over, canceled, lives] = [await rig.event(), await rig.event(), await rig.event()]
  for (const event of [over, canceled, lives]) {
    await node.configure(event, open, 'test')
    await joinInOrder(node, event, newVisitors(3))
    await node.sweep(event)
    await node.admit(event)
  }
  await rig.pool.query(`update events set starts_at = now() - interval '13 hours' where id = $1`, [over])
  await rig.pool.query(`update events set starts_at = now() - interval '11 hours' where id = $1`, [lives])
  await rig.pool.query(`update events set status = 'canceled' where id = $1`, [canceled])
  await until('ended', async () => {
    const on = await Promise.all([node.events(), web.events()])
    return on.every(events => events.includes(lives) && !events.includes(over) && !events.includes(canceled))
  })
  for (const event of [over, canceled]) {
    const { bucket, last } = rig.keys.queue(event)
    await until('cleared', async () => (await rig.redis.keys(`*q:{${event}}*`)).length === 2)
    for (const key of [bucket, last]) expect(await rig.redis.pttl(key)).toBeGreaterThan(0)
    const { rows } = await rig.pool.query(
      `select detail from audit_log where event_id = $1 and actor = 'onsale' and act = 'queue.configure'`,
      [event],
    )
    expect(rows).toEqual([
      {
        detail: {
          before: { state: 'open' },
          after: { state: 'off' },
          why: event === over ? 'over' : 'canceled',
        },
      },
    ])
    await expect(node.configure(event, { state: 'open' }, 'test')).rejects.toMatchObject({
      code: 'invalid_request',
      extra: { errors: [{ field: 'state' }] },
    })
  }
  expect((await node.settings(lives)).state).toBe('open')
})

test('[Q198] a new line begins without the measured pace of the one before, and its bucket stays', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  const { bucket } = rig.keys.queue(event)
  const measured = () => rig.redis.hmget(bucket, 'pace', 'weight', 'left', 'waited')
  await queue.configure(event, open, 'test')
  await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await rig.redis.zcard(rig.keys.queue(event).act)) === 2)
  expect(Number((await measured())[0])).toBeGreaterThan(0)
  await queue.configure(event, { state: 'off' }, 'test')
  expect(await rig.redis.pttl(bucket)).toBeGreaterThan(0)
  await queue.configure(event, { state: 'open' }, 'test')
  expect(await measured()).toEqual([null, null, null, null])
  expect(await rig.redis.pttl(bucket)).toBe(-1)
})

test('[Q199] a payment whose end nobody told is forgotten at its time, also where no rate of payments is set and while the queue is off', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  const { paying } = rig.keys.queue(event)
  const [lost, next, long] = ['lost', 'next', 'long'] as BookingId[]
  const now = systemClock.now()
  await queue.payment(event, lost!, now + 300)
  await queue.payment(event, long!, now + 60_000)
  await queue.payment(event, next!, now + 500)
  expect(await rig.redis.zcard(paying)).toBe(3)
  expect(await rig.redis.pexpiretime(paying)).toBe(now + 60_000)
  await until('over', () => systemClock.now() > now + 600)
  await queue.payment(event, long!, now + 60_000)
  expect(await rig.redis.zrange(paying, 0, '-1')).toEqual(['long'])
  await queue.payment(event, long!)
  expect(await rig.redis.exists(paying)).toBe(0)
})
