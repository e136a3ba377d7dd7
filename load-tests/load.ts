/**
 * `npm run load`, once Node 24 runs it: sees that k6, the machine and the target are fit, opens the event's queue, runs on-sale.ts,
 * and puts the queue back, however the run ends. k6's exit code is ours.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Cure } from '../dev/cure.mjs'
import { type LoadArguments, readArguments, USAGE } from './load/arguments.ts'
import { mostOpenFiles, tooManyFor } from './load/bounds.ts'
import { findK6 } from './load/find-k6.ts'
import { runK6, Signals } from './load/run-k6.ts'
import { findSite, type OpenedQueue, openQueue, type Site, soldSeats } from './site.ts'

/** k6's code for a crossed threshold. */
const CROSSED = 99
/** Everybody is in by then, so that there is time left to buy. */
const ADMITTED_WITHIN = 0.4
const SEEN_OFF_MS = 500
const SEEN_OFF_TRIES = 4

const Told = z.object({ tickets: z.number() })

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Cure ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2))
  if (asked === 'help') {
    console.log(USAGE)
    return 0
  }
  const k6 = await findK6(process.env['PATH'])
  const files = await mostOpenFiles()
  const tooMany = tooManyFor(asked.fans, files, process.platform)
  if (tooMany !== undefined) throw new Cure(tooMany)
  const site = await findSite(asked, process.env)
  console.log(
    `k6 ${k6}: ${asked.fans} fans come to ${site.event.name} (${site.event.eventId}) at ${site.url}`,
  )
  // While the queue is on, the seats are shown to those inside only: they are counted before it opens and after it closes.
  const soldBefore = await soldSeats(site)
  // Heard from before the queue is opened, so that no Ctrl-C leaves it so.
  const signals = new Signals()
  const queue = await openQueue(site, paceFor(asked), given(asked))
  console.log(`  ${queue.told}`)
  const folder = await mkdtemp(join(tmpdir(), 'onsale-load-'))
  const json = asked.json === undefined ? join(folder, 'summary.json') : resolve(asked.json)
  try {
    const code = await runAndPutBack(asked, site, queue, signals, json)
    const twice = await soldTwice(site, soldBefore, json)
    console.log(`  ${twice.told}`)
    return twice.found ? CROSSED : code
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function paceFor({ fans, durationMs }: LoadArguments): { rate: number; cap: number } {
  const seconds = (durationMs / 1_000) * ADMITTED_WITHIN
  return { rate: Math.max(1, Math.ceil(fans / seconds)), cap: Math.max(20, Math.ceil(fans / 2)) }
}

function given({ rate, cap }: LoadArguments): { rate?: number; cap?: number } {
  return { ...(rate === undefined ? {} : { rate }), ...(cap === undefined ? {} : { cap }) }
}

/** Answers k6's exit code, however it has ended. */
async function runAndPutBack(
  asked: LoadArguments,
  site: Site,
  queue: OpenedQueue,
  signals: Signals,
  json: string,
): Promise<number> {
  try {
    return await runK6(asked, site, signals, json)
  } finally {
    await backInWords(queue)
  }
}

async function backInWords(queue: OpenedQueue): Promise<void> {
  try {
    const told = await queue.putBack()
    if (told !== undefined) console.log(`  ${told}`)
  } catch (error) {
    console.error(`The queue could NOT be put back: ${error instanceof Error ? error.message : error}`)
  }
}

/** Whether more tickets were confirmed to fans than the map has turned sold: then some ticket was sold to two of them. */
async function soldTwice(
  site: Site,
  before: number | undefined,
  json: string,
): Promise<{ found: boolean; told: string }> {
  const fine = (told: string) => ({ found: false, told })
  const { tickets } = await readFile(json, 'utf8').then(
    found => Told.parse(JSON.parse(found)),
    () => ({ tickets: undefined }),
  )
  if (tickets === undefined) return fine('no summary was written, so the seats were not counted')
  if (site.event.areas.length > 0)
    return fine('seats were not counted on the map: the event has standing room')
  const after = before === undefined ? undefined : await soldAfter(site)
  if (before === undefined || after === undefined)
    return fine('seats were not counted on the map: the queue hides it')
  const found = tickets > after - before
  const told = `the map turned ${after - before} seats sold, fans were confirmed ${tickets}`
  return { found, told: found ? `RED: ${told}: SOLD TWICE` : `${told}: none was sold twice` }
}

/** That the queue is off again is known everywhere within a second. */
async function soldAfter(site: Site): Promise<number | undefined> {
  for (let left = SEEN_OFF_TRIES; left > 0; left--) {
    const sold = await soldSeats(site)
    if (sold !== undefined) return sold
    await sleep(SEEN_OFF_MS)
  }
  return undefined
}
