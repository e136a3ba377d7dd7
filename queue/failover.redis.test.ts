/** A Redis that comes back from disk, or a replica in its place: alive, and perhaps without its last second. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import type { EventId } from '../shared/ids.ts'
import { ready } from '../shared/redis.ts'
import {
  admitted,
  admitUntil,
  intercepted,
  joinInOrder,
  log,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  waiting,
} from './queue-fixture.ts'

let server: OwnRedis
let rig: QueueRig
beforeAll(async () => {
  server = await ownRedis({ durable: true })
  rig = await queueRig(server.url)
})
afterAll(async () => {
  await rig.close()
  await server.stop()
})

const open = { state: 'open', rate: 100, cap: 2 } as const
const activeOf = (event: EventId) => rig.redis.zcard(rig.keys.queue(event).act)

/** Everything of an event as it is now; what it answers puts it back, into another process. */
async function moment(event: EventId): Promise<() => Promise<void>> {
  const keys = await rig.redis.keys(`*{${event}}*`)
  const dumps = await Promise.all(keys.map(async key => ({ key, dump: await rig.redis.dumpBuffer(key) })))
  return async () => {
    await server.kill()
    await server.restart()
    await ready(rig.redis, 10_000)
    await rig.redis.unlink(await rig.redis.keys(`*{${event}}*`))
    for (const { key, dump } of dumps) await rig.redis.restore(key, 0, dump!)
  }
}

test('[Q137] a Redis that lost its last second is not believed: turns come from Postgres, places stay, and nobody is let in twice', async () => {
  const [queue, event, visitors] = [rig.queue('a', { recoveryMs: 800 }), await rig.event(), newVisitors(8)]
  await queue.configure(event, { ...open, cap: 3 }, 'test')
  await queue.configure(event, { state: 'paused' }, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await queue.sweep(event)
  const before = await moment(event)
  // The second that is lost: three are let in, one of them buys, one more joins.
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await activeOf(event)) === 3)
  const passes = await queue.passes(event, visitors)
  await queue.end(event, visitors[1]!, 'purchased')
  await queue.configure(event, { state: 'paused' }, 'test')
  const late = newVisitor()
  const lost = waiting(await queue.join(event, late))
  await before()

  await queue.sweep(event)
  queue.refresh(event)
  expect((await queue.tick(event)).generation).toBe(places[0]!.generation + 1)
  const newcomer = waiting(await queue.join(event, newVisitor()))
  for (const i of [0, 2]) {
    admitted(await queue.status(event, visitors[i]!))
    expect(await queue.gate(event, visitors[i]!, passes[i]!.pass)).toEqual({ ok: true })
  }
  expect(await queue.status(event, visitors[1]!)).toEqual({ state: 'none' })
  expect(waiting(await queue.join(event, late, { receipt: lost.receipt })).score).toBe(lost.score)
  const rest = [...visitors.slice(3), late]
  const standing = await Promise.all(rest.map(async who => waiting(await queue.status(event, who))))
  expect(standing.map(({ position }) => position)).toEqual(rest.map((_, i) => i))
  expect(standing[0]!.score).toBe(places[3]!.score)
  expect(newcomer.score).toBeGreaterThan(lost.score)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await activeOf(event)) === 3)
  admitted(await queue.status(event, visitors[3]!))
  const { rows } = await rig.pool.query('select 1 from queue_admissions where event_id = $1', [event])
  expect(rows).toHaveLength(4)
}, 30_000)

test('[Q138] whoever was called in a Redis that another replaced, and had not come, is called again at once', async () => {
  const [queue, event, visitors] = [rig.queue('a', { recoveryMs: 300 }), await rig.event(), newVisitors(4)]
  await queue.configure(event, open, 'test')
  await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 2)
  const now = await moment(event)
  await now()
  await queue.sweep(event)
  const line = await rig.redis.zrangeBuffer(rig.keys.queue(event).line, 0, '-1')
  expect(line).toEqual(visitors.map(who => queue.member(event, who)))
  await admitUntil(queue, event, async () => (await queue.passes(event, visitors)).length === 2)
  for (const who of visitors.slice(0, 2)) admitted(await queue.status(event, who))
}, 30_000)

