import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventId } from '../shared/ids.ts'
import type { QueueChange } from './queue.ts'
import {
  admitUntil,
  joinInOrder,
  movableClock,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  waiting,
} from './queue-fixture.ts'
import { verbKeys, verbs } from './verbs.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const open = { state: 'open', rate: 100, cap: 100 } as const

test('[Q36] a change of settings is one line in the audit log, with actor, before and after', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  const settings = await queue.configure(event, { ...open, message: 'Soon' }, 'ana')
  expect(settings).toMatchObject({
    ...open,
    burst: 100,
    factor: 2,
    passSeconds: 600,
    graceSeconds: 120,
    message: 'Soon',
    generation: 1,
  })
  await queue.configure(event, { rate: 0.2, cap: 7 }, 'ben')
  expect(await queue.settings(event)).toMatchObject({
    state: 'open',
    rate: 0.2,
    cap: 7,
    burst: 1,
    generation: 1,
  })
  const { rows } = await rig.pool.query(
    'select actor, act, detail from audit_log where event_id = $1 order by id',
    [event],
  )
  expect(
    rows.map(row => [
      row.actor,
      row.act,
      row.detail.before.state,
      row.detail.after.state,
      row.detail.after.rate,
    ]),
  ).toEqual([
    ['ana', 'queue.configure', 'off', 'open', 100],
    ['ben', 'queue.configure', 'open', 'open', 0.2],
  ])
  expect((await queue.info(event)).message).toBe('Soon')
})

test('[Q37] a change is in effect within a second everywhere, and at once where its news is heard', async () => {
  const clock = movableClock()
  const [one, hears, deaf, event] = [
    rig.queue('a'),
    rig.queue('b', { clock }),
    rig.queue('c', { clock }),
    await rig.event(),
  ]
  await one.configure(event, open, 'test')
  const news = await rig.hear(event)
  for (const queue of [hears, deaf]) expect((await queue.settings(event)).rate).toBe(100)
  await one.configure(event, { rate: 7 }, 'test')
  await expect.poll(() => news).toContainEqual({ kind: 'settings' })
  hears.refresh(event)
  expect((await hears.settings(event)).rate).toBe(7)
  clock.ahead = 1_000
  expect((await deaf.settings(event)).rate).toBe(7)
})

test('[Q38] a faulty change is refused by its field and changes nothing', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, open, 'test')
  const refused = (change: QueueChange, field: string) =>
    expect(queue.configure(event, change, 'test')).rejects.toMatchObject({
      code: 'invalid_request',
      extra: { errors: [{ field }] },
    })
  await refused({ state: 'pre_queue' }, 'state')
  await refused({ state: 'recovering' }, 'state')
  await refused({ rate: 100, burst: 5 }, 'burst')
  await refused({ burst: 0.5, rate: 0.1 }, 'burst')
  expect(await queue.settings(event)).toMatchObject({ ...open, burst: 100 })
  await expect(queue.configure(eventId('nosuchevent'), open, 'test')).rejects.toMatchObject({
    code: 'event_not_found',
  })
})

test('[Q39] turned off, the gates open and every place and slot ends; turned on again, it is a new line', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(4)]
  await queue.configure(event, { ...open, cap: 1 }, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await queue.passes(event, visitors)).length === 1)
  const [admission] = await queue.passes(event, visitors)
  await queue.configure(event, { state: 'off' }, 'test')
  expect(await queue.gate(event, undefined, undefined)).toEqual({ ok: true })
  expect(await queue.status(event, visitors[1]!)).toEqual({ state: 'none' })
  expect(await queue.info(event)).toEqual({ state: 'off', waiting: 0, active: 0 })
  expect(await queue.events()).not.toContain(event)
  expect(await rig.redis.zscore(rig.keys.queuesOn, event)).toBeNull()
  expect(await rig.redis.exists(...verbKeys(rig.keys, event, 'a').slice(0, 9))).toBe(0)

  expect((await queue.configure(event, { state: 'open' }, 'test')).generation).toBe(2)
  const newcomer = waiting(await queue.join(event, newVisitor()))
  const old = waiting(await queue.join(event, visitors[3]!, { receipt: places[3]!.receipt }))
  expect(newcomer.position).toBe(0)
  expect(old.score).toBeGreaterThan(newcomer.score)
  expect(await queue.gate(event, visitors[0]!, admission!.pass)).toEqual({
    ok: false,
    code: 'waiting_room_required',
  })
})

test('[Q40] what a process left undone that died while changing settings is done by the next sweep', async () => {
  const [queue, event, other] = [rig.queue('a'), await rig.event(), await rig.event()]
  await queue.configure(event, open, 'test')
  await queue.configure(other, open, 'test')
  await rig.pool.query('update queue_settings set cap = 3, version = version + 1 where event_id = $1', [
    event,
  ])
  await rig.pool.query(`update queue_settings set state = 'off', version = version + 1 where event_id = $1`, [
    other,
  ])
  queue.refresh(event)
  await queue.sweep(event)
  expect(await rig.redis.hget(rig.keys.queue(event).cfg, 'cap')).toBe('3')
  await until('the closed queue is cleared', async () => {
    await rig.queue('b').events()
    return (await rig.redis.exists(rig.keys.queue(other).cfg)) === 0
  })
})

test('[Q41] an older version of the settings never overwrites a newer one, nor an older generation a newer', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, open, 'test')
  await queue.configure(event, { cap: 9 }, 'test')
  const settings = await queue.settings(event)
  const stale = (generation: number, version: number) =>
    verbs.configure.run(rig.redis, verbKeys(rig.keys, event, ''), [
      generation,
      version,
      'open',
      1,
      1,
      1,
      1,
      1,
      1,
    ])
  expect(await stale(settings.generation, settings.version - 1)).toEqual(['OK'])
  expect(await stale(settings.generation - 1, settings.version + 1)).toEqual(['NOGEN'])
  expect(await rig.redis.hget(rig.keys.queue(event).cfg, 'cap')).toBe('9')
})

test('[Q53] of many changes at once from several processes, Redis holds the one that Postgres holds', async () => {
  const [queues, event] = [['a', 'b', 'c'].map(node => rig.queue(node)), await rig.event()]
  await queues[0]!.configure(event, open, 'test')
  const changes = Array.from({ length: 24 }, (_, i) =>
    queues[i % 3]!.configure(event, { cap: 100 + i }, 'test'),
  )
  await Promise.all([...changes, ...queues.map(queue => queue.sweep(event))])
  const { rows } = await rig.pool.query('select cap, version from queue_settings where event_id = $1', [
    event,
  ])
  const cfg = await rig.redis.hmget(rig.keys.queue(event).cfg, 'cap', 'version')
  expect(cfg.map(Number)).toEqual([rows[0].cap, rows[0].version])
})
