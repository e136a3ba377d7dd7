/** What it costs to let a watcher in, session checked and seats subscribed, against uWebSockets.js that asks nothing; turn by turn. */
import { setTimeout as wait } from 'node:timers/promises'
import { cpuOf, type Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { Crowd } from './crowd-process.ts'
import type { Dialect } from './dialects.ts'
import { startPeer } from './peers.ts'
import type { OwnNode, Stadium } from './stadium.ts'

/** As many as it takes until what is measured runs compiled, as it does in a storm. */
const WARM_ROUNDS = 4
const ROUNDS = 6
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
  const ours = async () => await come('onsale', node.port, node.child.pid)
  const theirs = async () => await come('bare', peer.port, peer.pid)
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    // Each is the first as often as the other.
    const [first, second] = round % 2 === 0 ? [ours, theirs] : [theirs, ours]
    const [one, other] = [await first(), await second()]
    if (round < WARM_ROUNDS) continue
    spent.ours += first === ours ? one : other
    spent.theirs += first === ours ? other : one
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
