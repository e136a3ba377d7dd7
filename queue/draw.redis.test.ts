import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import { roundAt } from './beacon.ts'
import { drawnScore } from './draw-order.ts'
import { type DrawRecord, readDraw, readEntrants } from './draw-record.ts'
import {
  admitUntil,
  intercepted,
  joinInOrder,
  movableClock,
  newVisitor,
  newVisitors,
  type QueueRig,
  queueRig,
  until,
  waiting,
} from './queue-fixture.ts'
import type { RedisQueue } from './redis-queue.ts'
import { verbKeys, verbs } from './verbs.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
  // Five draws with their threads at once keep this process from reading Redis's answers for seconds where the machine is busy.
  rig.redis.options.commandTimeout = 20_000
})
afterAll(() => rig.close())

const planned = { state: 'pre_queue', method: 'random', rate: 100, cap: 100 } as const

async function drawn(event: EventId, ...queues: RedisQueue[]): Promise<DrawRecord> {
  await until('the line is drawn', async () => {
    for (const queue of queues) await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.drawnAt != null
  })
  return (await readDraw(rig.pool, event))!
}

/** Their order as the seed says. */
function bySeed(queue: RedisQueue, event: EventId, visitors: VisitorId[], { seed }: DrawRecord): VisitorId[] {
  const scoreOf = (visitor: VisitorId) => drawnScore(seed!, queue.member(event, visitor))
  return visitors.toSorted((a, b) => scoreOf(a) - scoreOf(b))
}

async function lineOf(event: EventId): Promise<string[]> {
  const members = await rig.redis.zrangeBuffer(rig.keys.queue(event).line, '0', '-1')
  return members.map(member => member.toString('hex'))
}

const hexes = (queue: RedisQueue, event: EventId, visitors: VisitorId[]) =>
  visitors.map(visitor => queue.member(event, visitor).toString('hex'))

test('[Q63] the hash of the secret is fixed when the line is planned, the secret and the seed never before the root', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  await queue.configure(event, { ...planned, state: 'scheduled', opensAt: Date.now() + 60_000 }, 'test')
  const before = (await readDraw(rig.pool, event))!
  expect(before).toMatchObject({ root: null, seed: null, closedScore: null })
  await queue.configure(event, { state: 'pre_queue', opensAt: null }, 'test')
  await queue.sweep(event)
  expect(await readDraw(rig.pool, event)).toEqual(before)
  await expect(
    rig.pool.query(`update queue_draws set seed = secret where event_id = $1`, [event]),
  ).rejects.toThrow(/check/)
})

test('[Q64] those who came before the doors stand as the seed says, whoever came after entries closed behind them', async () => {
  const [queue, event, visitors, late] = [rig.queue('a'), await rig.event(), newVisitors(40), newVisitors(3)]
  await queue.configure(event, { ...planned, opensAt: Date.now() + 11_500 }, 'test')
  await joinInOrder(queue, event, visitors)
  const record = await drawn(event, queue)
  expect(Date.now()).toBeLessThan(record.promisedAt + 11_500)
  await joinInOrder(queue, event, late)
  const order = bySeed(queue, event, visitors, record)
  expect(await lineOf(event)).toEqual(hexes(queue, event, [...order, ...late]))
  expect(record.entrants).toBe(40)
  expect((await readEntrants(rig.pool, record)).toString('hex')).toBe(hexes(queue, event, visitors).join(''))
  // Doors keep to their time.
  await queue.admit(event)
  expect(await rig.redis.zcard(rig.keys.queue(event).act)).toBe(0)
}, 20_000)

test('[Q65] while the draw is to come a place has no number and is named among the entrants; then all are told', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(5)]
  await queue.configure(event, planned, 'test')
  const places = await joinInOrder(queue, event, visitors)
  const news = await rig.hear(event)
  for (const [i, place] of places.entries())
    expect(place).toMatchObject({ phase: 'pre', wait: null, entry: hexes(queue, event, visitors)[i] })
  await queue.configure(event, { state: 'open', rate: 0.001 }, 'test')
  const order = bySeed(queue, event, visitors, await drawn(event, queue))
  await expect.poll(() => news).toContainEqual({ kind: 'drawn' })
  for (const [i, visitor] of order.entries()) {
    const place = waiting(await queue.status(event, visitor))
    expect(place).toMatchObject({ position: i, entry: expect.any(String) })
    expect(place.phase).toBeUndefined()
    expect(place.score).toBeLessThan(0)
  }
})

