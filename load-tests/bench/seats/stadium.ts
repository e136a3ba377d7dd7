/** What the parts of this bench stand on: an event of 100,000 seats, and Onsale's own processes. */
import { join } from 'node:path'
import getPort from 'get-port'
import type { Child } from '../../../dev/child.ts'
import { projectRoot } from '../../../dev/data-folder.ts'
import { startTier } from '../../../dev/tier.ts'
import { systemClock } from '../../../shared/clock.ts'
import { EventStore } from '../../../shared/event-store.ts'
import { eventId } from '../../../shared/ids.ts'
import type { Stock } from '../../../shared/seats/inventory.ts'
import { RedisInventory } from '../../../shared/seats/redis-inventory.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import type { Ground } from '../ground/ground.ts'

export const SEATS = 100_000

export interface Stadium {
  stock: Stock
  inventory: RedisInventory
  channel: string
}

/** Four rows of 25,000 seats, which is all one to whoever counts seats. */
export async function makeStadium(ground: Ground, name: string): Promise<Stadium> {
  await insertSmallHouse(ground.pool, name, { length: SEATS / 4 })
  const event = await new EventStore(ground.pool).find(eventId(name))
  if (event === undefined) throw new Error('the stadium is not there')
  const inventory = new RedisInventory({ ...ground, clock: systemClock })
  await inventory.rebuild(event.stock)
  return { stock: event.stock, inventory, channel: ground.keys.seats(event.eventId).channel }
}

export interface OwnNode {
  child: Child
  port: number
  inspector: number
}

export async function startNode(ground: Ground, tier: 'realtime' | 'http', flags = ''): Promise<OwnNode> {
  const [port, inspector] = [await getPort(), await getPort()]
  const child = await startTier({
    family: ground.family,
    name: tier,
    node: process.execPath,
    script: join(projectRoot, tier, 'main.ts'),
    cwd: projectRoot,
    env: {
      ...ground.environment,
      NODE_NAME: 'bench-node',
      HTTP_PORT: String(port),
      REALTIME_PORT: String(port),
      // All come from one network, as fast as they can.
      SOCKETS_PER_NETWORK: '1000000',
      ACCEPTS_PER_SECOND: '1000000',
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspector} ${flags}`,
    },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  })
  return { child, port, inspector }
}
