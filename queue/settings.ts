/** An operator's settings of a queue, in Postgres; every change with its line in the audit log. */
import { invalid, Problem } from '../shared/errors.ts'
import { type EventId, eventId as toEventId } from '../shared/ids.ts'
import { type Client, type Pool, type Queryable, sqlState, transaction } from '../shared/postgres.ts'
import type { QueueState } from '../shared/wire/messages.ts'
import type { QueueChange, QueueSettings } from './queue.ts'

/** What operators do not see: see 0004-queue.sql. */
export interface StoredSettings extends QueueSettings {
  version: number
  firstGeneration: number
  begun: boolean
  scoreFloor: number
}

/** Let in by default: 600 a minute, 500 at once, two for each free seat, ten minutes; places are kept two minutes. */
const DEFAULTS = { state: 'off', rate: 10, cap: 500, factor: 2, passSeconds: 600, graceSeconds: 120 } as const

const SETTABLE: readonly QueueState[] = ['off', 'open', 'paused']

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
  const { rate } = DEFAULTS
  return {
    ...DEFAULTS,
    burst: burstOf(null, rate),
    message: '',
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
): Promise<void> {
  if (change.state !== undefined && !SETTABLE.includes(change.state)) {
    throw invalid('state', `must be one of ${SETTABLE.join(', ')}; ${change.state} is not offered yet`)
  }
  try {
    await transaction(pool, client => apply(client, event, change, actor))
  } catch (error) {
    if (sqlState(error) === FOREIGN_KEY) throw new Problem('event_not_found', `There is no event ${event}`)
    throw error
  }
}

async function apply(client: Client, event: EventId, change: QueueChange, actor: string): Promise<void> {
  await client.query(
    `insert into queue_settings (event_id, state, rate, cap, factor, pass_seconds, grace_seconds, version)
     values ($1, $2, $3, $4, $5, $6, $7, 0) on conflict do nothing`,
    [
      event,
      DEFAULTS.state,
      DEFAULTS.rate,
      DEFAULTS.cap,
      DEFAULTS.factor,
      DEFAULTS.passSeconds,
      DEFAULTS.graceSeconds,
    ],
  )
  const { rows } = await client.query<Row>(
    `select ${COLUMNS} from queue_settings where event_id = $1 for update`,
    [event],
  )
  const before = told(rows[0]!)
  const after = { ...before, ...change }
  checkBurst(after.rate, after.burst)
  const opens = before.state === 'off' && after.state !== 'off'
  await client.query(
    `update queue_settings set state = $2, rate = $3, cap = $4, burst = $5, factor = $6, pass_seconds = $7,
       grace_seconds = $8, message = $9, version = version + 1, updated_at = now(), begun = begun and not $10,
       generation = generation + case when $10 then 1 else 0 end,
       first_generation = case when $10 then generation + 1 else first_generation end
     where event_id = $1`,
    [
      event,
      after.state,
      after.rate,
      after.cap,
      after.burst,
      after.factor,
      after.passSeconds,
      after.graceSeconds,
      after.message,
      opens,
    ],
  )
  await client.query(
    `insert into audit_log (actor, act, event_id, detail) values ($1, 'queue.configure', $2, $3)`,
    [actor, event, JSON.stringify({ before, after })],
  )
}

/** Admissions come in rounds some 250 ms apart: with less than that in hand the rate could never be reached. */
function checkBurst(rate: number, burst: number | null): void {
  if (burst === null) return
  if (burst < 1) throw invalid('burst', 'must be 1 or more')
  if (burst < rate / 2)
    throw invalid('burst', `must be at least half the rate, ${rate / 2}; null lets it follow the rate`)
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

const COLUMNS = `state, rate, cap, burst, factor, pass_seconds, grace_seconds, message, version, generation,
  first_generation, begun, score_floor`

interface Row {
  state: QueueState
  rate: number
  cap: number
  burst: number | null
  factor: number
  pass_seconds: number
  grace_seconds: number
  message: string
  version: number
  generation: number
  first_generation: number
  begun: boolean
  score_floor: number
}

/** What the audit log keeps: as the operator said it. */
function told(row: Row): Required<QueueChange> {
  const { state, rate, cap, burst, factor, message } = row
  return {
    state,
    rate,
    cap,
    burst,
    factor,
    passSeconds: row.pass_seconds,
    graceSeconds: row.grace_seconds,
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
