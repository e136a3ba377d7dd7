/** A crowd that watches while seats are taken by the real scripts: how soon everybody sees each change, and what that costs. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { BookingId } from '../../../shared/ids.ts'
import { cpuOf, type Ground, waitedOf } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import type { ToldAges } from './ages.ts'
import { Crowd } from './crowd-process.ts'
import type { Dialect } from './dialects.ts'
import { startPeer } from './peers.ts'
import { type OwnNode, SEATS, type Stadium } from './stadium.ts'

const RATE = 500
const SECONDS = 12
/** What Socket.IO with one emit a change sustains. */
const PEER_RATE = 2
const PEER_SECONDS = 8
const EACH_MS = 10
const HOLD_MS = 600_000
/** Nothing more comes for as long: all is there. */
const SILENT_MS = 1_000

interface Seen extends ToldAges {
  cpuMs: number
  serverCores: number
  crowdCores: number
  /** Of this process, which takes the seats, and of Redis. */
  takerCores: number
  redisCores: number
  /** Of the time, the share in which the server could have run and had no core. */
  serverWaited: number
}

export async function changes(
  ground: Ground,
  stadium: Stadium,
  node: OwnNode,
  watchers: number,
): Promise<Target[]> {
  const taker = new Taker(stadium)
  const follow = async (dialect: Dialect, port: number, pid: number, rate: number, seconds: number) => {
    const crowd = await Crowd.start(ground.environment)
    await crowd.come({ port, count: watchers, dialect, event: stadium.stock.eventId })
    await crowd.follow(ground.environment['REDIS_URL'] ?? '', stadium.channel)
    const now = async () => ({
      server: await cpuOf(pid),
      waited: await waitedOf(pid),
      taker: await cpuOf(process.pid),
      redis: await cpuOf(ground.redisPid),
      crowd: (await crowd.heard()).cpuMs,
    })
    const [before, began] = [await now(), performance.now()]
    await taker.takes(rate, seconds)
    await silent(crowd)
    const [after, ms] = [await now(), performance.now() - began]
    const share = (of: keyof typeof after) => (after[of] - before[of]) / ms
    const ages = await crowd.ages()
    crowd.end()
    return {
      ...ages,
      cpuMs: after.server - before.server,
      serverCores: share('server'),
      crowdCores: share('crowd'),
      takerCores: share('taker'),
      redisCores: share('redis'),
      serverWaited: share('waited'),
    } satisfies Seen
  }
  const peer = await startPeer(ground, 'socketio-ws', stadium.channel, { each: true })
  const theirs = await follow('socketio', peer.port, peer.pid, PEER_RATE, PEER_SECONDS)
  await peer.end()
  const ours = await follow('onsale', node.port, node.child.pid, RATE, SECONDS)
  const cost = (seen: Seen) => seen.cpuMs / seen.changes
  const cores =
    `cores of node, crowd, generator and Redis ${[ours.serverCores, ours.crowdCores, ours.takerCores, ours.redisCores].map(one => one.toFixed(2)).join(', ')}; ` +
    `the node waited for a core ${(100 * ours.serverWaited).toFixed(0)} % of the time`
  return [
    {
      name: 'changes times watchers that were not seen',
      bound: { most: 0 },
      measured: ours.missed,
      unit: '',
      note: `of ${ours.changes} changes to ${watchers} watchers; ${ours.frames} frames of ${ours.frameBytes.toFixed(0)} B`,
    },
    { name: 'changes a second', bound: { least: 0.98 * RATE }, measured: ours.changes / SECONDS, unit: '/s' },
    {
      name: 'from script to wire, p50',
      bound: { most: 90 },
      measured: ours.p50,
      unit: 'ms',
      note: cores,
    },
    {
      name: 'from script to wire, p99',
      bound: { most: 200 },
      measured: ours.p99,
      unit: 'ms',
      note: `longest ${ours.most}`,
    },
    {
      name: 'CPU of a change against Socket.IO, an emit each',
      bound: { least: 20 },
      measured: cost(theirs) / cost(ours),
      unit: 'x',
      note:
        `${cost(ours).toFixed(2)} ms against ${cost(theirs).toFixed(1)} at ${PEER_RATE}/s, p99 ${theirs.p99} ms, ` +
        `${theirs.missed} missed, ${theirs.serverCores.toFixed(2)} of a core`,
    },
  ]
}

async function silent(crowd: Crowd): Promise<void> {
  let before = 0
  for (let frames = -1; frames !== before; ) {
    before = frames
    await wait(SILENT_MS)
    frames = (await crowd.heard()).frames
  }
}

/** Takes seats one by one at a steady rate: each is a call of the script that bookings use. */
export class Taker {
  readonly #stadium: Stadium
  #next = 0

  constructor(stadium: Stadium) {
    this.#stadium = stadium
  }

  async takes(rate: number, seconds: number): Promise<void> {
    const began = performance.now()
    const all = Math.round(rate * seconds)
    const under: Promise<void>[] = []
    for (let sent = 0; sent < all; ) {
      const due = Math.min(all, Math.ceil(((performance.now() - began) / 1_000) * rate))
      for (; sent < due; sent++) under.push(this.#take())
      await wait(EACH_MS)
    }
    await Promise.all(under)
  }

  async #take(): Promise<void> {
    const { inventory, stock } = this.#stadium
    // All over the house, and none twice.
    const seat = (this.#next++ * 61_803) % SEATS
    const taker = { booking: randomUUID() as BookingId, activeMember: Buffer.alloc(14) }
    const { ok } = await inventory.take(stock, taker, { seats: [seat], areas: [] }, HOLD_MS)
    if (!ok) throw new Error(`seat ${seat} was not free`)
  }
}
