/** What one machine can send: open files, and ports towards one address. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A socket, and a kept connection for calls. */
const FILES_A_FAN = 2
const FILES_BESIDE = 200
/** Linux gives 32768 to 60999 to outgoing connections, macOS 49152 to 65535. */
const PORTS = 28_000
const DEADLINE_MS = 5_000

/** The hard limit, as Go raises the soft one by itself; undefined where the system does not say. */
export async function mostOpenFiles(): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -Hn'], { timeout: DEADLINE_MS })
    const limit = Number.parseInt(stdout, 10)
    return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit
  } catch {
    return undefined
  }
}

/** Why so many fans cannot come from here, with the cure; undefined where they can. */
export function tooManyFor(
  fans: number,
  files: number | undefined,
  platform: NodeJS.Platform,
): string | undefined {
  const needed = fans * FILES_A_FAN + FILES_BESIDE
  if (files !== undefined && needed > files) {
    const raise =
      platform === 'darwin'
        ? `sudo launchctl limit maxfiles ${needed} ${needed}`
        : `sudo prlimit --pid $$ --nofile=${needed}:${needed}   (for good: nofile in /etc/security/limits.conf)`
    return `${fans} fans need ${needed} open files, and this shell may have ${files}.\nCure: ${raise}\n      or fewer fans: --fans ${Math.max(1, Math.floor((files - FILES_BESIDE) / FILES_A_FAN))}`
  }
  if (fans * FILES_A_FAN > PORTS)
    return `${fans} fans need more ports towards one address than the ${PORTS} a machine has.\nCure: at most --fans ${PORTS / FILES_A_FAN} from here, and more machines for more.`
  return undefined
}
