/**
 * `npm run bench -- seats [--clients N] [--only path,changes,snapshots,handshake]`: what live seat maps promise, measured beside
 * uWebSockets.js, Socket.IO and centrifuge in one run, on stores of its own. Ends with 1 where a target is missed.
 */
import { parseArgs } from 'node:util'
import { type Ground, makeGround } from './ground/ground.ts'
import { loadNow, numberOf, partsOf, report } from './report/run.ts'
import type { Target } from './report/table.ts'
import { changes } from './seats/changes.ts'
import { fanOut } from './seats/fan-out.ts'
import { handshakes } from './seats/handshakes.ts'
import { snapshots } from './seats/snapshots.ts'
import { makeStadium, startNode } from './seats/stadium.ts'

const PARTS = ['path', 'changes', 'snapshots', 'handshake'] as const
/** Of a round of handshakes, at most. */
const HANDSHAKES = 2_000

const { values } = parseArgs({ options: { clients: { type: 'string' }, only: { type: 'string' } } })
const clients = numberOf('clients', values.clients, 10_000, 100)
const wanted = partsOf(values.only, PARTS)

const targets: Target[] = []
const ground = await makeGround()
try {
  console.log(`load average at the start: ${loadNow()}`)
  if (wanted.some(part => part !== 'snapshots')) await live(ground)
  if (wanted.includes('snapshots')) await hot(ground)
} finally {
  // Also where a part failed: what the others saw is not lost.
  console.log(`load average at the end: ${loadNow()}`)
  report(targets)
  await ground.close()
}

/** Each part with an event of its own, as what one leaves behind is no state for the next. */
async function live(on: Ground): Promise<void> {
  const node = await startNode(on, 'realtime')
  const isUsed = wanted.includes('path') || wanted.includes('changes')
  if (wanted.includes('path')) {
    console.log(`${clients} watchers of each server`)
    targets.push(...(await fanOut(on, await makeStadium(on, 'path00001'), node, clients)))
  }
  if (wanted.includes('changes')) {
    console.log(`${clients / 2} watchers while seats are taken`)
    targets.push(...(await changes(on, await makeStadium(on, 'changes01'), node, Math.round(clients / 2))))
  }
  if (wanted.includes('handshake')) {
    console.log('watchers come and go')
    const stadium = await makeStadium(on, 'handshake')
    const used = isUsed ? node : undefined
    targets.push(...(await handshakes(on, stadium, used, Math.min(HANDSHAKES, clients))))
  }
  await node.child.stop('SIGKILL', 5_000)
}

async function hot(on: Ground): Promise<void> {
  console.log('a stadium’s state over HTTP')
  const node = await startNode(on, 'http')
  targets.push(...(await snapshots(on, await makeStadium(on, 'snapshots'), node)))
  await node.child.stop('SIGKILL', 5_000)
}
