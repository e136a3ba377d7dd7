/** One Onsale on a data folder. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Family } from './child.ts'
import { AlreadyRunning, Instance } from './instance.ts'
import { startTime } from './recorded-process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-instance-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const record = (of: object): void => writeFileSync(join(folder, 'instance.json'), JSON.stringify(of))

test('[R78] a second on the same folder is refused with the pid and the place of the first', async () => {
  const first = await Instance.take(folder)
  first.setUrl('http://localhost:3000')
  const refused = Instance.take(folder)
  await expect(refused).rejects.toThrow(AlreadyRunning)
  await expect(refused).rejects.toThrow(`at http://localhost:3000, as process ${process.pid}`)
  first.release()
  const second = await Instance.take(folder)
  second.release()
  expect(readdirSync(folder)).toEqual([])
})

test('[R78] of many that start at once one wins', async () => {
  const takes = await Promise.allSettled(Array.from({ length: 8 }, () => Instance.take(folder)))
  expect(takes.filter(take => take.status === 'fulfilled')).toHaveLength(1)
})

test('[R79] what a dead owner left running is ended, and nobody else', async () => {
  const family = new Family(process.execPath, folder)
  const sleep = { command: 'sleep', args: ['60'], env: {}, cwd: folder }
  const [left, other] = [await family.start(sleep), await family.start(sleep)]
  const children = [
    { pid: left.pid, since: startTime(left.pid) },
    // The same pid as one of the dead owner's children had, begun at another time.
    { pid: other.pid, since: 'long ago' },
  ]
  record({ pid: process.pid, since: 'long ago', url: '', children })
  const taken = await Instance.take(folder)
  expect(await left.ended).toEqual({ code: null, signal: 'SIGINT' })
  expect(other.isAlive()).toBe(true)
  taken.release()
  await family.end()
})

test('[R79] a damaged record is no reason not to start', async () => {
  writeFileSync(join(folder, 'instance.json'), '{"pid":')
  const taken = await Instance.take(folder)
  taken.release()
})
