/**
 * A child process under care: what it said last, whether it lives, and how it is ended within a deadline. Also the family of
 * all children of this process, which outlives none of them (see reaper.mjs).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { startTime } from './recorded-process.ts'
import type { User } from './unprivileged.ts'

const TAIL_LINES = 40
const LONGEST_LINE = 4_000
const END_DEADLINE_MS = 5_000

export type Ended = { code: number | null; signal: NodeJS.Signals | null }

export type ChildOptions = {
  command: string
  args: readonly string[]
  env: Record<string, string | undefined>
  cwd: string
  user?: User | null
  /** Written to its stdin, which is then closed. */
  input?: string
  onLine?: (line: string, from: 'stdout' | 'stderr') => void
}

/** A child did not do what it was started for; the message has its last words, which say more than our stack. */
export class ChildFailed extends Error {}

export type Child = {
  pid: number
  /** Settles when the process has ended, never rejects. */
  ended: Promise<Ended>
  isAlive: () => boolean
  /** The last lines that it wrote to either stream. */
  lastLines: () => readonly string[]
  /** Sends the signal, then SIGKILL when the deadline passes; settles when the process is gone. */
  stop: (signal: NodeJS.Signals, deadlineMs: number) => Promise<Ended>
  /** As a crash would: SIGKILL. */
  kill: () => Promise<Ended>
}

export type Member = { pid: number; since: string }

/** Everything that this process started and must not leave behind. */
export class Family {
  readonly #reaper: ChildProcess
  readonly #members = new Map<number, string>()
  readonly #children = new Set<Child>()
  #ended = false
  readonly #onChange: (members: Member[]) => void

  /** @param onChange told who lives, the eldest first, whenever that changes */
  constructor(node: string, cwd: string, onChange: (members: Member[]) => void = () => {}) {
    this.#onChange = onChange
    this.#reaper = spawn(node, [`${import.meta.dirname}/reaper.mjs`], {
      cwd,
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    // A reaper that is killed must not take us along by EPIPE; the next start then tidies up by the recorded pids.
    this.#reaper.stdin?.on('error', () => {})
    this.#reaper.unref()
    unref(this.#reaper.stdin)
  }

  /** Removes the folder when this process has ended, however it ends. */
  removeAtEnd(folder: string): void {
    this.#tell(`rm ${folder}`)
  }

  /** Ends all, the last started first, and starts nothing more. */
  async end(): Promise<void> {
    this.#ended = true
    for (const child of [...this.#children].reverse()) await child.stop('SIGINT', END_DEADLINE_MS)
  }

  async start(options: ChildOptions): Promise<Child> {
    if (this.#ended) throw new Error('this family has ended')
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      // A session of its own: Ctrl-C in the terminal reaches us alone, and we end the children in order.
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...options.user,
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    const pid = child.pid
    if (pid === undefined) throw new Error(`${options.command} has no pid`)
    this.#tell(`+${pid}`)
    this.#members.set(pid, startTime(pid) ?? '')
    this.#changed()
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
    const watched = watch(child, pid, options.onLine, () => {
      this.#tell(`-${pid}`)
      this.#members.delete(pid)
      this.#children.delete(watched)
      this.#changed()
    })
    this.#children.add(watched)
    // One that was being started while we end: nobody else knows of it.
    if (this.#ended) await watched.kill()
    return watched
  }

  #changed(): void {
    this.#onChange([...this.#members].map(([pid, since]) => ({ pid, since })))
  }

  #tell(line: string): void {
    this.#reaper.stdin?.write(`${line}\n`)
  }
}

function watch(process: ChildProcess, pid: number, onLine: ChildOptions['onLine'], onEnd: () => void): Child {
  const tail: string[] = []
  const listen = (stream: Readable | null, from: 'stdout' | 'stderr'): void => {
    if (!stream) return
    createInterface({ input: stream }).on('line', whole => {
      const line = whole.slice(0, LONGEST_LINE)
      tail.push(line)
      if (tail.length > TAIL_LINES) tail.shift()
      onLine?.(line, from)
    })
  }
  listen(process.stdout, 'stdout')
  listen(process.stderr, 'stderr')
  let alive = true
  const ended = new Promise<Ended>(resolve => {
    process.once('exit', () => {
      alive = false
      onEnd()
    })
    // "close" comes when the streams are read to their end too, so the last words are in the tail.
    process.once('close', (code, signal) => resolve({ code, signal }))
  })
  const stop = async (signal: NodeJS.Signals, deadlineMs: number): Promise<Ended> => {
    if (alive) process.kill(signal)
    const timer = setTimeout(() => process.kill('SIGKILL'), deadlineMs)
    const how = await ended
    clearTimeout(timer)
    return how
  }
  return {
    pid,
    ended,
    isAlive: () => alive,
    lastLines: () => tail,
    stop,
    kill: () => stop('SIGKILL', 0),
  }
}

/** The pipe to the reaper must not keep this process running. */
function unref(stream: object | null): void {
  if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}

/** Runs a command to its end. @throws with its last words where it fails */
export async function run(family: Family, options: ChildOptions, deadlineMs: number): Promise<string> {
  const out: string[] = []
  const child = await family.start({
    ...options,
    onLine: (line, from) => {
      if (from === 'stdout') out.push(line)
      options.onLine?.(line, from)
    },
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    void child.kill()
  }, deadlineMs)
  const { code, signal } = await child.ended
  clearTimeout(timer)
  if (code === 0) return out.join('\n')
  const how = late ? `took longer than ${deadlineMs / 1000} s` : `ended with ${signal ?? code}`
  throw new ChildFailed(`${options.command} ${how}:\n${child.lastLines().join('\n')}`)
}

/** How a process ended, in words. */
export function toldEnd({ code, signal }: Ended): string {
  return signal ? `signal ${signal}` : `code ${code}`
}

/** The last lines of a process, indented. */
export function toldLastLines(child: Child): string {
  return child
    .lastLines()
    .slice(-12)
    .map(line => `    ${line}`)
    .join('\n')
}
