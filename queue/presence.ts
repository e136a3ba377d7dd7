/**
 * Who is here, told to Redis by exception: a node says who went away and who came back, in batches, and its lease speaks
 * for all the others. Of a visitor only the latest word is sent; what cannot be sent is kept and tried again.
 */
import type { Clock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import { MEMBERS_A_CALL } from './verbs.ts'

type Way = 'away' | 'back'

export interface PresenceParts {
  clock: Clock
  /** Sends members of one event, at most 1,000, all of whom went the same way. */
  send(event: EventId, way: Way, members: Buffer[]): Promise<void>
}

/** Short against a grace, long against a script. */
const WINDOW_MS = 50
const RETRY_MS = 1_000

export class Presence {
  readonly #parts: PresenceParts
  #notes = new Map<EventId, Map<string, Way>>()
  #flushing: Promise<void> | undefined
  readonly #end = new AbortController()

  constructor(parts: PresenceParts) {
    this.#parts = parts
  }

  note(event: EventId, member: Buffer, way: Way): void {
    const notes = this.#notes.get(event) ?? new Map<string, Way>()
    this.#notes.set(event, notes.set(member.toString('hex'), way))
    this.#flushing ??= this.#flushSoon()
  }

  /** Sends what is noted, once, and nothing after. */
  async close(): Promise<void> {
    this.#end.abort()
    await this.#flushing
    await this.#flush()
  }

  async #flushSoon(): Promise<void> {
    const { clock } = this.#parts
    await clock.sleep(WINDOW_MS, this.#end.signal)
    // What is noted while others are being sent goes out too: nobody else would send it.
    while (this.#notes.size > 0 && !this.#end.signal.aborted) {
      if (!(await this.#flush())) await clock.sleep(RETRY_MS, this.#end.signal)
    }
    this.#flushing = undefined
  }

  /** Answers whether all of it went out. */
  async #flush(): Promise<boolean> {
    const notes = this.#notes
    this.#notes = new Map()
    let sent = true
    for (const [event, ways] of notes) {
      for (const way of ['away', 'back'] as const) {
        const members = [...ways].filter(([, its]) => its === way).map(([hex]) => hex)
        for (let at = 0; at < members.length; at += MEMBERS_A_CALL) {
          const some = members.slice(at, at + MEMBERS_A_CALL)
          const went = await this.#send(event, way, some)
          if (!went) this.#keep(event, way, some)
          sent &&= went
        }
      }
    }
    return sent
  }

  async #send(event: EventId, way: Way, members: string[]): Promise<boolean> {
    try {
      await this.#parts.send(
        event,
        way,
        members.map(hex => Buffer.from(hex, 'hex')),
      )
      return true
    } catch {
      // Redis is away, which its connection has logged; a later word about the same visitor counts more than ours.
      return false
    }
  }

  #keep(event: EventId, way: Way, members: string[]): void {
    const notes = this.#notes.get(event) ?? new Map<string, Way>()
    for (const hex of members) if (!notes.has(hex)) notes.set(hex, way)
    this.#notes.set(event, notes)
  }
}
