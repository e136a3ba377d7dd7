/**
 * From a message of Redis to the wire: the same frames at the same ticks to as many watchers of each server, turn by turn, so that
 * what else the machine does falls on all. The peers are published to on channels of their own, so one server works at a time.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { cpuOf, type Ground } from '../ground/ground.ts'
import { liveMemory } from '../ground/live-memory.ts'
import type { Target } from '../report/table.ts'
import { Crowd } from './crowd-process.ts'
import type { Dialect } from './dialects.ts'
import { hasGo, type Peer, startCentrifuge, startPeer } from './peers.ts'
import { type OwnNode, SEATS, type Stadium } from './stadium.ts'
import { Stream } from './stream.ts'

/** Who come first make a process ready. */
const WARM_UP = 0.05
const ROUNDS = 4
const TICKS = 12
const WARM_UP_TICKS = 4
/** Longer than a tick of the node under this load. */
const TICK_MS = 250
const DELIVERED_MS = 20_000
const LOOK_MS = 25

interface Runner {
  name: string
  pid: number
  crowd: Crowd
  stream: Stream
  watchers: number
  cpuMs: number
  frames: number
  bytes: number
  crowdMs: number
  ms: number
}

export async function fanOut(
  ground: Ground,
  stadium: Stadium,
  node: OwnNode,
  watchers: number,
): Promise<Target[]> {
  const { stock, inventory, channel } = stadium
  const version = await inventory.counts(stock)
  const ours = await Crowd.start(ground.environment)
  const watch = { port: node.port, dialect: 'onsale', event: stock.eventId } as const
  const first = Math.ceil(WARM_UP * watchers)
  await ours.come({ ...watch, count: first })
  const before = await liveMemory(node.child.pid, node.inspector)
  await ours.come({ ...watch, count: watchers - first })
  const resident = (await liveMemory(node.child.pid, node.inspector)) - before
  const own = new Stream(ground, {
    ...version,
    channel,
    meta: ground.keys.seats(stock.eventId).meta,
    seats: SEATS,
  })
  const runners = [runner('Onsale', node.child.pid, ours, own, watchers)]
  const add = async (name: string, dialect: Dialect, peer: Peer) => {
    const crowd = await Crowd.start(ground.environment)
    await crowd.come({ port: peer.port, count: watchers, dialect, event: '' })
    const stream = new Stream(ground, { channel: peer.channel, epoch: 1, seq: 0, seats: SEATS })
    runners.push(runner(name, peer.pid, crowd, stream, watchers))
    return peer
  }
  const peers = [
    await add('uWebSockets.js', 'bare', await startPeer(ground, 'bare-uws', 'bench:bare')),
    await add('Socket.IO', 'socketio', await startPeer(ground, 'socketio-ws', 'bench:socketio')),
  ]
  if (hasGo()) peers.push(await add('centrifuge', 'centrifuge', await startCentrifuge(ground, 'bench:go')))
  // One turn that does not count, for compilers.
  for (let round = 0; round <= ROUNDS; round++)
    for (const one of rotated(runners, round)) await turn(one, round > 0)
  for (const { crowd } of runners) crowd.end()
  for (const peer of peers) await peer.end()
  for (const one of runners) console.log(`  ${toldOf(one)}`)
  return [...targetsOf(runners), memoryTarget(resident, watchers - first)]
}

function runner(name: string, pid: number, crowd: Crowd, stream: Stream, watchers: number): Runner {
  return { name, pid, crowd, stream, watchers, cpuMs: 0, frames: 0, bytes: 0, crowdMs: 0, ms: 0 }
}

/** Nobody gets a tick before all have the one before, however late a busy machine is: frames would be merged, and differ. */
async function turn(one: Runner, counts: boolean): Promise<void> {
  const ticks = counts ? TICKS : WARM_UP_TICKS
  const [cpu, heard, began] = [await cpuOf(one.pid), await one.crowd.heard(), performance.now()]
  let now = heard
  for (let tick = 1; tick <= ticks; tick++) {
    const next = performance.now() + TICK_MS
    await one.stream.tick()
    while (now.frames < heard.frames + tick * one.watchers) {
      if (performance.now() > next + DELIVERED_MS) throw new Error(`${one.name} does not deliver`)
      await wait(LOOK_MS)
      now = await one.crowd.heard()
    }
    await wait(Math.max(0, next - performance.now()))
  }
  if (!counts) return
  one.cpuMs += (await cpuOf(one.pid)) - cpu
  one.frames += now.frames - heard.frames
  one.bytes += now.bytes - heard.bytes
  one.crowdMs += now.cpuMs - heard.cpuMs
  one.ms += performance.now() - began
}

function targetsOf(runners: Runner[]): Target[] {
  const ours = runners[0] as Runner
  const bounds = [
    ['uWebSockets.js', 0.9],
    ['centrifuge', 1.5],
    ['Socket.IO', 1.8],
  ] as const
  return bounds.map(([name, least]): Target => {
    const peer = runners.find(one => one.name === name)
    const target = `deliveries a CPU second against ${name}`
    if (peer === undefined)
      return { name: target, measured: Number.NaN, unit: '', note: 'skipped: no go on PATH' }
    return {
      name: target,
      bound: { least },
      measured: rateOf(ours) / rateOf(peer),
      unit: 'x',
      note: `${plain(rateOf(ours))} against ${plain(rateOf(peer))}; ${ours.watchers} watchers`,
    }
  })
}

function memoryTarget(resident: number, watchers: number): Target {
  return {
    name: 'a watcher, in the node’s memory',
    bound: { most: 2_500 },
    measured: resident / watchers,
    unit: 'B',
    note: `resident, after a collection; of ${watchers} who came after others`,
  }
}

function toldOf(one: Runner): string {
  const each = one.frames / one.watchers / ROUNDS
  return (
    `${one.name}: ${plain(rateOf(one))} deliveries a CPU second, ${((1_000 * one.cpuMs) / one.frames).toFixed(2)} us each; ` +
    `${each.toFixed(2)} frames of ${(one.bytes / one.frames).toFixed(0)} B to each in ${TICKS} ticks; ` +
    `cores of server and crowd ${(one.cpuMs / one.ms).toFixed(2)}, ${(one.crowdMs / one.ms).toFixed(2)}`
  )
}

function rateOf({ frames, cpuMs }: Runner): number {
  return frames / (cpuMs / 1_000)
}

function rotated<T>(list: T[], by: number): T[] {
  const at = by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

function plain(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
