/**
 * Repairs what is safe to repair while people buy: Redis is brought to what Postgres says at that moment, or a job is asked for
 * that looks before it acts. Nothing is sold, refunded or deleted here. Each repair has its line in the audit log.
 */
import { writeAudit } from '../../shared/audit-log.ts'
import type { EventId } from '../../shared/ids.ts'
import { type Client, transaction } from '../../shared/postgres.ts'
import { redisMs } from '../../shared/redis.ts'
import { STATUS, type Status, type Stock } from '../../shared/seats/inventory.ts'
import { addToOutbox } from '../payments/outbox.ts'
import type { AuditParts } from './audit.ts'
import { type Fault, identityOf, type Repair } from './fault.ts'

export interface Repaired {
  fault: Fault
  /** What was done, in words, or why it could not be. */
  told: string
  done: boolean
}

/** Of one run; what is left is found by the next. */
const MOST_REPAIRS = 5_000

export async function repairAll(parts: AuditParts, faults: Fault[]): Promise<Repaired[]> {
  const repaired: Repaired[] = []
  const done = new Set<string>()
  for (const fault of faults.slice(0, MOST_REPAIRS)) {
    if (fault.repair === undefined) continue
    // Several faults of one event may ask for the same.
    const same = JSON.stringify(fault.repair)
    if (done.has(same)) continue
    done.add(same)
    repaired.push(await repairOne(parts, fault, fault.repair))
  }
  return repaired
}

async function repairOne(parts: AuditParts, fault: Fault, repair: Repair): Promise<Repaired> {
  try {
    const told = await apply(parts, repair)
    const [kind, place, detail] = identityOf(fault).split('\n')
    const event = 'eventId' in repair ? repair.eventId : null
    await writeAudit(parts.pool, 'audit', 'audit.repair', event, { kind, place, detail, repair, told })
    return { fault, told, done: true }
  } catch (error) {
    return {
      fault,
      told: `could not be repaired: ${error instanceof Error ? error.message : error}`,
      done: false,
    }
  }
}

async function apply(parts: AuditParts, repair: Repair): Promise<string> {
  switch (repair.do) {
    case 'show':
      return show(parts, await stockOf(parts, repair.eventId), repair.seats)
    case 'release':
      return release(parts, await stockOf(parts, repair.eventId), repair)
    case 'rebuild':
      return rebuild(parts, await stockOf(parts, repair.eventId))
    case 'ask':
      await addToOutbox(parts.pool, [repair.job])
      return `asked for a job: ${repair.job.kind}`
    case 'retry':
      await parts.pool.query(
        'select graphile_worker.reschedule_jobs($1::bigint[], run_at := now(), attempts := 0)',
        [[repair.jobId]],
      )
      return 'the job is tried again'
    default:
      return repair satisfies never
  }
}

async function stockOf({ events }: AuditParts, id: EventId): Promise<Stock> {
  const event = await events.find(id)
  if (event === undefined) throw new Error(`there is no event ${id}`)
  return event.stock
}

/** The rows are held while Redis is told, so that no sale or return comes between; a seat without one is given it first. */
async function show(
  { pool, inventory, redis, keys }: AuditParts,
  stock: Stock,
  seats: number[],
): Promise<string> {
  const { eventId } = stock
  return transaction(pool, async client => {
    const present = await lockSeats(client, eventId, seats)
    const held = await heldSeats({ redis, keys }, stock, seats)
    for (const [status, rows] of Map.groupBy(present, row => row.status)) {
      const all = rows.map(({ seat_index: seat }) => seat)
      // A bit without a hold counts as held for the marking verb too: shown blocked first, it is free to be available.
      const stale = status === STATUS.available ? all.filter(seat => held.get(seat) === false) : []
      if (stale.length > 0) await inventory.mark(stock, stale, STATUS.blocked)
      await inventory.mark(stock, all, status)
    }
    return `marked in Redis as Postgres has it: ${seats.join(', ')}`
  })
}

async function lockSeats(
  client: Client,
  event: EventId,
  seats: number[],
): Promise<{ seat_index: number; status: Status }[]> {
  await client.query(
    `insert into tickets (event_id, seat_index, status) select $1, seat, 'available' from unnest($2::int[]) as seat
     order by seat on conflict do nothing`,
    [event, seats],
  )
  const { rows } = await client.query<{ seat_index: number; status: Status }>(
    `with present as (
       select seat_index, status from tickets where event_id = $1 and seat_index = any($2::int[])
       order by seat_index for update
     )
     select seat_index, case when status = 'sold' then ${STATUS.sold}
       when exists (select from seat_blocks b where b.event_id = $1 and b.seat_index = present.seat_index)
         then ${STATUS.blocked}
       else ${STATUS.available} end as status
     from present`,
    [event, seats],
  )
  return rows
}

/** Of each seat that is shown held, whether anybody holds it. */
async function heldSeats(
  { redis, keys }: Pick<AuditParts, 'redis' | 'keys'>,
  { eventId, seats: count }: Stock,
  seats: number[],
): Promise<Map<number, boolean>> {
  const of = keys.seats(eventId)
  const held = new Map<number, boolean>()
  for (const seat of seats) {
    const [status] = (await redis.bitfield(of.state, 'GET', 'u2', `#${seat}`)) as number[]
    if (status !== STATUS.held) continue
    // A unit has no key: who holds it only its hold knows, so it is left to a rebuild.
    held.set(seat, seat >= count || (await redis.exists(of.seat(seat))) === 1)
  }
  return held
}

async function release(
  { pool, redis, keys, inventory }: AuditParts,
  stock: Stock,
  { eventId, bookingId }: Extract<Repair, { do: 'release' }>,
): Promise<string> {
  const { rows } = await pool.query<{ live: boolean }>(
    `select status in ('in_progress', 'paying', 'closing') and expires_at > $2 as live from bookings where id = $1`,
    [bookingId, new Date(redisMs(await redis.time()))],
  )
  if (rows[0]?.live === true) return 'left as it is: the booking is live'
  const of = keys.seats(eventId)
  // The verb frees only what it finds complete: the end that is missing was long ago.
  await redis.zadd(of.expiries, 'NX', 1, bookingId)
  if ((await redis.exists(of.hold(bookingId))) === 0) {
    await redis.zrem(of.expiries, bookingId)
    return 'the entry of a hold that is gone was removed'
  }
  await inventory.release(stock, bookingId)
  return 'the hold was released'
}

/** A generation that Postgres has moved past is never believed: the next use brings all back. */
async function rebuild({ inventory, redis, keys }: AuditParts, stock: Stock): Promise<string> {
  await redis.hdel(keys.seats(stock.eventId).meta, 'generation')
  await inventory.rebuild(stock)
  return 'all seats were brought back from Postgres'
}
