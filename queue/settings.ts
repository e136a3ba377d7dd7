/** An operator's settings of a queue, in Postgres; every change with its line in the audit log. */
import { writeAudit } from '../shared/audit-log.ts'
import { invalid, Problem } from '../shared/errors.ts'
import { type EventId, eventId as toEventId } from '../shared/ids.ts'
import { type Client, type Pool, type Queryable, sqlState, transaction } from '../shared/postgres.ts'
import type { QueueState } from '../shared/wire/messages.ts'
import { roundAt } from './beacon.ts'
import { refuseFinished } from './finished.ts'
import type { QueueChange, QueueMethod, QueueSettings } from './queue.ts'

/** What operators do not see: see 0004-queue.sql. */
export interface StoredSettings extends QueueSettings {
  version: number
  firstGeneration: number
  begun: boolean
  scoreFloor: number
}

/**
 * Let in by default: 600 a minute, 500 at once, two for each free seat, ten minutes, renewed up to half an hour; places are
 * kept two minutes, turns 15 seconds.
 */
const DEFAULTS: Told = {
  state: 'off',
  method: 'fifo',
  joins: true,
  preQueueAt: null,
  opensAt: null,
  beaconRound: null,
  rate: 10,
  cap: 500,
  burst: null,
  factor: 2,
  passSeconds: 600,
  staySeconds: 1_800,
  claimSeconds: 15,
  graceSeconds: 120,
  soldOut: 'keep',
  payRate: null,
  perNetwork: null,
  message: '',
}

/** Undefined where nobody ever set the queue. */
export async function readSettings(db: Queryable, event: EventId): Promise<StoredSettings | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from queue_settings where event_id = $1`, [event])
  return rows[0] === undefined ? undefined : fromRow(rows[0])
}

/** The same, and nobody else changes it until the transaction ends. */
export async function lockSettings(client: Client, event: EventId): Promise<StoredSettings | undefined> {
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from queue_settings where event_id = $1 for update`,
    [event],
  )
  return rows[0] === undefined ? undefined : fromRow(rows[0])
}

export function settingsNeverSet(): StoredSettings {
  return {
    ...DEFAULTS,
    burst: burstOf(null, DEFAULTS.rate),
    generation: 0,
    version: 0,
    firstGeneration: 0,
    begun: false,
    scoreFloor: 0,
  }
}

/** Events whose queue is on. */
export async function eventsOn(db: Queryable): Promise<EventId[]> {
  const { rows } = await db.query<{ event_id: string }>(
    `select event_id from queue_settings where state <> 'off' order by event_id`,
  )
  return rows.map(row => toEventId(row.event_id))
}

/** One transaction: the settings and the audit log. An opening after `off` begins a new line in a new generation. */
export async function changeSettings(
  pool: Pool,
  event: EventId,
  change: QueueChange,
  actor: string,
  now: number,
): Promise<void> {
  if (change.state === 'recovering') {
    throw invalid('state', 'is never set: a queue recovers by itself')
  }
  try {
    await transaction(pool, client => apply(client, event, change, actor, now))
  } catch (error) {
    if (sqlState(error) === FOREIGN_KEY) throw new Problem('event_not_found', `There is no event ${event}`)
    throw error
  }
}

