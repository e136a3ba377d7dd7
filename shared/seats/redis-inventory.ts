/**
 * The inventory on Redis. Each verb is one Lua script of lua/; this file names its keys, reads its answers and
 * makes sure that the event's seats stand in Redis before a script is believed.
 */
import type { Clock } from '../clock.ts'
import { Problem } from '../errors.ts'
import type { BookingId, EventId, VisitorId } from '../ids.ts'
import type { Keys, SeatKeys } from '../keys.ts'
import { DIFF_LOG_LENGTH, SWEEP_BATCH, SWEEP_BATCHES } from '../limits.ts'
import type { Log } from '../log.ts'
import { type Arg, Script } from '../lua.ts'
import type { Pool } from '../postgres.ts'
import { type Redis, redisMs } from '../redis.ts'
import { parseDiff } from './diff.ts'
import type {
  Amendment,
  AmendResult,
  ExtendResult,
  Fresh,
  Inventory,
  SeatCounts,
  SeatDiff,
  SeatSnapshot,
  Status,
  Stock,
  TakeResult,
  Taker,
  Wanted,
} from './inventory.ts'
import { SeatRebuild } from './rebuild.ts'

const take = new Script(import.meta.url, './lua/take.lua')
const extend = new Script(import.meta.url, './lua/extend.lua')
const release = new Script(import.meta.url, './lua/release.lua')
const mark = new Script(import.meta.url, './lua/mark.lua')
const amend = new Script(import.meta.url, './lua/amend.lua')
const rehouse = new Script(import.meta.url, './lua/rehouse.lua')

/** A rebuild by somebody else is waited for this often; each wait is one advisory lock's. */
const ATTEMPTS = 3

/** `[verdict, ...details]`, as every script answers. */
type Answer = (string | number)[]

interface Unit {
  area: number
  index: number
}

interface Places {
  seats: number[]
  units: Unit[]
}

interface Held extends Places {
  visitor: VisitorId | undefined
}

/** Names a key that never is, where a hold is no visitor's. */
const NOBODY = '-' as VisitorId

export class RedisInventory implements Inventory {
  readonly #redis: Redis
  readonly #keys: Keys
  readonly #log: Log
  readonly #rebuild: SeatRebuild

  constructor(parts: { redis: Redis; pool: Pool; keys: Keys; clock: Clock; log: Log }) {
    this.#redis = parts.redis
    this.#keys = parts.keys
    this.#log = parts.log
    this.#rebuild = new SeatRebuild(parts)
  }

  async take(stock: Stock, taker: Taker, wanted: Wanted, ttlMs: number): Promise<TakeResult> {
    return this.#take(stock, taker, wanted, [], ttlMs)
  }

  async land({ eventId }: Stock, visitor: VisitorId, call: string): Promise<void> {
    await this.#redis.del(this.#keys.seats(eventId).flight(visitor, call))
  }

  async reacquire(
    stock: Stock,
    booking: BookingId,
    indices: number[],
    ttlMs: number,
    visitor?: VisitorId,
  ): Promise<TakeResult> {
    const { seats, units } = split(stock, indices)
    const taker = { booking, ...(visitor === undefined ? {} : { visitor }) }
    return this.#take(stock, taker, { seats, areas: [] }, units, ttlMs)
  }

