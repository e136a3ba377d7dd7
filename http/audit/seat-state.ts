/** What Redis says of an event's seats, each part read in one moment. */
import { chunks } from '../../shared/chunks.ts'
import type { EventId } from '../../shared/ids.ts'
import type { Keys } from '../../shared/keys.ts'
import { type Redis, redisMs } from '../../shared/redis.ts'
import type { Status, Stock } from '../../shared/seats/inventory.ts'

export interface SeatState {
  generation: number
  epoch: number
  seats: number
  units: number
  free: number
  /** ms by Redis's clock, of the moment it was read. */
  now: number
  /** By index, seats and then units. */
  status: Uint8Array
  /** Of each area, as it is listed. */
  freeUnits: number[][]
  /** Booking -> end of its hold, ms. */
  expiries: Map<string, number>
}

export interface HoldParts {
  seats: number[]
  units: number[]
  /** Of each seat, who its key names; null: nobody. */
  owners: (string | null)[]
  /** As the hold itself says. */
  until: number
  /** As the sweepers know; undefined: they do not. */
  ends: number | undefined
}

/** Keys of one command, holds of one transaction: each keeps other callers waiting for a millisecond or so. */
const CHUNK = 500
const HOLDS_AT_ONCE = 50

/** Undefined where Redis does not have the event. All of it in one transaction: 20 KB for a stadium. */
export async function readSeatState(
  { redis, keys }: { redis: Redis; keys: Keys },
  { eventId, seats, areas }: Stock,
): Promise<SeatState | undefined> {
  const of = keys.seats(eventId)
  const asked = redis
    .multi()
    .hmget(of.meta, 'generation', 'epoch', 'seats', 'units', 'free')
    .getBuffer(of.state)
    .zrange(of.expiries, '0', '-1', 'WITHSCORES')
    .time()
  for (const area of areas.keys()) asked.lrange(of.freeUnits(area), 0, -1)
  const [meta, bits, expiries, time, ...lists] = await answersOf(asked)
  const [generation, epoch, size, units, free] = meta as (string | null)[]
  if (generation === null || generation === undefined) return undefined
  const all = seats + areas.reduce((sum, { capacity }) => sum + capacity, 0)
  const stored = bits as Buffer | null
  const status = Uint8Array.from(
    { length: all },
    (_, index) => ((stored?.[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3,
  )
  return {
    generation: Number(generation),
    epoch: Number(epoch),
    seats: Number(size),
    units: Number(units),
    free: Number(free),
    now: redisMs(time as string[]),
    status,
    freeUnits: (lists as string[][]).map(list => list.map(Number)),
    expiries: pairs(expiries as string[]),
  }
}

/** Of each booking its hold with the keys of its seats, in one moment; undefined where Redis knows of none. */
export async function readHolds(
  { redis, keys }: { redis: Redis; keys: Keys },
  event: EventId,
  bookings: string[],
): Promise<Map<string, HoldParts | undefined>> {
  const of = keys.seats(event)
  const hold = (id: string) => of.hold(id as Parameters<typeof of.hold>[0])
  const found = new Map<string, HoldParts | undefined>()
  for (const some of chunks(bookings, HOLDS_AT_ONCE)) {
    const first = redis.pipeline()
    for (const id of some) first.hget(hold(id), 'seats')
    const named = (await answersOf(first)).map(seats => list(seats as string | null).map(Number))
    const asked = redis.multi()
    for (const [at, id] of some.entries()) {
      asked.hmget(hold(id), 'seats', 'units', 'until').zscore(of.expiries, id)
      // A command needs a key: that of the hold itself is no string, so it answers null.
      asked.mget(hold(id), ...(named[at] ?? []).map(index => of.seat(index)))
    }
    const told = await answersOf(asked)
    for (const [at, id] of some.entries()) {
      const [parts, ends, owners] = told.slice(3 * at, 3 * at + 3) as [
        (string | null)[],
        string | null,
        (string | null)[],
      ]
      const [seats, units, until] = parts
      const isGone = typeof seats !== 'string' && ends === null
      found.set(
        id,
        isGone
          ? undefined
          : {
              seats: list(seats ?? null).map(Number),
              units: list(units ?? null).map(unit => Number(unit.split(':')[1])),
              owners: owners.slice(1),
              until: Number(until ?? 0),
              ends: ends === null ? undefined : Number(ends),
            },
      )
    }
  }
  return found
}

/** Of each seat what it shows and who its key names, in one moment. */
export async function readSeats(
  { redis, keys }: { redis: Redis; keys: Keys },
  event: EventId,
  seats: number[],
): Promise<{ seat: number; status: Status; owner: string | null }[]> {
  const of = keys.seats(event)
  const found: { seat: number; status: Status; owner: string | null }[] = []
  for (const some of chunks(seats, CHUNK)) {
    const asked = redis.multi()
    for (const seat of some) asked.bitfield(of.state, 'GET', 'u2', `#${seat}`).get(of.seat(seat))
    const told = await answersOf(asked)
    for (const [at, seat] of some.entries())
      found.push({
        seat,
        status: (told[2 * at] as Status[])[0] ?? 0,
        owner: told[2 * at + 1] as string | null,
      })
  }
  return found
}

/** Every seat key and every hold there is, by event. One walk over all keys, a thousand at a time. */
export async function walkHoldKeys(
  { redis, keys }: { redis: Redis; keys: Keys },
  events: EventId[],
): Promise<Map<EventId, { seats: number[]; bookings: string[] }>> {
  const found = new Map(events.map(event => [event, { seats: [] as number[], bookings: [] as string[] }]))
  const key = /s:\{([a-z0-9]+)\}:([hb]):([0-9a-f-]+)$/
  let cursor = '0'
  do {
    const match = `${keys.prefix.replace(/[[\]?*\\]/g, '\\$&')}s:{*}:[hb]:*`
    const [next, names] = await redis.scan(cursor, 'MATCH', match, 'COUNT', 1_000)
    for (const name of names) {
      const [, event = '', kind, id = ''] = key.exec(name) ?? []
      const of = found.get(event as EventId)
      if (kind === 'h') of?.seats.push(Number(id))
      else of?.bookings.push(id)
    }
    cursor = next
  } while (cursor !== '0')
  return found
}

function list(text: string | null): string[] {
  return text === null || text === '' ? [] : text.split(',')
}

function pairs(flat: string[]): Map<string, number> {
  const map = new Map<string, number>()
  for (let at = 0; at < flat.length; at += 2) map.set(flat[at] ?? '', Number(flat[at + 1]))
  return map
}

async function answersOf(asked: ReturnType<Redis['multi']>): Promise<unknown[]> {
  const results = await asked.exec()
  if (results === null) throw new Error('Redis dropped a transaction')
  return results.map(([error, value]) => {
    if (error !== null) throw error
    return value
  })
}
