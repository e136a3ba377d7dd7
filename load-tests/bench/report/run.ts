/** How every bench begins and ends: its parts by --only, its figures as a table, its exit code. */
import { loadavg } from 'node:os'
import { isMet, summaryOf, type Target, tableOf } from './table.ts'

/** Load averages of 1, 5 and 15 minutes. */
export function loadNow(): string {
  return loadavg()
    .map(one => one.toFixed(1))
    .join(', ')
}

export function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

/** The parts that `--only` names, comma-separated, in their own order; all where it is not given. */
export function partsOf<Part extends string>(only: string | undefined, parts: readonly Part[]): Part[] {
  const asked: readonly string[] = only?.split(',') ?? parts
  const unknown = asked.filter(part => !(parts as readonly string[]).includes(part))
  if (unknown.length > 0) fail(`--only knows no ${unknown.join(', ')}, but ${parts.join(', ')}`)
  return parts.filter(part => asked.includes(part))
}

/** A whole number that was given as an option, or the usual one. */
export function numberOf(name: string, told: string | undefined, usual: number, least: number): number {
  const number = told === undefined ? usual : Number(told)
  if (!Number.isSafeInteger(number) || number < least)
    fail(`--${name} must be a whole number of ${least} or more`)
  return number
}

/** The table and the last line; the process will end with 1 where a target is missed. */
export function report(targets: readonly Target[]): void {
  console.log(`\n${tableOf(targets)}\n\n${summaryOf(targets)}`)
  process.exitCode = targets.every(isMet) ? 0 : 1
}
