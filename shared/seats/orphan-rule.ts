/**
 * The orphan rule: a choice must not leave one lone free seat, with somebody or the end of the row on either side,
 * where it could do without. Judged on a picture of the house, for server and page; two fans who choose at once may
 * still leave one between them.
 *
 * Never in the way of the last choice: where every choice of that size in that row would leave a lone seat, any may be
 * made. Places for wheelchairs and their companions are never lone: they are not sold to fill a gap.
 */
import { KINDS, type Stretches } from './stretches.ts'

export type Judged =
  | { ok: true }
  /** The seats left alone, and seats of the same row that leave none. */
  | { ok: false; orphans: number[]; instead: number[] }

/** Moving one group may leave another alone: so often at most it is looked at again. */
const ROUNDS = 8

/** `free`: 1 for each seat that can be had, the chosen among them. */
export function judgeChoice(map: Stretches, free: Uint8Array, chosen: readonly number[]): Judged {
  const judged = judgeOnce(map, free, chosen)
  if (judged.ok) return judged
  let { instead } = judged
  for (let round = 1; round < ROUNDS; round++) {
    const better = judgeOnce(map, free, instead)
    if (better.ok) break
    instead = better.instead
  }
  return { ...judged, instead }
}

function judgeOnce(map: Stretches, free: Uint8Array, chosen: readonly number[]): Judged {
  const left = free.slice()
  for (const index of chosen) left[index] = 0
  const orphans = new Set<number>()
  const instead: number[] = []
  for (const group of groupsOf(map, chosen)) {
    const lone = loneBeside(map, left, group.from, group.to)
    const better = lone.length === 0 ? undefined : cleanWindow(map, left, group)
    const seats = Array.from({ length: group.to - group.from }, (_, at) => (better ?? group.from) + at)
    instead.push(...seats)
    if (better === undefined) continue
    for (const index of lone) orphans.add(index)
    // The next group is judged beside where this one would better sit.
    left.fill(1, group.from, group.to)
    for (const index of seats) left[index] = 0
  }
  if (orphans.size === 0) return { ok: true }
  return { ok: false, orphans: [...orphans].sort((a, b) => a - b), instead: instead.sort((a, b) => a - b) }
}

/** Would the free seat at `index` be alone if nobody sat in it? `left`: what is free after the choice. */
function isLone(map: Stretches, left: Uint8Array, index: number): boolean {
  if (left[index] !== 1 || map.kind[index] !== KINDS.seat) return false
  const stretch = map.stretchOf[index]!
  const before = index > map.firsts[stretch]! && left[index - 1] === 1
  const after = index + 1 < map.firsts[stretch + 1]! && left[index + 1] === 1
  return !before && !after
}

/** Seats side by side: from, and up to but not with. */
interface Group {
  from: number
  to: number
}

function groupsOf(map: Stretches, chosen: readonly number[]): Group[] {
  const groups: Group[] = []
  for (const index of chosen.toSorted((a, b) => a - b)) {
    const last = groups.at(-1)
    if (last?.to === index && map.stretchOf[index] === map.stretchOf[index - 1]) last.to++
    else groups.push({ from: index, to: index + 1 })
  }
  return groups
}

/** The lone seats just beside a group, where its own seats are taken in `left`. */
function loneBeside(map: Stretches, left: Uint8Array, from: number, to: number): number[] {
  const stretch = map.stretchOf[from]!
  const beside = [from - 1, to].filter(index => index >= 0 && map.stretchOf[index] === stretch)
  return beside.filter(index => index < map.seats && isLone(map, left, index))
}

/** The nearest place in the group's row where as many sit side by side and leave no lone seat, all of them plain seats. */
function cleanWindow(map: Stretches, taken: Uint8Array, { from, to }: Group): number | undefined {
  const size = to - from
  const plain = (at: number) => map.kind.subarray(at, at + size).every(kind => kind === KINDS.seat)
  if (!plain(from)) return undefined
  const free = taken.slice()
  free.fill(1, from, to)
  const [first, last] = map.rowStretches(map.stretchOf[from]!)
  let best: number | undefined
  for (let stretch = first; stretch < last; stretch++) {
    const end = map.firsts[stretch + 1]!
    for (let at = map.firsts[stretch]!; at + size <= end; at++) {
      if (best !== undefined && Math.abs(at - from) >= Math.abs(best - from)) continue
      if (allFree(free, at, at + size) && leavesNone(map, free, at, at + size) && plain(at)) best = at
    }
  }
  return best
}

function allFree(free: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (free[at] !== 1) return false
  return true
}

/** Do these seats, free in `free`, leave none beside them alone when they are taken? */
export function leavesNone(map: Stretches, free: Uint8Array, from: number, to: number): boolean {
  const stretch = map.stretchOf[from]!
  const [first, end] = [map.firsts[stretch]!, map.firsts[stretch + 1]!]
  if (from > first && free[from - 1] === 1 && map.kind[from - 1] === KINDS.seat)
    if (from - 1 === first || free[from - 2] !== 1) return false
  if (to < end && free[to] === 1 && map.kind[to] === KINDS.seat)
    if (to + 1 === end || free[to + 1] !== 1) return false
  return true
}
