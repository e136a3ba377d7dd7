/**
 * A whole Onsale from nothing: databases, schema, catalogue, payments, pages, and its three tiers as processes of their own.
 * `npm start` runs one (up.ts); end-to-end tests run theirs beside it, on free ports, in a folder that ends with them.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadSecrets, projectRoot } from './data-folder.ts'
import { database, pages, payments, redis } from './embedded.ts'
import { type Environment, Ground, type Listeners } from './ground.ts'
import type { Kept } from './kept.ts'
import type { Secrets } from './new-secrets.ts'
import { choosePorts, type Ports } from './ports.ts'
import { startTier } from './tier.ts'

const TIERS = { http: 'http/main.ts', realtime: 'realtime/main.ts', worker: 'http/worker.ts' } as const
/** A tier may finish what it is at. */
const TIER_STOP = { stopSignal: 'SIGTERM', stopDeadlineMs: 12_000 } as const
/** What stands on others ends before them. */
const STOP_ORDER = [Object.keys(TIERS), ['simulator'], ['postgres', 'redis']]

export type TierName = keyof typeof TIERS

export type OnsaleOptions = Listeners & {
  /** What is set here wins over what we would choose: a DATABASE_URL or REDIS_URL is used, and none started. */
  env?: Environment
  /** `free`: any ports, beside whatever else runs. */
  ports: 'free' | 'usual'
  /** Holds databases, secrets and logs, and is kept. Without it, a temporary folder that ends with this process. */
  folder?: string
  /** Whether to load the demo catalogue; true by default. */
  catalogue?: boolean
  /** Ends a start that is under way; it then fails. */
  signal?: AbortSignal
}

export type Onsale = {
  httpUrl: string
  realtimeUrl: string
  workerUrl: string
  databaseUrl: string
  redisUrl: string
  adminToken: string
  /** Of its databases, secrets and logs. */
  folder: string
  /** All that the tiers were started with. */
  env: Environment
  /** To stop, start and crash single parts; the databases and payments only where they are ours. */
  parts: Record<TierName, Kept> & Partial<Record<'postgres' | 'redis' | 'simulator', Kept>>
  /** Ends all in order: the tiers, payments, then the databases. */
  stop: () => Promise<void>
}

export async function startOnsale(options: OnsaleOptions): Promise<Onsale> {
  options.signal?.throwIfAborted()
  const ground = new Ground(options.env ?? {}, options.folder, options)
  const abandon = (): void => void ground.abandon()
  options.signal?.addEventListener('abort', abandon)
  try {
    return await raise(ground, options)
  } catch (error) {
    await ground.abandon()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', abandon)
  }
}

async function raise(ground: Ground, options: OnsaleOptions): Promise<Onsale> {
  const ports = await choosePorts(ground.env, options.ports)
  const secrets = await loadSecrets(ground.folder)
  const found = await allOf([
    database(ground, ports.postgres, options.catalogue ?? true),
    redis(ground, ports.redis),
    pages(ground),
    payments(ground, ports, secrets.STRIPE_WEBHOOK_SECRET),
  ])
  const env = { ...settings(ground, ports, secrets), ...found[0], ...found[1], ...found[2], ...found[3] }
  await writeEnvironment(ground, env)
  const [http, realtime, worker] = await allOf([
    tier(ground, 'http', env, ports.http),
    tier(ground, 'realtime', env, ports.realtime),
    tier(ground, 'worker', env, ports.worker),
  ])
  let stopping: Promise<void> | undefined
  return {
    httpUrl: `http://127.0.0.1:${ports.http}`,
    realtimeUrl: `ws://127.0.0.1:${ports.realtime}`,
    workerUrl: `http://127.0.0.1:${ports.worker}`,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    adminToken: env.ADMIN_TOKEN,
    folder: ground.folder,
    env,
    parts: { ...Object.fromEntries(ground.parts), http, realtime, worker },
    stop: () => {
      stopping ??= ground.stop(STOP_ORDER)
      return stopping
    },
  }
}

/** The tiers' settings but for where other parts are; whatever was set explicitly goes through as it is. */
function settings(ground: Ground, ports: Ports, secrets: Secrets): Environment & { ADMIN_TOKEN: string } {
  const set = Object.fromEntries(Object.entries(ground.env).filter(([, value]) => value))
  return {
    DEMO: '1',
    HTTP_PUBLIC_URL: `http://localhost:${ports.http}`,
    REALTIME_PUBLIC_URL: `ws://localhost:${ports.realtime}`,
    ONSALE_SECRET: secrets.ONSALE_SECRET,
    PASS_PRIVATE_KEY: secrets.PASS_PRIVATE_KEY,
    FAN_RETURNS_UNTIL_HOURS: '24',
    ...(set['SMTP_URL'] ? {} : { MAIL_FOLDER: join(ground.folder, 'mail') }),
    ...ground.bareEnv(),
    ...set,
    ADMIN_TOKEN: set['ADMIN_TOKEN'] ?? secrets.ADMIN_TOKEN,
    HTTP_PORT: String(ports.http),
    REALTIME_PORT: String(ports.realtime),
    WORKER_PORT: String(ports.worker),
  }
}

/** For another node of a tier, or a tool, beside the running ones: `node --env-file=<folder>/environment realtime/main.ts`. */
async function writeEnvironment(ground: Ground, env: Environment): Promise<void> {
  // Only what was chosen here: the rest of the shell's environment is none of this file's business.
  const chosen = Object.entries(env).filter(([name, value]) => value !== process.env[name])
  const lines = chosen.map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  await writeFile(join(ground.folder, 'environment'), `${lines.join('\n')}\n`, { mode: 0o600 })
}

async function tier(ground: Ground, name: TierName, env: Environment, port: number): Promise<Kept> {
  const kept = await ground.keep(name, TIER_STOP, () =>
    startTier({
      family: ground.family,
      name,
      node: process.execPath,
      script: join(projectRoot, TIERS[name]),
      cwd: projectRoot,
      env,
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      onLine: ground.logLine(name),
    }),
  )
  ground.say(name, `ready on port ${port}`)
  return kept
}

/** All of them, or the first failure, but not before each has come to its end: what is half started could not be ended. */
async function allOf<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work)
  return await Promise.all(work)
}
