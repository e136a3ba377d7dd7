import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

/** A socket that reads when it is told to. */
class Sleeper {
  readonly socket: Socket
  text = ''
  bytes = 0
  closed = false

  constructor(port: number, token: string) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', data => {
      this.bytes += data.length
      // Only small messages are of interest, and they come whole between two diffs or not at all.
      this.text = (this.text + data.toString('latin1')).slice(-200_000)
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.closed = true
    })
    this.socket.write(
      `GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: onsale.v1, bearer.${token}\r\n\r\n`,
    )
  }

  say(message: object): void {
    const body = Buffer.from(JSON.stringify(message))
    const mask = randomBytes(4)
    const masked = body.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
    this.socket.write(Buffer.concat([Buffer.of(0x81, 0x80 | body.length), mask, masked]))
  }

  hears(text: string): Promise<void> {
    return expect
      .poll(() => this.text.includes(text), { timeout: 10_000 })
      .toBe(true) as unknown as Promise<void>
  }
}

async function metric(name: string): Promise<number> {
  const text = await node.deps.metrics.text()
  const line = text.split('\n').find(one => one.startsWith(`onsale_${name}`) && !one.startsWith('#'))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Diffs of 60 kB each, as fast as the node flushes them. */
async function flood(
  eventId: typeof node.eventId,
  from: number,
  count: number,
  epoch: number,
): Promise<number> {
  const c = Array.from({ length: 60_000 }, (_, i) => [i, i % 2]).flat()
  for (let seq = from + 1; seq <= from + count; seq++) {
    // As the scripts do: the node compares what it hears with what stands there.
    await node.deps.redis.hset(node.deps.keys.seats(eventId).meta, 'seq', seq)
    await node.deps.redis.publish(
      node.deps.keys.seats(eventId).channel,
      JSON.stringify({ e: epoch, s: seq, t: Date.now(), c, a: {}, f: 1 }),
    )
    await new Promise(resolve => setTimeout(resolve, 55))
  }
  return from + count
}

test('[S12] a reader that stops hears no more diffs, holds at most 64 kB of ours, and resyncs when it reads again', async () => {
  const { eventId } = await node.addEvent('slowone')
  const fast = new Fan(node.port, node.visitor().token)
  await fast.next('welcome')
  fast.say({ type: 'watch', eventId })
  const { epoch, seq } = await fast.next('watching')
  const slow = new Sleeper(node.port, node.visitor().token)
  await slow.hears('welcome')
  slow.say({ type: 'watch', eventId })
  await slow.hears('watching')
  slow.socket.pause()
  let last = seq
  while ((await metric('sockets_lagging_total')) === 0) last = await flood(eventId, last, 5, epoch)
  const before = await metric('delivered_bytes_total{door="plain",kind="diff"')
  last = await flood(eventId, last, 5, epoch)
  const bytes = (await metric('delivered_bytes_total{door="plain",kind="diff"')) - before
  // Five diffs to the one that reads.
  expect(bytes).toBeLessThan(5.5 * 61_000)
  slow.text = ''
  slow.socket.resume()
  await slow.hears(`"type":"resync","eventId":"${eventId}"`)
  const told = Number(/"resync","eventId":"slowone","epoch":\d+,"seq":(\d+)/.exec(slow.text)?.[1])
  expect(told).toBeGreaterThanOrEqual(last - 5)
  const read = slow.bytes
  last = await flood(eventId, last, 1, epoch)
  await expect.poll(() => slow.bytes - read, SOON).toBeGreaterThan(60_000)
  // Whoever reads well was never told to fetch anything.
  expect(fast.all('resync')).toEqual([])
  slow.socket.destroy()
  fast.close()
}, 60_000)

test('[S13] a reader that lags for ten seconds is ended', async () => {
  const { eventId } = await node.addEvent('slowtwo')
  const slow = new Sleeper(node.port, node.visitor().token)
  await slow.hears('welcome')
  slow.say({ type: 'watch', eventId })
  await slow.hears('watching')
  const [, epoch, seq] = /"epoch":(\d+),"seq":(\d+)/.exec(slow.text) ?? []
  slow.socket.pause()
  const lagging = await metric('sockets_lagging_total')
  let last = Number(seq)
  while ((await metric('sockets_lagging_total')) === lagging)
    last = await flood(eventId, last, 5, Number(epoch))
  await expect
    .poll(() => metric('sockets_closed_total{why="slow"'), { timeout: 15_000, interval: 200 })
    .toBeGreaterThan(0)
  await expect.poll(() => metric('sockets{door="plain"'), { timeout: 5_000 }).toBe(0)
  slow.socket.resume()
  await expect.poll(() => slow.closed, { timeout: 5_000 }).toBe(true)
}, 60_000)
