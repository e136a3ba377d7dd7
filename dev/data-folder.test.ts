/** Secrets are made once, and are what the tiers ask for. */
import { createPrivateKey, sign, verify } from 'node:crypto'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findDataFolder, loadSecrets, makeTemporaryFolder } from './data-folder.ts'

let folder: string
beforeEach(() => {
  folder = makeTemporaryFolder('onsale-data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('[R82] secrets are made once, also by two that start together, and for their owner alone', async () => {
  const [one, two] = await Promise.all([loadSecrets(folder), loadSecrets(folder)])
  expect(two).toEqual(one)
  expect(await loadSecrets(folder)).toEqual(one)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secrets.json'])
})

test('[R82] the pass key signs as Ed25519, and the other secrets are 32 bytes', async () => {
  const secrets = await loadSecrets(folder)
  const key = createPrivateKey({
    key: Buffer.from(secrets.PASS_PRIVATE_KEY, 'base64'),
    format: 'der',
    type: 'pkcs8',
  })
  const text = Buffer.from('a')
  expect(verify(null, text, key, sign(null, text, key))).toBe(true)
  expect(Buffer.from(secrets.ONSALE_SECRET, 'base64url')).toHaveLength(32)
  expect(Buffer.from(secrets.ADMIN_TOKEN, 'base64url')).toHaveLength(32)
})

test('[R82] damaged secrets are told with their cure', async () => {
  writeFileSync(join(folder, 'secrets.json'), '{}')
  await expect(loadSecrets(folder)).rejects.toThrow(/secrets.json is damaged. Cure: remove it/)
})

test('[R83] the data folder is the one chosen, else one of the clone, that others may pass but not list', () => {
  const chosen = findDataFolder(join(folder, 'deep', 'chosen'))
  expect(chosen.endsWith('/deep/chosen')).toBe(true)
  expect(statSync(chosen).mode & 0o777).toBe(0o711)
  expect(findDataFolder(undefined)).toBe(findDataFolder(''))
})
