import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'

test('[L11] a small bench of the queue measures on stores of its own, and ends as its last line says', () => {
  const args = ['queue', '--places', '20000', '--only', 'forecast,places,recovery']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'load-tests/bench.mjs'), ...args],
    { encoding: 'utf8' },
  )
  expect(stderr).not.toMatch(/Error/)
  const [, met, missed] = /\n(\d+) met, (\d+) missed\n$/.exec(stdout) ?? []
  // Whether it is fast enough is no matter of a test: machines differ.
  expect(Number(met) + Number(missed)).toBe(23)
  expect(status).toBe(missed === '0' ? 0 : 1)
  expect(stdout).toMatch(/^inversions +<= 0 +0 +0\.00 +met/m)
})

test('[L20] a small bench of the seats starts nodes, peers and crowds of its own, and ends as its last line says', () => {
  const args = ['seats', '--clients', '100', '--only', 'handshake,snapshots']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'load-tests/bench.mjs'), ...args],
    { encoding: 'utf8' },
  )
  expect(stderr).not.toMatch(/Error/)
  const [, met, missed] = /\n(\d+) met, (\d+) missed\n$/.exec(stdout) ?? []
  expect(Number(met) + Number(missed)).toBe(6)
  expect(status).toBe(missed === '0' ? 0 : 1)
  expect(stdout).toMatch(/^load average at the start: [\d., ]+$/m)
  // What no machine changes.
  expect(stdout).toMatch(/^a snapshot of 100,000 seats +<= 25,100 +25,024 B +1\.00 +met/m)
  expect(stdout).toMatch(/^coming back after 10 s +<= 4,096 .* met/m)
})

test('[L30] a small bench of the bookings measures on stores of its own, and ends as its last line says', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'load-tests/bench.mjs'), 'bookings', '--only', 'holds'],
    { encoding: 'utf8' },
  )
  expect(stderr).not.toMatch(/Error/)
  const [, met, missed] = /\n(\d+) met, (\d+) missed\n$/.exec(stdout) ?? []
  expect(Number(met) + Number(missed)).toBe(4)
  expect(status).toBe(missed === '0' ? 0 : 1)
  expect(stdout).toMatch(/^hold of two seats, all on, .* x /m)
})
