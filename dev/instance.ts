/**
 * The record of the one Onsale that runs on a data folder: a lock against a second, and the list of its processes, by which the
 * next start ends what a killed one left behind.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Member } from './child.ts'
import { Cure } from './cure.mjs'
import { endRecorded, startTime } from './recorded-process.ts'

const Process = z.object({ pid: z.number().int(), since: z.string() })
const Recorded = Process.extend({ url: z.string(), children: z.array(Process) })
type Recorded = z.infer<typeof Recorded>

/** Another Onsale runs on this folder. */
export class AlreadyRunning extends Cure {}

export class Instance {
  readonly #file: string
  readonly #self: Recorded
  #released = false

  private constructor(file: string, self: Recorded) {
    this.#file = file
    this.#self = self
  }

  /**
   * Takes the folder for this process; ends what a dead owner left running.
   * @throws {AlreadyRunning}
   */
  static async take(folder: string): Promise<Instance> {
    const file = join(folder, 'instance.json')
    const self = { pid: process.pid, since: startTime(process.pid) ?? '', url: '', children: [] }
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, JSON.stringify(self), { mode: 0o600 })
    try {
      while (!linked(draft, file)) await removeDead(file)
    } finally {
      rmSync(draft)
    }
    return new Instance(file, self)
  }

  setUrl(url: string): void {
    this.#self.url = url
    this.#write()
  }

  setChildren(children: Member[]): void {
    this.#self.children = children
    this.#write()
  }

  release(): void {
    this.#released = true
    rmSync(this.#file, { force: true })
  }

  #write(): void {
    if (this.#released) return
    const draft = `${this.#file}.${process.pid}`
    writeFileSync(draft, JSON.stringify(this.#self), { mode: 0o600 })
    renameSync(draft, this.#file)
  }
}

function linked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function removeDead(file: string): Promise<void> {
  const text = read(file)
  if (text === null) return
  const owner = parse(text)
  if (owner && startTime(owner.pid) === owner.since) {
    const where = owner.url ? ` at ${owner.url}` : ''
    throw new AlreadyRunning(
      `Onsale already runs from this folder${where}, as process ${owner.pid}.\nCure: use that one, or end it: kill ${owner.pid}`,
    )
  }
  // What was started last stands on what was started first.
  for (const { pid, since } of owner?.children.reverse() ?? []) {
    await endRecorded(pid, () => startTime(pid) === since)
  }
  // Moved aside before it is removed: of two that find the same dead owner, the slower may else remove the quicker's record.
  const aside = `${file}.dead.${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  if (read(aside) !== text) linked(aside, file)
  rmSync(aside)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function parse(text: string): Recorded | null {
  try {
    return Recorded.parse(JSON.parse(text))
  } catch {
    return null
  }
}
