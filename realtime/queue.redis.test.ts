import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { EventId } from '../shared/ids.ts'
import { positionOf } from '../shared/wire/position.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

let node: TestNode
let eventId: EventId
let events = 0

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

beforeEach(async () => {
  eventId = (await node.addEvent(`queue${events++}`)).eventId
})

/** Most tests want a line that does not move by itself. */
function open(change: Parameters<TestNode['queue']['configure']>[1] = {}) {
  return node.queue.configure(eventId, { state: 'open', rate: 0.0001, burst: 1, cap: 100, ...change }, 'test')
}

async function arrive(visitor = node.visitor()) {
  const fan = new Fan(node.port, visitor.token)
  await fan.next('welcome')
  return { fan, ...visitor }
}

async function join(visitor = node.visitor()) {
  const fan = await arrive(visitor)
  fan.fan.say({ type: 'join', eventId })
  return { ...fan, place: (await fan.fan.next('place')).place }
}

/** The first to join takes the one admission that waits: whoever comes after stays in the line. */
async function fillFront() {
  const first = await join()
  if (first.place.state === 'waiting') await first.fan.next('admitted')
  return first
}

test('[S14] who joins over a socket gets a place, hears a tick each second, and a pass when the turn has come', async () => {
  await open()
  const first = await fillFront()
  const a = await join()
  const b = await join()
  if (a.place.state !== 'waiting' || b.place.state !== 'waiting') throw new Error('both wait')
  const tick = await b.fan.next('tick')
  await b.fan.next('tick', 2_000)
  const latest = b.fan.all('tick').at(-1) ?? tick
  expect([latest.waiting, latest.active]).toEqual([2, 1])
  expect(positionOf(latest.knots, a.place.score)).toBe(0)
  expect(positionOf(latest.knots, b.place.score)).toBe(1)
  await open({ rate: 50, burst: 50 })
  const admitted = await b.fan.next('admitted')
  expect(node.deps.clock.now()).toBeLessThan(admitted.until)
  expect(await node.queue.gate(eventId, b.visitorId, admitted.pass)).toEqual({ ok: true })
  await a.fan.next('admitted')
  for (const { fan } of [first, a, b]) fan.close()
})

test('[S15] two sockets of one visitor have one place and are both told', async () => {
  await open()
  const first = await fillFront()
  const visitor = node.visitor()
  const one = await join(visitor)
  const two = await join(visitor)
  expect(two.place).toMatchObject({
    state: 'waiting',
    score: one.place.state === 'waiting' ? one.place.score : 0,
  })
  expect((await node.queue.info(eventId)).waiting).toBe(1)
  one.fan.close()
  await one.fan.closed
  await open({ rate: 50, burst: 50 })
  await two.fan.next('admitted')
  const three = await join(visitor)
  expect(three.place.state).toBe('admitted')
  for (const { fan } of [first, two, three]) fan.close()
})

