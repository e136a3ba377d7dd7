import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeKeys } from '../shared/keys.ts'
import { BACKPRESSURE_BYTES } from './bounds.ts'
import { frame, Raw, TEXT } from './raw-fixture.ts'
import { testTiers } from './test-tiers-fixture.ts'
import { type NodeProcess, seenBy, type Tiers } from './tiers-fixture.ts'

const STOPPED = 400
const STOPPED_APPS = 100
const READERS = 20
/** What a node may grow by beside the buffers of those: its garbage comes and goes. Without a bound they would take a gigabyte. */
const ELSE_BYTES = 150 * 1024 * 1024

let tiers: Tiers
let node: NodeProcess
beforeAll(async () => {
  tiers = await testTiers()
  node = await tiers.startNode('a')
})
afterAll(() => tiers.close())

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${node.port}/metrics`)).text()
  const line = text.split('\n').find(one => one.startsWith(`onsale_${name}`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${node.child.pid}/status`, 'utf8')
  return 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
}

/** Watches, and then reads no more. */
async function stopped(): Promise<Raw> {
  const raw = new Raw(node.port)
  raw.open(tiers.token())
  await raw.hears('welcome')
  raw.say({ type: 'watch', eventId: tiers.eventId })
  await raw.hears('watching')
  raw.socket.pause()
  return raw
}

async function stoppedApp(): Promise<Raw> {
  const raw = new Raw(node.port)
  raw.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await raw.hears('"sid"')
  const say = (text: string) => raw.write(frame(TEXT, Buffer.from(text)))
  say(`40${JSON.stringify({ token: tiers.token() })}`)
  await raw.hears('welcome')
  say(`42${JSON.stringify(['watch', { eventId: tiers.eventId }])}`)
  await raw.hears('watching')
  raw.socket.pause()
  return raw
}

/** Changes of 60,000 seats each, which the house has not: its map stays as it is. */
async function flood(count: number): Promise<void> {
  const { redis, inventory, stock, environment, eventId } = tiers
  const keys = makeKeys(environment['KEY_PREFIX'] ?? '').seats(eventId)
  const { epoch, seq } = await inventory.counts(stock)
  const c = Array.from({ length: 60_000 }, (_, i) => [1_000 + i, i % 2]).flat()
  for (let s = seq + 1; s <= seq + count; s++) {
    await redis.hset(keys.meta, 'seq', s)
    await redis.publish(keys.channel, JSON.stringify({ e: epoch, s, t: Date.now(), c, a: {}, f: 1 }))
    await wait(55)
  }
}

test('[S126] of hundreds of readers that stop a node holds 64 KB each at most, and ends them; who reads misses nothing', async () => {
  const fans = Array.from({ length: READERS }, () => tiers.fan(node.url))
  await expect.poll(() => fans.every(({ watch }) => watch.status === 'live'), { timeout: 15_000 }).toBe(true)
  // As much as the same flood takes where everybody reads.
  let before = 0
  for (let n = 0; n < 12; n++) {
    await flood(5)
    before = Math.max(before, await residentBytes())
  }
  let most = before
  const slow = await Promise.all(Array.from({ length: STOPPED }, stopped))
  const apps = await Promise.all(Array.from({ length: STOPPED_APPS }, stoppedApp))
  for (let n = 0; n < 200 && (await metric('sockets_lagging_total')) < STOPPED; n++) {
    await flood(5)
    most = Math.max(most, await residentBytes())
  }
  expect(await metric('sockets_lagging_total')).toBeGreaterThanOrEqual(STOPPED)
  // What would be put aside for them, were there no bound: more than a gigabyte.
  for (let n = 0; n < 20; n++) {
    await flood(5)
    most = Math.max(most, await residentBytes())
  }
  expect(most - before).toBeLessThan((STOPPED + STOPPED_APPS) * BACKPRESSURE_BYTES + ELSE_BYTES)
  await expect.poll(() => metric('sockets{door="plain"'), { timeout: 30_000 }).toBe(READERS)
  await expect.poll(() => metric('sockets{door="socketio"'), { timeout: 90_000, interval: 500 }).toBe(0)
  expect(await metric('sockets_closed_total{why="slow"')).toBeGreaterThanOrEqual(STOPPED)
  const sale = tiers.sell(2, 71)
  await wait(1_000)
  await sale.end()
  const { seats, areas, epoch, seq } = await tiers.truth()
  for (const { watch, onsale } of fans) {
    await expect.poll(() => [watch.state.epoch, watch.state.seq], { timeout: 15_000 }).toEqual([epoch, seq])
    expect(seenBy(watch)).toEqual({ seats, areas })
    onsale.close()
  }
  for (const raw of [...slow, ...apps]) raw.socket.destroy()
}, 240_000)
