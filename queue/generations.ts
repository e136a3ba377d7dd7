/**
 * Makes Redis agree with Postgres about one event's queue: begins a generation, carries changed settings over, clears away
 * a closed line, and brings back what can be brought back where Redis was lost. One process at a time, under a
 * lock in Postgres; harmless when many ask for it.
 */
import { chunks } from '../shared/chunks.ts'
import { type Chance, type Clock, systemChance } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import { type Client, type Pool, transaction } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import { type Admitted, admissionsOf } from './admissions.ts'
import { type DrawState, promiseDraw } from './draw-record.ts'
import { rosterKeys } from './rosters.ts'
import { generationBegun, lockSettings, type StoredSettings } from './settings.ts'
import { MEMBERS_A_CALL, parseAnswer, verbKeys, verbs } from './verbs.ts'

export interface GenerationsParts {
  redis: Redis
  pool: Pool
  keys: Keys
  clock: Clock
  log: Log
  node: string
  /** After a loss the doors wait this long, so that places are back before the first newcomer is let in. */
  recoveryMs: number
  /** Makes the secrets of draws. */
  chance?: Pick<Chance, 'bytes'>
}

/** Behind the last moment at which a place may come back. */
const SPENT_KEPT_MS = 60_000

/** Longer than a burst takes to come again; Postgres keeps a floor of the scores. */
const CLOSED_KEPT_MS = 3_600_000

/** How far ahead of the scores given out the floor is kept, us: twice the time between two raises. */
export const FLOOR_AHEAD_US = 20_000_000

/** A run under way may have read before what its caller knows of; the one after it serves all who wait. */
interface Runs {
  current: Promise<void>
  next?: Promise<void>
}

export class Generations {
  readonly #parts: GenerationsParts
  readonly #runs = new Map<EventId, Runs>()

  constructor(parts: GenerationsParts) {
    this.#parts = parts
  }

  /** What Postgres says at this call, or later, stands in Redis when it resolves. */
  settle(event: EventId): Promise<void> {
    const runs = this.#runs.get(event)
    if (runs === undefined) return this.#run(event)
    runs.next ??= runs.current.catch(() => undefined).then(() => this.#run(event))
    return runs.next
  }

  #run(event: EventId): Promise<void> {
    const runs: Runs = { current: transaction(this.#parts.pool, client => this.#settle(client, event)) }
    this.#runs.set(event, runs)
    const forget = () => {
      if (this.#runs.get(event) === runs && runs.next === undefined) this.#runs.delete(event)
    }
    runs.current.then(forget, forget)
    return runs.current
  }

  async #settle(client: Client, event: EventId): Promise<void> {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`queue:${event}`])
    const { redis, keys } = this.#parts
    const settings = await lockSettings(client, event)
    if (settings === undefined || settings.state === 'off') return await this.#close(event)
    const draw = await promiseDraw(client, event, settings, this.#parts.chance ?? systemChance)
    const cfg = keys.queue(event).cfg
    const [generation, version, drawn] = await redis.hmget(cfg, 'generation', 'version', 'draw')
    await redis.zadd(keys.queuesOn, settings.generation, event)
    if (generation === String(settings.generation)) {
      if (Number(version) < settings.version) await this.#configure(event, settings, draw)
    } else {
      // Without a generation it doubts itself: see queue.lua. One that Postgres has not heard of was begun as its node died, and nothing
      // was done in it. In the middle of a draw its order is worth nothing.
      const isNewer = generation == null || Number(generation) > settings.generation
      const keeps = isNewer && version != null && drawn === draw
      await this.#begin(client, event, settings, { draw, keeps, found: Number(generation ?? 0) })
    }
  }

  async #begin(
    client: Client,
    event: EventId,
    settings: StoredSettings,
    { draw, keeps, found }: { draw: DrawState; keeps: boolean; found: number },
  ): Promise<void> {
    const { redis, keys, log, recoveryMs } = this.#parts
    const lost = settings.begun
    const generation = lost ? Math.max(settings.generation, found) + 1 : settings.generation
    if (lost && keeps) await this.#keepPlaces(event)
    else await this.#wipe(event)
    const back = lost ? await this.#restore(client, event, settings, keeps) : { slots: 0, spent: 0 }
    const answer = await verbs.begin.run(redis, verbKeys(keys, event, ''), [
      generation,
      settings.scoreFloor,
      lost ? recoveryMs : 0,
      // With a seed a place that comes back has its drawn score from the first: see draw-places.ts.
      draw,
      this.#parts.clock.now(),
      'lostAt',
      lost ? this.#lostAt(settings) : 0,
      ...cfgArguments(settings),
    ])
    const floor = Number(parseAnswer(answer).rest[0])
    await generationBegun(client, event, generation, floor + FLOOR_AHEAD_US)
    if (!lost) log.info({ event, generation }, 'a line has begun')
    else if (keeps)
      log.info(
        { event, generation, ...back },
        'another process is Redis now, or a node died at its work: places stay, turns are from Postgres',
      )
    else log.warn({ event, generation, ...back }, 'Redis had lost a queue: a new generation has begun')
  }

  /** When Redis was last known to stand, ms: Postgres hears of it every ten seconds, and its floor is kept ahead of that. */
  #lostAt({ scoreFloor }: StoredSettings): number {
    return Math.min(Math.floor((scoreFloor - FLOOR_AHEAD_US) / 1_000), this.#parts.clock.now())
  }

  /**
   * Before cfg has a generation: until then every verb refuses, so nobody is admitted beside those who come back. `kept`: places
   * stand in Redis that may have admitted.
   */
  async #restore(client: Client, event: EventId, settings: StoredSettings, kept: boolean) {
    const { redis, keys, recoveryMs } = this.#parts
    const { spent } = keys.queue(event)
    const [seconds] = await redis.time()
    const now = Number(seconds) * 1_000
    const count = { slots: 0, spent: 0 }
    let writing = Promise.resolve()
    for await (const page of admissionsOf(client, event, settings.firstGeneration)) {
      // The next page is read while this one is written.
      await writing
      const live = page.filter(({ hasEnded, until }) => !hasEnded && until > now)
      count.slots += live.length
      count.spent += page.length
      writing = this.#write(event, page, live, kept)
      writing.catch(() => undefined)
    }
    await writing
    // Longer than places can come back.
    await redis.pexpire(spent, recoveryMs + 1_000 * settings.graceSeconds + SPENT_KEPT_MS)
    return count
  }

  async #write(event: EventId, page: Admitted[], live: Admitted[], kept: boolean): Promise<void> {
    const { redis, keys } = this.#parts
    const { act, called, since, spent } = keys.queue(event)
    await inChunks(live, async some => {
      await redis.zadd(act, ...some.flatMap(slot => [slot.until, slot.member]))
      await redis.hset(called, ...some.flatMap(slot => [slot.member, slot.score]))
      await redis.zadd(since, ...some.flatMap(slot => [slot.admittedAt, slot.member]))
    })
    // Of one visitor's admissions the latest counts.
    await inChunks(page, some =>
      redis.zadd(spent, 'GT', ...some.flatMap(({ score, member }) => [score, member])),
    )
    if (kept) await inChunks(page, some => this.#dropSpent(event, some))
  }

  /**
   * A Redis that may lack its last second keeps its places, and receipts and the nodes' memory bring what it lacks. Of turns
   * only Postgres knows: whoever was called is in the line again, until a record says that they had come. cfg stays but for its
   * state, so that whoever tries next where this fails half way keeps them too, and a hold meanwhile asks for no slot.
   */
  async #keepPlaces(event: EventId): Promise<void> {
    const { redis, keys } = this.#parts
    const q = keys.queue(event)
    await redis.hdel(q.cfg, 'state')
    const called = pairsOf(await redis.callBuffer('HGETALL', q.called))
    await inChunks(called, some =>
      redis.zadd(q.line, 'LT', ...some.flatMap(({ member, score }) => [score, member])),
    )
    await redis.unlink(q.act, q.called, q.since, q.spent, q.restoring, q.sketch, q.tail)
  }

