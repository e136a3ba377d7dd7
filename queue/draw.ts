/**
 * Drives a line's draw: entries close, their root is fixed, the seed is made of it, the drawn order is filled in. Every step
 * is written in Postgres before the next begins and is the same whoever does it, so any node goes on where another died.
 * docs/draw.md says what it promises.
 */
import type { Clock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Arg } from '../shared/lua.ts'
import type { Pool } from '../shared/postgres.ts'
import { type BeaconSource, drandRelays, roundAt } from './beacon.ts'
import type { Caller } from './caller.ts'
import {
  closeEntries,
  type DrawRecord,
  finishDraw,
  fixEntrants,
  fixSeed,
  readDraw,
  readEntrants,
} from './draw-record.ts'
import { isRoundBeside, orderBeside, rootBeside } from './draw-thread.ts'
import { PerEvent } from './per-event.ts'
import { readSettings, type StoredSettings } from './settings.ts'
import { MEMBER_BYTES, verbs } from './verbs.ts'

export interface DrawParts {
  pool: Pool
  clock: Clock
  log: Log
  caller: Caller
  node: string
  beacon?: BeaconSource
}

/** Before the doors: a million entrants are read and rooted in some 5 s, and everybody may keep the root before. */
export const ENTRIES_CLOSE_MS = 10_000
const RENEW_MS = 1_000
/** Members of one reading: a millisecond of Redis. */
const READ_AT_ONCE = 1_000
/** Members of one script: a millisecond of Redis, between which others' commands are served. */
const FILLED_A_CALL = 100
interface Stand {
  draw: string
  over: boolean
  last: number
  now: number
  drawnTo: number | undefined
  generation: number
  /** The first generation of the line. */
  line: number
}

export class Draws {
  readonly #parts: DrawParts
  readonly #running = new Map<EventId, Promise<void>>()
  /** Event -> the generation in which its draw was seen to be over: nothing is left to ask. */
  readonly #over = new PerEvent<number>()
  /** Entrants of draws under way. */
  readonly #entrants = new PerEvent<{ line: number; members: Buffer }>()
  readonly #end = new AbortController()

  constructor(parts: DrawParts) {
    this.#parts = parts
  }

