/** What a whole line hears at once, on a node where many wait: the sockets and the stores are played, as is the time. */
import { expect, test } from 'vitest'
import type { QueueNews } from '../queue/queue.ts'
import { eventId, visitorId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import type { ServerMessage } from '../shared/wire/messages.ts'
import { QUEUE_TICK_SPARE_MS, SOCKETS_A_TURN } from './bounds.ts'
import type { Connection } from './connection.ts'
import { QueueFeed } from './queue-feed.ts'

const EVENT = eventId('e00000001')
const [SOCKETS, COST_MS, PERCENT] = [20_000, 0.1, 25]

/** A node with so many who wait; each word to one of them costs a tenth of a millisecond. */
async function crowd() {
  const time = { now: 1_000, cpu: 0, turn: 0, told: 0, most: 0 }
  let hear: (message: Buffer) => void = () => {}
  let [state, generation, score] = ['open', 1, 0]
  const parts = {
    queue: {
      settings: async () => ({ state, generation }),
      info: async () => ({ state, waiting: 0, active: 0 }),
      member: (_: unknown, visitor: string) => Buffer.from(visitor),
      join: async () => ({
        state: 'waiting',
        position: 0,
        score: ++score,
        receipt: '',
        generation,
        wait: null,
      }),
      refresh() {},
      away() {},
    },
    channels: {
      onChange() {},
      listen: async (_: string, hears: typeof hear) => (hear = hears),
      unlisten() {},
    },
    seats: { isWatched: () => false, watchersOf: () => sockets.map(({ connection }) => connection) },
    ticker: { soon: (publish: () => void) => publish() },
    door: { publish() {} },
    meters: { waiting: { set() {} } },
    keys: makeKeys('t:'),
    clock: {
      now: () => time.now,
      sleep: async (ms: number) => {
        time.now += ms
        await new Promise(resolve => setImmediate(resolve))
      },
    },
    cpu: () => time.cpu,
    tickPercent: PERCENT,
  }
  const feed = new QueueFeed(parts as unknown as ConstructorParameters<typeof QueueFeed>[0])
  const sockets = Array.from({ length: SOCKETS }, (_, i) => {
    const heard: string[] = []
    const send = (message: ServerMessage) => {
      heard.push(message.type === 'ended' ? message.reason : message.type)
      if (message.type !== 'ended') return
      time.cpu += COST_MS
      time.most = Math.max(time.most, ++time.told)
    }
    const visitor = visitorId(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`)
    let byPass = true
    const connection = {
      visitorId: visitor,
      network: '',
      lines: [],
      isOpen: true,
      hear() {},
      miss() {},
      forgetPass: () => (byPass = false),
      expel: (_: string, onlyWithoutPass: boolean) => {
        if (!byPass || !onlyWithoutPass) heard.push('expelled')
      },
      send,
    }
    return { heard, connection: connection as unknown as Connection }
  })
  await Promise.all(sockets.map(({ connection }) => feed.join(connection, EVENT, undefined)))
  const turning = setInterval(() => {}, 1_000)
  const nextTurn = () => {
    time.told = 0
    time.turn++
    if (turning.hasRef()) setImmediate(nextTurn)
  }
  nextTurn()
  return {
    feed,
    sockets,
    time,
    say: (news: QueueNews) => hear(Buffer.from(JSON.stringify(news))),
    turn: (to: 'off' | 'open') => {
      state = to
      generation++
      hear(Buffer.from(JSON.stringify({ kind: 'settings' })))
    },
    end: () => clearInterval(turning.unref()),
  }
}

for (const reason of ['sold_out', 'queue_off'] as const)
  test(`[Q255] a whole line is told that it has ended (${reason}) some a turn of the loop, within the ticks’ share of it, each once, and nobody who came anew`, async () => {
    const { feed, sockets, time, say, turn, end } = await crowd()
    const last = sockets.at(-1)!
    const told = () => sockets.filter(({ heard }) => heard.includes(reason)).length
    const began = time.now
    if (reason === 'queue_off') {
      turn('off')
    } else {
      say({ kind: 'dissolved', reason })
    }
    await expect.poll(told).toBeGreaterThan(0)
    expect(told()).toBeLessThan(SOCKETS)
    if (reason === 'sold_out') await feed.join(last.connection, EVENT, undefined)
    const all = reason === 'sold_out' ? SOCKETS - 1 : SOCKETS
    await expect.poll(told, { timeout: 20_000 }).toBe(all)
    end()
    expect(time.most).toBeLessThanOrEqual(SOCKETS_A_TURN)
    const needed = (all * COST_MS) / (PERCENT / 100) - QUEUE_TICK_SPARE_MS
    expect(time.now - began).toBeGreaterThan(needed - 500)
    expect(time.now - began).toBeLessThan(needed + 500)
    for (const { heard } of sockets) expect(heard.filter(one => one === reason).length).toBeLessThanOrEqual(1)
    if (reason === 'sold_out') expect(last.heard.slice(-2)).toEqual(['place', 'queue'])
  }, 30_000)

test('[Q276] a queue that is turned off and on again before its line has been told keeps none of the old passes', async () => {
  const { sockets, turn, end } = await crowd()
  const told = (what: string) => sockets.filter(({ heard }) => heard.includes(what)).length
  turn('off')
  await expect.poll(() => told('queue_off')).toBeGreaterThan(0)
  expect(told('queue_off')).toBeLessThan(SOCKETS)
  turn('open')
  await expect.poll(() => told('queue_off'), { timeout: 20_000 }).toBe(SOCKETS)
  await expect.poll(() => told('expelled'), { timeout: 20_000 }).toBe(SOCKETS)
  end()
}, 60_000)
