/** A rolling restart as it is done for real: two nodes behind a balancer, a sale, and everybody watching. For test and bench. */
import { setTimeout as wait } from 'node:timers/promises'
import type { SeatChange, WatchStatus } from '../client/seats.ts'
import { balance } from './balancer-fixture.ts'
import { leanPlatform } from './lean-platform-fixture.ts'
import { type NodeProcess, seenBy, type Tiers } from './tiers-fixture.ts'

export interface Rolled {
  fans: number
  /** Changes of the map meanwhile. */
  changes: number
  /** Fans without a live map in the end. */
  gone: number
  /** Maps in the end that are not Redis's and Postgres's. */
  wrong: number
  /** Fans who had to ask by HTTP, having been without a socket for three seconds. */
  polled: number
  /** Sockets that were opened anew. */
  moved: number
  /** From SIGTERM to the end, of each node. */
  stopSeconds: number[]
  /** From a change in Redis to a fan's map, of all that were heard, ms. */
  age: { p50: number; p99: number; most: number }
}

const COME_AT_ONCE = 100
/** A frame a change goes to everybody, and all of them are read in this process. */
const FRAMES_A_SECOND = 4_000
const BUYERS = 4
const SETTLE_MS = 60_000

export async function rollThrough(tiers: Tiers, fans: number): Promise<Rolled> {
  const nodes = [await tiers.startNode('a'), await tiers.startNode('b')]
  const front = await balance(nodes.map(({ port }) => port))
  const ages: number[] = []
  const polled = new Set<number>()
  let moved = 0
  const platform = leanPlatform()
  const crowd: ReturnType<Tiers['fan']>[] = []
  const all = (status: WatchStatus) => crowd.every(({ watch }) => watch.status === status)
  try {
    while (crowd.length < fans) {
      for (let n = Math.min(COME_AT_ONCE, fans - crowd.length); n > 0; n--) {
        const onChange = (change: SeatChange) => {
          if (change.kind === 'some') ages.push(ageOf(change.at))
        }
        crowd.push(tiers.fan(front.url, { onChange }, platform))
      }
      await until(() => all('live'), SETTLE_MS)
    }
    for (const [n, { onsale }] of crowd.entries())
      onsale.onConnection(state => {
        if (state === 'connecting') moved++
        if (state === 'offline') polled.add(n)
      })
    ages.length = 0
    const before = (await tiers.inventory.counts(tiers.stock)).seq
    const sale = tiers.sell(BUYERS, fans, (1_000 * BUYERS * fans) / FRAMES_A_SECOND)
    const stopSeconds: number[] = []
    for (const node of nodes) {
      await wait(1_000)
      const began = performance.now()
      const { code } = await node.child.stop('SIGTERM', 15_000)
      if (code !== 0) throw new Error(`node ${node.name} ended with ${code}`)
      stopSeconds.push((performance.now() - began) / 1_000)
      await again(tiers, node)
    }
    await wait(1_000)
    await sale.end()
    await until(() => all('live'), SETTLE_MS)
    return {
      fans,
      gone: crowd.filter(({ watch }) => watch.status !== 'live').length,
      wrong: await wrongMaps(tiers, crowd),
      changes: (await tiers.inventory.counts(tiers.stock)).seq - before,
      polled: polled.size,
      moved,
      stopSeconds,
      age: percentiles(ages),
    }
  } finally {
    for (const { onsale } of crowd) onsale.close()
    front.close()
  }
}

function again(tiers: Tiers, { name, port }: NodeProcess): Promise<NodeProcess> {
  return tiers.startNode(name, { REALTIME_PORT: String(port) })
}

/** How many differ, once none differs or time is over. */
async function wrongMaps(tiers: Tiers, crowd: ReturnType<Tiers['fan']>[]): Promise<number> {
  let wrong = crowd.length
  await until(async () => {
    const truth = await tiers.truth().catch(() => undefined)
    if (truth === undefined) return false
    const { epoch, seq, ...seen } = truth
    const same = JSON.stringify(seen)
    wrong = crowd.filter(
      ({ watch }) =>
        watch.state.epoch !== epoch || watch.state.seq !== seq || JSON.stringify(seenBy(watch)) !== same,
    ).length
    return wrong === 0
  }, SETTLE_MS)
  return wrong
}

async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds()) && performance.now() < deadline) await wait(100)
}

/** The frame's 32 bits of time against our clock, which here is the server's too. */
function ageOf(at: number): number {
  const off = (Date.now() % 2 ** 32) - at
  return off < -(2 ** 31) ? off + 2 ** 32 : off
}

function percentiles(ages: number[]): Rolled['age'] {
  const sorted = Float64Array.from(ages).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { p50: at(0.5), p99: at(0.99), most: at(1) }
}
