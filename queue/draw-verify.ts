/**
 * `npm run draw:verify -- <address of a draw, or a folder> [--entry <28 hex digits>] [--save <folder>]`: checks a published
 * draw, from the site or from files that were saved before. Ends with 1 where something is wrong, and says what.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { auditDraw, type PublishedDraw } from './draw-audit.ts'

const FETCH_MS = 30_000
const SHOWN = 10

interface Source {
  draw: PublishedDraw
  chunk(number: number): Promise<Buffer>
}

async function source(from: string): Promise<Source> {
  if (!/^https?:/.test(from)) {
    const draw = JSON.parse(await readFile(join(from, 'draw.json'), 'utf8')) as PublishedDraw
    return { draw, chunk: number => readFile(join(from, fileOf(number))) }
  }
  const draw = JSON.parse((await load(from)).toString('utf8')) as PublishedDraw
  const address = new URL(from)
  address.search = `?generation=${draw.generation}`
  const path = address.pathname.replace(/\/$/, '')
  const chunk = (number: number) =>
    load(Object.assign(new URL(address), { pathname: `${path}/entrants/${number}` }))
  return { draw, chunk }
}

async function load(address: string | URL): Promise<Buffer> {
  const response = await fetch(address, { signal: AbortSignal.timeout(FETCH_MS) })
  if (!response.ok) throw new Error(`${address} answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

const fileOf = (number: number) => `entrants-${number}.bin`

async function save(folder: string, draw: PublishedDraw, chunks: Buffer[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'draw.json'), `${JSON.stringify(draw, null, 2)}\n`)
  for (const [number, bytes] of chunks.entries()) await writeFile(join(folder, fileOf(number)), bytes)
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { entry: { type: 'string' }, save: { type: 'string' } },
  })
  const [from] = positionals
  if (from === undefined) throw new Error('name the address of a draw, or a folder with one')
  const { draw, chunk } = await source(from)
  const chunks: Buffer[] = []
  for (let number = 0; number < (draw.chunks ?? 0); number++) chunks.push(await chunk(number))
  if (values.save !== undefined) await save(values.save, draw, chunks)

  const { faults, remarks, order } = auditDraw(draw, Buffer.concat(chunks))
  console.log(`draw of event ${draw.eventId}, line ${draw.generation}: ${draw.entrants ?? 'no'} entrants`)
  for (const [rank, entrant] of order.slice(0, SHOWN).entries()) console.log(`${rank + 1}. ${entrant}`)
  if (values.entry !== undefined) {
    const rank = order.indexOf(values.entry.toLowerCase())
    if (rank === -1) faults.push(`${values.entry} is not among the entrants`)
    else console.log(`${values.entry} is number ${rank + 1} of ${order.length}`)
  }
  for (const remark of remarks) console.log(`note: ${remark}`)
  for (const fault of faults) console.error(`wrong: ${fault}`)
  if (faults.length === 0) console.log('sound: commitment, root, seed and order fit each other')
  return faults.length === 0
}

process.exitCode = await main().then(
  sound => (sound ? 0 : 1),
  (error: unknown) => {
    console.error(`wrong: ${error instanceof Error ? error.message : error}`)
    return 1
  },
)
