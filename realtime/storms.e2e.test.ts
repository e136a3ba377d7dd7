/** A sale goes on while frames, links, stores and nodes fail; in the end every map is Redis's and Postgres's bit by bit. */
import { setTimeout as wait } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SeatWatch } from '../client/seats.ts'
import { type OwnRedis, ownRedis } from '../dev/test-parts.ts'
import { decodeDiff } from '../shared/wire/seat-frames.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import { balance } from './balancer-fixture.ts'
import { type FrameProxy, frameProxy } from './frame-proxy-fixture.ts'
import { testTiers } from './test-tiers-fixture.ts'
import { type NodeProcess, seenBy, type Tiers } from './tiers-fixture.ts'
import {
  findToxiproxy,
  type Link,
  NO_TOXIPROXY,
  startToxiproxy,
  type Toxiproxy,
} from './toxiproxy-fixture.ts'

/** Redis may be missed for eight seconds, a dead socket for thirty-five; and the machine is busy. */
const IN_THE_END = { timeout: 60_000, interval: 100 }
const SOON = { timeout: 15_000 }

const toxiproxy = findToxiproxy()
let redis: OwnRedis
let tiers: Tiers
const toClose: (() => unknown)[] = []
/** Sockets that fans have lost. */
let lost = 0

beforeEach(async () => {
  lost = 0
  redis = await ownRedis()
  tiers = await testTiers({ redisUrl: redis.url })
})
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
  await tiers.close()
  await redis.stop()
})

async function watchers(urls: string[]): Promise<SeatWatch[]> {
  const fans = urls.map(url => tiers.fan(url))
  toClose.push(
    ...fans.map(
      ({ onsale }) =>
        () =>
          onsale.close(),
    ),
  )
  await expect.poll(() => fans.map(({ watch }) => watch.status), SOON).toEqual(fans.map(() => 'live'))
  for (const { onsale } of fans) onsale.onConnection(state => (lost += state === 'connecting' ? 1 : 0))
  return fans.map(({ watch }) => watch)
}

/** Nothing is sold any more. */
async function areTrue(watches: SeatWatch[]): Promise<void> {
  await expect.poll(() => tiers.truth().then(() => 'same', String), IN_THE_END).toBe('same')
  for (const watch of watches)
    await expect
      .poll(async () => {
        const { epoch, seq, ...seen } = await tiers.truth()
        const { state } = watch
        return [state.epoch - epoch, state.seq - seq, JSON.stringify(seenBy(watch)) === JSON.stringify(seen)]
      }, IN_THE_END)
      .toEqual([0, 0, true])
  await expect.poll(() => watches.map(({ status }) => status), IN_THE_END).toEqual(watches.map(() => 'live'))
}

const changesOf = async () => (await tiers.inventory.counts(tiers.stock)).seq

test('[S120] frames dropped, doubled and swapped between two nodes and their fans; both doors of both nodes see the same', async () => {
  const nodes = [await tiers.startNode('a'), await tiers.startNode('b')]
  const proxies: FrameProxy[] = []
  for (const [n, { port }] of [...nodes, ...nodes].entries()) proxies.push(await frameProxy(port, n + 1))
  toClose.push(...proxies.map(proxy => () => proxy.close()))
  const watches = await watchers([...proxies, ...nodes].map(({ url }) => url))
  const apps = await Promise.all(nodes.map(appOf))
  const sale = tiers.sell(6, 11)
  await expect.poll(changesOf, IN_THE_END).toBeGreaterThan(400)
  await sale.end()
  await areTrue(watches)
  for (const { done } of proxies)
    expect(Math.min(done.dropped, done.doubled, done.swapped)).toBeGreaterThan(0)
  const { epoch, seq } = await tiers.truth()
  for (const app of apps) {
    await expect.poll(() => [app.state.epoch, app.state.seq], SOON).toEqual([epoch, seq])
    const seats = Array.from({ length: app.state.seats }, (_, i) => app.state.get(i)).join('')
    expect({ seats, areas: [...app.state.areas] }).toEqual(seenBy(watches[0]!))
  }
})

/** Socket.IO's door, from its first frame on: it loses none, so that it needs no fetch but the first. */
async function appOf({ port }: NodeProcess): Promise<{ state: SeatState }> {
  const app = io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    forceNew: true,
    auth: { token: tiers.token() },
  })
  toClose.push(() => app.disconnect())
  const state = new SeatState()
  const kept: Uint8Array[] = []
  const take = (frame: Uint8Array) => {
    const diff = decodeDiff(frame)
    if (diff !== undefined && state.diff(diff) === 'resync') throw new Error('a frame is missing')
  }
  app.on('diff', (frame: Uint8Array) => {
    if (state.filled) take(new Uint8Array(frame))
    else kept.push(new Uint8Array(frame))
  })
  const told = new Promise(resolve => app.on('watching', resolve))
  app.emit('watch', { eventId: tiers.eventId })
  await told
  state.snapshot(await tiers.inventory.snapshot(tiers.stock))
  kept.forEach(take)
  return { state }
}

