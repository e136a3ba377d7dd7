import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { RedisQueue } from '../../queue/redis-queue.ts'
import { type EventRecord, stockOf } from '../../shared/event-store.ts'
import { eventId } from '../../shared/ids.ts'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import { smallHouse } from '../../shared/seats/small-house.ts'
import { decodeDiff, decodeSnapshot } from '../../shared/wire/seat-frames.ts'
import { SeatState } from '../../shared/wire/seat-state.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { ticketStream } from './ticket-list.ts'

let it: TestApp
let event: EventRecord
let path: string
beforeAll(async () => {
  it = await makeApp()
  event = (await it.deps.events.find(it.eventId))!
  path = `/events/${it.eventId}/seats`
})
afterAll(() => it.close())

const binary = async (query = '', headers: Record<string, string> = {}) => {
  const answer = await it.call<Uint8Array>('GET', `${path}${query}`, { headers })
  return { ...answer, tag: answer.headers.get('etag') }
}
const json = (query = '') =>
  it.call<{ epoch: number; seq: number; tickets: { status: string }[]; [key: string]: unknown }>(
    'GET',
    `${path}${query}`,
    {
      headers: { accept: 'application/json' },
    },
  )

test('[S20] the snapshot is binary, 2 bits a seat; its ETag is epoch.seq, and who has it is answered 304', async () => {
  await it.deps.inventory.mark(event.stock, [1, 39], 2)
  const { status, headers, body, tag } = await binary()
  expect([status, headers.get('content-type'), body.length]).toEqual([
    200,
    'application/octet-stream',
    20 + 10 + 4,
  ])
  const snapshot = decodeSnapshot(body)!
  expect(tag).toBe(`"${snapshot.epoch}.${snapshot.seq}"`)
  const state = new SeatState()
  state.snapshot(snapshot)
  expect([state.get(0), state.get(1), state.get(39), state.areas]).toEqual([0, 2, 2, [10]])
  expect(headers.get('vary')).toMatch(/Accept/)
  const again = await binary('', { 'if-none-match': tag! })
  expect([again.status, again.body.length, again.tag]).toEqual([304, 0, tag])
  await it.deps.inventory.mark(event.stock, [2], 3)
  expect((await binary('', { 'if-none-match': tag! })).status).toBe(200)
})

test('[S21] by Accept the state comes as JSON, with the standing areas', async () => {
  const { body, headers } = await json()
  const snapshot = await it.deps.inventory.snapshot(event.stock)
  expect(headers.get('etag')).toBe(`"${snapshot.epoch}.${snapshot.seq}"`)
  expect(body).toMatchObject({ eventId: it.eventId, epoch: snapshot.epoch, seq: snapshot.seq })
  expect(body.tickets).toHaveLength(40)
  expect(body.tickets.slice(0, 4).map(({ status }) => status)).toEqual([
    'available',
    'sold',
    'blocked',
    'available',
  ])
  expect(body['areas']).toEqual([
    { areaId: 'floor', name: 'Floor', category: 'floor', available: 10, capacity: 10, price: 2000 },
  ])
  expect(Math.abs(Date.parse(String(body['serverTime'])) - it.deps.clock.now())).toBeLessThan(60_000)
})

test('[S22] since=epoch.seq answers one diff of what changed, an empty one where nothing did', async () => {
  const { epoch, seq } = await it.deps.inventory.snapshot(event.stock)
  const before = await binary(`?since=${epoch}.${seq}`)
  expect(decodeDiff(before.body)).toMatchObject({ epoch, seq, changes: [], areas: [], last: true })
  await it.deps.inventory.mark(event.stock, [10], 2)
  await it.deps.inventory.mark(event.stock, [10], 0)
  const diff = decodeDiff((await binary(`?since=${epoch}.${seq}`)).body)
  expect(diff).toMatchObject({ epoch, seqFrom: seq + 1, seq: seq + 2, changes: [10, 0] })
  const told = (await json(`?since=${epoch}.${seq}`)).body
  expect(told).toMatchObject({ seqFrom: seq + 1, seq: seq + 2, areas: [] })
  expect(told['changes']).toEqual([{ ticketId: `${it.eventId}-10`, status: 'available' }])
})

