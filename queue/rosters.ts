/**
 * Who came to which node: a roster names a node's visitors, so that somebody speaks for them when it has died. Scripts only
 * append to it; its node writes it anew when most of it is of the past, and a dead node's is read and ended by who finds it.
 */
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Redis } from '../shared/redis.ts'
import type { Caller } from './caller.ts'
import { PerEvent } from './per-event.ts'
import { MEMBER_BYTES, MEMBERS_A_CALL, verbs } from './verbs.ts'

export interface RostersParts {
  redis: Redis
  keys: Keys
  log: Log
  caller: Caller
  node: string
}

/** Members that may be of the past: below it nothing is worth writing anew. */
const SPARE_MEMBERS = 5_000
/** Much longer than from one sweep to the next. */
const UNSWEPT_SECONDS = 3_600
const CHUNK_BYTES = MEMBERS_A_CALL * MEMBER_BYTES

/** The roster, and what is left of the one before while it is written anew or buried. */
export function rosterKeys(keys: Keys, event: EventId, node: string): [string, string] {
  const { roster } = keys.queue(event)
  return [roster(node), roster(`${node}:before`)]
}

export class Rosters {
  readonly #parts: RostersParts
  readonly #end = new AbortController()
  /** Bytes of what was kept the last time. */
  readonly #kept = new PerEvent<number>()

  constructor(parts: RostersParts) {
    this.#parts = parts
  }

  /** What is under way is given up between two chunks: whoever finds the node dead buries the rest. */
  close(): void {
    this.#end.abort()
  }

  keepOnly(on: ReadonlySet<EventId>): void {
    this.#kept.keepOnly(on)
  }

  /**
   * Keeps each once, and whoever has no place no more: who was away and comes back is appended again. Where the node dies half
   * way, both parts are buried, and what stands in both does no harm.
   */
  async compact(event: EventId, bytes: number): Promise<void> {
    const { redis, keys, node } = this.#parts
    const before = this.#kept.get(event) ?? 0
    if (bytes <= 2 * before + SPARE_MEMBERS * MEMBER_BYTES) return
    const [roster, old] = rosterKeys(keys, event, node)
    if ((await redis.exists(old)) === 0) await redis.rename(roster, old)
    const seen = new Set<string>()
    for await (const members of this.#members(old)) {
      const once = members.filter(member => seen.size !== seen.add(member.toString('latin1')).size)
      const standing = await this.#standing(event, once)
      if (standing.length > 0) await redis.append(roster, Buffer.concat(standing))
      // Where the queue has ended meanwhile nobody would take it away; while it is on the next sweep keeps it.
      await redis.expire(roster, UNSWEPT_SECONDS)
    }
    await redis.unlink(old)
    const kept = await redis.strlen(roster)
    if (kept === 0) this.#kept.delete(event)
    else this.#kept.set(event, kept)
  }

  /**
   * Nobody speaks for these visitors any more: each has a grace to come back, and is asked for at its end. Where the node lives
   * after all, they answer into a new roster, which stays.
   */
  async bury(event: EventId, dead: string): Promise<void> {
    const { redis, keys, log } = this.#parts
    const [roster, old] = rosterKeys(keys, event, dead)
    // What somebody left who died while writing it anew, or burying it.
    let visitors = await this.#buryAll(event, old)
    if ((await redis.exists(roster)) === 1 && (await redis.renamenx(roster, old)) === 1)
      visitors += await this.#buryAll(event, old)
    if ((await redis.exists(roster)) === 0) {
      const { nodes } = keys.queue(event)
      await redis.zrem(nodes, dead)
      // Whoever came to it in between found its name still there, and who comes now enters it again.
      if ((await redis.exists(roster)) === 1) await redis.zadd(nodes, 'NX', 0, dead)
    }
    log.warn({ event, dead, visitors }, 'a node is gone: its visitors have a grace to come back')
  }

  async #buryAll(event: EventId, key: string): Promise<number> {
    const { redis, caller } = this.#parts
    let visitors = 0
    for await (const members of this.#members(key)) {
      await caller.call(event, verbs.presence, () => ['lost', ...members])
      visitors += members.length
    }
    await redis.unlink(key)
    return visitors
  }

  async *#members(key: string): AsyncGenerator<Buffer[]> {
    for (let at = 0; ; at += CHUNK_BYTES) {
      this.#end.signal.throwIfAborted()
      const chunk = await this.#parts.redis.getrangeBuffer(key, at, at + CHUNK_BYTES - 1)
      const members: Buffer[] = []
      for (let from = 0; from + MEMBER_BYTES <= chunk.length; from += MEMBER_BYTES)
        members.push(chunk.subarray(from, from + MEMBER_BYTES))
      if (members.length === 0) return
      yield members
    }
  }

  /** Those for whom a burial would do anything. */
  async #standing(event: EventId, members: Buffer[]): Promise<Buffer[]> {
    if (members.length === 0) return []
    const { redis, keys } = this.#parts
    const { line, parked, returned } = keys.queue(event)
    const places = await Promise.all([line, parked, returned].map(key => redis.zmscore(key, ...members)))
    return members.filter((_, i) => places.some(scores => scores[i] != null))
  }
}
