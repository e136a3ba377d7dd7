/**
 * What a process does for a queue besides its visitors' calls: rounds of admission, sweeps, the node's lease; the burial of
 * nodes that died is in rosters.ts. All of it leaderless: what two nodes do at once is done once.
 */
import type { Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { BeaconSource } from './beacon.ts'
import type { Caller } from './caller.ts'
import { Draws } from './draw.ts'
import { endFinished } from './finished.ts'
import { FLOOR_AHEAD_US } from './generations.ts'
import { Kept } from './kept.ts'
import { PerEvent } from './per-event.ts'
import { Presence } from './presence.ts'
import { reached } from './reached.ts'
import { Rosters, rosterKeys } from './rosters.ts'
import { eventsOn, raiseFloor, type StoredSettings } from './settings.ts'
import { ADMITTED_A_CALL, verbs } from './verbs.ts'

export interface UpkeepParts {
  redis: Redis
  pool: Pool
  keys: Keys
  clock: Clock
  log: Log
  caller: Caller
  node: string
  door: 'socket' | 'poll'
  config: Pick<Config, 'STRIPE_RPS'>
  beacon?: BeaconSource
}

const EVENTS_MS = 900
/** A batch releases some 500 places in some milliseconds of Redis: a beat of one node releases 20,000. */
const BATCHES_A_BEAT = 40
/** How long a beat waits for rosters; a lease is three seconds. */
const LONG_MS = 1_000
/** What two clocks may run apart between two rounds. */
const APART_MS = 2_000
const RAISE_FLOOR_MS = 10_000

export class Upkeep {
  readonly #parts: UpkeepParts
  readonly #presence: Presence
  readonly #draws: Draws
  readonly #rosters: Rosters
  readonly #events: Kept<'on', EventId[]>
  /** Events whose Redis has another clock than this node. */
  readonly #apart = new PerEvent<true>()
  /** What takes longer than a beat. */
  readonly #running = new Map<string, Promise<void>>()
  /** When a round of this process last came to its end, ms. */
  readonly #admittedAt = new PerEvent<number>()
  /** When this process last raised an event's floor, ms. */
  readonly #raised = new PerEvent<number>()

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#draws = new Draws(parts)
    this.#rosters = new Rosters(parts)
    this.#presence = new Presence({
      clock: parts.clock,
      send: async (event, way, members) => {
        await parts.caller.call(event, verbs.presence, () => [way, ...members])
      },
    })
    this.#events = new Kept({
      read: () => this.#readEvents(),
      forMs: EVENTS_MS,
      orLast: true,
      clock: parts.clock,
    })
  }

  async admit(event: EventId): Promise<void> {
    // Payments a second, unless the operator names another number.
    const { caller, config } = this.#parts
    for (;;) {
      const done = await caller.call(event, verbs.admit, () => [ADMITTED_A_CALL, config.STRIPE_RPS])
      if (done === undefined) return
      this.#tellGap(event, Number(done.rest[2] ?? 0))
      // Each call brings some more of the slots to the new clock.
      if (done.word !== 'MOVING') return
    }
  }

  async sweep(event: EventId): Promise<void> {
    const { caller, node, door, clock } = this.#parts
    const name = door === 'socket' ? node : ''
    for (let batch = 1, isMore = true; isMore && batch <= BATCHES_A_BEAT; batch++) {
      const done = await caller.call(event, verbs.sweep, ({ version }) => [name, version, clock.now()])
      if (done === undefined) return
      const [now, last, more, dead, bytes, agrees] = done.rest
      isMore = more === '1'
      if (batch === 1) {
        this.#draws.drive(event, done.settings)
        this.#compare(event, Number(now), agrees === '1')
        await this.#raiseFloor(event, done.settings, Math.max(Number(now), Number(last)))
      }
      if (dead !== undefined && dead !== '')
        await this.#long(`bury ${event} ${dead}`, () => this.#rosters.bury(event, dead))
      if (!isMore && name !== '')
        await this.#long(`compact ${event}`, () => this.#rosters.compact(event, Number(bytes)))
    }
  }

  /** A roster of a million takes seconds: it is waited for until the next beat is due, as that renews our lease, and goes on beside it. */
  async #long(name: string, work: () => Promise<void>): Promise<void> {
    if (this.#running.has(name)) return
    const over = new AbortController()
    const running = reached(work()).finally(() => {
      this.#running.delete(name)
      over.abort()
    })
    this.#running.set(name, running)
    // Where it goes on alone a failure is Redis's being away, which the next beat tells; a dead node is found again.
    running.catch(() => undefined)
    await Promise.race([running, this.#parts.clock.sleep(LONG_MS, over.signal)])
  }

  events(): Promise<EventId[]> {
    return reached(this.#events.get('on'))
  }

  note(event: EventId, member: Buffer, way: 'away' | 'back'): void {
    this.#presence.note(event, member, way)
  }

  async close(): Promise<void> {
    this.#rosters.close()
    await Promise.all([
      this.#presence.close(),
      this.#draws.close(),
      Promise.allSettled(this.#running.values()),
    ])
    const { redis, keys, node, door } = this.#parts
    if (door === 'poll') return
    for (const event of await this.events()) {
      await reached(redis.zrem(keys.queue(event).nodes, node))
      await reached(redis.unlink(rosterKeys(keys, event, node)))
    }
  }

  /** `gap`: ms since anybody's last round, by Redis's clock, where it is long. Others may have come between, so ours is no shorter. */
  #tellGap(event: EventId, gap: number): void {
    const { clock, log } = this.#parts
    const [now, before] = [clock.now(), this.#admittedAt.get(event)]
    this.#admittedAt.set(event, now)
    if (gap === 0) return
    if (gap < 0 || (before !== undefined && gap - (now - before) > APART_MS))
      log.warn({ event, jumped: gap }, 'the clock of Redis jumped: slots are moved along')
    else log.info({ event, gap }, 'no node was there to let anybody in: slots last as much longer')
  }

  /** Told once, and again when it is over. */
  #compare(event: EventId, redisUs: number, agrees: boolean): void {
    if (agrees === !this.#apart.has(event)) return
    const { clock, log } = this.#parts
    const aheadMs = Math.round(redisUs / 1_000 - clock.now())
    if (agrees) this.#apart.delete(event)
    else this.#apart.set(event, true)
    if (agrees) log.info({ event, aheadMs }, 'the clocks of Redis and of this node agree again')
    else log.warn({ event, aheadMs }, 'the clock of Redis is not that of this node: planned doors wait')
  }

  /** Newcomers after a loss must stay behind everybody: Postgres knows a score that none has reached yet. */
  async #raiseFloor(event: EventId, settings: StoredSettings, latest: number): Promise<void> {
    const { pool, clock } = this.#parts
    const now = clock.now()
    const raised = this.#raised.get(event)
    const lately = raised !== undefined && now >= raised && now - raised < RAISE_FLOOR_MS
    if (lately && settings.begun) return
    this.#raised.set(event, now)
    await reached(raiseFloor(pool, event, settings.generation, latest + FLOOR_AHEAD_US))
  }

  /** Of a queue that has ended nothing is remembered. */
  #forget(on: ReadonlySet<EventId>): void {
    this.#apart.keepOnly(on)
    this.#admittedAt.keepOnly(on)
    this.#raised.keepOnly(on)
    this.#draws.keepOnly(on)
    this.#rosters.keepOnly(on)
  }

  /** Postgres says which are on; what Redis holds of others is what a process left behind that died while closing them. */
  async #readEvents(): Promise<EventId[]> {
    const { pool, redis, keys, caller, log } = this.#parts
    await endFinished(pool)
    const on = await eventsOn(pool)
    this.#forget(new Set(on))
    const stray = (await redis.zrange(keys.queuesOn, '0', '-1').catch(() => [])).filter(
      id => !on.includes(id as EventId),
    )
    for (const event of stray as EventId[]) {
      caller
        .settle(event)
        .catch((err: unknown) => log.warn({ err, event }, 'a closed queue could not be cleared'))
    }
    return on
  }
}