test('[Q66] who left is not drawn, and who left after entries closed and came anew stands behind', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(10)]
  await queue.configure(event, { ...planned, beaconRound: 2 ** 31 }, 'test')
  await joinInOrder(queue, event, visitors)
  await queue.leave(event, visitors[0]!)
  await queue.configure(event, { state: 'open' }, 'test')
  await until('the root', async () => {
    await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.root != null
  })
  await queue.leave(event, visitors[1]!)
  await queue.leave(event, visitors[2]!)
  await queue.join(event, visitors[2]!)
  await queue.configure(event, { beaconRound: null, rate: 0.001 }, 'test')
  const record = await drawn(event, queue)
  expect(record.entrants).toBe(9)
  const order = [...bySeed(queue, event, visitors.slice(3), record), visitors[2]!]
  expect(await lineOf(event)).toEqual(hexes(queue, event, order))
})

test('[Q67] doors move for the front while the rest is filled in, and for nobody the draw has not reached', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(20)]
  await queue.configure(event, planned, 'test')
  await joinInOrder(queue, event, visitors)
  await queue.configure(event, { state: 'open' }, 'test')
  // As a driver that died in the middle leaves it.
  const { act } = rig.keys.queue(event)
  const order = bySeed(queue, event, visitors, { seed: Buffer.alloc(32) } as DrawRecord)
  const fill = async (from: string, some: VisitorId[]) =>
    await verbs.fill.run(rig.redis, verbKeys(rig.keys, event, ''), [
      1,
      Number.MAX_SAFE_INTEGER,
      from,
      '0',
      ...some.flatMap(visitor => {
        const member = queue.member(event, visitor)
        return [drawnScore(Buffer.alloc(32), member), member]
      }),
    ])
  await queue.admit(event)
  expect(await rig.redis.zcard(act)).toBe(0)
  expect(await fill('', order.slice(0, 7))).toEqual(['OK', 'filling', 7])
  await admitUntil(queue, event, async () => (await rig.redis.zcard(act)) === 7)
  await delay(300)
  await queue.admit(event)
  expect(await rig.redis.zcard(act)).toBe(7)
  expect((await rig.redis.zrangeBuffer(act, '0', '-1')).map(one => one.toString('hex')).toSorted()).toEqual(
    hexes(queue, event, order.slice(0, 7)).toSorted(),
  )
  // What comes before those before it does nothing.
  const before = String(drawnScore(Buffer.alloc(32), queue.member(event, order[9]!)))
  expect(await fill(before, order.slice(10, 12))).toEqual(['OK', 'gap'])
})

/** A process that dies at this statement: before it, or after it and before its answer; nothing of it goes on. */
function dying(at: RegExp, when: 'before' | 'after'): Pool {
  let dead = false
  const query = async (run: (...given: unknown[]) => Promise<unknown>, given: unknown[]) => {
    const here = !dead && typeof given[0] === 'string' && at.test(given[0])
    if (dead || (here && when === 'before')) throw new Error(`dead at ${at}`)
    const answer = await run(...given)
    if (!here) return answer
    dead = true
    throw new Error(`dead after ${at}`)
  }
  const withQuery = (target: object, run: (...given: unknown[]) => Promise<unknown>) =>
    intercepted(target as Pool, 'query', (...given: unknown[]) => query(run, given))
  const pool = withQuery(rig.pool, (...given) => rig.pool.query(...(given as [string])))
  return intercepted(pool, 'connect', async () => {
    const client = await rig.pool.connect()
    return withQuery(client, async (...given) => await client.query(...(given as [string])))
  })
}

const STEPS = [/set closed_at/, /set root/, /insert into queue_draw_entrants/, /set seed/, /set drawn_at/]

test.concurrent.each(STEPS.flatMap(step => [[step, 'before'] as const, [step, 'after'] as const]))(
  '[Q68] where its driver dies at %s, %s it, another goes on, and no root and no seed ever changes',
  async (step, when) => {
    const [one, two] = [rig.queue('one', { pool: dying(step, when) }), rig.queue(`two ${step}`)]
    const [event, visitors] = [await rig.event(), newVisitors(600)]
    await two.configure(event, planned, 'test')
    await Promise.all(visitors.map(visitor => two.join(event, visitor)))
    await two.configure(event, { state: 'open', rate: 0.001 }, 'test')
    const read = async () => (await readDraw(rig.pool, event))!
    for (let beat = 0; beat < 5; beat++) {
      await one.sweep(event).catch(() => undefined)
      await delay(100)
    }
    const between = await read()
    const record = await drawn(event, two)
    if (between.root !== null) expect(record.root).toEqual(between.root)
    if (between.seed !== null) expect(record.seed).toEqual(between.seed)
    expect(record.entrants).toBe(600)
    expect(await lineOf(event)).toEqual(hexes(two, event, bySeed(two, event, visitors, record)))
  },
  30_000,
)

