/**
 * `npm run crowd`, once Node 24 runs it: people who come to an event, so many at a time, until the time is up or Ctrl-C is pressed;
 * told in a line a second. Who goes home makes room for another. The load test proper is `npm run load`.
 */
import { once, setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { OnsaleError } from '../client/http.ts'
import { connectOnsale } from '../client/onsale.ts'
import { chanceOf } from '../load-tests/chance.ts'
import { milliseconds, number } from '../load-tests/load/arguments.ts'
import { type Asked, findSite, openQueue, type Site } from '../load-tests/site.ts'
import type { SeatMap } from '../shared/seats/seat-map.ts'
import { bestRows } from './crowd/choice.ts'
import { Fan, type Scene } from './crowd/fan.ts'
import { flushRedis, killNode } from './crowd/havoc.ts'
import { Ledger } from './crowd/ledger.ts'
import { Screen } from './crowd/screen.ts'
import { Tally } from './crowd/tally.ts'
import { Cure } from './cure.mjs'
import { findDataFolder } from './data-folder.ts'

const USAGE = `Usage: npm run crowd [-- options]     (people who want tickets, to watch in the console)
  --fans N        how many are there at a time (200)
  --event E       an event's id, words of its name, or hot: the demo's (hot)
  --target URL    an Onsale (the one that runs from this clone, else http://localhost:3000)
  --realtime URL  its sockets (as the target says)
  --duration D    90s, 2m, 1h (2m)
  --rate N --cap N   admissions a second, and most at the seats; put back afterwards
  --seed N        another crowd (1)
  --kill-node     in the middle the realtime node of the Onsale that runs from this clone is killed, and comes back
  --flush         in the middle its Redis is emptied (FLUSHALL); the end tells who kept their place
The queue is opened with ADMIN_TOKEN where it is off, and put back.`

/** Fans come over this part of the time. */
const ARRIVAL = 0.15
/** Before the next one comes in the place of one who went. */
const NEXT_MS = 1_000
/** One Ctrl-C comes twice, from the terminal and from npm: only a later one means "now". */
const SAME_SIGNAL_MS = 1_500
/** Who has gone without a word keeps a slot for so long: with the usual ten minutes they would fill the house. */
const PASS_SECONDS = 120
/** Who is paying is waited for. */
const GOING_HOME_MS = 45_000

interface Arguments extends Asked {
  fans: number
  durationMs: number
  rate: number | undefined
  cap: number | undefined
  seed: number
  strikes: Strike[]
}

type Strike = 'kill-node' | 'flush'

/** At these parts of the time. */
const STRIKES: Record<Strike, number> = { 'kill-node': 0.35, flush: 0.55 }

try {
  await main()
} catch (error) {
  console.error(error instanceof Cure ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const asked = readArguments()
  const site = await findSite(asked, process.env)
  const rows = bestRows(await connectOnsale({ httpUrl: site.url }).events.map<SeatMap>(site.event.links.map))
  // Heard from before the queue is opened, so that no Ctrl-C leaves it so.
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  endBySignals(over)
  const queue = await openQueue(site, paceFor(asked), {
    ...(asked.rate === undefined ? {} : { rate: asked.rate }),
    ...(asked.cap === undefined ? {} : { cap: asked.cap }),
  })
  say(
    `${asked.fans} fans at a time at ${site.event.name} (${site.event.eventId}), ${site.url}, seed ${asked.seed}`,
  )
  say(queue.told)
  try {
    await run(asked, site, rows, over)
  } finally {
    const told = await queue.putBack()
    if (told !== undefined) say(told)
  }
}

function readArguments(): Arguments {
  const text = { type: 'string' } as const
  const options = {
    fans: text,
    event: text,
    target: text,
    realtime: text,
    duration: text,
    rate: text,
    cap: text,
    seed: text,
    'kill-node': { type: 'boolean' },
    flush: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const
  let given: ReturnType<typeof parseArgs<{ options: typeof options }>>['values']
  try {
    given = parseArgs({ options }).values
  } catch (error) {
    throw new Cure(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
  if (given.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const strikes = (['kill-node', 'flush'] as const).filter(name => given[name])
  if (strikes.length > 0 && given.target !== undefined)
    throw new Cure(
      '--kill-node and --flush are for the Onsale that runs from this clone: leave --target out.',
    )
  return {
    strikes,
    target: given.target,
    realtime: given.realtime,
    event: given.event ?? 'hot',
    fans: number('--fans', given.fans, 1, 20_000, true) ?? 200,
    durationMs: milliseconds('--duration', given.duration ?? '2m'),
    rate: number('--rate', given.rate, 0.1, 100_000, false),
    cap: number('--cap', given.cap, 1, 10_000_000, true),
    seed: number('--seed', given.seed, 0, 2 ** 31, true) ?? 1,
  }
}

/** A line that moves and does not empty at once. */
function paceFor({ fans }: Arguments): { rate: number; cap: number; passSeconds: number } {
  return {
    rate: Math.max(1, Math.ceil(fans / 40)),
    cap: Math.max(20, Math.ceil(fans / 4)),
    passSeconds: PASS_SECONDS,
  }
}

/** What is done to the instance in the middle; the fans are asked at the end. */
async function strike(
  strikes: Strike[],
  durationMs: number,
  site: Site,
  ledger: Ledger,
  screen: Screen,
  over: AbortSignal,
) {
  const folder = findDataFolder(process.env['ONSALE_DATA'])
  const one = async (name: Strike) => {
    await sleep(STRIKES[name] * durationMs, undefined, { signal: over })
    screen.above(name === 'flush' ? '  x its Redis is emptied' : '  x its realtime node is killed')
    ledger.struck(name === 'flush' ? 'Redis was emptied' : 'the node was killed', performance.now())
    if (name === 'flush') await flushRedis(folder)
    else {
      const ms = await killNode(folder, `${site.realtimeUrl.replace(/^ws/, 'http')}/readyz`)
      screen.above(`  x the node is back after ${(ms / 1_000).toFixed(1)} s`)
    }
  }
  // A node that is slow to come back keeps nobody from the other.
  await Promise.all(strikes.map(one))
}

function toldLedger(ledger: Ledger, beganAt: number): string[] {
  const strikes = ledger.kept().map(({ what, at, waiting, kept }) => {
    const lost = waiting === kept ? 'all kept their place' : `${waiting - kept} LOST THEIR PLACE`
    return `  ${what} after ${Math.round((at - beganAt) / 1_000)} s, ${waiting} were waiting: ${lost}`
  })
  return [
    ...strikes,
    `  let in before somebody who stood there with a better place: ${ledger.inversions(performance.now())}`,
  ]
}

async function run(
  { fans, durationMs, seed, strikes }: Arguments,
  site: Site,
  rows: Scene['rows'],
  over: AbortController,
): Promise<void> {
  const tally = new Tally()
  const ledger = new Ledger()
  const screen = new Screen()
  const complain = ({ code, message }: OnsaleError): void => screen.above(`  ! ${code}: ${message}`)
  const scene: Scene = { site, rows, tally, ledger, seed, over: over.signal, complain }
  const beganAt = performance.now()
  const lines = setInterval(
    () => screen.line(tally.line(Math.round((performance.now() - beganAt) / 1_000))),
    1_000,
  )
  const timeUp = setTimeout(() => over.abort(), durationMs)
  const struck = strike(strikes, durationMs, site, ledger, screen, over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) screen.above(`  ! ${error instanceof Error ? error.message : error}`)
  })
  let people = 0
  const chairs = Array.from({ length: fans }, async (_, chair) => {
    const comesAfter = durationMs * ARRIVAL * chanceOf(seed, -chair - 1)() ** 2
    await sleep(comesAfter, undefined, { signal: over.signal }).catch(() => undefined)
    while (!over.signal.aborted) {
      await new Fan(scene, people++).live()
      await sleep(NEXT_MS, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })
  const allHome = Promise.all(chairs)
  if (!over.signal.aborted) await once(over.signal, 'abort')
  clearTimeout(timeUp)
  screen.above('  everybody goes home: places and seats are given back, who is paying is seen to the end')
  await Promise.race([allHome, sleep(GOING_HOME_MS, undefined, { ref: false })])
  clearInterval(lines)
  screen.end()
  await struck
  say([tally.summary(performance.now() - beganAt), ...toldLedger(ledger, beganAt)].join('\n'))
  if (tally.tickets > 0) say('What is sold stays sold; `npm start -- --fresh` begins anew.')
}

function endBySignals(over: AbortController): void {
  let firstAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (firstAt !== undefined && performance.now() - firstAt > SAME_SIGNAL_MS) {
        console.error(
          '\nEnded at once: seats are free when their holds end, and the queue stays as this run set it.',
        )
        process.exit(130)
      }
      firstAt ??= performance.now()
      over.abort()
    })
}

function say(text: string): void {
  console.log(text)
}
