/** The ladder's first and last steps; the one between needs a package registry and is walked by every test run on Debian. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRedis } from './redis-binary.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-ladder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function install(name: string, says: string): string {
  const command = join(folder, name)
  writeFileSync(command, `#!/bin/sh\necho '${says}'\n`)
  chmodSync(command, 0o755)
  return command
}

test('[R85] a redis-server on PATH is taken, else a valkey-server', async () => {
  const valkey = install('valkey-server', 'Valkey server v=8.1.1 sha=00000000')
  expect(await findRedis(folder, `/nowhere:${folder}`, () => {})).toEqual({
    command: valkey,
    libraries: null,
    version: '8.1.1',
  })
  const redis = install('redis-server', 'Redis server v=7.0.15 sha=00000000')
  expect((await findRedis(folder, folder, () => {})).command).toBe(redis)
})

test('[R85] one that is too old or does not run is passed over', async () => {
  install('redis-server', 'Redis server v=6.2.1 sha=00000000')
  const valkey = install('valkey-server', 'Valkey server v=7.2.5 sha=00000000')
  expect((await findRedis(folder, folder, () => {})).command).toBe(valkey)
})

test('[R85] where there is none, the cure for each system is named', async () => {
  const none = findRedis(folder, '/nowhere', () => {}, { apt: '/nowhere/apt-get' })
  for (const system of ['macOS', 'Fedora', 'Alpine', 'WSL']) await expect(none).rejects.toThrow(system)
})
