import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectOnsale, type OnsaleOptions } from '../client/onsale.ts'
import type { Fetch } from '../client/platform.ts'
import type { EventId } from '../shared/ids.ts'
import { encodeDiff, encodeSnapshot, mergeDiffs } from '../shared/wire/seat-frames.ts'
import { makeNode, type TestNode } from './node-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

/** As GET /events/:eventId/seats answers, from the same inventory. */
const seatsOverHttp: Fetch = async url => {
  const since = /since=(\d+)\.(\d+)/.exec(url)
  const diffs =
    since === null ? undefined : await node.inventory.since(node.stock, Number(since[1]), Number(since[2]))
  const frame =
    diffs === undefined || diffs.length === 0
      ? encodeSnapshot(await node.inventory.snapshot(node.stock))
      : encodeDiff(mergeDiffs(diffs))!
  return {
    ok: true,
    status: 200,
    headers: { get: () => null },
    json: async () => ({}),
    arrayBuffer: async () => frame.buffer,
  }
}

function fan(options: Partial<OnsaleOptions> = {}) {
  const { token } = node.visitor()
  const realtimeUrl = `ws://127.0.0.1:${node.port}`
  return connectOnsale({ httpUrl: '', realtimeUrl, token, fetch: seatsOverHttp, ...options })
}

test('[W60] the SDK’s maps equal the inventory bit by bit, on two fans, after a storm of holds', async () => {
  const fans = [fan(), fan()]
  const watches = fans.map(one => one.watchSeats(node.eventId))
  await expect.poll(() => watches.map(({ status }) => status), SOON).toEqual(['live', 'live'])
  for (let round = 0; round < 20; round++) {
    const seats = Array.from({ length: 40 }, (_, i) => i).filter(i => i % 20 === round)
    const booking = await node.hold(seats)
    if (round % 3 === 0) await node.inventory.release(node.stock, booking)
    if (round % 3 === 1) await node.inventory.mark(node.stock, seats, 2, booking)
  }
  const truth = await node.inventory.snapshot(node.stock)
  const want = Array.from({ length: 40 }, (_, i) => ((truth.state[i >> 2] ?? 0) >> (6 - 2 * (i & 3))) & 3)
  for (const { state } of watches) {
    await expect.poll(() => state.seq, SOON).toBe(truth.seq)
    expect(want.map((_, i) => state.get(i))).toEqual(want)
    expect(state.free).toBe((await node.inventory.counts(node.stock)).free)
  }
  for (const one of fans) one.close()
})

test('[W61] the SDK joins, waits, is admitted, and watches with its pass', async () => {
  const { eventId } = await node.addEvent('sdkqueue')
  await node.queue.configure(eventId, { state: 'open', rate: 0.0001, burst: 1, cap: 50 }, 'test')
  const [first, second] = [fan(), fan()]
  const front = first.queue(eventId)
  front.join()
  await expect.poll(() => front.view.place, { timeout: 5_000 }).toBe('admitted')
  const place = second.queue(eventId)
  place.join()
  await expect.poll(() => place.view.place, SOON).toBe('waiting')
  expect(place.view.position).toBe(0)
  const watch = second.watchSeats(eventId)
  await expect.poll(() => watch.status, SOON).toBe('refused')
  await node.queue.configure(eventId, { rate: 50, burst: 50 }, 'test')
  await expect.poll(() => place.view.place, { timeout: 5_000 }).toBe('admitted')
  watch.setPass(place.view.pass)
  await expect.poll(() => watch.status, SOON).toBe('live')
  first.close()
  second.close()
})

/** Keeps what Redis has of the event's seats; the answer brings it back, as a Redis does that lost its newest changes. */
async function keep(event: EventId) {
  const { redis, keys } = node.deps
  const { meta, state, log } = keys.seats(event)
  const kept = await redis.hgetall(meta)
  const bits = await redis.getBuffer(state)
  const length = await redis.llen(log)
  return async () => {
    const lost = (await redis.llen(log)) - length
    await redis.multi().hset(meta, kept).set(state, bits!).ltrim(log, lost, -1).exec()
  }
}

test.each(['and stands still', 'and others take its numbers', 'and was cut off'])(
  '[W67] Redis went back in the same epoch %s: every map follows it',
  async what => {
    const one = fan()
    const watch = one.watchSeats(node.eventId)
    await expect.poll(() => watch.status, SOON).toBe('live')
    const { seq } = watch.state
    const back = await keep(node.eventId)
    const [first, second] = what.endsWith('still') ? [0, 1] : what.endsWith('numbers') ? [2, 3] : [4, 5]
    const before = watch.state.get(first)
    await node.inventory.mark(node.stock, [first], 3)
    await node.inventory.mark(node.stock, [first + 10], 3)
    await expect.poll(() => watch.state.seq, SOON).toBe(seq + 2)
    expect(watch.state.get(first)).toBe(3)
    await back()
    if (what.endsWith('numbers')) await node.inventory.mark(node.stock, [second], 3)
    if (what.endsWith('off')) await node.deps.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await expect.poll(() => watch.state.get(first), SOON).toBe(before)
    await node.inventory.mark(node.stock, [second + 20], 3)
    const truth = await node.inventory.snapshot(node.stock)
    await expect.poll(() => watch.state.seq, SOON).toBe(truth.seq)
    const want = Array.from({ length: 40 }, (_, i) => ((truth.state[i >> 2] ?? 0) >> (6 - 2 * (i & 3))) & 3)
    expect(want.map((_, i) => watch.state.get(i))).toEqual(want)
    one.close()
  },
)