test('[Q252] an admission that was claimed and not recorded is called again by the Redis that took over, one that was recorded counts, and each is one', async () => {
  // A Redis that lacks both claims, and one that has them.
  for (const claims of [0, 2]) {
    const [event, visitors] = [await rig.event(), newVisitors(5)]
    const [queue, other] = [rig.queue('a', { recoveryMs: 300 }), rig.queue('b', { recoveryMs: 300 })]
    // Its node is killed between the script and the record.
    const pool = intercepted(rig.pool, 'query', async (text: string, values: unknown[]) => {
      if (text.includes('insert into queue_admissions'))
        throw Object.assign(new Error('gone'), { code: '57P01' })
      return await rig.pool.query(text, values)
    })
    const killed = rig.queue('k', { pool })
    await queue.configure(event, { ...open, cap: 3 }, 'test')
    const places = await joinInOrder(queue, event, visitors)
    await admitUntil(queue, event, async () => (await activeOf(event)) === 3)
    const { called, since, line } = rig.keys.queue(event)
    const before = await moment(event)
    const [recorded] = await queue.passes(event, [visitors[0]!])
    await expect(killed.passes(event, [visitors[1]!])).rejects.toThrow()
    const after = await moment(event)
    await (claims === 0 ? before : after)()
    expect(await rig.redis.zcard(since)).toBe(claims)

    await other.sweep(event)
    expect(await rig.redis.hlen(called)).toBe(1)
    const standing = await rig.redis.zrangeBuffer(line, 0, '-1')
    expect(standing).toEqual(visitors.slice(1).map(who => queue.member(event, who)))
    for (const one of [queue, other]) one.refresh(event)
    expect(await other.gate(event, visitors[0]!, recorded!.pass)).toEqual({ ok: true })
    await admitUntil(other, event, async () => (await other.passes(event, visitors)).length === 3)
    const { rows } = await rig.pool.query(
      'select visitor_id, score, ended_at from queue_admissions where event_id = $1 order by score',
      [event],
    )
    expect(rows).toEqual(
      [0, 1, 2].map(i => ({ visitor_id: visitors[i], score: places[i]!.score, ended_at: null })),
    )
  }
}, 30_000)

/** Six stand in line, two are called and the first of them comes; then Redis is another process, with what it had. */
async function failedOver() {
  const [queue, event, visitors] = [rig.queue('a', { recoveryMs: 300 }), await rig.event(), newVisitors(6)]
  await queue.configure(event, open, 'test')
  await joinInOrder(queue, event, visitors)
  await admitUntil(queue, event, async () => (await activeOf(event)) === 2)
  const [came] = await queue.passes(event, [visitors[0]!])
  await (await moment(event))()
  const { cfg, line } = rig.keys.queue(event)
  /** Who had not come stands where they stood, and who had keeps the pass. */
  const keepsPlaces = async () => {
    const standing = await rig.redis.zrangeBuffer(line, 0, '-1')
    expect(standing).toEqual(visitors.slice(1).map(who => queue.member(event, who)))
    queue.refresh(event)
    expect(await queue.gate(event, visitors[0]!, came!.pass)).toEqual({ ok: true })
  }
  return { queue, event, cfg, keepsPlaces }
}

test('[Q274] where a node fails while it mends a Redis that took over, the places stay for the one that mends it next', async () => {
  for (const step of ['callBuffer', 'time', 'zmscore', 'evalsha'] as const) {
    const { queue, event, cfg, keepsPlaces } = await failedOver()
    const fails = async (...given: never[]) => {
      const mends = step !== 'evalsha' || given.includes('lostAt' as never)
      if (mends) throw new Error('Command timed out')
      return await rig.redis.evalsha(...(given as unknown as Parameters<typeof rig.redis.evalsha>))
    }
    const failing = rig.queue('f', { recoveryMs: 300, redis: intercepted(rig.redis, step, fails) })
    await expect(failing.sweep(event)).rejects.toThrow('cannot be reached')
    expect(await rig.redis.hget(cfg, 'generation')).toBeNull()
    await queue.sweep(event)
    await keepsPlaces()
  }
}, 60_000)

test('[Q275] where a node dies with a new generation in Redis and not in Postgres, the places stay', async () => {
  const { queue, event, cfg, keepsPlaces } = await failedOver()
  const pool = intercepted(rig.pool, 'connect', async () => {
    const client = await rig.pool.connect()
    return intercepted(client, 'query', async (text: string, values: unknown[]) => {
      if (text.includes('begun = true')) throw Object.assign(new Error('gone'), { code: '57P01' })
      return await client.query(text, values)
    })
  })
  await expect(rig.queue('dies', { recoveryMs: 300, pool }).sweep(event)).rejects.toThrow('cannot be reached')
  expect(await rig.redis.hget(cfg, 'generation')).toBe('2')
  await queue.sweep(event)
  expect(await rig.redis.hget(cfg, 'generation')).toBe('3')
  await keepsPlaces()
}, 30_000)

test('[Q258] the log says that Redis had lost a queue only where it had', async () => {
  const said: string[] = []
  const hears = intercepted(log, 'warn', (_: unknown, text: string) => said.push(text))
  const [queue, event] = [rig.queue('a', { recoveryMs: 300, log: hears }), await rig.event()]
  const lost = () => said.filter(text => text.includes('lost')).length
  await queue.configure(event, open, 'test')
  await queue.sweep(event)
  const { generation } = await queue.settings(event)
  await (await moment(event))()
  await queue.sweep(event)
  queue.refresh(event)
  expect([lost(), (await queue.settings(event)).generation]).toEqual([0, generation + 1])
  await rig.redis.unlink(await rig.redis.keys(`*{${event}}*`))
  await queue.sweep(event)
  expect(lost()).toBe(1)
}, 20_000)
