/**
 * The embedded default: what stands in for each service that was not set explicitly. Each returns the settings by which the
 * tiers reach it.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { MigrationRefused, migrate } from '../db/migrate.ts'
import { run } from './child.ts'
import { Cure } from './cure.mjs'
import { projectRoot } from './data-folder.ts'
import type { Environment, Ground } from './ground.ts'
import { buildPages } from './pages.ts'
import type { Ports } from './ports.ts'
import { POSTGRES_STOP, type Postgres, startPostgres } from './postgres.ts'
import { REDIS_STOP, startRedis } from './redis.ts'
import { findRedis } from './redis-binary.ts'
import { startTier } from './tier.ts'

const CATALOGUE_DEADLINE_MS = 180_000
const SIMULATOR_STOP = { stopSignal: 'SIGTERM', stopDeadlineMs: 5_000 } as const
const SIMULATOR_KEY = 'sk_test_onsale_simulator'

/** DATABASE_URL, or a Postgres of our own; with the newest schema and, if wanted, the demo catalogue. */
export async function database(
  ground: Ground,
  port: number,
  catalogue: boolean,
): Promise<{ DATABASE_URL: string }> {
  const given = ground.env['DATABASE_URL']
  if (given) ground.say('postgres', 'the one of DATABASE_URL')
  const url = given || (await ownPostgres(ground, port))
  await bringUpToDate(url)
  ground.say('schema', 'up to date')
  if (catalogue) await loadCatalogue(ground, url)
  return { DATABASE_URL: url }
}

async function bringUpToDate(url: string): Promise<void> {
  try {
    await migrate(url)
  } catch (error) {
    if (!(error instanceof MigrationRefused)) throw error
    throw new Cure(`${error.message}\nCure, where the data may go: npm start -- --fresh`)
  }
}

async function ownPostgres(ground: Ground, port: number): Promise<string> {
  let postgres: Postgres | undefined
  const start = async (): Promise<Postgres> =>
    startPostgres({
      family: ground.family,
      folder: join(ground.folder, 'postgres'),
      binariesFolder: ground.keptFolder,
      port,
      durable: ground.durable,
      onLine: ground.logLine('postgres'),
    })
  await ground.keep('postgres', POSTGRES_STOP, async () => {
    postgres = await start()
    return postgres.child
  })
  ground.say('postgres', `ready on 127.0.0.1:${port}`)
  if (!postgres) throw new Error('Postgres was not started')
  return postgres.database('onsale')
}

async function loadCatalogue(ground: Ground, url: string): Promise<void> {
  const script = join(projectRoot, 'db/catalogue/load.ts')
  const said = await run(
    ground.family,
    {
      command: process.execPath,
      args: [script],
      cwd: projectRoot,
      env: { ...ground.bareEnv(), DATABASE_URL: url },
      onLine: ground.logLine('catalogue'),
    },
    CATALOGUE_DEADLINE_MS,
  )
  ground.say('catalogue', said.split('\n').at(-1) || 'loaded')
}

/** REDIS_URL, or a Redis of our own. */
export async function redis(ground: Ground, port: number): Promise<{ REDIS_URL: string }> {
  const given = ground.env['REDIS_URL']
  if (given) {
    ground.say('redis', 'the one of REDIS_URL')
    return { REDIS_URL: given }
  }
  const path = process.env['PATH'] ?? ''
  const binary = await findRedis(ground.keptFolder, path, line => ground.say('redis', line))
  const password = randomBytes(24).toString('base64url')
  let url = ''
  await ground.keep('redis', REDIS_STOP, async () => {
    const started = await startRedis({
      family: ground.family,
      binary,
      folder: join(ground.folder, 'redis'),
      port,
      password,
      durable: ground.durable,
      onLine: ground.logLine('redis'),
    })
    url = started.url
    return started.child
  })
  ground.say('redis', `${binary.version} ready on 127.0.0.1:${port}`)
  return { REDIS_URL: url }
}

/** WEB_ROOT, or the pages built from this clone. */
export async function pages(ground: Ground): Promise<{ WEB_ROOT: string }> {
  const given = ground.env['WEB_ROOT']
  if (given) return { WEB_ROOT: given }
  const { webRoot, built } = await buildPages(
    ground.family,
    process.execPath,
    ground.keptFolder,
    ground.logLine('pages'),
  )
  ground.say('pages', built ? 'built' : 'built before')
  return { WEB_ROOT: webRoot }
}

/** Stripe where STRIPE_SECRET_KEY is set, else the payment simulator. */
export async function payments(ground: Ground, ports: Ports, webhookSecret: string): Promise<Environment> {
  if (ground.env['STRIPE_SECRET_KEY']) {
    ground.say('payments', 'Stripe, by STRIPE_SECRET_KEY')
    return {}
  }
  const secret = ground.env['STRIPE_WEBHOOK_SECRET'] || webhookSecret
  const base = `http://127.0.0.1:${ports.simulator}`
  await ground.keep('simulator', SIMULATOR_STOP, () =>
    startTier({
      family: ground.family,
      name: 'simulator',
      node: process.execPath,
      script: join(projectRoot, 'dev/stripe-simulator/main.ts'),
      cwd: projectRoot,
      env: {
        ...ground.bareEnv(),
        SIMULATOR_PORT: String(ports.simulator),
        SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${ports.http}/webhooks/stripe`,
        SIMULATOR_WEBHOOK_SECRET: secret,
        SIMULATOR_SECRET_KEY: SIMULATOR_KEY,
        SIMULATOR_DATA: join(ground.folder, 'simulator.sqlite'),
      },
      readyUrl: `${base}/readyz`,
      onLine: ground.logLine('simulator'),
    }),
  )
  ground.say('payments', `simulated on 127.0.0.1:${ports.simulator}`)
  return { STRIPE_SECRET_KEY: SIMULATOR_KEY, STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_BASE: base }
}
