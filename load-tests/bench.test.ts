import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'
import { forecast } from './bench/queue/forecast.ts'
import { isMet, summaryOf, type Target, tableOf } from './bench/report/table.ts'

const bench = join(projectRoot, 'load-tests/bench.mjs')

test('[L12] npm run bench alone lists the benches, and a name that is none is told so and fails', () => {
  const listed = execFileSync(process.execPath, [bench], { encoding: 'utf8' })
  for (const name of ['bookings', 'draw', 'queue', 'search', 'seats'])
    expect(listed).toMatch(new RegExp(`npm run bench -- ${name}\\b`))
  const { status, stdout } = spawnSync(process.execPath, [bench, 'nothing'], { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stdout).toContain('There is no bench "nothing"')
})

test('[L13] a target is met on its own side of the bound, has its ratio and verdict, and the last line counts', () => {
  const targets: Target[] = [
    { name: 'small enough', bound: { most: 4 }, measured: 2, unit: 'ms' },
    { name: 'too slow', bound: { least: 3_000 }, measured: 1_500, unit: '/s', note: 'on one node' },
    { name: 'none wrong', bound: { most: 0 }, measured: 0, unit: '' },
    { name: 'only told', measured: 7, unit: 'B' },
  ]
  expect(targets.map(isMet)).toEqual([true, false, true, true])
  const rows = tableOf(targets).split('\n')
  expect(rows[1]).toMatch(/^small enough +<= 4 +2 ms +0\.50 +met$/)
  expect(rows[2]).toMatch(/^too slow +>= 3,000 +1,500 \/s +2\.00 +MISSED +on one node$/)
  expect(rows[3]).toMatch(/^none wrong +<= 0 +0 +0\.00 +met$/)
  expect(rows[4]).toMatch(/^only told +7 B +told$/)
  expect(summaryOf(targets)).toBe('2 met, 1 missed')
})

test('[L14] an option of a bench that makes no sense is told by its name', () => {
  const told = (...args: string[]) =>
    spawnSync(process.execPath, [bench, 'queue', ...args], { encoding: 'utf8' })
  expect(told('--places', 'many')).toMatchObject({ status: 1, stderr: expect.stringContaining('--places') })
  expect(told('--only', 'places,nothing')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing'),
  })
})

test('[L21] what could not be measured is told, and neither met nor missed', () => {
  const skipped: Target = { name: 'against another', measured: Number.NaN, unit: '', note: 'skipped: no go' }
  expect(tableOf([skipped]).split('\n')[1]).toMatch(/^against another +- +told +skipped: no go$/)
  expect(summaryOf([skipped])).toBe('0 met, 0 missed')
})

test('[L15] p50 of the wait is right to a fifth, and p90 covers nine in ten, give or take one in twenty, with steady and with changing rates', () => {
  const targets = forecast()
  expect(targets.filter(target => !isMet(target))).toEqual([])
  expect(targets.length).toBeGreaterThan(2)
})

test('[L31] npm run fuzz says what it lacks where schemathesis cannot be installed, and ends well', () => {
  const { status, stdout } = fuzzWithoutPython()
  expect(stdout).toMatch(/^Skipped: schemathesis could not be installed/)
  expect(status).toBe(0)
})

test('[L41] npm run fuzz -- --required, as CI runs it, fails where schemathesis cannot be installed', () => {
  const { status, stdout } = fuzzWithoutPython('--required')
  expect(stdout).toMatch(/^Skipped: /)
  expect(status).toBe(1)
})

test('[L41] all that is installed for it is pinned, and by hashes', () => {
  const pinned = readFileSync(join(projectRoot, 'load-tests/bench/bookings/fuzz-requirements.txt'), 'utf8')
  const packages = pinned.split(/\n(?=\S)/).filter(line => !line.startsWith('#'))
  expect(packages.length).toBeGreaterThan(10)
  for (const one of packages) expect(one).toMatch(/^[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}/s)
})

function fuzzWithoutPython(...args: string[]) {
  return spawnSync(process.execPath, [join(projectRoot, 'load-tests/fuzz.mjs'), ...args], {
    encoding: 'utf8',
    env: { HOME: process.env['HOME'], PATH: '' },
  })
}