describe('by toxiproxy', () => {
  let toxic: Toxiproxy

  beforeEach(async ({ skip }) => {
    skip(toxiproxy === undefined && process.env['ONSALE_CI'] !== '1', NO_TOXIPROXY)
    toxic = await startToxiproxy(tiers.family, toxiproxy ?? 'toxiproxy-server')
  })

  const portOf = (url: string | undefined) => Number(new URL(url ?? '').port)
  const through = (url: string | undefined, link: Link) => {
    const there = new URL(url ?? '')
    there.port = String(link.port)
    return there.href
  }

  test('[S121] between fans and a node: delay, cuts, dead links and narrow ones', async () => {
    const node = await tiers.startNode('a')
    const names = ['slow', 'cut', 'dead', 'narrow', 'well']
    const links: Link[] = []
    for (const name of names) links.push(await toxic.link(name, node.port))
    const watches = await watchers(links.map(({ port }) => `ws://127.0.0.1:${port}`))
    const [slow, cut, dead, narrow] = links
    await slow?.slow(300, 200)
    await narrow?.narrow(1)
    const sale = tiers.sell(4, 21)
    for (let round = 0; round < 3; round++) {
      await cut?.cut()
      await dead?.deaden()
      await wait(2_500)
      await cut?.heal()
      await dead?.heal()
      await wait(1_500)
    }
    // Once more for good, so that it is dead for longer than anybody waits.
    await dead?.deaden()
    await sale.end()
    await areTrue(watches.filter((_, n) => names[n] !== 'dead'))
    await dead?.heal()
    await areTrue(watches)
  })

  test('[S122] between a node and Redis: delay, cuts and dead links; the other node goes on', async () => {
    const link = await toxic.link('redis', portOf(redis.url))
    const far = await tiers.startNode('far', { REDIS_URL: through(redis.url, link) })
    const near = await tiers.startNode('near')
    const watches = await watchers([far.url, far.url, near.url])
    const sale = tiers.sell(4, 31)
    await link.slow(150, 100)
    await wait(2_000)
    await link.heal()
    await link.cut()
    await expect.poll(() => watches[0]?.status, SOON).toBe('paused')
    expect(watches[2]?.status).toBe('live')
    await wait(1_000)
    await link.heal()
    await expect.poll(() => watches[0]?.status, IN_THE_END).toBe('live')
    await link.deaden()
    await expect.poll(() => watches[0]?.status, SOON).toBe('paused')
    await link.heal()
    await expect.poll(() => watches[0]?.status, IN_THE_END).toBe('live')
    await sale.end()
    await areTrue(watches)
  })

  test('[S123] between a node and Postgres: who watches goes on, who comes is told to come again', async () => {
    const link = await toxic.link('postgres', portOf(tiers.environment['DATABASE_URL']))
    const far = await tiers.startNode('far', {
      DATABASE_URL: through(tiers.environment['DATABASE_URL'], link),
    })
    const watches = await watchers([far.url])
    const sale = tiers.sell(4, 41)
    for (const trouble of [() => link.slow(400, 200), () => link.cut(), () => link.deaden()]) {
      await trouble()
      const before = watches[0]?.state.seq ?? 0
      await expect.poll(() => watches[0]?.state.seq, SOON).toBeGreaterThan(before + 20)
      await wait(1_000)
      await link.heal()
    }
    const late = await watchers([far.url])
    await sale.end()
    await areTrue([...watches, ...late])
  })
})

test('[S124] Redis flushed, then killed and started empty, in the middle of a sale', async () => {
  const nodes = [await tiers.startNode('a'), await tiers.startNode('b')]
  const watches = await watchers([...nodes, ...nodes].map(({ url }) => url))
  const sale = tiers.sell(4, 51)
  await expect.poll(changesOf, SOON).toBeGreaterThan(60)
  const first = watches[0]?.state.epoch ?? 0
  await tiers.redis.flushall()
  await expect.poll(() => watches.every(({ state }) => state.epoch > first), IN_THE_END).toBe(true)
  const second = watches[0]?.state.epoch ?? 0
  await redis.kill()
  await expect.poll(() => watches.map(({ status }) => status), SOON).toEqual(watches.map(() => 'paused'))
  await redis.restart()
  await expect.poll(() => watches.every(({ state }) => state.epoch > second), IN_THE_END).toBe(true)
  await wait(1_000)
  await sale.end()
  await areTrue(watches)
})

test('[S125] a node is killed (-9) under load: its fans come back to the other and have missed nothing', async () => {
  const [a, b] = [await tiers.startNode('a'), await tiers.startNode('b')]
  const front = await balance([a.port, b.port])
  toClose.push(() => front.close())
  const watches = await watchers(Array(60).fill(front.url))
  const sale = tiers.sell(4, 61)
  await wait(1_000)
  await a.child.kill()
  await expect.poll(() => lost, SOON).toBe(30)
  await expect.poll(() => watchersOf(b.port), IN_THE_END).toBe(60)
  const back = await tiers.startNode('a', { REALTIME_PORT: String(a.port) })
  await b.child.kill()
  await expect.poll(() => lost, SOON).toBe(90)
  await expect.poll(() => watchersOf(back.port), IN_THE_END).toBe(60)
  await sale.end()
  await areTrue(watches)
})

async function watchersOf(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^onsale_watchers\S* (\d+)/m.exec(text)?.[1])
}
