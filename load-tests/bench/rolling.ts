/**
 * `npm run bench -- rolling [--fans N]`: a rolling restart of two realtime nodes under 5,000 watchers while tickets are sold. Fans are the
 * SDK's, behind a small balancer, all in this process; in the end every map is held against Redis and Postgres. Ends with 1 where
 * a target is missed.
 */
import { parseArgs } from 'node:util'
import { rollThrough } from '../../realtime/rolling-fixture.ts'
import { makeTiers } from '../../realtime/tiers-fixture.ts'
import { makeGround } from './ground/ground.ts'
import { numberOf, report } from './report/run.ts'
import type { Target } from './report/table.ts'

/** Seats of each of four rows: so that a map is of some size, and nobody runs out of seats. */
const ROW = 5_000

const { values } = parseArgs({ options: { fans: { type: 'string' } } })
const fans = numberOf('fans', values.fans, 5_000, 10)

const ground = await makeGround()
const { DATABASE_URL = '', REDIS_URL = '', KEY_PREFIX = '' } = ground.environment
const tiers = await makeTiers({ databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, keyPrefix: KEY_PREFIX }, ROW)
try {
  console.log(`${fans} fans come to two nodes, which are then restarted one after the other`)
  const rolled = await rollThrough(tiers, fans)
  const targets: Target[] = [
    { name: 'fans without a live map in the end', bound: { most: 0 }, measured: rolled.gone, unit: '' },
    {
      name: 'maps in the end that are not Redis’s and Postgres’s',
      bound: { most: 0 },
      measured: rolled.wrong,
      unit: '',
    },
    {
      name: 'fans who were told to move, or were closed',
      bound: { least: fans },
      measured: rolled.moved,
      unit: '',
      note: `${rolled.changes} changes meanwhile`,
    },
    {
      name: 'the slower node’s end',
      bound: { most: 10 },
      measured: Math.max(...rolled.stopSeconds),
      unit: 's',
    },
    {
      name: 'fans who polled meanwhile',
      measured: rolled.polled,
      unit: '',
      note: 'without a socket for three seconds: all are in this one process, which needs a core of its own for them',
    },
    { name: 'from a change to a fan’s map, p50', measured: rolled.age.p50, unit: 'ms' },
    {
      name: 'p99',
      measured: rolled.age.p99,
      unit: 'ms',
      note: 'of what came by socket, with all fans in one process',
    },
  ]
  report(targets)
} finally {
  await tiers.close()
  await ground.close()
}