  /** From the beat. Goes on beside it, as a draw takes longer than a node's lease. */
  drive(event: EventId, { method, generation }: StoredSettings): void {
    if (method !== 'random' || this.#end.signal.aborted) return
    if (this.#over.get(event) === generation || this.#running.has(event)) return
    const running = this.#drive(event)
      .catch((err: unknown) => {
        // Given up as we stop: another node goes on with the step.
        if (!this.#end.signal.aborted)
          this.#parts.log.warn({ err, event }, 'a step of a draw failed, and is tried again')
      })
      .finally(() => this.#running.delete(event))
    this.#running.set(event, running)
  }

  keepOnly(on: ReadonlySet<EventId>): void {
    this.#over.keepOnly(on)
    this.#entrants.keepOnly(on)
  }

  /** What is under way is given up between two steps, or in the middle of a sum. */
  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running.values())
  }

  async #drive(event: EventId): Promise<void> {
    const stand = await this.#look(event)
    if (stand === undefined || stand.draw === '') return
    const { pool } = this.#parts
    const record = await readDraw(pool, event, stand.line)
    if (record === undefined) return
    if (stand.draw === 'done') return await this.#finish(record, stand)
    if (record.closedScore === null && !stand.over) return
    const done = new AbortController()
    const renewing = this.#renew(event, done.signal)
    try {
      await this.#steps(record, stand)
    } finally {
      done.abort()
      await renewing
    }
  }

  async #steps(found: DrawRecord, stand: Stand): Promise<void> {
    const { pool } = this.#parts
    const { eventId, generation } = found
    const closing = { score: stand.last, at: stand.now }
    let record = found.closedScore === null ? await closeEntries(pool, eventId, generation, closing) : found
    if (record?.root === null) record = await this.#fixEntrants(record, stand)
    if (record?.seed === null) record = await this.#fixSeed(record, stand)
    if (record !== undefined && (await this.#fill(record, stand))) await this.#finish(record, stand)
  }

  async #fixEntrants(record: DrawRecord, { generation }: Stand): Promise<DrawRecord | undefined> {
    const { pool, log } = this.#parts
    const { eventId } = record
    const members = await this.#readLine(eventId, record.closedScore!, generation)
    if (members === undefined) return undefined
    const root = await rootBeside(members, this.#end.signal)
    const rooted = await fixEntrants(pool, record, { members, root }, this.#end.signal)
    log.info({ event: eventId, entrants: rooted.entrants }, 'the entrants of a draw are fixed')
    if (rooted.root?.equals(root)) this.#entrants.set(eventId, { line: record.generation, members })
    return rooted
  }

  /** Undefined where the line was lost meanwhile: what was read is not the line. */
  async #readLine(event: EventId, closedScore: number, generation: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = []
    let from = '-inf'
    while (from !== '') {
      this.#end.signal.throwIfAborted()
      const args = [from, closedScore, READ_AT_ONCE]
      const answer = await this.#parts.caller.call(event, verbs.entrants, () => args)
      if (answer?.settings.generation !== generation) return undefined
      const [hex, next] = answer.rest
      pieces.push(Buffer.from(hex!, 'hex'))
      from = next!
    }
    return Buffer.concat(pieces)
  }

  /** Undefined while the named beacon is awaited. */
  async #fixSeed(record: DrawRecord, { now }: Stand): Promise<DrawRecord | undefined> {
    const { pool, log, beacon = drandRelays } = this.#parts
    const { eventId, beaconRound } = record
    const settings = await readSettings(pool, eventId)
    const wanted = beaconRound !== null && settings?.beaconRound === beaconRound ? beaconRound : null
    if (wanted === null) return await fixSeed(pool, record, null)
    if (now < roundAt(wanted)) return undefined
    const signature = await beacon(wanted, this.#end.signal)
    if (signature === undefined || !(await isRoundBeside(wanted, signature, this.#end.signal))) {
      log.warn({ event: eventId, round: wanted }, 'the beacon that a draw waits for cannot be had')
      return undefined
    }
    return await fixSeed(pool, record, signature)
  }

  /** Answers whether the whole line has its drawn scores. */
  async #fill(record: DrawRecord, { drawnTo }: Stand): Promise<boolean> {
    const { eventId } = record
    const members = await this.#membersOf(record)
    const { order, scores } = await orderBeside(record.seed!, members, this.#end.signal)
    let from = 0
    if (drawnTo !== undefined) while (from < order.length && scores[order[from]!]! <= drawnTo) from++
    // One script at a time: others' commands come between, and doors follow.
    for (; from < order.length; from += FILLED_A_CALL) {
      this.#end.signal.throwIfAborted()
      const before = from === 0 ? '' : scores[order[from - 1]!]!
      const places: Arg[] = []
      for (const i of order.subarray(from, from + FILLED_A_CALL)) {
        const at = i * MEMBER_BYTES
        places.push(scores[i]!, members.subarray(at, at + MEMBER_BYTES))
      }
      const state = await this.#call(eventId, [record.closedScore!, before, '0', ...places])
      if (state !== 'filling') return state === 'done'
    }
    return (await this.#call(eventId, [record.closedScore!, '', '1'])) === 'done'
  }

  /** How it stands after: 'filling', 'done' or 'gap'. */
  async #call(event: EventId, args: Arg[]): Promise<string | undefined> {
    const answer = await this.#parts.caller.call(event, verbs.fill, () => args)
    return answer?.rest[0]
  }

  async #membersOf(record: DrawRecord): Promise<Buffer> {
    const kept = this.#entrants.get(record.eventId)
    if (kept?.line === record.generation) return kept.members
    const members = await readEntrants(this.#parts.pool, record, this.#end.signal)
    this.#entrants.set(record.eventId, { line: record.generation, members })
    return members
  }

  async #finish(record: DrawRecord, { generation }: Stand): Promise<void> {
    await finishDraw(this.#parts.pool, record)
    this.#entrants.delete(record.eventId)
    this.#over.set(record.eventId, generation)
    this.#parts.log.info({ event: record.eventId, entrants: record.entrants }, 'a line has been drawn')
  }

  /** Undefined where there is nothing to do now, or another node does it. */
  async #look(event: EventId): Promise<Stand | undefined> {
    const { caller, node } = this.#parts
    const answer = await caller.call(event, verbs.draw, () => [node, ENTRIES_CLOSE_MS])
    if (answer === undefined) this.#entrants.delete(event)
    if (answer === undefined || answer.rest.length < 2) return undefined
    const [draw, over, last, now, drawnTo] = answer.rest
    const { generation, firstGeneration } = answer.settings
    return {
      draw: draw!,
      over: over === '1',
      last: Number(last),
      now: Number(now),
      drawnTo: drawnTo === '' ? undefined : Number(drawnTo),
      generation,
      line: firstGeneration,
    }
  }

  async #renew(event: EventId, done: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    for (;;) {
      await clock.sleep(RENEW_MS, done)
      if (done.aborted) return
      // A lease that is lost costs work done twice, no more.
      await this.#look(event).catch(() => undefined)
    }
  }
}
