/**
 * Places that come back when Redis was lost after a draw: nodes and receipts remember scores of arrival, and the seed says
 * what became of them. Only the published entrants were drawn, so whoever is none keeps the score of arrival.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { EventId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import { drawnScore } from './draw-order.ts'
import { readDraw, readEntrants } from './draw-record.ts'
import type { StoredSettings } from './settings.ts'
import { MEMBER_BYTES } from './verbs.ts'

interface Drawn {
  seed: Buffer
  closedScore: number
  entrants: Members
}

/**
 * The entrants of a line, 22 to 30 bytes each, are kept while its places come back: however many lines were lost at once, none is
 * read twice, and all are let go a minute after the last was asked for. All of them are a quarter of what Redis held at most, as
 * a place takes 113 bytes there.
 */
const KEPT_MS = 60_000
const DRAWN_AT_MOST = 1_000
const SET_AT_ONCE = 10_000

export class DrawnPlaces {
  readonly #pool: Pool
  readonly #drawn = new LRUCache<string, Promise<Drawn | undefined>>({
    max: DRAWN_AT_MOST,
    ttl: KEPT_MS,
    updateAgeOnGet: true,
    ttlAutopurge: true,
  })

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** What these scores, of this line, count as now; undefined stays so. */
  async scores(
    event: EventId,
    settings: StoredSettings,
    places: { member: Buffer; score: number | undefined }[],
  ): Promise<(number | undefined)[]> {
    const before = places.map(({ score }) => score)
    if (settings.method !== 'random' || !before.some(score => score !== undefined && score > 0)) return before
    const drawn = await this.#of(event, settings.firstGeneration)
    if (drawn === undefined) return before
    return places.map(({ member, score }) => {
      const takesPart =
        score !== undefined && score > 0 && score <= drawn.closedScore && drawn.entrants.has(member)
      return takesPart ? drawnScore(drawn.seed, member) : score
    })
  }

  /** Kept once there is a seed, which never changes. */
  async #of(event: EventId, generation: number): Promise<Drawn | undefined> {
    const name = `${event} ${generation}`
    const kept = this.#drawn.get(name)
    if (kept !== undefined) return await kept
    const read = this.#read(event, generation)
    this.#drawn.set(name, read)
    const forget = () => {
      if (this.#drawn.peek(name) === read) this.#drawn.delete(name)
    }
    read.then(drawn => drawn === undefined && forget(), forget)
    return await read
  }

  async #read(event: EventId, generation: number): Promise<Drawn | undefined> {
    const record = await readDraw(this.#pool, event, generation)
    if (record === undefined || record.seed === null || record.closedScore === null) return undefined
    const entrants = await Members.of(await readEntrants(this.#pool, record))
    return { seed: record.seed, closedScore: record.closedScore, entrants }
  }
}

/** A set of members: a Set of texts would take ten times the memory. Members are evenly spread, being HMACs. */
class Members {
  readonly #members: Buffer
  /** Position of a member plus one, at its first bytes or the next free place. */
  readonly #slots: Uint32Array

  private constructor(members: Buffer) {
    this.#members = members
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2((2 * members.length) / MEMBER_BYTES + 1)))
  }

  static async of(members: Buffer): Promise<Members> {
    const made = new Members(members)
    for (let at = 0; at < members.length; at += MEMBER_BYTES) {
      made.#slots[made.#find(members.subarray(at, at + MEMBER_BYTES))] = at / MEMBER_BYTES + 1
      // Others are served meanwhile: a million take a tenth of a second.
      if (at % (SET_AT_ONCE * MEMBER_BYTES) === 0) await nextTurn()
    }
    return made
  }

  has(member: Buffer): boolean {
    return this.#slots[this.#find(member)] !== 0
  }

  #find(member: Buffer): number {
    const mask = this.#slots.length - 1
    for (let slot = member.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const at = (this.#slots[slot]! - 1) * MEMBER_BYTES
      if (at < 0 || this.#members.compare(member, 0, MEMBER_BYTES, at, at + MEMBER_BYTES) === 0) return slot
    }
  }
}
