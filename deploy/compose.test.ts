/** docker-compose.yml, as Compose's own loader reads it (compose-check, in Go). */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { makeTemporaryFolder } from '../dev/data-folder.ts'
import { readConfig } from '../shared/config.ts'
import { DRAIN_MS } from '../shared/limits.ts'

const Service = z.object({
  image: z.string(),
  profiles: z.array(z.string()).nullish(),
  command: z.array(z.string()).nullable(),
  environment: z.record(z.string(), z.string()).nullish(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  ports: z.array(z.object({ published: z.string() })).nullish(),
  logging: z.object({ options: z.record(z.string(), z.string()) }).optional(),
  stop_grace_period: z.string().optional(),
  ulimits: z.record(z.string(), z.unknown()).nullish(),
})
const Project = z.object({ services: z.record(z.string(), Service) })
type Services = z.infer<typeof Project>['services']

const hasGo = spawnSync('go', ['version']).status === 0
const folder = makeTemporaryFolder('onsale-compose')
const check = join(folder, 'compose-check')
let secrets = ''

beforeEach(({ skip }) => skip(!hasGo && process.env['ONSALE_CI'] !== '1', 'no Go'))
beforeAll(() => {
  secrets = execFileSync(process.execPath, ['deploy/secrets.ts', '-'], { encoding: 'utf8' })
  if (hasGo) execFileSync('go', ['build', '-o', check, '.'], { cwd: 'deploy/compose-check', stdio: 'pipe' })
}, 180_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function load(env: string, files = ['docker-compose.yml'], profiles = ['demo']) {
  const envFile = join(folder, 'env')
  writeFileSync(envFile, env)
  return spawnSync(check, ['-env-file', envFile, ...profiles.flatMap(name => ['-profile', name]), ...files], {
    encoding: 'utf8',
  })
}

function services(...asked: Parameters<typeof load>): Services {
  const { status, stdout, stderr } = load(...asked)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return Project.parse(JSON.parse(stdout)).services
}

const STRIPE =
  'STRIPE_SECRET_KEY=sk_live_x\nSTRIPE_PUBLISHABLE_KEY=pk_live_x\nSTRIPE_WEBHOOK_SECRET=whsec_x\n'

test('[D5] the compose file loads; without secrets it says what makes them', () => {
  expect(Object.keys(services(secrets, undefined, []))).not.toContain('payments')
  expect(Object.keys(services(secrets))).toEqual(expect.arrayContaining(['payments', 'catalogue']))
  expect(load('').stderr).toMatch(/npm run secrets/)
})

test('[D6] every script, build file and mounted file is there, and who is waited for to be healthy has a health check', () => {
  const all = services(secrets)
  for (const [name, { command, build, depends_on: needs, image, logging }] of Object.entries(all)) {
    if (image.startsWith('onsale')) {
      expect(command?.[0], name).toBe('node')
      expect(existsSync(command?.[1] ?? ''), `${name}: ${command?.[1]}`).toBe(true)
    }
    if (build !== undefined) expect(existsSync(join(build.context, build.dockerfile)), name).toBe(true)
    for (const [needed, { condition }] of Object.entries(needs ?? {})) {
      if (condition === 'service_healthy')
        expect(all[needed]?.healthcheck?.test, `${name} needs ${needed}`).toBeDefined()
    }
    expect(logging?.options['max-size'], name).toBeDefined()
  }
  expect(all['migrate']?.build).toBeDefined()
  expect(all['realtime']?.ulimits?.['nofile']).toBeDefined()
})

test('[D7] only the proxy’s port is published', () => {
  const published = Object.entries(services(secrets)).flatMap(([name, { ports }]) =>
    (ports ?? []).map(port => `${name} ${port.published}`),
  )
  expect(published).toEqual(['proxy 8080'])
  const https = services(`${secrets}SITE=tickets.example.com\n`, ['docker-compose.yml', 'deploy/https.yml'])
  expect(https['proxy']?.ports?.map(({ published }) => published)).toEqual(['80', '443'])
  expect(https['http']?.environment).toMatchObject({ HTTP_PUBLIC_URL: 'https://tickets.example.com' })
  expect(https['http']?.environment).toMatchObject({ REALTIME_PUBLIC_URL: 'wss://tickets.example.com' })
})

test('[D8] the processes’ environments are usable, and they may drain before they are killed', () => {
  const all = services(secrets)
  for (const name of ['http', 'realtime', 'worker']) {
    const config = readConfig(all[name]?.environment ?? {})
    expect(config.TRUSTED_PROXIES).toBe(1)
    expect(all[name]?.stop_grace_period).toBe('20s')
  }
  expect(20_000).toBeGreaterThan(2 * DRAIN_MS)
})

test('[D9] a key of Stripe’s switches the simulator off, and needs the two that belong to it', () => {
  const { STRIPE_API_BASE, DEMO, STRIPE_WEBHOOK_SECRET } = services(secrets)['http']?.environment ?? {}
  expect({ STRIPE_API_BASE, DEMO }).toEqual({ STRIPE_API_BASE: 'http://payments:12111', DEMO: '1' })
  const all = services(secrets + STRIPE)
  expect(Object.keys(all)).not.toContain('payments')
  for (const name of ['http', 'worker']) {
    const config = readConfig(all[name]?.environment ?? {})
    expect(config).toMatchObject({
      STRIPE_SECRET_KEY: 'sk_live_x',
      STRIPE_WEBHOOK_SECRET: ['whsec_x'],
      DEMO: false,
    })
    expect(config.STRIPE_API_BASE).toBeUndefined()
  }
  expect(STRIPE_WEBHOOK_SECRET).not.toBe('whsec_x')
  expect(load(`${secrets}STRIPE_SECRET_KEY=sk_live_x\n`).stderr).toMatch(/STRIPE_PUBLISHABLE_KEY/)
})
