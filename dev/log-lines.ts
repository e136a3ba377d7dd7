/** Which line of a part's log a person at the console should see, and how it reads there. */

const WARN = 40
// These fail loudly if they do, with what they said.
const QUIET = new Set(['redis', 'catalogue', 'pages'])
// Postgres logs refused statements too, and being refused is how two buyers of one seat are told apart.
const POSTGRES_TROUBLE = /\b(FATAL|PANIC):/
// What every orderly restart says.
const POSTGRES_CALM =
  /terminating connection due to administrator command|the database system is (starting up|shutting down|not yet accepting connections)/

/** @returns null where the log file is enough */
export function worthShowing(part: string, line: string, from: 'stdout' | 'stderr'): string | null {
  if (QUIET.has(part)) return null
  if (part === 'postgres') return POSTGRES_TROUBLE.test(line) && !POSTGRES_CALM.test(line) ? line : null
  if (!line.startsWith('{')) return from === 'stderr' && line.trim() !== '' ? line : null
  try {
    const { level, msg, err } = JSON.parse(line)
    if (typeof level !== 'number' || level < WARN) return null
    const cause = err && typeof err.message === 'string' && err.message !== msg ? `: ${err.message}` : ''
    return `${typeof msg === 'string' ? msg : line}${cause}`
  } catch {
    return line
  }
}
