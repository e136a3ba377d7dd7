/**
 * The roughest test: buyers who fight for few seats, pay by chance or not at all, give up and vanish, while one process after the
 * other, or Redis with all it holds, is killed as by a crash; what is sold is returned, so that the fight goes on. In the end an
 * audit must be clean, and nothing stuck for longer than half a minute after the last kill.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Kept } from '../../../dev/kept.ts'
import { type Onsale, startOnsale } from '../../../dev/processes.ts'
import { type AuditParts, audit, makeAuditParts, PATIENCE } from '../../../http/audit/audit.ts'
import { type Fault, KINDS } from '../../../http/audit/fault.ts'
import { readConfig } from '../../../shared/config.ts'
import { makeLog } from '../../../shared/log.ts'
import { connectPostgres } from '../../../shared/postgres.ts'
import { connectCommands, ready } from '../../../shared/redis.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import { chanceOf } from '../../chance.ts'
import type { Target } from '../report/table.ts'

export interface StormSizes {
  attempts: number
  buyers: number
  /** A multiple of 4. */
  seats: number
  killEveryMs: number
  seed: number
}

export const STORM: StormSizes = {
  attempts: 1_000_000,
  buyers: 500,
  seats: 2_000,
  killEveryMs: 10_000,
  seed: 1,
}

const EVENT = 'storm1'
const HOLD_SECONDS = 10
/** Who is told to come again with a payment does so as often. */
const AGAIN_MOST = 5
/** Who stands in the line to pay looks so often at most, once a second, then closes the page. */
const LOOKS = 10
/** Who lost looks for other seats for one to two times this. */
const SEEK_MS = 200
/** Of the looks at what is sold, one in so many returns some of it, however little that is. */
const EVERY_ROUND = 10
/** Above it what was sold is returned. */
const MOST_SOLD = 0.4
const CALL_MS = 20_000
const STUCK_MS = 30_000
/** How long after the last kill it may take to come to rest, before the storm is given up. */
const GIVE_UP_MS = 180_000
const VICTIMS = ['http', 'worker', 'redis', 'realtime'] as const

interface Tally {
  attempts: number
  held: number
  confirmed: number
  returned: number
  refused: number
  unanswered: number
  kills: number
}

export async function storm(sizes: Partial<StormSizes> = {}): Promise<Target[]> {
  const of = { ...STORM, ...sizes }
  const onsale = await startOnsale({
    ports: 'free',
    catalogue: false,
    env: {
      HOLD_SECONDS: String(HOLD_SECONDS),
      BOOKINGS_PER_MINUTE: '10000000',
      SESSIONS_PER_MINUTE: '10000000',
      MAX_TICKETS_PER_VISITOR: '100000',
      HOLD_BUDGET_SECONDS: '1000000000',
      STRIPE_RPS: '1000',
      LOG_LEVEL: 'error',
    },
  })
  const eye = await openEye(onsale)
  try {
    await insertSmallHouse(eye.parts.pool, EVENT, { length: of.seats / 4 })
    const tally: Tally = {
      attempts: 0,
      held: 0,
      confirmed: 0,
      returned: 0,
      refused: 0,
      unanswered: 0,
      kills: 0,
    }
    const began = performance.now()
    const over = new AbortController()
    const killing = kill(onsale, of, tally, over.signal)
    const returning = returnTickets(onsale, eye.parts, of, tally, over.signal)
    await Promise.all(Array.from({ length: of.buyers }, (_, buyer) => buy(onsale, of, tally, buyer)))
    over.abort()
    const lastKill = await killing
    await returning
    const seconds = (performance.now() - began) / 1_000
    return [...targetsOf(tally, seconds), ...(await rest(eye.parts, lastKill))]
  } finally {
    await eye.close()
    await onsale.stop()
  }
}

async function openEye({ env }: Onsale): Promise<{ parts: AuditParts; close: () => Promise<void> }> {
  const config = readConfig({ ...env })
  const log = makeLog('storm', 'silent')
  const pool = connectPostgres(config.DATABASE_URL, 'storm', log, 4)
  const redis = connectCommands(config.REDIS_URL, log)
  await ready(redis, 10_000)
  return {
    parts: makeAuditParts(config, { pool, redis, log }, 1_000),
    close: async () => {
      redis.disconnect()
      await pool.end()
    },
  }
}

type Answer = { status: number; body: Record<string, unknown> }

async function call(url: string, method: string, token: string, body?: unknown): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    })
    return { status: answer.status, body: (await answer.json()) as Answer['body'] }
  } catch {
    return { status: 0, body: {} }
  }
}

async function buy({ httpUrl }: Onsale, of: StormSizes, tally: Tally, buyer: number): Promise<void> {
  const chance = chanceOf(of.seed, buyer)
  const pick = (most: number) => Math.floor(chance() * most)
  let token = ''
  while (tally.attempts < of.attempts) {
    if (token === '') token = String((await call(`${httpUrl}/sessions`, 'POST', '')).body['token'] ?? '')
    const first = pick(of.seats - 1)
    const ticketIds = [first, first + 1].slice(0, 1 + pick(2)).map(index => `${EVENT}-${index}`)
    const { status, body } = await call(`${httpUrl}/bookings/${EVENT}`, 'POST', token, { ticketIds })
    // Who finds nobody there has not fought.
    if (status === 201 || status === 409) tally.attempts++
    if (status === 201) {
      tally.held++
      await decide(
        `${httpUrl}/bookings/${body['bookingId']}`,
        token,
        { fate: chance(), looks: pick(LOOKS) },
        tally,
      )
    } else if (status === 409) {
      tally.refused++
      await wait(SEEK_MS + pick(SEEK_MS))
    } else {
      tally.unanswered++
      await wait(50 + pick(200))
    }
  }
}

