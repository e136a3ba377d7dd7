/**
 * The seats of an event while its house becomes another. Where every index stays the same seat, Redis goes on: what is left out is taken
 * as a fan's hold would be, so that nobody gets it, then written (event-rehouse.ts), then shown, and a new epoch tells every open map.
 * Where seats become others, off sale, the seats are made anew.
 */
import { chunks } from '../../shared/chunks.ts'
import { stockOf } from '../../shared/event-store.ts'
import type { BookingId, EventId } from '../../shared/ids.ts'
import { SECOND, TAKE_TTL_MS } from '../../shared/limits.ts'
import { type Queryable, transaction } from '../../shared/postgres.ts'
import { STATUS, type Stock } from '../../shared/seats/inventory.ts'
import { hashOf } from '../../shared/seats/map-text.ts'
import type { HttpDeps } from '../deps.ts'
import { lockBlocks } from './blocks.ts'
import type { NewEvent } from './event-check.ts'
import { type NewHouse, newHouse, refuseOwned, SEATS_A_SCRIPT, wouldTakeAway } from './event-rehouse.ts'
import { changeEvent, type EventContent, type Written } from './event-writes.ts'

/** Longer than any node keeps an event (shared/event-store.ts): by then all know that it is off sale. */
const CACHES_MS = 1.5 * SECOND

interface Taken {
  as: BookingId
  indices: number[]
}

/** Undefined where somebody else has changed the event meanwhile. */
export async function redraw(
  deps: HttpDeps,
  event: NewEvent,
  known: EventContent,
  operator: string,
): Promise<Written | undefined> {
  const { eventId, map, mapHash } = event
  const before = await deps.events.map(known.mapHash)
  if (map === undefined || before === undefined || (mapHash ?? hashOf(map)) === known.mapHash)
    return changeEvent(deps.pool, event, known, operator)
  const house = await newHouse(deps.pool, eventId, known.status, before.plan, map)
  const changed = { ...event, map: house.map, mapHash: undefined }
  return house.moved.length > 0
    ? makeAnew(deps, changed, known, operator, house)
    : goOn(deps, changed, known, operator, house)
}

async function makeAnew(
  { pool, redis, keys, clock }: HttpDeps,
  event: NewEvent,
  known: EventContent,
  operator: string,
  house: NewHouse,
): Promise<Written | undefined> {
  // Nobody may go on with the seats it had.
  if (known.status !== 'onsale') await clock.sleep(CACHES_MS)
  const { meta, state, log } = keys.seats(event.eventId)
  const forget = () => redis.unlink(meta, state, log)
  return await changeEvent(pool, event, known, operator, { house, forget })
}

async function goOn(
  deps: HttpDeps,
  event: NewEvent,
  known: EventContent,
  operator: string,
  house: NewHouse,
): Promise<Written | undefined> {
  const { pool, inventory, log } = deps
  const { eventId } = event
  const stock = stockOf(eventId, house.plan)
  await refuseOwned(pool, eventId, house)
  const taken = await takeOut(deps, stock, house)
  const free = () => Promise.allSettled(taken.map(({ as }) => inventory.release(stock, as)))
  const written = await changeEvent(pool, event, known, operator, { house }).catch(async (error: unknown) => {
    await free()
    throw error
  })
  if (written?.epoch === undefined) await free()
  else
    await shown(deps, stock, house, taken, written.epoch, written.content.mapHash).catch((err: unknown) =>
      log.warn({ err, event: eventId }, 'a new house is shown later'),
    )
  return written
}

/** @throws Problem map_in_use where a fan was quicker */
async function takeOut(
  { pool, inventory, chance }: HttpDeps,
  stock: Stock,
  house: NewHouse,
): Promise<Taken[]> {
  const blocked = await blockedOf(pool, stock.eventId, house.leaves)
  const free = house.leaves.filter(index => !blocked.has(index))
  const taken: Taken[] = []
  for (const indices of chunks(free, SEATS_A_SCRIPT)) {
    const chunk: Taken = { as: chance.uuid() as BookingId, indices }
    const answer = await inventory.reacquire(stock, chunk.as, chunk.indices, TAKE_TTL_MS)
    taken.push(chunk)
    if (answer.ok) continue
    await Promise.allSettled(taken.map(({ as }) => inventory.release(stock, as)))
    const owned = answer.reason === 'hold_conflict' ? answer.seats : chunk.indices
    throw wouldTakeAway(
      stock.eventId,
      house.before,
      owned.map(index => ({ index, state: 'held' })),
    )
  }
  return taken
}

async function shown(
  { pool, inventory }: HttpDeps,
  stock: Stock,
  { leaves, returns }: NewHouse,
  taken: Taken[],
  epoch: number,
  hash: string,
): Promise<void> {
  await transaction(pool, async client => {
    // Another redraw or an operator's block may have been quicker: what Postgres has by now is shown, and nobody changes it meanwhile.
    await lockBlocks(client, stock.eventId)
    const blocked = await blockedOf(client, stock.eventId, [...leaves, ...returns])
    for (const { as, indices } of taken) {
      const gone = indices.filter(index => blocked.has(index))
      await inventory.mark(stock, gone, STATUS.blocked, as)
    }
    const back = returns.filter(index => !blocked.has(index))
    for (const some of chunks(back, SEATS_A_SCRIPT))
      await inventory.mark(stock, some, STATUS.available, undefined, STATUS.blocked)
  })
  await inventory.rehouse(stock, epoch, hash)
}

async function blockedOf(db: Queryable, eventId: EventId, indices: number[]): Promise<Set<number>> {
  const { rows } = await db.query<{ seat_index: number }>(
    'select seat_index from seat_blocks where event_id = $1 and seat_index = any($2::int[])',
    [eventId, indices],
  )
  return new Set(rows.map(({ seat_index }) => seat_index))
}
