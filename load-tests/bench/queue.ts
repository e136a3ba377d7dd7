/**
 * `npm run bench -- queue [--places N] [--fans N] [--only part,part]`: the waiting room's promises, each measured on stores of
 * its own. A line of ten million needs 4 GB and some five minutes.
 */
import { parseArgs } from 'node:util'
import { makeGround } from './queue/ground.ts'
import { fill, letIn } from './queue/places.ts'
import { summaryOf, type Target, tableOf } from './queue/table.ts'

const { values } = parseArgs({
  options: { places: { type: 'string' }, fans: { type: 'string' }, only: { type: 'string' } },
})
const places = Number(values.places ?? 10_000_000)
const ground = await makeGround()
const targets: Target[] = []
try {
  const filled = await fill(ground, places)
  targets.push(...filled.targets, ...(await letIn(ground, filled)))
} finally {
  await ground.close()
}
console.log(`\n${tableOf(targets)}\n\n${summaryOf(targets)}`)
