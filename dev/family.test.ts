/** Children do not outlive the process that started them, however it ends. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Family, run } from './child.ts'
import { startTime } from './recorded-process.ts'

const cwd = import.meta.dirname
const sleep = { command: 'sleep', args: ['60'], env: {}, cwd }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-family-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A process that starts two children, one of which ignores polite signals, prints their pids and waits. */
const PARENT = `
  import { Family } from '${cwd}/child.ts'
  const family = new Family(process.execPath, '${cwd}')
  family.removeAtEnd(process.argv[1])
  const one = await family.start({ command: 'sleep', args: ['60'], env: {}, cwd: '/' })
  const two = await family.start({ command: 'sleep', args: ['60'], env: {}, cwd: '/' })
  console.log(one.pid + ' ' + two.pid)
  setInterval(() => {}, 1000)
`

test('[R77] children and temporary folders end with a parent that is killed', async () => {
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', PARENT, folder])
  const line = await new Promise<string>(resolve =>
    createInterface({ input: parent.stdout }).once('line', resolve),
  )
  const pids = line.split(' ').map(Number)
  expect(pids.map(pid => startTime(pid) !== null)).toEqual([true, true])
  parent.kill('SIGKILL')
  await vi.waitFor(() => {
    expect(pids.map(startTime)).toEqual([null, null])
    expect(existsSync(folder)).toBe(false)
  }, 15_000)
})

test('[R77] a family tells who lives, and starts nothing once it has ended', async () => {
  const told: number[] = []
  const family = new Family(process.execPath, cwd, members => told.push(members.length))
  const child = await family.start(sleep)
  await family.end()
  expect(await child.ended).toEqual({ code: null, signal: 'SIGINT' })
  expect(told).toEqual([1, 0])
  await expect(family.start(sleep)).rejects.toThrow('has ended')
})

test('[R77] a child that ignores its signal is killed at the deadline', async () => {
  const family = new Family(process.execPath, cwd)
  const args = ['-e', 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)']
  const deaf = await family.start({ command: process.execPath, args, env: {}, cwd })
  await vi.waitFor(() => expect(deaf.lastLines()).toEqual(['deaf']), 10_000)
  expect(await deaf.stop('SIGTERM', 200)).toEqual({ code: null, signal: 'SIGKILL' })
  expect(deaf.isAlive()).toBe(false)
})

test('[R77] a command that fails is told with its last words, one that hangs is ended', async () => {
  const family = new Family(process.execPath, cwd)
  const fails = { ...sleep, command: 'sh', args: ['-c', 'echo why >&2; exit 3'] }
  await expect(run(family, fails, 10_000)).rejects.toThrow(/sh ended with 3:\nwhy/)
  await expect(run(family, sleep, 100)).rejects.toThrow(/sleep took longer than 0.1 s/)
  expect(await run(family, { ...sleep, command: 'echo', args: ['a'] }, 10_000)).toBe('a')
  await expect(run(family, { ...sleep, command: 'no-such-command' }, 100)).rejects.toThrow('ENOENT')
})