async function apply(client: Client, event: EventId, change: QueueChange, actor: string, now: number) {
  await client.query(
    `insert into queue_settings (event_id, version, ${SET.map(({ column }) => column).join(', ')})
     values ($1, 0, ${SET.map((_, i) => `$${i + 2}`).join(', ')}) on conflict do nothing`,
    [event, ...SET.map(({ of }) => of(DEFAULTS))],
  )
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from queue_settings where event_id = $1 for update`,
    [event],
  )
  const before = told(rows[0]!)
  const opens = before.state === 'off' && change.state !== undefined && change.state !== 'off'
  if (opens) await refuseFinished(client, event)
  // A schedule belongs to one line: the next has its own.
  const after = {
    ...before,
    ...(opens ? { preQueueAt: null, opensAt: null, beaconRound: null } : {}),
    ...change,
  }
  checkBurst(after.rate, after.burst)
  checkSchedule(before, after, now)
  checkBeacon(before, after, now)
  if (!opens) await checkDraw(client, event, before, after)
  await client.query(
    `update queue_settings set ${SET.map(({ column }, i) => `${column} = $${i + 3}`).join(', ')},
       version = version + 1, updated_at = now(), begun = begun and not $2,
       generation = generation + case when $2 then 1 else 0 end,
       first_generation = case when $2 then generation + 1 else first_generation end
     where event_id = $1`,
    [event, opens, ...SET.map(({ of }) => of(after))],
  )
  await writeAudit(client, actor, 'queue.configure', event, { before, after })
}

/** Admissions come in rounds some 250 ms apart: with less than that in hand the rate could never be reached. */
function checkBurst(rate: number, burst: number | null): void {
  if (burst === null) return
  if (burst < 1) throw invalid('burst', 'must be 1 or more')
  if (burst < rate / 2)
    throw invalid('burst', `must be at least half the rate, ${rate / 2}; null lets it follow the rate`)
}

/** Once doors have moved the order and the times stand: what was promised to those who wait is kept. */
function checkSchedule(before: Told, after: Told, now: number): void {
  const { state, method, preQueueAt, opensAt } = after
  if (state === 'scheduled' && opensAt === null)
    throw invalid('opensAt', 'is needed for a scheduled queue: when its doors move')
  if (preQueueAt !== null && opensAt !== null && preQueueAt > opensAt)
    throw invalid('preQueueAt', 'must not be after opensAt')
  if (isMoving(before, now)) {
    if (state !== before.state && (state === 'scheduled' || state === 'pre_queue'))
      throw invalid('state', `cannot be ${state} once doors have moved; pause the queue, or switch it off`)
    if (method !== before.method) throw invalid('method', 'cannot change once doors have moved')
    if (opensAt !== before.opensAt) throw invalid('opensAt', 'cannot change once doors have moved')
  } else if ((state === 'scheduled' || state === 'pre_queue') && opensAt !== null && opensAt <= now) {
    throw invalid('opensAt', 'is over; open the queue instead')
  }
}

/** A round that anybody knows before entries close would let the order be chosen. */
function checkBeacon(before: Told, { beaconRound, opensAt, state }: Told, now: number): void {
  const opens = (state === 'open' || state === 'closing') && !isMoving(before, now)
  const stands = beaconRound === before.beaconRound && opensAt === before.opensAt
  if (beaconRound === null || (stands && !opens)) return
  if (!Number.isSafeInteger(beaconRound) || beaconRound < 1)
    throw invalid('beaconRound', 'must be the number of a round of drand quicknet')
  const least = opens ? now : (opensAt ?? now)
  if (roundAt(beaconRound) <= least)
    throw invalid('beaconRound', `must be made after ${new Date(least).toISOString()}: name a later one`)
}

/** What the entrants were told stands; a named beacon that does not come may be done without, which the draw then says. */
async function checkDraw(client: Client, event: EventId, before: Told, after: Told): Promise<void> {
  const fields = (['method', 'beaconRound'] as const).filter(field => before[field] !== after[field])
  if (fields.length === 0) return
  const { rowCount } = await client.query(
    `select 1 from queue_draws join queue_settings using (event_id)
     where event_id = $1 and queue_draws.generation = first_generation and closed_at is not null`,
    [event],
  )
  if (rowCount === 0) return
  if (fields.includes('method')) throw invalid('method', 'cannot change once entries have closed')
  if (after.beaconRound !== null) throw invalid('beaconRound', 'can only be dropped once entries have closed')
}

function isMoving({ state, opensAt }: Told, now: number): boolean {
  if (state === 'scheduled' || state === 'pre_queue') return opensAt !== null && opensAt <= now
  return state !== 'off'
}

/** Redis has begun this generation, with this least score; a raised number means that it had lost the one before. */
export async function generationBegun(
  client: Client,
  event: EventId,
  generation: number,
  scoreFloor: number,
): Promise<void> {
  await client.query(
    `update queue_settings set generation = $2, begun = true, score_floor = greatest(score_floor, $3) where event_id = $1`,
    [event, generation, scoreFloor],
  )
}

/**
 * Every score given out so far in this generation is below; and whoever can say so has seen it in Redis, so it has begun,
 * also where the word of that was lost. Harmless when many nodes call.
 */
export async function raiseFloor(
  db: Queryable,
  event: EventId,
  generation: number,
  scoreFloor: number,
): Promise<void> {
  await db.query(
    `update queue_settings set score_floor = greatest(score_floor, $3), begun = true
     where event_id = $1 and generation = $2 and (score_floor < $3 or not begun)`,
    [event, generation, scoreFloor],
  )
}

const FOREIGN_KEY = '23503'

/** An operator's settings as they are kept and audited: a burst of null follows the rate. */
type Told = Required<QueueChange>

interface Column {
  column: string
  of: (settings: Told) => unknown
}

const date = (ms: number | null) => (ms === null ? null : new Date(ms))

const SET: readonly Column[] = [
  { column: 'state', of: s => s.state },
  { column: 'method', of: s => s.method },
  { column: 'joins', of: s => s.joins },
  { column: 'pre_queue_at', of: s => date(s.preQueueAt) },
  { column: 'opens_at', of: s => date(s.opensAt) },
  { column: 'beacon_round', of: s => s.beaconRound },
  { column: 'rate', of: s => s.rate },
  { column: 'cap', of: s => s.cap },
  { column: 'burst', of: s => s.burst },
  { column: 'factor', of: s => s.factor },
  { column: 'pass_seconds', of: s => s.passSeconds },
  { column: 'stay_seconds', of: s => s.staySeconds },
  { column: 'claim_seconds', of: s => s.claimSeconds },
  { column: 'grace_seconds', of: s => s.graceSeconds },
  { column: 'sold_out', of: s => s.soldOut },
  { column: 'pay_rate', of: s => s.payRate },
  { column: 'per_network', of: s => s.perNetwork },
  { column: 'message', of: s => s.message },
]

const COLUMNS = `${SET.map(({ column }) => column).join(', ')}, version, generation, first_generation, begun, score_floor`

interface Row {
  state: QueueState
  method: QueueMethod
  joins: boolean
  pre_queue_at: Date | null
  opens_at: Date | null
  beacon_round: number | null
  rate: number
  cap: number
  burst: number | null
  factor: number
  pass_seconds: number
  stay_seconds: number
  claim_seconds: number
  grace_seconds: number
  sold_out: QueueSettings['soldOut']
  pay_rate: number | null
  per_network: number | null
  message: string
  version: number
  generation: number
  first_generation: number
  begun: boolean
  score_floor: number
}

/** What the audit log keeps: as the operator said it. */
function told(row: Row): Told {
  const { state, method, joins, rate, cap, burst, factor, message } = row
  return {
    state,
    method,
    joins,
    preQueueAt: row.pre_queue_at?.getTime() ?? null,
    opensAt: row.opens_at?.getTime() ?? null,
    beaconRound: row.beacon_round,
    rate,
    cap,
    burst,
    factor,
    passSeconds: row.pass_seconds,
    staySeconds: row.stay_seconds,
    claimSeconds: row.claim_seconds,
    graceSeconds: row.grace_seconds,
    soldOut: row.sold_out,
    payRate: row.pay_rate,
    perNetwork: row.per_network,
    message,
  }
}

function fromRow(row: Row): StoredSettings {
  return {
    ...told(row),
    burst: burstOf(row.burst, row.rate),
    generation: row.generation,
    version: row.version,
    firstGeneration: row.first_generation,
    begun: row.begun,
    scoreFloor: row.score_floor,
  }
}

function burstOf(burst: number | null, rate: number): number {
  return burst ?? Math.max(1, Math.ceil(rate))
}
