/**
 * What a process does for a queue besides its visitors' calls: rounds of admission, sweeps, the node's lease, and the burial
 * of nodes that died. All of it leaderless: what two nodes do at once is done once.
 */
import type { Clock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { BeaconSource } from './beacon.ts'
import type { Caller } from './caller.ts'
import { Draws } from './draw.ts'
import { FLOOR_AHEAD_US } from './generations.ts'
import { Kept } from './kept.ts'
import { Presence } from './presence.ts'
import { reached } from './reached.ts'
import { eventsOn, raiseFloor, type StoredSettings } from './settings.ts'
import { ADMITTED_A_CALL, MEMBER_BYTES, MEMBERS_A_CALL, verbs } from './verbs.ts'

export interface UpkeepParts {
  redis: Redis
  pool: Pool
  keys: Keys
  clock: Clock
  log: Log
  caller: Caller
  node: string
  door: 'socket' | 'poll'
  beacon?: BeaconSource
}

const EVENTS_MS = 900
const RAISE_FLOOR_MS = 10_000

export class Upkeep {
  readonly #parts: UpkeepParts
  readonly #presence: Presence
  readonly #draws: Draws
  readonly #events: Kept<'on', EventId[]>
  /** When this process last raised an event's floor, ms. */
  readonly #raised = new Map<EventId, number>()

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#draws = new Draws(parts)
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
    const done = await this.#parts.caller.call(event, verbs.admit, () => [ADMITTED_A_CALL])
    const jumped = Number(done?.rest[2] ?? 0)
    if (jumped !== 0)
      this.#parts.log.warn({ event, jumped }, 'the clock of Redis jumped, or nobody admitted for long')
  }

  async sweep(event: EventId): Promise<void> {
    const { caller, node, door } = this.#parts
    const name = door === 'socket' ? node : ''
    const done = await caller.call(event, verbs.sweep, ({ version }) => [name, version])
    if (done === undefined) return
    this.#draws.drive(event, done.settings)
    const [now, last, , dead] = done.rest
    await this.#raiseFloor(event, done.settings, Math.max(Number(now), Number(last)))
    if (dead !== undefined && dead !== '') await reached(this.#bury(event, dead))
  }

  events(): Promise<EventId[]> {
    return reached(this.#events.get('on'))
  }

  note(event: EventId, member: Buffer, way: 'away' | 'back'): void {
    this.#presence.note(event, member, way)
  }

  async close(): Promise<void> {
    await Promise.all([this.#presence.close(), this.#draws.close()])
    const { redis, keys, node, door } = this.#parts
    if (door === 'poll') return
    for (const event of await this.events()) {
      const { nodes, roster } = keys.queue(event)
      await reached(redis.zrem(nodes, node))
      await reached(redis.unlink(roster(node)))
    }
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

  /** Nobody speaks for these visitors any more: each has a grace to come back, and is asked for at its end. */
  async #bury(event: EventId, dead: string): Promise<void> {
    const { redis, keys, caller, log } = this.#parts
    const { nodes, roster } = keys.queue(event)
    const step = MEMBERS_A_CALL * MEMBER_BYTES
    let buried = 0
    for (let at = 0; ; at += step) {
      const chunk = await redis.getrangeBuffer(roster(dead), at, at + step - 1)
      const members = split(chunk)
      if (members.length === 0) break
      await caller.call(event, verbs.presence, () => ['lost', ...members])
      buried += members.length
    }
    await redis.unlink(roster(dead))
    await redis.zrem(nodes, dead)
    log.warn({ event, dead, visitors: buried }, 'a node is gone: its visitors have a grace to come back')
  }

  /** Postgres says which are on; what Redis holds of others is what a process left behind that died while closing them. */
  async #readEvents(): Promise<EventId[]> {
    const { pool, redis, keys, caller, log } = this.#parts
    const on = await eventsOn(pool)
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

function split(chunk: Buffer): Buffer[] {
  const members: Buffer[] = []
  for (let at = 0; at + MEMBER_BYTES <= chunk.length; at += MEMBER_BYTES)
    members.push(chunk.subarray(at, at + MEMBER_BYTES))
  return members
}
