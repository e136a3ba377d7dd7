/**
 * Processes known by a pid in a file: is it still the one that was recorded, and ending it if its owner died without doing so.
 * A pid alone proves nothing, since the system gives it to others later.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const ORPHAN_DEADLINE_MS = 15_000
const POLL_MS = 50

/** The command line of a live process, null where there is none (a zombie has none). */
export function commandLine(pid: number): string | null {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') || null
    return (
      execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
        encoding: 'utf8',
        timeout: 5_000,
      }).trim() || null
    )
  } catch {
    return null
  }
}

/** Ends the process if its command line still contains the mark: fast shutdown first, then by force. */
export async function endIfOurs(pid: number, mark: string): Promise<boolean> {
  const isOurs = (): boolean => commandLine(pid)?.includes(mark) ?? false
  if (!isOurs()) return false
  signal(pid, 'SIGINT')
  const deadline = performance.now() + ORPHAN_DEADLINE_MS
  while (isOurs()) {
    if (performance.now() > deadline) signal(pid, 'SIGKILL')
    await wait(POLL_MS)
  }
  return true
}

/**
 * Ends the server that a pid file names, if it is one of the mark; removes the file if the pid meanwhile belongs to somebody
 * else, since Postgres would take that for a server in its folder and refuse to start.
 */
export async function endOrphan(pidFile: string, mark: string): Promise<void> {
  const content = await readFile(pidFile, 'utf8').catch(() => null)
  if (content === null) return
  const pid = Number.parseInt(content, 10)
  if (!(await endIfOurs(pid, mark)) && commandLine(pid) !== null) await rm(pidFile, { force: true })
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone by itself in between.
  }
}
