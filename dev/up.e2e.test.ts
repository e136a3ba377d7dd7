/** `npm start`, as a person meets it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { makeTemporaryFolder, projectRoot } from './data-folder.ts'
import { startTime } from './recorded-process.ts'

// Eight seconds on an idle machine; what it may take on one that runs much else besides.
const UP_DEADLINE_MS = 200_000

vi.setConfig({ testTimeout: 240_000 })

let folder: string
const started: ChildProcess[] = []
beforeAll(() => {
  folder = makeTemporaryFolder('onsale-up')
  // What is slow to fetch or build is no part of these tests.
  const { dataFolder } = inject('system')
  for (const name of ['redis-bin', 'web']) {
    if (existsSync(join(dataFolder, name))) symlinkSync(join(dataFolder, name), join(folder, name))
  }
})
afterAll(() => {
  for (const { exitCode, pid } of started) if (exitCode === null && pid) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

type Run = { said: () => string; pid: number; ended: Promise<number | null> }

function npmStart(...args: string[]): Run {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [join(projectRoot, 'dev/start.mjs'), ...args], {
    env: { PATH, HOME, ONSALE_DATA: folder },
  })
  started.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += String(data)))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  return { said: () => said, pid: child.pid ?? 0, ended }
}

async function isUp(run: Run): Promise<void> {
  const late = wait(UP_DEADLINE_MS, 'late' as const, { ref: false })
  const up = vi.waitUntil(() => run.said().includes('Onsale is up'), {
    timeout: UP_DEADLINE_MS,
    interval: 100,
  })
  const how = await Promise.race([up.then(() => 'up' as const).catch(() => 'late' as const), run.ended, late])
  if (how !== 'up') throw new Error(`npm start did not come up (${how}); it said:\n${run.said()}`)
}

/** The processes that the running one has recorded as its own. */
function children(): number[] {
  const { children } = JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8'))
  return children.map(({ pid }: { pid: number }) => pid)
}

test('[R90] prints the three addresses, is alone on its data, and leaves nothing behind at Ctrl-C', async () => {
  const first = npmStart()
  await isUp(first)
  const [, site = '', token = ''] = /Operator +(\S+)\/operator#token=(\S+)/.exec(first.said()) ?? []
  expect(first.said()).toContain(`Fans      ${site}/\n`)
  expect(first.said()).toContain(`API docs  ${site}/docs\n`)
  expect((await fetch(`${site}/docs`)).status).toBe(200)
  expect(token.length).toBeGreaterThan(16)

  const second = npmStart()
  expect(await second.ended).toBe(1)
  expect(second.said()).toMatch(/already runs from this folder at \S+, as process \d+\.\nCure: /)

  const pids = children()
  expect(pids.length).toBeGreaterThanOrEqual(6)
  process.kill(first.pid, 'SIGINT')
  expect(await first.ended).toBe(0)
  expect(pids.filter(pid => startTime(pid) !== null)).toEqual([])
})

const TOKEN = /#token=(\S+)/
let token: string | undefined

test('[R91] a second start finds the data of the first; killed outright, its children end all the same', async () => {
  const again = npmStart()
  await isUp(again)
  expect(again.said()).toContain('loaded already')
  token = TOKEN.exec(again.said())?.[1]
  const { pid } = JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8'))
  const pids = children()
  process.kill(pid, 'SIGKILL')
  await again.ended
  await vi.waitFor(() => expect(pids.filter(child => startTime(child) !== null)).toEqual([]), 30_000)
})

test('[R91] --fresh begins with empty databases, for the same operator, whatever the last one left', async () => {
  const fresh = npmStart('--fresh')
  await isUp(fresh)
  expect(fresh.said()).toContain('Loaded the demo catalogue')
  expect(TOKEN.exec(fresh.said())?.[1]).toBe(token)
  process.kill(fresh.pid, 'SIGTERM')
  expect(await fresh.ended).toBe(0)
})

test('[R92] an unknown argument is refused', async () => {
  const run = npmStart('--frehs')
  expect(await run.ended).toBe(2)
  expect(run.said()).toContain('Usage: npm start [-- --fresh]')
})