  /** Places that have admitted, in the second that Redis lacks, admit no more. */
  async #dropSpent(event: EventId, places: { member: Buffer; score: number }[]): Promise<void> {
    const { redis, keys } = this.#parts
    const { line, parked, returned } = keys.queue(event)
    for (const key of [line, parked, returned]) {
      const scores = await redis.zmscore(key, ...places.map(({ member }) => member))
      const spent = places.filter(({ score }, i) => scores[i] != null && Number(scores[i]) <= score)
      if (spent.length > 0) await redis.zrem(key, ...spent.map(({ member }) => member))
    }
  }

  async #configure(event: EventId, settings: StoredSettings, draw: DrawState): Promise<void> {
    const { redis, keys } = this.#parts
    await verbs.configure.run(redis, verbKeys(keys, event, ''), [
      settings.generation,
      settings.version,
      // Only its driver ends a draw, once the whole line has its scores.
      draw === '' ? '' : 'due',
      ...cfgArguments(settings),
    ])
  }

  async #close(event: EventId): Promise<void> {
    const { redis, keys } = this.#parts
    const { bucket, last, channel } = keys.queue(event)
    await this.#wipe(event)
    await redis.pexpire(bucket, CLOSED_KEPT_MS)
    await redis.pexpire(last, CLOSED_KEPT_MS)
    await redis.zrem(keys.queuesOn, event)
    await redis.publish(channel, JSON.stringify({ kind: 'settings' }))
  }

  /** The bucket and the last score stay for a while: a line closed and opened again gives no second burst and no older score. */
  async #wipe(event: EventId): Promise<void> {
    const { redis, keys } = this.#parts
    const q = keys.queue(event)
    const rosters = (await redis.zrange(q.nodes, '0', '-1')).flatMap(node => rosterKeys(keys, event, node))
    await redis.unlink(
      q.cfg,
      q.line,
      q.act,
      q.called,
      q.since,
      q.spent,
      q.restoring,
      q.networks,
      q.parked,
      q.returned,
      q.away,
      q.polls,
      q.asked,
      q.sketch,
      q.tail,
      q.nodes,
      ...rosters,
    )
  }
}

/** Pairs of cfg: milliseconds, and '' or 0 where there is none. */
function cfgArguments(settings: StoredSettings): (string | number)[] {
  const { version, state, joins, preQueueAt, opensAt, rate, cap, burst, factor, soldOut } = settings
  const values = {
    version,
    state,
    joins: joins ? 1 : 0,
    preQueueAt: preQueueAt ?? 0,
    opensAt: opensAt ?? 0,
    rate,
    cap,
    burst,
    factor,
    pass: settings.passSeconds * 1_000,
    stay: settings.staySeconds * 1_000,
    claim: settings.claimSeconds * 1_000,
    grace: settings.graceSeconds * 1_000,
    soldOut,
    payRate: settings.payRate ?? '',
    perNetwork: settings.perNetwork ?? '',
  }
  return Object.entries(values).flat()
}

function pairsOf(answer: unknown): { member: Buffer; score: string }[] {
  const flat = answer as Buffer[]
  return flat.flatMap((member, i) => (i % 2 === 0 ? [{ member, score: String(flat[i + 1]) }] : []))
}

async function inChunks<T>(all: T[], run: (some: T[]) => Promise<unknown>): Promise<void> {
  for (const some of chunks(all, MEMBERS_A_CALL)) await run(some)
}