async function decide(
  url: string,
  token: string,
  { fate, looks }: { fate: number; looks: number },
  tally: Tally,
): Promise<void> {
  // Whoever vanishes leaves a hold behind.
  if (fate > 0.85) return
  if (fate > 0.7) return void (await call(url, 'DELETE', token))
  const card =
    fate > 0.6 ? 'pm_card_chargeDeclined' : fate > 0.5 ? 'pm_card_threeDSecure2Required' : 'pm_card_visa'
  const buyer = { name: 'A Fan', email: 'fan@example.org' }
  let paid = await call(`${url}/confirm`, 'PUT', token, { paymentMethodId: card, buyer })
  // As the page does.
  for (let again = 0; paid.status === 429 && again < AGAIN_MOST; again++) {
    await wait(1_000 * Number(paid.body['retryAfter'] ?? 1))
    paid = await call(`${url}/confirm`, 'PUT', token, { paymentMethodId: card, buyer })
  }
  // In the line to pay.
  for (let look = 0; paid.body['payQueue'] !== undefined && look < looks; look++) {
    await wait(1_000)
    paid = await call(url, 'GET', token)
  }
  if (paid.body['status'] === 'confirmed') tally.confirmed++
  const page = (paid.body['nextAction'] as { url?: string } | undefined)?.url
  if (page !== undefined && fate > 0.54)
    await fetch(page, {
      method: 'POST',
      body: new URLSearchParams({ result: 'complete' }),
      redirect: 'manual',
    }).catch(() => undefined)
  // Given up at the bank's page, or after a decline.
  else if (paid.status === 402 || page !== undefined) await call(url, 'DELETE', token)
}

/** Answers when the last of them died. */
async function kill(onsale: Onsale, of: StormSizes, tally: Tally, over: AbortSignal): Promise<number> {
  const began = performance.now()
  let last = began
  const victims = VICTIMS.flatMap(name => onsale.parts[name] ?? [])
  for (let at = 0; ; at++) {
    // What was killed has come back by then, or the next death waits for it.
    const due = began + (at + 1) * of.killEveryMs - performance.now()
    await wait(Math.max(0, due), undefined, { signal: over }).catch(() => undefined)
    if (over.aborted) return last
    const victim = victims[at % victims.length]
    if (victim === undefined) return last
    tally.kills++
    last = performance.now()
    await murder(victim)
  }
}

/** Started anew by us, however often: its keeper gives up on what dies again and again. */
async function murder(victim: Kept): Promise<void> {
  const pid = await victim.pid()
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  await victim.stop()
  await victim.start()
}

/** In rounds: what is sold comes back, so that the fight goes on. */
async function returnTickets(
  { httpUrl, adminToken }: Onsale,
  { pool }: AuditParts,
  of: StormSizes,
  tally: Tally,
  over: AbortSignal,
): Promise<void> {
  for (let round = 1; !over.aborted; round++) {
    await wait(500, undefined, { signal: over }).catch(() => undefined)
    const { rows } = await pool.query<{ id: string; sold: number }>(
      `select b.id, (select count(*) from tickets where event_id = $1 and status = 'sold')::int as sold
       from bookings b where b.event_id = $1 and b.status = 'confirmed' order by b.confirmed_at limit 200`,
      [EVENT],
    )
    if ((rows[0]?.sold ?? 0) < MOST_SOLD * of.seats && round % EVERY_ROUND > 0) continue
    for (const { id } of rows) {
      if (over.aborted) return
      const { status } = await call(`${httpUrl}/admin/bookings/${id}/refunds`, 'POST', adminToken, {})
      if (status === 200) tally.returned++
    }
  }
}

const NOW = { ...PATIENCE, pauseMs: 1_000, jobSeconds: 5, stripeSeconds: 5, stripeDays: 1 }
/** What is late, and not wrong: it must be over in time. */
const isStuck = ({ kind }: Fault) => /overdue|unswept|orphaned/.test(kind)

/** The storm is over: holds and payments end by themselves. */
async function rest(parts: AuditParts, lastKill: number): Promise<Target[]> {
  let faults: Fault[] = []
  let stuckMs = 0
  for (;;) {
    // A look that fails has found nothing: Redis may just be coming back.
    const found = await audit(parts, NOW).catch(() => undefined)
    const since = performance.now() - lastKill
    if (found !== undefined) faults = found.faults
    if (faults.some(isStuck)) stuckMs = since
    if ((found !== undefined && faults.length === 0 && since > STUCK_MS) || since > GIVE_UP_MS) break
    await wait(1_000)
  }
  for (const { kind, place, detail } of faults.slice(0, 20))
    console.log(`  ${KINDS[kind]}: ${place}: ${detail}`)
  return [
    { name: 'faults an audit finds after the storm', bound: { most: 0 }, measured: faults.length, unit: '' },
    {
      name: 'stuck states seen after the last kill',
      bound: { most: STUCK_MS / 1_000 },
      measured: stuckMs / 1_000,
      unit: 's',
    },
  ]
}

function targetsOf(tally: Tally, seconds: number): Target[] {
  const { attempts, held, confirmed, returned, refused, unanswered, kills } = tally
  const told = (name: string, measured: number, unit = '') => ({ name: `storm: ${name}`, measured, unit })
  return [
    told('contended attempts', attempts),
    told('attempts a second', attempts / seconds, '/s'),
    told('held', held),
    told('refused as taken', refused),
    told('confirmed before their buyers’ eyes', confirmed),
    told('returned', returned),
    told('without an answer, or unavailable', unanswered),
    told('processes killed', kills),
  ]
}
