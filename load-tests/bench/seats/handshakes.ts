/**
 * What it costs to let a watcher in, session checked and seats subscribed, against uWebSockets.js that asks nothing. Both are processes
 * that have served nobody before, come to the same warmth, and are asked turn by turn; the figure is the middle of the rounds'
 * ratios, as a round in which the machine did something else says nothing of either.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { cpuOf, type Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { Crowd } from './crowd-process.ts'
import type { Dialect } from './dialects.ts'
import { startPeer } from './peers.ts'
import { type OwnNode, type Stadium, startNode } from './stadium.ts'

/** As many as it takes until what is measured runs compiled, as it does in a storm: later ones cost no less. */
const WARM_ROUNDS = 8
const ROUNDS = 15
const QUIET_MS = 200

interface Side {
  dialect: Dialect
  port: number
  pid: number
  /** CPU of each measured round, us a handshake. */
  spent: number[]
}

/** `used`: a node that has served the parts before; told beside, as a real one is seldom new. */
export async function handshakes(
  ground: Ground,
  { stock }: Stadium,
  used: OwnNode | undefined,
  watchers: number,
): Promise<Target[]> {
  const peer = await startPeer(ground, 'bare-uws', 'bench:nothing')
  const node = await startNode(ground, 'realtime')
  const crowd = await Crowd.start(ground.environment)
  const side = (dialect: Dialect, port: number, pid: number): Side => ({ dialect, port, pid, spent: [] })
  const of = (one: OwnNode) => side('onsale', one.port, one.child.pid)
  const [bare, ours] = [side('bare', peer.port, peer.pid), of(node)]
  const before = used === undefined ? undefined : of(used)
  const sides = [bare, ours, ...(before === undefined ? [] : [before])]
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    // Each is the first as often as the last.
    for (const { dialect, port, pid, spent } of round % 2 === 0 ? sides : sides.toReversed()) {
      const began = await cpuOf(pid)
      await crowd.come({ dialect, port, count: watchers, event: stock.eventId })
      const us = (1_000 * ((await cpuOf(pid)) - began)) / watchers
      if (round >= WARM_ROUNDS) spent.push(us)
      await crowd.go()
      await wait(QUIET_MS)
    }
  }
  crowd.end()
  await peer.end()
  await node.child.stop('SIGKILL', 5_000)
  const told = (one: Side) => {
    const ratios = sorted(one.spent.map((us, round) => us / (bare.spent[round] ?? 0)))
    const range = `${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`
    const costs = `${middle(one.spent).toFixed(1)} us against ${middle(bare.spent).toFixed(1)} us`
    return { measured: middle(ratios), unit: 'x', note: `${costs}; ${ROUNDS} times ${watchers}: ${range}` }
  }
  const name = 'a handshake to subscribed against uWebSockets.js'
  return [
    { name, bound: { most: 2.5 }, ...told(ours) },
    ...(before === undefined ? [] : [{ name: 'the same of the node of the parts before', ...told(before) }]),
  ]
}

function sorted(numbers: number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

function middle(numbers: number[]): number {
  return sorted(numbers)[Math.floor(numbers.length / 2)] ?? 0
}