test('[Q68] where its driver dies in the middle of filling in, another goes on behind it', async () => {
  let calls = 0
  const dyingRedis = intercepted(rig.redis, 'evalsha', async (...given: unknown[]) => {
    if (given.length > 200) calls++
    if (calls > 2) throw new Error('dead')
    return await rig.redis.evalsha(...(given as [string, number]))
  })
  const [one, two] = [rig.queue('one', { redis: dyingRedis }), rig.queue('two')]
  const [event, visitors] = [await rig.event(), newVisitors(1_500)]
  await two.configure(event, planned, 'test')
  await Promise.all(visitors.map(visitor => two.join(event, visitor)))
  await two.configure(event, { state: 'open', rate: 0.001 }, 'test')
  await until('two batches', async () => {
    await one.sweep(event).catch(() => undefined)
    return calls > 2
  })
  const { seed } = (await readDraw(rig.pool, event))!
  const drawnTo = await rig.redis.hget(rig.keys.queue(event).cfg, 'drawnTo')
  expect(await rig.redis.zcount(rig.keys.queue(event).line, '-inf', drawnTo!)).toBe(200)
  const record = await drawn(event, two)
  expect(record.seed).toEqual(seed)
  expect(await lineOf(event)).toEqual(hexes(two, event, bySeed(two, event, visitors, record)))
}, 20_000)

test('[Q69] any number of nodes that drive one draw make one', async () => {
  const queues = ['a', 'b', 'c'].map(node => rig.queue(node))
  const [event, visitors] = [await rig.event(), newVisitors(600)]
  await queues[0]!.configure(event, planned, 'test')
  await Promise.all(visitors.map(visitor => queues[0]!.join(event, visitor)))
  await queues[0]!.configure(event, { state: 'open', rate: 0.001 }, 'test')
  // The lease is lost again and again.
  const { cfg } = rig.keys.queue(event)
  const thief = setInterval(() => void rig.redis.hset(cfg, 'drawerUntil', '0'), 5)
  const record = await drawn(event, ...queues).finally(() => clearInterval(thief))
  expect(await lineOf(event)).toEqual(hexes(queues[0]!, event, bySeed(queues[0]!, event, visitors, record)))
}, 20_000)

test('[Q72] once entries have closed the method stands, and a beacon may only be dropped; it comes after the doors', async () => {
  const [queue, event] = [rig.queue('a'), await rig.event()]
  const refused = (change: object, field: string) =>
    expect(queue.configure(event, change, 'test')).rejects.toMatchObject({
      code: 'invalid_request',
      extra: { errors: [{ field }] },
    })
  const opensAt = Date.now() + 60_000
  const soon = Math.ceil((opensAt - roundAt(1)) / 3_000) + 1
  await refused({ ...planned, opensAt, beaconRound: soon - 5 }, 'beaconRound')
  await refused({ ...planned, beaconRound: 1 }, 'beaconRound')
  await refused({ ...planned, beaconRound: 0 }, 'beaconRound')
  const clock = movableClock()
  const late = rig.queue('late', { clock })
  await queue.configure(event, { ...planned, beaconRound: soon }, 'test')
  clock.ahead = 70_000
  const opening = late.configure(event, { state: 'open' }, 'test')
  await expect(opening).rejects.toMatchObject({ extra: { errors: [{ field: 'beaconRound' }] } })
  await queue.configure(event, { ...planned, opensAt, beaconRound: soon + 5 }, 'test')
  await queue.configure(event, { beaconRound: soon + 20_000_000 }, 'test')
  await queue.configure(event, { state: 'pre_queue', opensAt: Date.now() + 9_000 }, 'test')
  await until('entries are closed', async () => {
    await queue.sweep(event)
    return (await readDraw(rig.pool, event))?.closedAt != null
  })
  await refused({ method: 'fifo' }, 'method')
  await refused({ beaconRound: soon + 30_000_000 }, 'beaconRound')
  expect((await readDraw(rig.pool, event))?.beaconRound).toBe(soon + 20_000_000)
})

const RECORDED = {
  round: 657_413,
  signature: Buffer.from(
    'b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b',
    'hex',
  ),
}