  async #take(
    stock: Stock,
    { booking, activeMember, visitor, most = 0, call }: Taker,
    wanted: Wanted,
    units: Unit[],
    ttlMs: number,
  ): Promise<TakeResult> {
    const keys = this.#keys.seats(stock.eventId)
    const queue = this.#keys.queue(stock.eventId)
    const names = [
      ...fixed(keys),
      queue.cfg,
      queue.act,
      keys.hold(booking),
      keys.visitor(visitor ?? NOBODY),
      keys.flight(visitor ?? NOBODY, call ?? ''),
      ...wanted.seats.map(index => keys.seat(index)),
      ...wanted.areas.map(({ area }) => keys.freeUnits(area)),
      ...units.map(({ area }) => keys.freeUnits(area)),
    ]
    const args: Arg[] = [booking, ttlMs, activeMember ?? '', visitor ?? '', most, call === undefined ? 0 : 1]
    args.push(wanted.seats.length, ...wanted.seats, wanted.areas.length)
    args.push(...wanted.areas.flatMap(({ area, quantity }) => [area, quantity]))
    args.push(units.length, ...units.flatMap(({ area, index }) => [area, index]))
    const [verdict, ...rest] = await this.#run(take, stock, names, args)
    switch (verdict) {
      case 'OK': {
        const [now, until, beside, ...given] = rest
        this.#sweepAt(stock.eventId, Number(until))
        const indices = [...wanted.seats, ...given.map(Number)].sort((a, b) => a - b)
        const hold = { indices, now: Number(now), until: Number(until), beside: numbers(String(beside)) }
        return { ok: true, hold }
      }
      case 'TAKEN':
        return { ok: false, reason: 'hold_conflict', seats: rest.map(Number) }
      case 'SHORT':
        return { ok: false, reason: 'sold_out', area: Number(rest[0]), left: Number(rest[1]) }
      case 'FLIGHT':
        return { ok: false, reason: 'in_flight' }
      case 'LIMIT':
        return { ok: false, reason: 'limit', held: Number(rest[0]) }
      case 'NOPASS':
        return { ok: false, reason: 'waiting_room_required' }
      default:
        throw unknown('take', verdict)
    }
  }

  async extend(stock: Stock, booking: BookingId, ttlMs: number, fresh?: Fresh): Promise<ExtendResult> {
    if (fresh !== undefined) {
      const held = { ...split(stock, fresh.indices), visitor: fresh.visitor }
      const extended = await this.#extend(stock, booking, ttlMs, held, fresh.call)
      if (extended.ok) return extended
    }
    const held = await this.#held(stock.eventId, booking)
    if (held === undefined) {
      // Nothing here: either the hold has ended, or Redis was lost; then a rebuild brings it back from Postgres.
      if (!(await this.#rebuild.ensure(stock))) return { ok: false, reason: 'lost' }
      return this.extend(stock, booking, ttlMs)
    }
    return this.#extend(stock, booking, ttlMs, held)
  }

  async #extend(
    stock: Stock,
    booking: BookingId,
    ttlMs: number,
    held: Held,
    call?: string,
  ): Promise<ExtendResult> {
    const keys = this.#keys.seats(stock.eventId)
    const names = [
      ...ownKeys(keys, booking, held.visitor),
      keys.flight(held.visitor ?? NOBODY, call ?? ''),
      ...held.seats.map(index => keys.seat(index)),
    ]
    const indices = [...held.seats, ...held.units.map(({ index }) => index)].sort((a, b) => a - b)
    const counted = held.visitor === undefined ? '' : indices.join()
    const args = [booking, ttlMs, counted, call === undefined ? 0 : 1]
    const [verdict, now, until] = await this.#run(extend, stock, names, args)
    if (verdict === 'LOST') return { ok: false, reason: 'lost' }
    if (verdict !== 'OK') throw unknown('extend', verdict)
    this.#sweepAt(stock.eventId, Number(until))
    return { ok: true, now: Number(now), until: Number(until), indices }
  }

  async amend(stock: Stock, booking: BookingId, { takenAs, add, drop }: Amendment): Promise<AmendResult> {
    const keys = this.#keys.seats(stock.eventId)
    const visitor = (await this.#held(stock.eventId, booking))?.visitor
    const [added, dropped] = [split(stock, add), split(stock, drop)]
    const names = [
      ...ownKeys(keys, booking, visitor),
      keys.hold(takenAs),
      ...itsKeys(keys, added),
      ...itsKeys(keys, dropped),
    ]
    const args = [booking, takenAs, visitor ?? '', ...listed(added), ...listed(dropped)]
    const [verdict, ...rest] = await this.#run(amend, stock, names, args)
    if (verdict === 'LOST') return { ok: false, reason: 'lost' }
    if (verdict === 'TAKEN') return { ok: false, reason: 'hold_conflict', seats: rest.map(Number) }
    if (verdict !== 'OK') throw unknown('amend', verdict)
    return { ok: true, now: Number(rest[0]), until: Number(rest[1]) }
  }

  async release(stock: Stock, booking: BookingId): Promise<void> {
    await this.#release(stock, booking, 'now')
  }

  /** True where the hold is gone now. */
  async #release(stock: Stock, booking: BookingId, when: 'now' | 'due'): Promise<boolean> {
    const held = await this.#held(stock.eventId, booking)
    if (held === undefined) return true
    const keys = this.#keys.seats(stock.eventId)
    const names = [...ownKeys(keys, booking, held.visitor), ...itsKeys(keys, held)]
    const [verdict] = await this.#run(release, stock, names, [booking, when, ...listed(held)])
    return verdict === 'OK'
  }

  async mark(
    stock: Stock,
    indices: number[],
    status: Status,
    booking?: BookingId,
    only?: Status,
  ): Promise<void> {
    const keys = this.#keys.seats(stock.eventId)
    const marked = split(stock, indices)
    const held = booking === undefined ? undefined : await this.#held(stock.eventId, booking)
    const beside = {
      seats: (held?.seats ?? []).filter(index => !indices.includes(index)),
      units: (held?.units ?? []).filter(({ index }) => !indices.includes(index)),
    }
    const names = [
      ...ownKeys(keys, booking ?? ('-' as BookingId), held?.visitor),
      ...itsKeys(keys, marked),
      ...itsKeys(keys, beside),
    ]
    const args = [booking ?? '', status, only ?? '', ...listed(marked), ...listed(beside)]
    await this.#run(mark, stock, names, args)
  }

  async rehouse(stock: Stock, epoch: number, mapHash: string): Promise<void> {
    await this.#run(rehouse, stock, fixed(this.#keys.seats(stock.eventId)), [epoch, mapHash])
  }

  async sweep(stock: Stock): Promise<{ freed: BookingId[]; next: number | undefined }> {
    const { expiries } = this.#keys.seats(stock.eventId)
    const now = redisMs(await this.#redis.time())
    const freed: BookingId[] = []
    for (let batch = 0; batch < SWEEP_BATCHES; batch++) {
      const due = await this.#redis.zrangebyscore(expiries, '-inf', now, 'LIMIT', 0, SWEEP_BATCH)
      // Sent at once, so that a batch costs two ways to Redis and not two a hold.
      const gone = await Promise.all(due.map(id => this.#release(stock, id as BookingId, 'due')))
      freed.push(...due.filter((_, i) => gone[i]).map(id => id as BookingId))
      if (due.length < SWEEP_BATCH) break
    }
    const [, next] = await this.#redis.zrange(expiries, '0', '0', 'WITHSCORES')
    return { freed, next: next === undefined ? undefined : Number(next) }
  }

  async snapshot(stock: Stock): Promise<SeatSnapshot> {
    const keys = this.#keys.seats(stock.eventId)
    return this.#believing(stock, async generation => {
      const read = this.#redis
        .multi()
        .hmget(keys.meta, 'generation', 'epoch', 'seq')
        .getBuffer(keys.state)
        .time()
      for (const area of stock.areas.keys()) read.llen(keys.freeUnits(area))
      const [meta, state, time, ...areas] = await answers(read)
      const [found, epoch, seq] = meta as (string | null)[]
      if (found !== String(generation)) return undefined
      return {
        epoch: Number(epoch),
        seq: Number(seq),
        now: redisMs(time as string[]),
        seats: stock.seats,
        state: seatBits(state as Buffer, stock.seats),
        areas: areas.map(Number),
      }
    })
  }

  async since(stock: Stock, epoch: number, seq: number): Promise<SeatDiff[] | undefined> {
    const keys = this.#keys.seats(stock.eventId)
    return this.#believing(stock, async generation => {
      const [found, nowEpoch, nowSeq] = await this.#redis.hmget(keys.meta, 'generation', 'epoch', 'seq')
      if (found !== String(generation)) return undefined
      if (Number(nowEpoch) !== epoch) return { diffs: undefined }
      const missed = Number(nowSeq) - seq
      if (missed <= 0) return { diffs: missed === 0 ? [] : undefined }
      if (missed > DIFF_LOG_LENGTH) return { diffs: undefined }
      // More may have come since the head was read: the list's front is the newest.
      const entries = (await this.#redis.lrange(keys.log, 0, missed + 99)).map(parseDiff)
      const diffs = entries.filter(diff => diff.epoch === epoch && diff.seq > seq).reverse()
      return { diffs: diffs[0]?.seq === seq + 1 ? diffs : undefined }
    }).then(({ diffs }) => diffs)
  }

  async counts(stock: Stock): Promise<SeatCounts> {
    const keys = this.#keys.seats(stock.eventId)
    return this.#believing(stock, async generation => {
      const read = this.#redis
        .multi()
        .hmget(keys.meta, 'generation', 'epoch', 'seq', 'free')
        .zcard(keys.expiries)
      const [meta, holds] = await answers(read)
      const [found, epoch, seq, free] = meta as (string | null)[]
      if (found !== String(generation)) return undefined
      return { epoch: Number(epoch), seq: Number(seq), free: Number(free), holds: Number(holds) }
    })
  }

  async rebuild(stock: Stock): Promise<void> {
    await this.#rebuild.ensure(stock)
  }

  async #run(script: Script, stock: Stock, keys: string[], args: Arg[]): Promise<Answer> {
    return this.#believing(stock, async generation => {
      const answer = (await script.run(this.#redis, keys, [generation, ...args])) as Answer
      return answer[0] === 'NOGEN' ? undefined : answer
    })
  }

  /** Asks with the generation we know; where Redis has another or none, rebuilds and asks again. */
  async #believing<T>(stock: Stock, ask: (generation: number) => Promise<T | undefined>): Promise<T> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const answer = await ask(await this.#rebuild.generation(stock))
      if (answer !== undefined) return answer
      await this.#rebuild.ensure(stock)
    }
    throw new Problem('recovering', 'The seats of this event are being restored.', { retryAfter: 1 })
  }

  async #held(event: EventId, booking: BookingId): Promise<Held | undefined> {
    const key = this.#keys.seats(event).hold(booking)
    const [seats, units, visitor] = await this.#redis.hmget(key, 'seats', 'units', 'visitor')
    if (typeof seats !== 'string' || typeof units !== 'string') return undefined
    return {
      seats: numbers(seats),
      units: parts(units).map(unit => {
        const [area = 0, index = 0] = unit.split(':').map(Number)
        return { area, index }
      }),
      visitor: visitor ? (visitor as VisitorId) : undefined,
    }
  }

  /** Tells the sweepers when to come. Lost with Redis away; every event on sale is looked at twice a minute too. */
  #sweepAt(event: EventId, until: number): void {
    this.#redis.zadd(this.#keys.sweep, 'LT', until, event).catch((err: unknown) => {
      this.#log.warn({ err, event }, 'the sweep index was not told of a hold')
    })
  }
}

