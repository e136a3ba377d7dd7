/**
 * A draw in Postgres: what was promised, what was fixed, what came of it. Each step is one statement or transaction that
 * changes nothing where it was done before, so any process may go on where another died, and two do no harm.
 */
import { createHash } from 'node:crypto'
import type { Chance } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import { type Client, type Pool, type Queryable, transaction } from '../shared/postgres.ts'
import { randomnessOf } from './beacon.ts'
import { seedOf } from './draw-order.ts'
import { lockSettings, type StoredSettings } from './settings.ts'
import { MEMBER_BYTES } from './verbs.ts'

export interface DrawRecord {
  eventId: EventId
  /** The first generation of its line: a loss of Redis changes nothing about a draw. */
  generation: number
  secret: Buffer
  commitment: Buffer
  promisedAt: number
  beaconRound: number | null
  /** An operator went on without the round that was named. */
  beaconDropped: boolean
  beaconSignature: Buffer | null
  closedAt: number | null
  /** Whoever has a score above came too late. */
  closedScore: number | null
  entrants: number | null
  root: Buffer | null
  seed: Buffer | null
  drawnAt: number | null
}

/** No draw; one that is still to come; one whose seed is known. */
export type DrawState = '' | 'due' | 'done'

/** Of one chunk of the entrants: 112 KiB. */
export const CHUNK_MEMBERS = 8_192
const CHUNK_BYTES = CHUNK_MEMBERS * MEMBER_BYTES

/** Without a generation: of the event's latest line that has a draw. */
export async function readDraw(
  db: Queryable,
  event: EventId,
  generation?: number,
): Promise<DrawRecord | undefined> {
  const { rows } = await db.query<Row>(
    `select * from queue_draws where event_id = $1 and generation = coalesce($2, generation)
     order by generation desc limit 1`,
    [event, generation ?? null],
  )
  return rows[0] === undefined ? undefined : fromRow(rows[0])
}

/** Where the line's draw stands. The first time that one is due, its secret is made, and told to all by its hash. */
export async function promiseDraw(
  client: Client,
  event: EventId,
  settings: StoredSettings,
  chance: Pick<Chance, 'bytes'>,
): Promise<DrawState> {
  const { method, state, firstGeneration, beaconRound } = settings
  const made = await readDraw(client, event, firstGeneration)
  if (made !== undefined && made.seed !== null) return 'done'
  if (method !== 'random') return ''
  if (made === undefined) {
    // Whoever comes before the doors is drawn; a line that was opened at once has nobody to draw.
    if (state !== 'scheduled' && state !== 'pre_queue') return ''
    const secret = chance.bytes(32)
    await client.query(
      `insert into queue_draws (event_id, generation, secret, commitment, beacon_round) values ($1, $2, $3, $4, $5)`,
      [event, firstGeneration, secret, createHash('sha256').update(secret).digest(), beaconRound],
    )
  } else if (made.closedAt === null) {
    await client.query(`update queue_draws set beacon_round = $3 where event_id = $1 and generation = $2`, [
      event,
      firstGeneration,
      beaconRound,
    ])
  }
  return 'due'
}

/** From here on neither the method nor the beacon changes. Undefined where the operator took the draw back just now. */
export async function closeEntries(
  pool: Pool,
  event: EventId,
  generation: number,
  closed: { score: number; at: number },
): Promise<DrawRecord | undefined> {
  return await transaction(pool, async client => {
    const settings = await lockSettings(client, event)
    if (settings?.firstGeneration !== generation || settings.method !== 'random') return undefined
    await client.query(
      `update queue_draws set closed_at = $3, closed_score = $4, beacon_round = $5
       where event_id = $1 and generation = $2 and closed_at is null`,
      [event, generation, new Date(closed.at), closed.score, settings.beaconRound],
    )
    return await readDraw(client, event, generation)
  })
}

/** Entrants and root stand together, before there is a seed. Where others were faster, theirs stand. */
export async function fixEntrants(
  pool: Pool,
  { eventId, generation }: DrawRecord,
  { members, root }: { members: Buffer; root: Buffer },
  end: AbortSignal,
): Promise<DrawRecord> {
  return await transaction(pool, async client => {
    const { rowCount } = await client.query(
      `update queue_draws set root = $3, entrants = $4 where event_id = $1 and generation = $2 and root is null`,
      [eventId, generation, root, members.length / MEMBER_BYTES],
    )
    for (let chunk = 0; rowCount === 1 && chunk * CHUNK_BYTES < members.length; chunk++) {
      end.throwIfAborted()
      const some = members.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
      await client.query(
        `insert into queue_draw_entrants (event_id, generation, chunk, members) values ($1, $2, $3, $4)`,
        [eventId, generation, chunk, some],
      )
    }
    return (await readDraw(client, eventId, generation))!
  })
}

/** Of secret, root and the round's signature; null where no beacon counts. */
export async function fixSeed(
  pool: Pool,
  { eventId, generation, secret, root }: DrawRecord,
  signature: Buffer | null,
): Promise<DrawRecord> {
  const seed = seedOf(secret, root!, signature === null ? Buffer.alloc(0) : randomnessOf(signature))
  await pool.query(
    `update queue_draws set seed = $3, beacon_signature = $4, beacon_dropped = beacon_round is not null and $4::bytea is null
     where event_id = $1 and generation = $2 and seed is null and root is not null`,
    [eventId, generation, seed, signature],
  )
  return (await readDraw(pool, eventId, generation))!
}

export async function finishDraw(pool: Pool, { eventId, generation }: DrawRecord): Promise<void> {
  await pool.query(
    `update queue_draws set drawn_at = now() where event_id = $1 and generation = $2 and drawn_at is null`,
    [eventId, generation],
  )
}

export async function readChunk(
  db: Queryable,
  event: EventId,
  generation: number,
  chunk: number,
): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ members: Buffer }>(
    `select members from queue_draw_entrants where event_id = $1 and generation = $2 and chunk = $3`,
    [event, generation, chunk],
  )
  return rows[0]?.members
}

/** All of them, in order of arrival. */
export async function readEntrants(
  db: Queryable,
  { eventId, generation, entrants }: DrawRecord,
  end?: AbortSignal,
): Promise<Buffer> {
  const members = Buffer.alloc((entrants ?? 0) * MEMBER_BYTES)
  for (let chunk = 0; chunk * CHUNK_BYTES < members.length; chunk++) {
    end?.throwIfAborted()
    const some = await readChunk(db, eventId, generation, chunk)
    if (some === undefined) throw new Error(`chunk ${chunk} of the entrants of ${eventId} is missing`)
    some.copy(members, chunk * CHUNK_BYTES)
  }
  return members
}

interface Row {
  event_id: EventId
  generation: number
  secret: Buffer
  commitment: Buffer
  created_at: Date
  beacon_round: number | null
  beacon_dropped: boolean
  beacon_signature: Buffer | null
  closed_at: Date | null
  closed_score: number | null
  entrants: number | null
  root: Buffer | null
  seed: Buffer | null
  drawn_at: Date | null
}

function fromRow(row: Row): DrawRecord {
  return {
    eventId: row.event_id,
    generation: row.generation,
    secret: row.secret,
    commitment: row.commitment,
    promisedAt: row.created_at.getTime(),
    beaconRound: row.beacon_round,
    beaconDropped: row.beacon_dropped,
    beaconSignature: row.beacon_signature,
    closedAt: row.closed_at?.getTime() ?? null,
    closedScore: row.closed_score,
    entrants: row.entrants,
    root: row.root,
    seed: row.seed,
    drawnAt: row.drawn_at?.getTime() ?? null,
  }
}
