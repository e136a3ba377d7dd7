/** The storm of the bookings' bench, as much of it as CI has time for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'

const ATTEMPTS = 20_000
/** Some two minutes on two cores; the storm itself gives up three minutes after its last kill. */
const MOST_MS = 900_000

test(
  '[L40] 20,000 contended attempts of 500 buyers, with a process killed every ten seconds, leave a clean audit and nothing stuck.',
  async () => {
    const args = ['bookings', '--only', 'storm', '--attempts', String(ATTEMPTS)]
    // Waiting for it, this process must go on answering vitest.
    const child = spawn(process.execPath, [join(projectRoot, 'load-tests/bench.mjs'), ...args])
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ])
    console.log(stdout)
    expect(stderr).not.toMatch(/Error/)
    expect(stdout).toMatch(/^faults an audit finds after the storm +<= 0 +0 .*met/m)
    expect(stdout).toMatch(/^stuck states seen after the last kill +<= 30 .* met/m)
    expect(status).toBe(0)
    const told = (what: string) =>
      Number(new RegExp(`^storm: ${what} +([\\d,]+)`, 'm').exec(stdout)?.[1]?.replaceAll(',', ''))
    expect(told('contended attempts')).toBeGreaterThanOrEqual(ATTEMPTS)
    // A storm indeed: nothing of it stands still.
    for (const what of [
      'held',
      'refused as taken',
      'confirmed before their buyers’ eyes',
      'returned',
      'processes killed',
    ])
      expect(told(what), what).toBeGreaterThan(0)
  },
  MOST_MS,
)
