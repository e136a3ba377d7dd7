import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SeatSnapshot } from '../shared/seats/inventory.ts'
import { decodeDiff } from '../shared/wire/seat-frames.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

async function watching(eventId = node.eventId) {
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  fan.say({ type: 'watch', eventId })
  return { fan, told: await fan.next('watching') }
}

test('[S5] a watcher hears every change after the version it was told, under its handle', async () => {
  const { fan, told } = await watching()
  const booking = await node.hold([3, 4])
  const diff = await fan.diff()
  expect(diff).toMatchObject({
    epoch: told.epoch,
    seqFrom: told.seq + 1,
    handle: told.handle,
    changes: [3, 1, 4, 1],
  })
  await node.inventory.release(node.stock, booking)
  expect((await fan.diff()).changes).toEqual([3, 0, 4, 0])
  fan.close()
})

test('[W1] both doors hear the same diffs, byte by byte', async () => {
  const { fan } = await watching()
  const app = io(`http://127.0.0.1:${node.port}`, {
    transports: ['websocket'],
    auth: { token: node.visitor().token },
  })
  const frames: Uint8Array[] = []
  const told = new Promise<{ handle: number; epoch: number; seq: number }>(resolve =>
    app.on('watching', resolve),
  )
  app.on('diff', (frame: Uint8Array) => frames.push(new Uint8Array(frame)))
  app.emit('watch', { eventId: node.eventId })
  const { seq } = await told
  const bookings = [await node.hold([10]), await node.hold([11]), await node.hold([12, 13])]
  for (const booking of bookings) await node.inventory.release(node.stock, booking)
  let last = 0
  while (last < seq + 6) last = (await fan.diff()).seq
  await expect.poll(() => decodeDiff(frames.at(-1) ?? new Uint8Array())?.seq, SOON).toBe(seq + 6)
  const plain = fan.heard.flatMap(one => ('frame' in one ? [Buffer.from(one.frame).toString('hex')] : []))
  expect(frames.map(frame => Buffer.from(frame).toString('hex'))).toEqual(plain.slice(-frames.length))
  app.disconnect()
  fan.close()
})

test('[S6] subscribe, buffer, fetch, apply: whatever changes meanwhile, nothing is missed', async () => {
  for (let round = 0; round < 10; round++) {
    let changing = true
    const changes = (async () => {
      while (changing) await node.inventory.release(node.stock, await node.hold([20, 21]))
    })()
    const { fan, told } = await watching()
    const snapshot: SeatSnapshot = await node.inventory.snapshot(node.stock)
    expect([snapshot.epoch, snapshot.seq >= told.seq]).toEqual([told.epoch, true])
    changing = false
    await changes
    const last = await node.hold([22])
    const state = new SeatState()
    state.snapshot(snapshot)
    const { seq } = await node.inventory.counts(node.stock)
    while (state.seq < seq) expect(state.diff(await fan.diff())).not.toBe('resync')
    expect([state.get(20), state.get(21), state.get(22)]).toEqual([0, 0, 1])
    await node.inventory.release(node.stock, last)
    fan.close()
  }
})

test('[S7] a gap in what Redis sends makes every watcher resync, and diffs go on behind it', async () => {
  const { eventId } = await node.addEvent('agap')
  const { fan, told } = await watching(eventId)
  const channel = node.deps.keys.seats(eventId).channel
  const ahead = { e: told.epoch, s: told.seq + 5, t: 1, c: [1, 2], a: {}, f: 40 }
  await node.deps.redis.publish(channel, JSON.stringify(ahead))
  expect(await fan.next('resync')).toMatchObject({ epoch: told.epoch, seq: told.seq + 5 })
  await node.deps.redis.publish(channel, JSON.stringify({ ...ahead, s: told.seq + 6, c: [2, 2] }))
  expect(await fan.diff()).toMatchObject({ seqFrom: told.seq + 6, seq: told.seq + 6, changes: [2, 2] })
  await node.deps.redis.publish(channel, '{"e":')
  const epoch = told.epoch + 1
  await node.deps.redis.publish(channel, JSON.stringify({ ...ahead, e: epoch, s: 0, c: {} }))
  expect(await fan.next('resync')).toMatchObject({ epoch, seq: 0 })
  fan.close()
})

test('[S8] a last diff that pub/sub lost is found by comparing versions', async () => {
  const { eventId, stock } = await node.addEvent('lostlast')
  const { fan, told } = await watching(eventId)
  // As if a script had announced while nobody heard.
  await node.deps.redis.hincrby(node.deps.keys.seats(eventId).meta, 'seq', 1)
  expect(await fan.next('resync', 10_000)).toMatchObject({ epoch: told.epoch, seq: told.seq + 1 })
  await node.hold([1], { stock })
  expect((await fan.diff()).seqFrom).toBe(told.seq + 2)
  fan.close()
})

test('[S9] an abandoned hold shows free within 500 ms of its end', async () => {
  const { fan } = await watching()
  await node.hold([30, 31], { ttl: 700 })
  const held = await fan.diff()
  expect(held.changes).toEqual([30, 1, 31, 1])
  const free = await fan.diff()
  expect(free.changes).toEqual([30, 0, 31, 0])
  // By the scripts' own clock.
  const took = free.now - held.now
  expect(took).toBeGreaterThanOrEqual(700)
  expect(took).toBeLessThanOrEqual(1_200)
  fan.close()
})

test('[S10] the first change after quiet goes at once; changes of one tick come as one diff', async () => {
  const { fan, told } = await watching()
  await node.hold([25])
  expect((await fan.diff()).seq).toBe(told.seq + 1)
  // Published in one turn of Redis, heard in one turn here.
  const batch = node.deps.redis.multi()
  const { channel, meta } = node.deps.keys.seats(node.eventId)
  for (const n of [2, 3, 4, 5]) {
    const diff = { e: told.epoch, s: told.seq + n, t: 1, c: [24 + n, 1], a: {}, f: 40 }
    batch.hset(meta, 'seq', diff.s).publish(channel, JSON.stringify(diff))
  }
  await batch.exec()
  expect(await fan.diff()).toMatchObject({
    seqFrom: told.seq + 2,
    seq: told.seq + 5,
    changes: [26, 1, 27, 1, 28, 1, 29, 1],
  })
  fan.close()
})

test('[S11] a socket watches eight events at most, those on sale alone, and hears no more after unwatch', async () => {
  const { fan } = await watching()
  for (let i = 0; i < 8; i++) {
    const { eventId } = await node.addEvent(`many${i}000`)
    fan.say({ type: 'watch', eventId })
    if (i < 7) expect((await fan.next('watching')).eventId).toBe(eventId)
  }
  expect(await fan.next('error')).toMatchObject({ code: 'too_many_requests', eventId: 'many7000' })
  await node.addEvent('later0000', 'offsale')
  fan.say({ type: 'unwatch', eventId: node.eventId })
  fan.say({ type: 'watch', eventId: 'later0000' })
  expect(await fan.next('error')).toMatchObject({ code: 'not_on_sale', eventId: 'later0000' })
  fan.say({ type: 'watch', eventId: 'nosuchevent' })
  expect(await fan.next('error')).toMatchObject({ code: 'event_not_found', eventId: 'nosuchevent' })
  await node.hold([35])
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(fan.heard.some(one => 'frame' in one && decodeDiff(one.frame)?.changes.includes(35))).toBe(false)
  fan.close()
})
