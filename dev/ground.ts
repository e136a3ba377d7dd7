/** What one running Onsale stands on: its folder, its processes, its logs, and who is told what. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, Family, type Member } from './child.ts'
import { findDataFolder, makeTemporaryFolder, projectRoot } from './data-folder.ts'
import { Kept } from './kept.ts'
import { LogFile } from './log-file.ts'
import { worthShowing } from './log-lines.ts'

export type Environment = Record<string, string | undefined>

export type Listeners = {
  onProgress?: (part: string, text: string) => void
  /** Warnings and errors of any part. */
  onTrouble?: (part: string, line: string) => void
  /** A part died once too often. */
  onGiveUp?: (part: string) => void
  onMembers?: (members: Member[]) => void
}

export class Ground {
  readonly family: Family
  /** Databases, secrets and logs. */
  readonly folder: string
  /** What outlives a temporary folder: binaries and built pages. */
  readonly keptFolder: string
  /** Whether the folder is kept, and so must survive a crash whole. */
  readonly durable: boolean
  /** What was set explicitly. */
  readonly env: Environment
  readonly parts = new Map<string, Kept>()
  readonly #listeners: Listeners
  readonly #logs = new Map<string, LogFile>()

  /** @param folder a temporary one where it is not given, which ends with this process */
  constructor(env: Environment, folder: string | undefined, listeners: Listeners) {
    this.env = env
    this.#listeners = listeners
    this.durable = folder !== undefined
    this.family = new Family(process.execPath, projectRoot, listeners.onMembers)
    this.keptFolder = findDataFolder(env['ONSALE_DATA'] ?? process.env['ONSALE_DATA'])
    this.folder = folder ?? makeTemporaryFolder('onsale-run')
    if (!this.durable) this.family.removeAtEnd(this.folder)
    mkdirSync(join(this.folder, 'logs'), { recursive: true, mode: 0o700 })
  }

  /** The least that any program needs; nothing of ours. */
  bareEnv(): Environment {
    const { PATH, HOME, NODE_ENV } = process.env
    return { PATH, HOME, NODE_ENV }
  }

  say(part: string, text: string): void {
    this.#listeners.onProgress?.(part, text)
  }

  /** Starts a part and keeps it running. @param start settles when it is up */
  async keep(
    name: string,
    stop: { stopSignal: NodeJS.Signals; stopDeadlineMs: number },
    start: () => Promise<Child>,
  ): Promise<Kept> {
    const kept = new Kept({
      start,
      ...stop,
      onBack: () => this.#listeners.onTrouble?.(name, 'is up again'),
      onDeath: (why, gaveUp) => {
        this.#listeners.onTrouble?.(
          name,
          `${why}\n${gaveUp ? 'It is not started again.' : 'Starting it again.'}`,
        )
        if (gaveUp) this.#listeners.onGiveUp?.(name)
      },
    })
    this.parts.set(name, kept)
    await kept.start()
    return kept
  }

  /** Writes to the part's log, and tells of the lines that a person should see. */
  logLine(name: string): (line: string, from: 'stdout' | 'stderr') => void {
    const log = this.#logs.get(name) ?? new LogFile(join(this.folder, 'logs', `${name}.log`))
    this.#logs.set(name, log)
    return (line, from) => {
      log.write(line)
      const shown = worthShowing(name, line, from)
      if (shown) this.#listeners.onTrouble?.(name, shown)
    }
  }

  /** Ends the parts of each group together, one group after the other. */
  async stop(groups: readonly (readonly string[])[]): Promise<void> {
    for (const group of groups) {
      const parts = group.map(name => this.parts.get(name)).filter(part => part !== undefined)
      await Promise.all(parts.map(part => part.stop()))
    }
    // What was just coming up again when it was to stop is nobody's part yet.
    await this.family.end()
    this.#clear()
  }

  /** Ends what there is, in whatever state. */
  async abandon(): Promise<void> {
    for (const part of this.parts.values()) part.release()
    await this.family.end()
    this.#clear()
  }

  #clear(): void {
    for (const log of this.#logs.values()) log.close()
    if (!this.durable) rmSync(this.folder, { recursive: true, force: true })
  }
}
