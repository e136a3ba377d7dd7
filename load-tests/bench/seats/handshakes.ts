/** What it costs to let a watcher in, session checked and seats subscribed, against uWebSockets.js that asks nothing; turn by turn. */
import { setTimeout as wait } from 'node:timers/promises'
import { cpuOf, type Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { Crowd } from './crowd-process.ts'
import type { Dialect } from './dialects.ts'
import { startPeer } from './peers.ts'
import type { OwnNode, Stadium } from './stadium.ts'

const ROUNDS = 4
const QUIET_MS = 300

export async function handshakes(
  ground: Ground,
  { stock }: Stadium,
  node: OwnNode,
  watchers: number,
): Promise<Target[]> {
  const peer = await startPeer(ground, 'bare-uws', 'bench:nothing')
  const crowd = await Crowd.start(ground.environment)
  const come = async (dialect: Dialect, port: number, pid: number) => {
    const before = await cpuOf(pid)
    await crowd.come({ dialect, port, count: watchers, event: stock.eventId })
    const cpuMs = (await cpuOf(pid)) - before
    await crowd.go()
    await wait(QUIET_MS)
    return cpuMs
  }
  const spent = { ours: 0, theirs: 0 }
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await come('onsale', node.port, node.child.pid)
    const theirs = await come('bare', peer.port, peer.pid)
    // The first round is for compilers.
    if (round === 0) continue
    spent.ours += ours
    spent.theirs += theirs
  }
  crowd.end()
  await peer.end()
  const each = (ms: number) => `${((1_000 * ms) / ROUNDS / watchers).toFixed(1)} us`
  return [
    {
      name: 'a handshake to subscribed against uWebSockets.js',
      bound: { most: 2.5 },
      measured: spent.ours / spent.theirs,
      unit: 'x',
      note: `${each(spent.ours)} against ${each(spent.theirs)}; ${ROUNDS} times ${watchers}`,
    },
  ]
}
