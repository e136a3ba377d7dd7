/**
 * `npm run bench -- bookings [--only holds,contended,confirms,webhooks,ends,best,sale,storm]`: holds and money measured beside bare
 * Redis, row locks in Postgres and the payment simulator, on stores of its own. `--times N` scales the real on-sale's trace (10),
 * `--attempts N` the storm (1,000,000). Ends with 1 where a target is missed.
 */
import { parseArgs } from 'node:util'
import { bestAvailable } from './bookings/best-available.ts'
import { confirms } from './bookings/confirms.ts'
import { contended } from './bookings/contended.ts'
import { ends } from './bookings/ends.ts'
import { holdScript } from './bookings/hold-script.ts'
import { sale } from './bookings/sale.ts'
import { STORM, storm } from './bookings/storm.ts'
import { webhooks } from './bookings/webhooks.ts'
import { type Ground, makeGround } from './ground/ground.ts'
import { fail, loadNow, numberOf, partsOf, report } from './report/run.ts'
import type { Target } from './report/table.ts'

const onGround = (work: (ground: Ground) => Promise<Target[]>) => async () => {
  const ground = await makeGround()
  try {
    return await work(ground)
  } finally {
    await ground.close()
  }
}

/** In the order of their table; each on stores of its own. */
const PARTS: Record<string, () => Promise<Target[]>> = {
  holds: onGround(holdScript),
  contended: onGround(contended),
  confirms: onGround(confirms),
  webhooks,
  ends,
  best: onGround(bestAvailable),
  sale: () => sale(times),
  storm: () => storm({ attempts }),
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, times: { type: 'string' }, attempts: { type: 'string' } },
})
const times = Number(values.times ?? 10)
if (!(times > 0 && times <= 100)) fail('--times must be a number up to 100')
const attempts = numberOf('attempts', values.attempts, STORM.attempts, 1_000)
const wanted = partsOf(values.only, Object.keys(PARTS))

const targets: Target[] = []
console.log(`load average at the start: ${loadNow()}`)
for (const name of wanted) {
  console.log(`${name} ...`)
  try {
    targets.push(...(await PARTS[name]!()))
  } catch (error) {
    // What the others see is not lost.
    console.error(error)
    targets.push({ name: `${name}: could not be measured`, bound: { most: 0 }, measured: 1, unit: '' })
  }
  console.log(`load average: ${loadNow()}`)
}
report(targets)
