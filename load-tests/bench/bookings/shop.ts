/** A whole Onsale for one part of the bench: real processes, a Postgres and a Redis that keep what they have, the payment simulator. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { makeTemporaryFolder, projectRoot } from '../../../dev/data-folder.ts'
import { type Onsale, startOnsale } from '../../../dev/processes.ts'
import type { KnobChange } from '../../../dev/stripe-simulator/knobs.ts'
import type { SimulatorState } from '../../../dev/stripe-simulator/simulator-state.ts'
import { systemClock } from '../../../shared/clock.ts'
import { readConfig } from '../../../shared/config.ts'
import { visitorId } from '../../../shared/ids.ts'
import { makeKeys } from '../../../shared/keys.ts'
import { SESSION_SECONDS } from '../../../shared/limits.ts'
import { makeLog } from '../../../shared/log.ts'
import { connectPostgres, type Pool } from '../../../shared/postgres.ts'
import { connectCommands, ready } from '../../../shared/redis.ts'
import { RedisInventory } from '../../../shared/seats/redis-inventory.ts'
import { SessionTokens } from '../../../shared/tokens.ts'
import type { Target } from '../report/table.ts'
import { Caller } from './caller.ts'

const CONNECTIONS = 1_024
const AUDIT_MS = 300_000
const DRAIN_MS = 180_000

export const BUYER = { name: 'A Fan', email: 'fan@example.org' }

export interface Shop {
  onsale: Onsale
  pool: Pool
  inventory: RedisInventory
  caller: Caller
  /** Of a new visitor. */
  token(): string
  turn(knobs: KnobChange): Promise<void>
  atStripe(limit?: number): Promise<SimulatorState>
  /** What follows from what was sold is done, or its time is up: then the audit names it. */
  drained(): Promise<void>
  /** One row: whether `npm run audit` finds it clean. */
  audit(): Promise<Target>
  close(): Promise<void>
}

export async function openShop(settings: Record<string, string> = {}): Promise<Shop> {
  const folder = makeTemporaryFolder('onsale-bench')
  const onsale = await startOnsale({
    ports: 'free',
    catalogue: false,
    folder,
    env: {
      LOG_LEVEL: 'error',
      BOOKINGS_PER_MINUTE: '10000000',
      HOLD_BUDGET_SECONDS: '1000000000',
      STRIPE_RPS: '1000',
      ...settings,
    },
  })
  const config = readConfig({ ...onsale.env })
  const log = makeLog('bench', 'error')
  const pool = connectPostgres(onsale.databaseUrl, 'bench', log, 4)
  const redis = connectCommands(onsale.redisUrl, log)
  await ready(redis, 10_000)
  const sessions = new SessionTokens(config.keys.session, SESSION_SECONDS)
  const caller = new Caller(Number(new URL(onsale.httpUrl).port), CONNECTIONS)
  const parts = { pool, redis, keys: makeKeys(config.KEY_PREFIX), clock: systemClock, log }
  const ask = async (path: string, body?: unknown) => {
    const answer = await fetch(`${config.STRIPE_API_BASE}/_simulator/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${config.STRIPE_SECRET_KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`the simulator answers ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }
  return {
    onsale,
    pool,
    inventory: new RedisInventory(parts),
    caller,
    token: () => sessions.issue(visitorId(randomUUID())),
    turn: async knobs => void (await ask('knobs', knobs)),
    atStripe: async (limit = 0) => (await ask(`state?limit=${limit}`)) as SimulatorState,
    drained: () => drained(pool),
    audit: async () => {
      await drained(pool)
      return audit(onsale)
    },
    close: async () => {
      await caller.close()
      redis.disconnect()
      await pool.end()
      await onsale.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The jobs that follow from what was sold are done, or their time is up: then the audit names them. */
async function drained(pool: Pool): Promise<void> {
  const end = performance.now() + DRAIN_MS
  while (performance.now() < end) {
    const { rows } = await pool.query<{ left: number }>(LEFT)
    if (rows[0]?.left === 0) return
    await wait(500)
  }
}

const LEFT = `
  select ((select count(*) from outbox) + (select count(*) from graphile_worker.jobs where attempts < max_attempts)
    + (select count(*) from payments where status in ('creating', 'authorized')))::int as left`

/** As an operator runs it: a process of its own, by its exit code. */
function audit({ env }: Onsale): Promise<Target> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: AUDIT_MS, cwd: projectRoot }
    const args = [join(projectRoot, 'http/audit/main.ts')]
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error !== null && error.code !== 1) {
        reject(new Error(`the audit could not look: ${stderr}`, { cause: error }))
        return
      }
      const lines = stdout.trim().split('\n')
      if (error !== null) console.log(stdout)
      const faults = error === null ? 0 : Number(/^(\d+) fault/.exec(lines.at(-1) ?? '')?.[1] ?? 1)
      resolve({
        name: '  faults that the audit finds after it',
        bound: { most: 0 },
        measured: faults,
        unit: '',
        note: lines[0] ?? '',
      })
    })
  })
}