test('[Q73] doors wait for the named beacon and believe no other; without it an operator may go on, which the draw says', async () => {
  const clock = movableClock()
  clock.ahead = roundAt(RECORDED.round) - 60_000 - Date.now()
  let brought: Buffer | undefined = Buffer.alloc(48, 1)
  const queue = rig.queue('a', { beacon: async () => brought })
  const operator = rig.queue('o', { clock })
  const [event, other] = [await rig.event(), await rig.event()]
  for (const one of [event, other]) {
    await operator.configure(one, { ...planned, beaconRound: RECORDED.round }, 'test')
    queue.refresh(one)
    await joinInOrder(queue, one, newVisitors(5))
    await operator.configure(one, { state: 'open' }, 'test')
    queue.refresh(one)
    await until('the root', async () => {
      await queue.sweep(one)
      return (await readDraw(rig.pool, one))?.root != null
    })
    await delay(300)
    await queue.sweep(one)
    await queue.admit(one)
    expect(await readDraw(rig.pool, one)).toMatchObject({ seed: null })
    expect(await rig.redis.zcard(rig.keys.queue(one).act)).toBe(0)
  }
  await operator.configure(other, { beaconRound: null }, 'ana')
  expect(await drawn(other, queue)).toMatchObject({
    beaconRound: RECORDED.round,
    beaconDropped: true,
    beaconSignature: null,
  })
  brought = RECORDED.signature
  expect(await drawn(event, queue)).toMatchObject({
    beaconDropped: false,
    beaconSignature: RECORDED.signature,
  })
  const { rows } = await rig.pool.query(
    `select detail->'before'->>'beaconRound' as before from audit_log where event_id = $1 and actor = 'ana'`,
    [other],
  )
  expect(rows).toEqual([{ before: String(RECORDED.round) }])
}, 20_000)

test('[Q74] scores keep every digit from -2^52 to the latest arrival, and sort by it', async () => {
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(6)]
  await queue.configure(event, planned, 'test')
  await joinInOrder(queue, event, visitors)
  const scores = [-(2 ** 52), -(2 ** 52) + 1, -(2 ** 51) - 1, -2, -1]
  const call = (last: '0' | '1', places: (number | Buffer)[]) =>
    verbs.fill.run(rig.redis, verbKeys(rig.keys, event, ''), [1, 2 ** 53 - 1, '', last, ...places])
  await call(
    '0',
    scores.flatMap((score, i) => [score, queue.member(event, visitors[i]!)]),
  )
  expect(await rig.redis.hget(rig.keys.queue(event).cfg, 'drawnTo')).toBe('-1')
  await call('1', [])
  for (const [i, score] of scores.entries())
    expect(waiting(await queue.status(event, visitors[i]!))).toMatchObject({ score, position: i })
  expect(waiting(await queue.status(event, visitors[5]!)).position).toBe(5)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await queue.status(event, visitors[0]!)).state === 'admitted')
  expect(
    (await rig.redis.hget(rig.keys.queue(event).called, queue.member(event, visitors[0]!))) ?? '',
  ).toMatch(/^-4503599627370496$/)
})

test('[Q77] an operator who opens or closes the line by hand has it drawn before anybody is let in; fifo takes that back', async () => {
  for (const state of ['open', 'closing'] as const) {
    const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(8)]
    await queue.configure(event, { ...planned, cap: 3 }, 'test')
    await joinInOrder(queue, event, visitors)
    await queue.configure(event, { state }, 'test')
    await queue.admit(event)
    const { act } = rig.keys.queue(event)
    expect(await rig.redis.zcard(act)).toBe(0)
    const order = bySeed(queue, event, visitors, await drawn(event, queue))
    await admitUntil(queue, event, async () => (await rig.redis.zcard(act)) === 3)
    const first = (await queue.passes(event, visitors)).map(({ visitorId }) => visitorId)
    expect(new Set(first)).toEqual(new Set(order.slice(0, 3)))
  }
  const [queue, event, visitors] = [rig.queue('a'), await rig.event(), newVisitors(3)]
  await queue.configure(event, planned, 'test')
  await joinInOrder(queue, event, visitors)
  await queue.configure(event, { method: 'fifo', state: 'open' }, 'test')
  await queue.sweep(event)
  expect(await lineOf(event)).toEqual(hexes(queue, event, visitors))
  await admitUntil(queue, event, async () => (await queue.passes(event, visitors)).length === 3)
  expect((await readDraw(rig.pool, event))?.closedAt).toBeNull()
  waiting(await queue.join(event, newVisitor()))
})
