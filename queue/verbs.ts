/** The queue's verbs in Redis, one Lua file each; and what their answers look like from here. */
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import { Script } from '../shared/lua.ts'

const verb = (name: string) => new Script(import.meta.url, `./lua/${name}.lua`)

export const verbs = {
  join: verb('join'),
  status: verb('status'),
  slots: verb('slots'),
  end: verb('end'),
  adopt: verb('adopt'),
  presence: verb('presence'),
  admit: verb('admit'),
  sweep: verb('sweep'),
  reassert: verb('reassert'),
  sketch: verb('sketch'),
  tail: verb('tail'),
  begin: verb('begin'),
  configure: verb('configure'),
  draw: verb('draw'),
  entrants: verb('draw-read'),
  fill: verb('draw-fill'),
}

/** What every verb is given, in the order of lua/queue.lua. */
export function verbKeys(keys: Keys, event: EventId, node: string): string[] {
  const q = keys.queue(event)
  const seats = keys.seats(event)
  return [
    q.cfg,
    q.line,
    q.act,
    q.called,
    q.parked,
    q.returned,
    q.away,
    q.polls,
    q.asked,
    q.bucket,
    q.last,
    q.channel,
    q.sketch,
    q.nodes,
    q.roster(node),
    seats.meta,
    seats.expiries,
    q.since,
    q.spent,
    q.restoring,
    q.paying,
    q.networks,
    q.tail,
  ]
}

/** A visitor in Redis: 14 bytes fit jemalloc's 16-byte class, 16 would cost 16 more. */
export const MEMBER_BYTES = 14
/** Members of one call; see queue.lua. */
export const MEMBERS_A_CALL = 1_000
/** Admissions of one call: 1,000 arguments of ZADD, and one insert in Postgres. */
export const ADMITTED_A_CALL = 500

/** Where a member stands in Redis. */
export type Found =
  | { kind: 'none' }
  | { kind: 'refused'; why: 'state' | 'network' }
  | { kind: 'waiting'; score: number; position: number; phase: 'line' | 'pre' }
  | { kind: 'active'; score: number; until: number; since: number }

/** A verb's answer: the word it begins with and the rest, as texts. */
export function parseAnswer(answer: unknown): { word: string; rest: string[] } {
  if (!Array.isArray(answer) || answer.length === 0)
    throw new TypeError('a verb of the queue answered no list')
  const [word, ...rest] = answer.map(String)
  return { word: word!, rest }
}

export function parseFound(rest: string[]): Found[] {
  const found: Found[] = []
  for (let i = 0; i < rest.length; i += 4) {
    const [kind, score, place, since] = rest.slice(i, i + 4)
    const phase = since === 'pre' ? since : 'line'
    if (kind === 'W') found.push({ kind: 'waiting', score: Number(score), position: Number(place), phase })
    else if (kind === 'A')
      found.push({ kind: 'active', score: Number(score), until: Number(place), since: Number(since) })
    else if (kind === 'R') found.push({ kind: 'refused', why: score === 'network' ? 'network' : 'state' })
    else found.push({ kind: 'none' })
  }
  return found
}
