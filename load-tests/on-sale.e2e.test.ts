/** `npm run load` and `npm run crowd` against a whole Onsale, small. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'
import { type Onsale, startOnsale } from '../dev/processes.ts'
import { testDatabase } from '../dev/test-parts.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import type { RunSummary } from './on-sale/screen.ts'

const HOT = '7e43ef84835b'
const SMALL = 'small1'
/** 2 x 2 rows of this many seats, and 10 standing. */
const ROW = 8
const SMALL_TICKETS = 4 * ROW + 10
/** Of a machine that does much beside: what is asserted here is not speed. */
const patient = (...names: string[]) => names.flatMap(name => ['--threshold', `${name}=p(95)<15000`])
const PATIENT = patient('place', 'diff', 'hold', 'payment')

let onsale: Onsale
let folder: string
const hasK6 = (() => {
  try {
    execFileSync('k6', ['version'], { stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false
  }
})()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-load-e2e-'))
  const { url } = await testDatabase({ catalogue: true })
  const client = new pg.Client(url)
  await client.connect()
  await insertSmallHouse(client, SMALL, { length: ROW })
  await client.end()
  onsale = await startOnsale({ ports: 'free', env: { DATABASE_URL: url } })
})
afterAll(async () => {
  await onsale?.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Running {
  said: () => string
  kill: (signal: NodeJS.Signals) => void
  code: Promise<number | null>
}

function start(script: string, args: string[]): Running {
  const child = spawn(process.execPath, [join(projectRoot, script), '--target', onsale.httpUrl, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ADMIN_TOKEN: onsale.adminToken },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += String(data)))
  const code = new Promise<number | null>(resolve => child.once('close', resolve))
  return { said: () => said, kill: signal => child.kill(signal), code }
}

async function queue(eventId: string, change?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${onsale.httpUrl}/admin/events/${eventId}/queue`, {
    headers: { authorization: `Bearer ${onsale.adminToken}`, 'content-type': 'application/json' },
    ...(change === undefined ? {} : { method: 'PUT', body: JSON.stringify(change) }),
  })
  return (await response.json()) as Record<string, unknown>
}

describe('npm run load', () => {
  beforeEach(({ skip }) => skip(!hasK6, 'no k6'))

  test('[L7] thirty fans come, buy or do not, and the run is green', async () => {
    await queue(HOT, { rate: 3, cap: 33 })
    const json = join(folder, 'green.json')
    const run = start('load-tests/load.mjs', [
      '--fans',
      '30',
      '--duration',
      '20s',
      '--json',
      json,
      ...PATIENT,
    ])
    expect([await run.code, run.said()]).toEqual([0, expect.stringContaining('GREEN')])
    const summary: RunSummary = JSON.parse(readFileSync(json, 'utf8'))
    expect(summary.fans).toBe(30)
    expect(Object.values(summary.outcomes).reduce((sum, one) => sum + one, 0)).toBe(30)
    expect(summary.outcomes['bought']).toBeGreaterThan(10)
    expect(summary.counts).toMatchObject({ server_errors: 0, unreachable: 0, sold_twice: 0, moved: 0 })
    for (const name of ['place', 'admission', 'diff', 'hold', 'payment'])
      expect(summary.times[name]?.count, name).toBeGreaterThan(0)
    expect(run.said()).toContain(
      `the map turned ${summary.tickets} seats sold, fans were confirmed ${summary.tickets}`,
    )
    expect(await queue(HOT)).toMatchObject({ state: 'off', rate: 3, cap: 33 })
  })

  test('[L8] a small house is fought over and never sold twice; a crossed threshold ends with 99', async () => {
    const json = join(folder, 'red.json')
    const strict = ['--threshold', 'hold=p(95)<0.001', '--json', json]
    const args = ['--fans', '120', '--event', SMALL, '--duration', '15s', '--rate', '120', '--cap', '120']
    const run = start('load-tests/load.mjs', [...args, ...patient('place', 'diff', 'payment'), ...strict])
    expect([await run.code, run.said()]).toEqual([99, expect.stringContaining('RED: crossed')])
    expect(run.said()).toContain('onsale_hold p(95)<0.001')
    const summary: RunSummary = JSON.parse(readFileSync(json, 'utf8'))
    expect(summary.thresholds.filter(({ ok }) => !ok)).toHaveLength(1)
    expect(summary.counts['conflicts']).toBeGreaterThan(0)
    expect(summary.counts['sold_twice']).toBe(0)
    expect(summary.tickets).toBeLessThanOrEqual(SMALL_TICKETS)
  })

  test('[L9] Ctrl-C ends a run in order: summed up, and the queue put back', async () => {
    const run = start('load-tests/load.mjs', ['--fans', '20', '--duration', '5m', ...PATIENT])
    await vi.waitFor(async () => expect((await queue(HOT))['state']).toBe('open'), 20_000)
    await vi.waitFor(async () => expect((await queue(HOT))['queue']).not.toMatchObject({ active: 0 }), 20_000)
    run.kill('SIGINT')
    expect(await run.code).not.toBe(0)
    expect(run.said()).toContain('CUT SHORT')
    expect(await queue(HOT)).toMatchObject({ state: 'off', rate: 3, cap: 33 })
  })
})

describe('npm run crowd', () => {
  test('[L10] people come through the SDK, a line a second tells of them, and Ctrl-C sends them home', async () => {
    await queue(HOT, { rate: 3, cap: 33 })
    const run = start('dev/crowd.mjs', ['--fans', '25', '--duration', '5m', '--rate', '10', '--cap', '25'])
    const sold = /waiting \d+ · admitted \d+ · holding \d+.*sold [1-9]\d* · conflicts \d+ · errors 0/
    await vi.waitFor(() => expect(run.said()).toMatch(sold), 60_000)
    run.kill('SIGINT')
    expect([await run.code, run.said()]).toEqual([
      0,
      expect.stringMatching(/people came in .* and bought \d+ tickets/),
    ])
    expect(run.said()).toContain('errors: none')
    expect(await queue(HOT)).toMatchObject({
      state: 'off',
      rate: 3,
      cap: 33,
      queue: { waiting: 0, active: 0 },
    })
  })
})
