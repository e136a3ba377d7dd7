import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const good = {
  DATABASE_URL: 'postgres://onsale:secret@127.0.0.1/onsale',
  REDIS_URL: 'redis://127.0.0.1',
  ONSALE_SECRET: 'a'.repeat(40),
  PASS_PRIVATE_KEY: generateKeyPairSync('ed25519')
    .privateKey.export({ format: 'der', type: 'pkcs8' })
    .toString('base64'),
  ADMIN_TOKEN: 'b'.repeat(16),
}

test('[R54] every faulty variable is named at once, and no value is shown', () => {
  const faults = () =>
    readConfig({
      ...good,
      REDIS_URL: 'http://hunter2',
      HOLD_SECONDS: '0',
      ADMIN_TOKEN: '',
      HTTP_PORT: 'many',
    })
  expect(faults).toThrow(ConfigError)
  expect(faults).toThrow(/ADMIN_TOKEN: is not set/)
  expect(faults).toThrow(/REDIS_URL: must begin with redis:\/\//)
  expect(faults).toThrow(/HOLD_SECONDS/)
  expect(faults).toThrow(/HTTP_PORT/)
  expect(faults).not.toThrow(/hunter2/)
})

test('[R55] an empty variable counts as unset, and the defaults are those of SPEC.md', () => {
  const config = readConfig({ ...good, HOLD_SECONDS: '', STRIPE_API_BASE: '' })
  expect(config).toMatchObject({
    HOLD_SECONDS: 600,
    HTTP_PORT: 3000,
    REALTIME_PORT: 3001,
    MAX_TICKETS_PER_BOOKING: 8,
  })
  expect(config.STRIPE_API_BASE).toBeUndefined()
})

test('[R56] each purpose has a key of its own, the same on every node', () => {
  const { keys } = readConfig(good)
  expect(keys).toEqual(readConfig(good).keys)
  expect(new Set(Object.values(keys).map(key => key.toString('hex'))).size).toBe(3)
})
