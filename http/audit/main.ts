/**
 * `npm run audit`, from its environment alone. It only reads, in snapshots with deadlines, so it may run while people buy.
 * Exit 0: clean; 1: faults; 2: it could not look.
 */
import { parseArgs } from 'node:util'
import Stripe from 'stripe'
import { systemClock } from '../../shared/clock.ts'
import { ConfigError, readAuditConfig } from '../../shared/config.ts'
import { reasonOf } from '../../shared/errors.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, isAway } from '../../shared/postgres.ts'
import { connectCommands, isRedisAway } from '../../shared/redis.ts'
import { StartRefused, storesReady } from '../../shared/start.ts'
import { type AuditParts, audit, makeAuditParts, PATIENCE } from './audit.ts'
import { repairAll } from './repair.ts'
import { asJson, inWords, type Report } from './report.ts'

const USAGE = `Usage: npm run audit [-- options]     (see docs/audit.md)
  --repair   put right what is safe to put right; each repair is told, and in the audit log
  --json     the report as JSON
  --days N   how far back payments at Stripe are read (${PATIENCE.stripeDays})
Looks at DATABASE_URL, REDIS_URL and STRIPE_SECRET_KEY, or at the Onsale that runs from this clone.
Exit 0: clean; 1: faults; 2: it could not look.`

const CLEAN = 0
const FAULTS = 1
const BLIND = 2

interface Asked {
  repair: boolean
  json: boolean
  days: number
}

async function main(): Promise<number> {
  const asked = readArguments()
  if (asked === undefined) return CLEAN
  const config = readAuditConfig()
  const log = makeLog('audit', 'silent')
  const pool = connectPostgres(config.DATABASE_URL, 'audit', log, 4)
  const redis = connectCommands(config.REDIS_URL, log)
  try {
    await storesReady({ pool, redis: [redis], clock: systemClock })
    return await run(makeAuditParts(config, { pool, redis, log }, config.STRIPE_RPS / 2), asked)
  } finally {
    redis.disconnect()
    await pool.end().catch(() => undefined)
  }
}

async function run(parts: AuditParts, { repair, json, days }: Asked): Promise<number> {
  const began = parts.clock.now()
  const found = await audit(parts, { ...PATIENCE, stripeDays: days })
  const repaired = repair ? await repairAll(parts, [...found.faults, ...found.notes]) : []
  const report: Report = { ...found, repaired, tookMs: parts.clock.now() - began }
  console.log(json ? asJson(report) : inWords(report))
  if (repaired.length > 0 && !json) console.log('Look again when the jobs have run: npm run audit')
  return found.faults.length === 0 ? CLEAN : FAULTS
}

function readArguments(): Asked | undefined {
  const { values } = parseArgs({
    options: {
      repair: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      days: { type: 'string', default: String(PATIENCE.stripeDays) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return undefined
  }
  const days = Number(values.days)
  if (!Number.isInteger(days) || days < 0 || days > 3_650)
    throw new StartRefused('--days must be a whole number up to 3650.')
  return { repair: values.repair, json: values.json, days }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`The audit could not look: ${told(error)}`)
  process.exitCode = BLIND
}

/** What an operator has to mend is told without a stack. */
function told(error: unknown): string {
  if (error instanceof Stripe.errors.StripeError) return `Stripe: ${error.message}`
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    return `${error.message}\n${USAGE}`
  const isKnown =
    error instanceof ConfigError || error instanceof StartRefused || isAway(error) || isRedisAway(error)
  return isKnown || !(error instanceof Error) ? reasonOf(error) : (error.stack ?? error.message)
}