test('[S23] where since is of another epoch, too old or ahead of us, the whole comes; where it is garbage, a 400', async () => {
  const { epoch, seq } = await it.deps.inventory.snapshot(event.stock)
  for (const since of [`${epoch + 1}.0`, `${epoch}.${seq + 1_000}`])
    expect(decodeSnapshot((await binary(`?since=${since}`)).body), since).toMatchObject({ epoch, seq })
  for (const since of ['', '1', 'a.b', '-1.0', '1.2.3', '9'.repeat(40)]) {
    const { status, body } = await it.call<{ errors: object[] }>('GET', `${path}?since=${since}`)
    expect([status, body.errors[0]], since).toMatchObject([400, { field: 'query.since' }])
  }
})

test('[S24] while the queue is on, the state is for the admitted alone, and private; off, it may be kept for a second', async () => {
  expect((await binary()).headers.get('cache-control')).toBe('public, max-age=1')
  const { token, visitorId } = await it.session()
  await it.deps.queue.configure(it.eventId, { state: 'open', rate: 0.001, cap: 1 }, 'test')
  const list = `/events/${it.eventId}?include=tickets`
  for (const where of [path, list]) {
    const refused = await it.call('GET', where)
    expect([refused.status, refused.body['code']]).toEqual([429, 'waiting_room_required'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('cache-control')).toBe('no-store')
  }
  const withPass = (pass: string) => it.call('GET', path, { token, headers: { 'x-onsale-pass': pass } })
  expect((await withPass('garbage')).body['code']).toBe('pass_invalid')
  const until = it.deps.clock.now() + 60_000
  const foreign = it.deps.passes.issue({ visitorId, eventId: it.laterId, until })
  const answer = await withPass(foreign)
  expect([answer.status, answer.body['code']]).toEqual([403, 'pass_foreign'])
  expect((await it.call('GET', path, { token: 'stolen' })).body['code']).toBe('session_invalid')
  expect((await it.call('GET', `/events/${it.eventId}`)).headers.get('cache-control')).toBe(
    'private, no-store',
  )
  const { queue } = it.deps
  if (!(queue instanceof RedisQueue)) throw new Error('the fixture has another queue')
  await queue.configure(it.eventId, { rate: 1_000, cap: 10 }, 'test')
  await queue.join(it.eventId, visitorId)
  const admitted = await expect
    .poll(async () => {
      await queue.admit(it.eventId)
      return queue.status(it.eventId, visitorId)
    })
    .toMatchObject({ state: 'admitted' })
    .then(() => queue.status(it.eventId, visitorId))
  const pass = admitted.state === 'admitted' ? admitted.pass : ''
  const seen = await withPass(pass)
  expect([seen.status, seen.headers.get('cache-control')]).toEqual([200, 'private, no-cache'])
  expect(
    (await it.call('GET', path, { token, headers: { cookie: `onsale_pass_${it.eventId}=${pass}` } })).status,
  ).toBe(200)
  expect((await it.call('GET', path, { headers: { 'x-onsale-pass': pass } })).body['code']).toBe(
    'pass_foreign',
  )
  await queue.configure(it.eventId, { state: 'off' }, 'test')
})

test('[S193] a stampede on one map, in every form, costs Redis one read for all who ask at once', async () => {
  const reads = vi.spyOn(it.deps.inventory, 'snapshot')
  await binary()
  reads.mockClear()
  const crowd = await Promise.all(
    Array.from({ length: 400 }, (_, i) =>
      it.call('GET', path, i % 4 === 0 ? { headers: { accept: 'application/json' } } : {}),
    ),
  )
  expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set([200]))
  // Who came while the first read was on its way shares the one after it.
  expect(reads.mock.calls.length).toBeLessThanOrEqual(2)
  reads.mockRestore()
})

test('[S26] a list of 80,000 seats is written in pieces, and the process serves others meanwhile', async () => {
  const plan = new SeatPlan(smallHouse(20_000))
  const stadium = { ...event, eventId: eventId('stadium1'), plan, stock: stockOf(eventId('stadium1'), plan) }
  const snapshot = {
    epoch: 1,
    seq: 0,
    now: 0,
    seats: plan.seats,
    state: Buffer.alloc(plan.seats / 4),
    areas: [10],
  }
  const pieces: Uint8Array[] = []
  // Turns of the loop that somebody else got while the list was written.
  let turns = 0
  const turn = () => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  for await (const piece of ticketStream(stadium, snapshot, '{"tickets":', '}')) pieces.push(piece)
  clearImmediate(next)
  const { tickets } = JSON.parse(Buffer.concat(pieces).toString()) as { tickets: { ticketId: string }[] }
  expect(tickets).toHaveLength(80_000)
  expect(tickets.at(-1)?.ticketId).toBe('stadium1-79999')
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000)
  expect(turns).toBeGreaterThanOrEqual(pieces.length - 1)
})
