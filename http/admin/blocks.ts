/**
 * Blocking: the seats are taken in Redis as a hold would be, so that no fan has them; then the rows are written, then the
 * maps show them blocked. Whoever dies in between leaves seats that are free in seconds, or rows that a hold in Postgres
 * heeds and the same call shows. Unblocking: the rows go first, as Postgres is the truth; then Redis.
 */
import { writeAudit } from '../../shared/audit-log.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { type BookingId, type EventId, ticketId } from '../../shared/ids.ts'
import { TAKE_TTL_MS } from '../../shared/limits.ts'
import { type Client, type Queryable, transaction } from '../../shared/postgres.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import type { HttpDeps } from '../deps.ts'

export interface BlockRow {
  index: number
  reason: string
  actor: string
  createdAt: Date
}

export async function listBlocks(db: Queryable, eventId: EventId): Promise<BlockRow[]> {
  const { rows } = await db.query<BlockRow>(
    `select seat_index as index, reason, actor, created_at as "createdAt" from seat_blocks
     where event_id = $1 and not tombstone order by seat_index`,
    [eventId],
  )
  return rows
}

/** Answers how many were not blocked before. @throws Problem hold_conflict where a fan has one of them */
export async function block(
  { pool, inventory, chance }: HttpDeps,
  event: EventRecord,
  indices: number[],
  reason: string,
  actor: string,
): Promise<number> {
  const { eventId, stock } = event
  const before = new Set((await listBlocks(pool, eventId)).map(({ index }) => index))
  const fresh = indices.filter(index => !before.has(index))
  const takenAs = chance.uuid() as BookingId
  if (fresh.length > 0) {
    const taken = await inventory.reacquire(stock, takenAs, fresh, TAKE_TTL_MS)
    if (!taken.ok) throw conflict(eventId, taken.reason === 'hold_conflict' ? taken.seats : fresh)
  }
  const written = await transaction(pool, async client => {
    await lockBlocks(client, eventId)
    const sold = await client.query<{ seat_index: number }>(
      `select seat_index from tickets where event_id = $1 and seat_index = any($2::int[]) and status = 'sold' order by 1`,
      [eventId, indices],
    )
    if (sold.rows.length > 0)
      throw conflict(
        eventId,
        sold.rows.map(row => row.seat_index),
      )
    const { rowCount } = await client.query(
      `insert into seat_blocks (event_id, seat_index, reason, actor) select $1, seat, $3, $4 from unnest($2::int[]) as seat
       order by seat on conflict (event_id, seat_index) do nothing`,
      [eventId, indices, reason, actor],
    )
    if ((rowCount ?? 0) > 0)
      await writeAudit(client, actor, 'seats.block', eventId, { tickets: rowCount, reason })
    return rowCount ?? 0
  }).catch(async (error: unknown) => {
    await inventory.release(stock, takenAs).catch(() => undefined)
    throw error
  })
  await inventory.mark(stock, indices, STATUS.blocked, takenAs)
  return written
}

/** Answers how many were blocked. */
export async function unblock(
  { pool, inventory }: HttpDeps,
  { eventId, stock, mapHash }: EventRecord,
  indices: number[],
  actor: string,
): Promise<number> {
  return transaction(pool, async client => {
    await lockBlocks(client, eventId)
    // Of a house a second old: one of the seats may have become a tombstone.
    const { rowCount: same } = await client.query('select from events where id = $1 and map_hash = $2', [
      eventId,
      mapHash,
    ])
    if (same === 0) throw new Problem('recovering', 'The event has another seat map now.', { retryAfter: 2 })
    const { rowCount } = await client.query(
      'delete from seat_blocks where event_id = $1 and seat_index = any($2::int[]) and not tombstone',
      [eventId, indices],
    )
    if ((rowCount ?? 0) > 0) await writeAudit(client, actor, 'seats.unblock', eventId, { tickets: rowCount })
    // Within the lock, so that nobody blocks them anew in between. A rebuild that still reads the rows, or a commit that
    // fails after it, leaves Redis too strict or too loose for a moment: the insert of a booking asks Postgres again.
    await inventory.mark(stock, indices, STATUS.available, undefined, STATUS.blocked)
    return rowCount ?? 0
  })
}

/** One change of an event's blocks at a time. */
export async function lockBlocks(client: Client, eventId: EventId): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtext('onsale blocks'), hashtext($1))`, [eventId])
}

function conflict(eventId: EventId, indices: number[]): Problem {
  const tickets = indices.map(index => ticketId(eventId, index))
  const told = `Held or sold: ${tickets.join(', ')}.`.slice(0, 400)
  return new Problem('hold_conflict', told, { members: { tickets } })
}
