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

/** When a live process began, as the system tells it: with the pid, a name that no other process will have. */
export function startTime(pid: number): string | null {
  return ask(pid, 'lstart', () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  })
}

/** The command line of a live process, null where there is none. */
export function commandLine(pid: number): string | null {
  return ask(pid, 'command', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
}

/** ps is missing in some images, /proc on some systems. */
function ask(pid: number, column: string, fromProc: () => string | null): string | null {
  try {
    if (process.platform === 'linux') return fromProc() || null
    return (
      execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
        encoding: 'utf8',
        timeout: 5_000,
      }).trim() || null
    )
  } catch {
    return null
  }
}

/** Ends the process if it is still the one that was meant: by the fast shutdown, past its deadline by force. */
export async function endRecorded(pid: number, isMeant: () => boolean): Promise<boolean> {
  if (!isMeant()) return false
  signal(pid, 'SIGINT')
  const deadline = performance.now() + ORPHAN_DEADLINE_MS
  while (isMeant()) {
    if (performance.now() > deadline) signal(pid, 'SIGKILL')
    await wait(POLL_MS)
  }
  return true
}

/**
 * Ends the server that a pid file names, if its command line contains the mark; removes the file if the pid meanwhile belongs
 * to somebody else, since Postgres would take that for a server in its folder and refuse to start.
 */
export async function endOrphan(pidFile: string, mark: string): Promise<void> {
  const content = await readFile(pidFile, 'utf8').catch(() => null)
  if (content === null) return
  const pid = Number.parseInt(content, 10)
  const ended = await endRecorded(pid, () => commandLine(pid)?.includes(mark) ?? false)
  if (!ended && commandLine(pid) !== null) await rm(pidFile, { force: true })
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone by itself in between.
  }
}
