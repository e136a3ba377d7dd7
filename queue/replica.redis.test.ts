/** A replica takes over behind the same address and lacks what its primary said last: nothing waits for replicas, see ARCHITECTURE.md. */

import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { ready } from '../shared/redis.ts'
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

let primary: OwnRedis
let replica: OwnRedis
let rig: QueueRig
let address: Server
let toReplica: Redis
/** Where the one address leads, and who goes through it. */
let leadsTo: number
const through = new Set<Socket>()

beforeAll(async () => {
  ;[primary, replica] = await Promise.all([ownRedis(), ownRedis()])
  const from = new URL(primary.url)
  leadsTo = Number(from.port)
  address = createServer(near => {
    const far = dial(leadsTo, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      through.add(one.on('error', () => undefined).on('close', () => other.destroy()))
      one.pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => address.once('listening', resolve))
  toReplica = new Redis(replica.url)
  await toReplica.config('SET', 'masterauth', from.password)
  await toReplica.replicaof('127.0.0.1', from.port)
  const url = new URL(primary.url)
  url.port = String((address.address() as AddressInfo).port)
  rig = await queueRig(url.href)
})
afterAll(async () => {
  await rig.close()
  toReplica.disconnect()
  address.close()
  for (const socket of through) socket.destroy()
  await Promise.all([primary.stop(), replica.stop()])
})

test('[Q205] a replica that lacks the admissions of the last second: passes that were sent count, who was called and not told is called again, nobody twice, and never more than the cap', async () => {
  const [queue, event, visitors] = [rig.queue('a', { recoveryMs: 500 }), await rig.event(), newVisitors(9)]
  const { act } = rig.keys.queue(event)
  await queue.configure(event, { state: 'open', rate: 100, cap: 4 }, 'test')
  await queue.configure(event, { state: 'paused' }, 'test')
  const places = await joinInOrder(queue, event, visitors)
  await queue.sweep(event)
  await until('the replica has it all', async () => (await rig.redis.wait(1, 1_000)) === 1)
  // From here on nothing reaches it.
  await toReplica.replicaof('NO', 'ONE')
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => (await rig.redis.zcard(act)) === 4)
  const sent = await queue.passes(event, visitors.slice(0, 3))
  await queue.end(event, visitors[1]!, 'purchased')
  await queue.configure(event, { state: 'paused' }, 'test')
  const late = newVisitor()
  const lost = waiting(await queue.join(event, late))

  await toReplica.config('SET', 'requirepass', new URL(primary.url).password)
  leadsTo = Number(new URL(replica.url).port)
  await primary.kill()
  for (const socket of through) socket.destroy()
  await ready(rig.redis, 10_000)
  await until('the replica is asked', () =>
    queue.sweep(event).then(
      () => true,
      () => false,
    ),
  )
  queue.refresh(event)

  for (const i of [0, 2]) {
    expect(await queue.gate(event, visitors[i]!, sent[i]!.pass)).toEqual({ ok: true })
    admitted(await queue.join(event, visitors[i]!, { receipt: places[i]!.receipt }))
  }
  const buyer = waiting(await queue.join(event, visitors[1]!, { receipt: places[1]!.receipt }))
  expect(buyer.score).toBeGreaterThan(lost.score)
  expect(waiting(await queue.status(event, visitors[3]!))).toMatchObject({
    position: 0,
    score: places[3]!.score,
  })
  expect(waiting(await queue.join(event, late, { receipt: lost.receipt })).score).toBe(lost.score)
  expect(await rig.redis.zcard(act)).toBe(2)
  await queue.configure(event, { state: 'open' }, 'test')
  await admitUntil(queue, event, async () => {
    expect(await rig.redis.zcard(act)).toBeLessThanOrEqual(4)
    return (await rig.redis.zcard(act)) === 4
  })
  for (const i of [3, 4]) admitted(await queue.status(event, visitors[i]!))
  const { rows } = await rig.pool.query<{ visitor_id: string }>(
    'select visitor_id from queue_admissions where event_id = $1',
    [event],
  )
  expect(new Set(rows.map(row => row.visitor_id))).toEqual(new Set(visitors.slice(0, 5)))
  expect(rows).toHaveLength(5)
}, 30_000)
