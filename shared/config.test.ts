import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { ConfigError, paymentsOf, readConfig } from './config.ts'

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

test('[Q224] what ticks may take of a node is a setting of 1 to 90 percent, a quarter where nothing is said', () => {
  const percent = (TICK_SHARE_PERCENT: string) =>
    readConfig({ ...good, TICK_SHARE_PERCENT }).TICK_SHARE_PERCENT
  expect(['', '1', '90'].map(percent)).toEqual([25, 1, 90])
  for (const wrong of ['0', '91', '12.5', 'half']) expect(() => percent(wrong)).toThrow(/TICK_SHARE_PERCENT/)
})

test('[R56] each purpose has a key of its own, the same on every node', () => {
  const { keys } = readConfig(good)
  expect(keys).toEqual(readConfig(good).keys)
  expect(new Set(Object.values(keys).map(key => key.toString('hex'))).size).toBe(3)
})

test('[R110] Stripe’s keys come together: what is missing of them is named in one line, and none at all is no fault', () => {
  const start = (environment: Record<string, string>) => () => readConfig({ ...good, ...environment })
  expect(start({ STRIPE_SECRET_KEY: 'sk_live_x' })).toThrow(
    'STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET: are not set, and belong to STRIPE_SECRET_KEY.',
  )
  expect(start({ STRIPE_PUBLISHABLE_KEY: 'pk_live_x', STRIPE_SECRET_KEY: 'sk_live_x' })).toThrow(
    'STRIPE_WEBHOOK_SECRET: is not set, and belongs to STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY.',
  )
  // With another fault beside it.
  expect(start({ STRIPE_SECRET_KEY: 'sk_live_x', ADMIN_TOKEN: '' })).toThrow(
    /ADMIN_TOKEN: is not set\n {2}STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET: are not set/,
  )
  const whole = {
    STRIPE_SECRET_KEY: 'sk_live_x',
    STRIPE_PUBLISHABLE_KEY: 'pk_live_x',
    STRIPE_WEBHOOK_SECRET: 'whsec_x',
  }
  const { STRIPE_PUBLISHABLE_KEY: _, ...simulated } = { ...whole, STRIPE_API_BASE: 'http://127.0.0.1:1' }
  expect([{}, whole, simulated].map(environment => paymentsOf(start(environment)()))).toEqual([
    'none',
    'stripe',
    'simulator',
  ])
})

test('[R111] a port that is none and a signing key that is none are told as what they should be', () => {
  for (const wrong of ['abc', '65536', '-1', '3e3'])
    expect(() => readConfig({ ...good, REALTIME_PORT: wrong })).toThrow(
      `REALTIME_PORT: must be a port number, 1 to 65535; got ${wrong}.`,
    )
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  for (const wrong of ['a'.repeat(64), rsa.export({ format: 'der', type: 'pkcs8' }).toString('base64')])
    expect(() => readConfig({ ...good, PASS_PRIVATE_KEY: wrong })).toThrow(
      'PASS_PRIVATE_KEY: must be an Ed25519 key as base64 of PKCS #8 DER.',
    )
})

test('[R126] what is known of a provider of users comes together: what is missing is named in one line', () => {
  const start = (environment: Record<string, string>) => () => readConfig({ ...good, ...environment })
  const all = {
    OIDC_ISSUER: 'https://users.example',
    OIDC_AUDIENCE: 'tickets',
    OIDC_JWKS_URL: 'https://users.example/jwks',
  }
  expect(start(all)()).toMatchObject(all)
  expect(start({ ...all, OIDC_AUDIENCE: '', OIDC_JWKS_URL: '' })).toThrow(
    'OIDC_AUDIENCE, OIDC_JWKS_URL: are not set, and belong to OIDC_ISSUER.',
  )
  expect(start({ ...all, OIDC_JWKS_URL: 'ftp://users.example' })).toThrow(
    'OIDC_JWKS_URL: must be a URL with http:// or https://.',
  )
})
