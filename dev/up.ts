/**
 * `npm start`, once Node 24 runs it: one whole Onsale on this clone's data folder, told about as it comes up, and ended in order
 * by Ctrl-C, SIGTERM or the death of whoever started it. `--fresh` begins with empty databases.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ChildFailed } from './child.ts'
import { Cure } from './cure.mjs'
import { findDataFolder } from './data-folder.ts'
import { Instance } from './instance.ts'
import { type Onsale, startOnsale } from './processes.ts'

/** One Ctrl-C comes twice, from the terminal and from npm: only a later one means "now". */
const SAME_SIGNAL_MS = 1_500
/** What --fresh throws away. Secrets stay, so that the operator's bookmarked link lives on; pages and binaries are no data. */
const DATA = [
  'postgres',
  'redis',
  'simulator.sqlite',
  'simulator.sqlite-wal',
  'simulator.sqlite-shm',
  'mail',
  'logs',
]

const startedAt = performance.now()
const abandon = new AbortController()
let stopping: Promise<never> | undefined
let firstSignalAt = 0
let isUp = false

const fresh = readArguments()
const starting = main()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(signal))
process.on('disconnect', () => void end('the launcher has gone'))
await starting.catch(fail)

function readArguments(): boolean {
  try {
    return parseArgs({ options: { fresh: { type: 'boolean', default: false } } }).values.fresh
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nUsage: npm start [-- --fresh]`)
    process.exit(2)
  }
}

type Running = { instance: Instance; onsale: Onsale }

async function main(): Promise<Running> {
  const folder = findDataFolder(process.env['ONSALE_DATA'])
  const instance = await Instance.take(folder)
  try {
    if (fresh) await makeFresh(folder)
    const onsale = await startOnsale({
      env: process.env,
      ports: 'usual',
      folder,
      onProgress: (part, text) => say(`${part.padEnd(10)} ${text}`),
      onTrouble: complain,
      onGiveUp: part => void end(`${part} cannot be kept running`, 1),
      onMembers: members => instance.setChildren(members),
      signal: abandon.signal,
    })
    isUp = true
    instance.setUrl(onsale.httpUrl)
    if (!stopping) welcome(onsale, folder)
    return { instance, onsale }
  } catch (error) {
    instance.release()
    throw error
  }
}

async function makeFresh(folder: string): Promise<void> {
  for (const name of DATA) await rm(join(folder, name), { recursive: true, force: true })
  say('data       begun anew')
  for (const name of ['DATABASE_URL', 'REDIS_URL'] as const) {
    if (process.env[name]) say(`data       ${name} is set: what is there stays as it is`)
  }
}

function welcome({ env, adminToken }: Onsale, folder: string): void {
  const site = env['HTTP_PUBLIC_URL']
  say('Onsale is up.')
  console.log(`
  Fans      ${site}/
  Operator  ${site}/operator#token=${encodeURIComponent(adminToken)}
  API docs  ${site}/docs
  Mail      ${join(folder, 'mail')}

  Data and logs are in ${folder}. Ctrl-C ends everything; \`npm start -- --fresh\` begins anew.
`)
}

/** Ends all in order, once; a second, later signal leaves the rest to the reaper. */
function end(why: string, code = 0): Promise<never> {
  const now = performance.now()
  if (stopping && now - firstSignalAt > SAME_SIGNAL_MS && why.startsWith('SIG')) process.exit(130)
  if (!stopping) {
    firstSignalAt = now
    stopping = stopAll(why, code)
  }
  return stopping
}

async function stopAll(why: string, code: number): Promise<never> {
  say(`stopping (${why})`)
  if (!isUp) abandon.abort()
  const running = await starting.catch(() => null)
  await running?.onsale.stop()
  running?.instance.release()
  say('stopped')
  process.exit(code)
}

function fail(error: unknown): void {
  if (stopping) return
  console.error(error instanceof Cure || error instanceof ChildFailed ? error.message : error)
  process.exit(1)
}

function complain(part: string, line: string): void {
  if (!stopping) console.error(`${part}: ${line}`)
}

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`[${seconds.padStart(5)} s] ${text}`)
}
