/**
 * POST /bookings where nine in ten attempts lose: 64 clients fight for the pairs of a section until each pair was asked for ten
 * times. Beside it the same service with row locks in Postgres; all are real processes on the same stores, and take turns.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import getPort from 'get-port'
import type { Child } from '../../../dev/child.ts'
import { projectRoot } from '../../../dev/data-folder.ts'
import { startTier } from '../../../dev/tier.ts'
import { visitorId } from '../../../shared/ids.ts'
import { SESSION_SECONDS } from '../../../shared/limits.ts'
import { connectPostgres, type Pool } from '../../../shared/postgres.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import { SessionTokens } from '../../../shared/tokens.ts'
import { seeded } from '../../chance.ts'
import { cpuOf, type Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { Caller } from './caller.ts'
import { durablePostgres } from './durable.ts'
import { median, quantile } from './spread.ts'

const CLIENTS = 64
const ROUNDS = 5
const PAIRS = 150
const ASKED_EACH = 10
const EVENT = 'contended1'
const HOUSE = 4 * PAIRS * (ROUNDS + 1)

interface Service {
  child: Child
  caller: Caller
  rates: number[]
  tookMs: number[]
  cpuMs: number
}

type Name = 'ours' | 'wait' | 'skip'

export async function contended(ground: Ground): Promise<Target[]> {
  const url = await durablePostgres(ground, 'contended')
  const pool = connectPostgres(url, 'contended', ground.log, 2)
  try {
    await prepare(pool)
    const sessions = new SessionTokens(ground.config.keys.session, SESSION_SECONDS)
    const tokens = Array.from({ length: CLIENTS }, () => sessions.issue(visitorId(randomUUID())))
    const services: Record<Name, Service> = {
      ours: await start(ground, url, 'http/main.ts', ''),
      wait: await start(ground, url, 'load-tests/bench/bookings/row-locks.ts', 'wait'),
      skip: await start(ground, url, 'load-tests/bench/bookings/row-locks.ts', 'skip'),
    }
    let lost = 0
    for (let n = 0; n <= ROUNDS; n++) {
      for (const [at, name] of (['ours', 'wait', 'skip'] as const).entries()) {
        // Each has its own section of its own event of the same house; the first round makes them warm.
        const seen = await fight(services[name], tokens, `${EVENT}${at}`, n)
        if (n === 0) services[name].tookMs.length = 0
        else services[name].rates.push(seen.rate)
        lost = seen.lost
      }
    }
    for (const { caller, child } of Object.values(services)) {
      await caller.close()
      await child.stop('SIGKILL', 5_000)
    }
    return targetsOf(services, lost)
  } finally {
    await pool.end()
  }
}

function targetsOf({ ours, wait, skip }: Record<Name, Service>, lost: number): Target[] {
  const against = (peer: Service) => median(ours.rates.map((rate, n) => rate / peer.rates[n]!))
  const told = (one: Service) => `${Math.round(median(one.rates))}/s`
  const p99 = (one: Service) => `p99 ${quantile(one.tookMs, 0.99).toFixed(0)} ms`
  return [
    {
      name: 'POST /bookings, hot, against row locks',
      bound: { least: 2 },
      measured: against(wait),
      unit: 'x',
      note: `${told(ours)} against ${told(wait)}, ${p99(ours)} against ${p99(wait)}; ${CLIENTS} clients, ${Math.round(100 * lost)} % lose`,
    },
    {
      name: '  against row locks that are skipped',
      measured: against(skip),
      unit: 'x',
      note: `${told(skip)}, ${p99(skip)}`,
    },
    {
      name: '  CPU of the process an attempt, ours',
      measured: ours.cpuMs / (PAIRS * ASKED_EACH * (ROUNDS + 1)),
      unit: 'ms',
      note: `row locks ${(wait.cpuMs / (PAIRS * ASKED_EACH * (ROUNDS + 1))).toFixed(2)} ms`,
    },
  ]
}

async function start(ground: Ground, url: string, script: string, mode: string): Promise<Service> {
  const port = await getPort()
  const child = await startTier({
    family: ground.family,
    name: script,
    node: process.execPath,
    script: join(projectRoot, script),
    cwd: projectRoot,
    env: {
      ...ground.environment,
      DATABASE_URL: url,
      HTTP_PORT: String(port),
      MODE: mode,
      BOOKINGS_PER_MINUTE: '10000000',
      MAX_TICKETS_PER_VISITOR: '100000',
      HOLD_BUDGET_SECONDS: '1000000000',
    },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  })
  return { child, caller: new Caller(port, CLIENTS), rates: [], tookMs: [], cpuMs: 0 }
}

async function prepare(pool: Pool): Promise<void> {
  for (const at of [0, 1, 2]) await insertSmallHouse(pool, `${EVENT}${at}`, { length: HOUSE / 4 })
  await pool.query(
    `create table lock_seats (event_id text, seat_index int, held_until timestamptz, booking_id uuid,
       primary key (event_id, seat_index))`,
  )
  await pool.query(
    `insert into lock_seats (event_id, seat_index)
     select id, seat from events, generate_series(0, $1::int - 1) as seat where id like '${EVENT}%'`,
    [HOUSE],
  )
  await pool.query('vacuum analyze lock_seats')
}

async function fight(
  service: Service,
  tokens: string[],
  event: string,
  n: number,
): Promise<{ rate: number; lost: number }> {
  // The same tries in the same order for each.
  const random = seeded(n + 1)
  const all = PAIRS * ASKED_EACH
  const pairs = Array.from({ length: all }, () => 2 * (n * PAIRS + Math.floor(random() * PAIRS)))
  let lost = 0
  const cpu = await cpuOf(service.child.pid)
  const began = performance.now()
  await Promise.all(
    tokens.map(async token => {
      for (let seat = pairs.pop(); seat !== undefined; seat = pairs.pop()) {
        const ticketIds = [`${event}-${seat}`, `${event}-${seat + 1}`]
        const answer = await service.caller.call(
          'POST',
          `/bookings/${event}`,
          token,
          { ticketIds },
          randomUUID(),
        )
        if (answer.status !== 201 && answer.status !== 409)
          throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
        if (answer.status === 409) lost++
        service.tookMs.push(answer.tookMs)
      }
    }),
  )
  const ms = performance.now() - began
  service.cpuMs += (await cpuOf(service.child.pid)) - cpu
  return { rate: (1_000 * all) / ms, lost: lost / all }
}
