/**
 * `npm run bench -- queue [--places N] [--fans N] [--only places,sockets,recovery,draw,forecast]`: the waiting room's promises, measured
 * on stores of its own. The full line is ten million places, 3 GB and some ten minutes. Ends with 1 where a target is missed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Ground, makeGround } from './ground/ground.ts'
import { forecast } from './queue/forecast.ts'
import { fill, letIn } from './queue/places.ts'
import { recovery } from './queue/recovery.ts'
import { sockets } from './queue/sockets.ts'
import { frames, passes } from './queue/telling.ts'
import { fail, numberOf, partsOf, report } from './report/run.ts'
import type { Target } from './report/table.ts'

const PARTS = ['forecast', 'places', 'sockets', 'recovery', 'draw'] as const
const MOST_RECOVERED = 1_000_000

const { values } = parseArgs({
  options: { places: { type: 'string' }, fans: { type: 'string' }, only: { type: 'string' } },
})
const places = numberOf('places', values.places, 10_000_000, 10_000)
const fans = numberOf('fans', values.fans, 10_000, 100)
const only = partsOf(values.only, PARTS)

const targets: Target[] = []
const wants = (part: (typeof PARTS)[number]) => only.includes(part)
try {
  if (wants('forecast')) targets.push(...forecast())
  if (wants('places') || wants('sockets') || wants('recovery')) await withGround(measure)
  if (wants('draw')) targets.push(...(await draw()))
} finally {
  // Also where a part failed: what the others saw is not lost.
  report(targets)
}

async function measure(ground: Ground): Promise<void> {
  targets.push(...passes(ground))
  if (wants('sockets')) {
    console.log(`${fans} fans come to one realtime node`)
    targets.push(...(await sockets(ground, fans)))
  }
  if (wants('recovery')) {
    const count = Math.min(places, MOST_RECOVERED)
    console.log(`${count} places are lost with Redis and brought back`)
    targets.push(...(await recovery(ground, count)))
    await ground.redis.flushall()
  }
  if (wants('places')) {
    console.log(`${places} places in one line`)
    const filled = await fill(ground, places)
    targets.push(
      ...filled.targets,
      ...frames(await filled.queue.tick(filled.event)),
      ...(await letIn(ground, filled)),
    )
  }
}

async function withGround(work: (ground: Ground) => Promise<void>): Promise<void> {
  const ground = await makeGround()
  try {
    await work(ground)
  } finally {
    await ground.close()
  }
}

/** A bench of its own, on stores of its own. */
async function draw(): Promise<Target[]> {
  const entrants = String(Math.min(places, MOST_RECOVERED))
  const bench = fork(join(import.meta.dirname, 'draw.ts'), [entrants])
  const told: Target[] = []
  bench.on('message', message => told.push(...(message as Target[])))
  const [code] = (await once(bench, 'exit')) as [number | null]
  if (code !== 0 || told.length === 0) fail('the draw’s bench failed')
  return told
}