/** The five keys every verb begins with: see lua/change.lua. */
function fixed(keys: SeatKeys): string[] {
  return [keys.meta, keys.state, keys.log, keys.expiries, keys.channel]
}

/** Those that every verb of one hold goes on with. */
function ownKeys(keys: SeatKeys, booking: BookingId, visitor: VisitorId | undefined): string[] {
  return [...fixed(keys), keys.hold(booking), keys.visitor(visitor ?? NOBODY)]
}

function itsKeys(keys: SeatKeys, { seats, units }: Places): string[] {
  return [...seats.map(index => keys.seat(index)), ...units.map(({ area }) => keys.freeUnits(area))]
}

function listed({ seats, units }: Places): Arg[] {
  return [seats.length, ...seats, units.length, ...units.flatMap(({ area, index }) => [area, index])]
}

/** Which of these indices are seats, and of which area the others are units. */
export function split(stock: Stock, indices: number[]): Places {
  const seats = indices.filter(index => index < stock.seats)
  const units = indices
    .filter(index => index >= stock.seats)
    .map(index => {
      const area = stock.areas.findIndex(({ first, capacity }) => index >= first && index < first + capacity)
      if (area < 0) throw new RangeError(`index ${index} is outside the map of event ${stock.eventId}`)
      return { area, index }
    })
  return { seats, units }
}

/** The seats' bits alone: Redis leaves off trailing zeros, and units of areas follow in the same string. */
function seatBits(stored: Buffer, seats: number): Buffer {
  const bits = Buffer.alloc(Math.ceil(seats / 4))
  stored.copy(bits, 0, 0, bits.length)
  const rest = seats % 4
  const last = bits.length - 1
  if (rest > 0 && last >= 0) bits[last] = (bits[last] ?? 0) & (0xff << (8 - 2 * rest))
  return bits
}

function parts(text: string): string[] {
  return text === '' ? [] : text.split(',')
}

function numbers(text: string): number[] {
  return parts(text).map(Number)
}

async function answers(pipeline: ReturnType<Redis['multi']>): Promise<unknown[]> {
  const results = await pipeline.exec()
  if (results === null) throw new Error('Redis dropped a transaction')
  return results.map(([error, value]) => {
    if (error !== null) throw error
    return value
  })
}

function unknown(verb: string, verdict: unknown): Error {
  return new Error(`${verb}.lua answered ${String(verdict)}`)
}
