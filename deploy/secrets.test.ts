/** `npm run secrets`. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { makeTemporaryFolder } from '../dev/data-folder.ts'
import { readConfig } from '../shared/config.ts'
import { PassTokens } from '../shared/tokens.ts'

const folder = makeTemporaryFolder('onsale-secrets')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secrets = (file: string) =>
  spawnSync(process.execPath, ['deploy/secrets.ts', file], { encoding: 'utf8' })

test('[D10] secrets are written once, for their owner’s eyes, and every reader of environment files takes them alike', () => {
  const file = join(folder, 'env')
  expect(secrets(file).status).toBe(0)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  // Nothing that a shell, Compose, systemd or Node would read in a way of its own.
  expect(text).toMatch(/^(?:[A-Z_]+=[\w+/-]+\n){4}$/)
  const { POSTGRES_PASSWORD, ...set } = parseEnv(text)
  const config = readConfig({
    ...set,
    DATABASE_URL: `postgres://onsale:${POSTGRES_PASSWORD}@localhost/onsale`,
    REDIS_URL: 'redis://localhost',
  })
  expect(new URL(config.DATABASE_URL).password).toBe(POSTGRES_PASSWORD)
  expect(() => new PassTokens(config.PASS_PRIVATE_KEY)).not.toThrow()
})

test('[D10] secrets that are there stay, and no two are the same', () => {
  const file = join(folder, 'kept')
  secrets(file)
  const before = readFileSync(file, 'utf8')
  const again = secrets(file)
  expect(again.status).toBe(1)
  expect(again.stderr).toMatch(/is there already/)
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(secrets('-').stdout).not.toBe(before)
})
