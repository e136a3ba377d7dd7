/** The diff as the Lua verbs publish it and keep it in the replay log. */
import type { SeatDiff } from './inventory.ts'

interface Published {
  e: number
  s: number
  t: number
  /** cjson writes an empty list as {}. */
  c: number[] | Record<string, never>
  a: number[] | Record<string, never>
  f: number
  /** Where a new epoch began with another map: its hash. */
  m?: string
}

export function parseDiff(json: string): SeatDiff {
  const { e, s, t, c, a, f, m } = JSON.parse(json) as Published
  const diff = { epoch: e, seq: s, now: t, changes: listOf(c), areas: listOf(a), free: f }
  return m === undefined ? diff : { ...diff, map: m }
}

function listOf(list: number[] | Record<string, never>): number[] {
  return Array.isArray(list) ? list : []
}