test('[S16] while the queue is on, seats are watched with the pass of this session alone', async () => {
  await open({ rate: 50, burst: 50 })
  const { fan } = await arrive()
  fan.say({ type: 'watch', eventId })
  expect(await fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
  fan.say({ type: 'watch', eventId, pass: 'x.y.z' })
  expect(await fan.next('error')).toMatchObject({ code: 'pass_invalid', eventId })
  const other = await join()
  const { pass } = other.place.state === 'admitted' ? other.place : await other.fan.next('admitted')
  fan.say({ type: 'watch', eventId, pass })
  expect(await fan.next('error')).toMatchObject({ code: 'pass_foreign', eventId })
  other.fan.say({ type: 'watch', eventId, pass })
  await other.fan.next('watching')
  fan.close()
  other.fan.close()
})

test('[S17] a queue that is turned on shows out who watches without a pass, and says why; off, it ends every place', async () => {
  const watcher = await arrive()
  watcher.fan.say({ type: 'watch', eventId })
  await watcher.fan.next('watching')
  await open()
  expect(await watcher.fan.next('queue')).toMatchObject({ queue: { state: 'open' } })
  expect(await watcher.fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
  const { stock } = (await node.deps.events.find(eventId))!
  await node.inventory.mark(stock, [1], 2)
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(watcher.fan.heard.some(one => 'frame' in one)).toBe(false)
  const first = await fillFront()
  const waiting = await join()
  await open({ state: 'off' })
  expect(await waiting.fan.next('ended')).toMatchObject({ reason: 'queue_off' })
  expect(await first.fan.next('ended')).toMatchObject({ reason: 'queue_off' })
  watcher.fan.say({ type: 'watch', eventId })
  await watcher.fan.next('watching')
  watcher.fan.say({ type: 'join', eventId })
  expect(await watcher.fan.next('error')).toMatchObject({ code: 'queue_off', eventId })
  for (const { fan } of [watcher, first, waiting]) fan.close()
})

test('[S18] when a turn ends, its sockets are told and hear no more of the seats', async () => {
  await open({ rate: 50, burst: 50 })
  const fan = await join()
  const { pass } = fan.place.state === 'admitted' ? fan.place : await fan.fan.next('admitted')
  fan.fan.say({ type: 'watch', eventId, pass })
  await fan.fan.next('watching')
  await node.queue.end(eventId, fan.visitorId, 'ejected')
  expect(await fan.fan.next('ended')).toMatchObject({ reason: 'ejected', eventId })
  expect(await fan.fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
  fan.fan.say({ type: 'watch', eventId, pass })
  expect(await fan.fan.next('error')).toMatchObject({ code: 'waiting_room_required', eventId })
  fan.fan.close()
})

test('[S19] a lost call is made up for: whoever stands at or below the frontier and was not told is told by the next tick', async () => {
  await open()
  const first = await fillFront()
  const a = await join()
  // Nobody hears the news of the next admission.
  await node.deps.subscriber.unsubscribe(node.deps.keys.queue(eventId).channel)
  await open({ rate: 50, burst: 50 })
  await a.fan.next('admitted', 5_000)
  first.fan.close()
  a.fan.close()
})

test('[S30] who leaves has no place; the last socket to close starts the grace, a return within it keeps the place', async () => {
  await open({ graceSeconds: 2 })
  const first = await fillFront()
  const leaver = await join()
  leaver.fan.say({ type: 'leave', eventId })
  expect(await leaver.fan.next('ended')).toMatchObject({ reason: 'left' })
  const visitor = node.visitor()
  const before = await join(visitor)
  before.fan.close()
  await before.fan.closed
  const after = await join(visitor)
  expect(after.place).toMatchObject({ score: before.place.state === 'waiting' ? before.place.score : 0 })
  await new Promise(resolve => setTimeout(resolve, 3_000))
  expect((await node.queue.status(eventId, visitor.visitorId)).state).toBe('waiting')
  after.fan.close()
  await expect
    .poll(async () => (await node.queue.info(eventId)).waiting, { timeout: 8_000, interval: 200 })
    .toBe(0)
  for (const { fan } of [first, leaver]) fan.close()
}, 30_000)

test('[V82] who joins at the socket’s door, or is refused there, is told the times of the line', async () => {
  const from = node.deps.clock.now() + 600_000
  await open({ state: 'scheduled', preQueueAt: from, opensAt: from + 1_000, message: 'Soon.' })
  const early = await arrive()
  early.fan.say({ type: 'join', eventId })
  const times = { preQueueAt: from, opensAt: from + 1_000, message: 'Soon.' }
  expect((await early.fan.next('queue')).queue).toMatchObject({ state: 'scheduled', ...times })
  expect(await early.fan.next('error')).toMatchObject({ code: 'queue_closed', from })
  await open({ state: 'pre_queue' })
  const { fan, place } = await join()
  expect(place.state).toBe('waiting')
  expect((await fan.next('queue')).queue).toMatchObject({ state: 'pre_queue', ...times })
  for (const one of [early.fan, fan]) one.close()
})

test('[Q157] a hard limit of places counts sockets too, by the network they come from', async () => {
  await open({ state: 'pre_queue', perNetwork: 2 })
  const [one, two] = [await join(), await join()]
  const third = await arrive()
  third.fan.say({ type: 'join', eventId })
  expect(await third.fan.next('error')).toMatchObject({ code: 'too_many_places' })
  const again = await join({ visitorId: two.visitorId, token: two.token })
  expect(again.place.state).toBe('waiting')
  for (const { fan } of [one, two, third, again]) fan.close()
})

test('[Q196] nobody joins through a socket an event that is unknown, not on sale or over', async () => {
  const { fan } = await arrive()
  const { eventId: later } = await node.addEvent('later0001', 'offsale')
  await node.deps.pool.query(`update events set starts_at = now() - interval '13 hours' where id = $1`, [
    eventId,
  ])
  for (const [event, code] of [
    ['nosuchevent', 'event_not_found'],
    [later, 'not_on_sale'],
    [eventId, 'not_on_sale'],
  ] as [EventId, string][]) {
    fan.say({ type: 'join', eventId: event })
    expect(await fan.next('error')).toMatchObject({ code, eventId: event })
  }
  fan.close()
})

test('[V130] who watches without a pass is told to join, not to try again after a while', async () => {
  await open()
  const { fan } = await arrive()
  fan.say({ type: 'watch', eventId })
  const refused = await fan.next('error')
  expect(refused).toMatchObject({ code: 'waiting_room_required', eventId })
  expect(refused.detail).toMatch(/join it, and watch with the pass/)
  expect(refused.retryAfter).toBeUndefined()
  fan.close()
})

test('[Q256] who joins through a socket is counted at once', async () => {
  await open({ state: 'paused' })
  expect((await node.queue.info(eventId)).waiting).toBe(0)
  const { fan } = await join()
  expect((await fan.next('queue')).queue).toMatchObject({ state: 'paused', waiting: 1 })
  fan.close()
})
