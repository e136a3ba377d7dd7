/**
 * Login in the line: what one visitor has in an event's queue becomes another's, who is the same person. Redis moves it in
 * one step; in Postgres an admission that has moved is recorded for the new visitor before it ends for the old one.
 */
import { Problem } from '../shared/errors.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import type { Pool } from '../shared/postgres.ts'
import { endAdmission, recordAdmissions, recordSpent } from './admissions.ts'
import type { Caller } from './caller.ts'
import { ENTRIES_CLOSE_MS } from './draw.ts'
import { readDraw } from './draw-record.ts'
import { reached } from './reached.ts'
import type { StoredSettings } from './settings.ts'
import { verbs } from './verbs.ts'

interface Named {
  visitor: VisitorId
  member: Buffer
}

export interface AdoptionParts {
  caller: Caller
  pool: Pool
  door: 'socket' | 'poll'
}

const DRAW_RETRY_SECONDS = 5

export class Adoption {
  readonly #parts: AdoptionParts

  constructor(parts: AdoptionParts) {
    this.#parts = parts
  }

  async adopt(event: EventId, from: Named, to: Named): Promise<void> {
    if (from.visitor === to.visitor) return
    const { caller, pool, door } = this.#parts
    const moved = await caller.call(event, verbs.adopt, async settings => {
      const closed = await this.#hasClosed(event, settings)
      return [from.member, to.member, door, ENTRIES_CLOSE_MS, closed ? '1' : '0']
    })
    if (moved === undefined) return
    const [had, latest, spent, until, since, score] = moved.rest
    const { generation } = moved.settings
    if (had === 'drawing')
      throw new Problem('queue_unavailable', 'The line is being drawn: log in again in a moment.', {
        retryAfter: DRAW_RETRY_SECONDS,
      })
    // What has moved shall not come back by the receipt of who they were.
    if (spent !== '') await reached(recordSpent(pool, event, { ...from, score: Number(spent), generation }))
    const slot = { until: Number(until), admittedAt: Number(since), score: Number(score) }
    // Where nothing was found beside a slot, a call before may have failed half way: its record is ended too.
    if (had === 'place' || (had === 'nothing' && until === '')) return
    // A turn that was not claimed yet is recorded when it is.
    if (since !== '') await reached(recordAdmissions(pool, event, [{ ...to, ...slot, generation }]))
    const bounds = { admittedUntil: undefined, score: Number(latest) }
    await reached(endAdmission(pool, event, from.visitor, 'left', bounds))
  }

  /** Whether the line's draw has taken its entrants, whatever the operator has done since. */
  async #hasClosed(event: EventId, { method, firstGeneration }: StoredSettings): Promise<boolean> {
    if (method !== 'random') return false
    const draw = await readDraw(this.#parts.pool, event, firstGeneration)
    return draw !== undefined && draw.closedAt !== null
  }
}
