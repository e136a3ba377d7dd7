/**
 * The best seats that can be had: side by side in one row, else in neighbouring rows, else apart, near the focal point.
 * Every window of free seats is scored; lone seats are left only where the orphan rule allows it. Pure, for server and
 * page: it is given a picture of the house and answers choices that share no seat, the best first, so that fans who
 * choose at once can be spread over them.
 */
import { BestKept } from './best-kept.ts'
import { leavesNone } from './orphan-rule.ts'
import { KINDS, type Stretches } from './stretches.ts'

export interface Wish {
  quantity: number
  /** How many of them must be wheelchair places; the others sit beside them. 0: such places are left to who needs them. */
  accessible: number
  /** 1 for each of the map's categories, and sections, that will do. */
  categories: Uint8Array
  sections: Uint8Array
}

/** How well a choice keeps people together. */
export type Together = 'row' | 'rows' | 'apart'

export interface Best {
  together: Together
  /** Each sorted; none shares a seat with another. Empty where nothing will do. */
  choices: number[][]
}

/** Windows kept while scoring: those beside each other overlap, so most of them fall away. */
const KEPT = 256
const KEPT_PER_SEAT = 64
const KEPT_MOST = 2_048
/** Rows that one party may be spread over while it still sits together. */
const ROWS_MOST = 4
/** A row behind may begin so many seats to either side. */
const SHIFT = 2
/** Beside a wheelchair a companion's seat is worth so much of a better place, cm. */
const COMPANION_WORTH = 500

/** How many seats the wish allows that nobody has. */
export function countFree(map: Stretches, free: Uint8Array, wish: Wish): number {
  return runsOf(map, free, wish).reduce((sum, { from, to }) => sum + to - from, 0)
}

/** Choices that sit together: in one row where any row has room, else in neighbouring rows. At most `most`. */
export function bestTogether(map: Stretches, free: Uint8Array, wish: Wish, most: number): Best {
  const runs = runsOf(map, free, wish)
  const { quantity, accessible } = wish
  const special = accessible > 0
  const windows = windowsOf(map, free, runs, quantity, accessible, special, window =>
    farOf(map, window, special),
  )
  if (windows.length > 0) return { together: 'row', choices: disjoint(windows.map(seatsOf), most) }
  return { together: 'rows', choices: inNeighbouringRows(map, free, runs, wish, most) }
}

/** Choices of as few pieces as can be, the pieces near each other. At most `most`. */
export function bestApart(map: Stretches, free: Uint8Array, wish: Wish, most: number): Best {
  const left = free.slice()
  const choices: number[][] = []
  while (choices.length < most) {
    const choice = piecedTogether(map, left, wish)
    if (choice === undefined) break
    choices.push(choice)
    for (const index of choice) left[index] = 0
  }
  return { together: 'apart', choices }
}

/** Free seats side by side: from, and up to but not with. */
interface Run {
  from: number
  to: number
}

function runsOf(map: Stretches, free: Uint8Array, { accessible, categories, sections }: Wish): Run[] {
  const runs: Run[] = []
  for (let stretch = 0; stretch < map.row.length; stretch++) {
    if (categories[map.category[stretch]!] !== 1 || sections[map.section[stretch]!] !== 1) continue
    const end = map.firsts[stretch + 1]!
    let from = map.firsts[stretch]!
    for (let at = from; at <= end; at++) {
      if (at < end && free[at] === 1 && (accessible > 0 || map.kind[at] === KINDS.seat)) continue
      if (at > from) runs.push({ from, to: at })
      from = at + 1
    }
  }
  return runs
}

/**
 * The best windows of so many seats, best first; of a row only those that leave no lone seat, where it has such.
 * `special`: the runs have places for wheelchairs, of which each window has so many.
 */
function windowsOf(
  map: Stretches,
  free: Uint8Array,
  runs: readonly Run[],
  size: number,
  accessible: number,
  special: boolean,
  score: (window: Run) => number,
): Run[] {
  const kept = new BestKept(keptFor(size))
  const window: Run = { from: 0, to: 0 }
  let first = 0
  while (first < runs.length) {
    const last = endOfRow(map, runs, first)
    let found = false
    for (const mayOrphan of [false, true]) {
      for (let run = first; run < last && (!mayOrphan || !found); run++) {
        const { from, to } = runs[run]!
        for (let at = from; at + size <= to; at++) {
          // Only a window one seat away from a run's end can leave a lone one.
          const tight = at === from + 1 || at + size === to - 1
          if (tight && !mayOrphan && !leavesNone(map, free, at, at + size)) continue
          if (special && wheelchairs(map, at, at + size) !== accessible) continue
          found ||= !mayOrphan
          window.from = at
          window.to = at + size
          kept.add(at, score(window))
        }
      }
    }
    first = last
  }
  return kept.values().map(from => ({ from, to: from + size }))
}

function endOfRow(map: Stretches, runs: readonly Run[], first: number): number {
  const rowOf = (run: number) => map.row[map.stretchOf[runs[run]!.from]!]
  let last = first + 1
  while (last < runs.length && rowOf(last) === rowOf(first)) last++
  return last
}

function keptFor(size: number): number {
  return Math.min(KEPT_MOST, KEPT + KEPT_PER_SEAT * size)
}

/** Mean way to the focal point, cm. */
function farOf(map: Stretches, { from, to }: Run, special: boolean): number {
  let far = (map.farSum[to]! - map.farSum[from]!) / (to - from)
  if (!special) return far
  for (let at = from; at < to; at++) if (map.kind[at] === KINDS.companion) far -= COMPANION_WORTH
  return far
}

function wheelchairs(map: Stretches, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (map.kind[at] === KINDS.accessible) count++
  return count
}

/** Pieces one behind the other, the wheelchairs in one row with as many as fit beside them. */
function inNeighbouringRows(
  map: Stretches,
  free: Uint8Array,
  runs: readonly Run[],
  { quantity, accessible }: Wish,
  most: number,
): number[][] {
  const usable = new Uint8Array(map.seats)
  for (const { from, to } of runs) usable.fill(1, from, to)
  const levels = partingsOf(quantity)
  const longest = longestOf(runs)
  for (const mayOrphan of [false, true]) {
    for (const partings of levels) {
      if (Math.max(...partings[0]!) > longest) continue
      const kept = new BestKept(keptFor(quantity))
      const chain = (at: number, parting: number) =>
        chainFrom(map, free, usable, at, partings[parting]!, { mayOrphan, accessible })
      for (const run of runs)
        for (const [parting, [size, second]] of partings.entries())
          for (let at = run.from; at + size! <= run.to; at++) {
            const next = map.behind[at + (size! >> 1)]!
            if (next < 0 || nearestFree(map, usable, next - (second! >> 1), second!) === undefined) continue
            const pieces = chain(at, parting)
            if (pieces === undefined) continue
            const far = pieces.reduce(
              (sum, piece) => sum + farOf(map, piece, accessible > 0) * (piece.to - piece.from),
              0,
            )
            kept.add(at * partings.length + parting, far / quantity)
          }
      const choices = kept.values().map(value => {
        const parting = value % partings.length
        return (chain((value - parting) / partings.length, parting) ?? []).flatMap(seatsOf)
      })
      if (choices.length > 0) return disjoint(choices, most)
    }
  }
  return []
}

function longestOf(runs: readonly Run[]): number {
  return runs.reduce((most, { from, to }) => Math.max(most, to - from), 0)
}

/** How a party may be parted over rows, the evenest first; nobody sits alone where there are enough to share. */
function partingsOf(quantity: number): number[][][] {
  const least = quantity > 3 ? 2 : 1
  const levels: number[][][] = []
  for (let more = Math.ceil(quantity / 2); quantity - more >= least; more++) {
    const fewer = quantity - more
    levels.push(
      more === fewer
        ? [[more, fewer]]
        : [
            [more, fewer],
            [fewer, more],
          ],
    )
  }
  for (let rows = 3; rows <= ROWS_MOST && quantity >= rows * least; rows++)
    levels.push([
      Array.from({ length: rows }, (_, at) => Math.floor(quantity / rows) + (at < quantity % rows ? 1 : 0)),
    ])
  return levels
}

/** A window at `at`, and others behind it of these sizes; undefined where they are not free. */
function chainFrom(
  map: Stretches,
  free: Uint8Array,
  usable: Uint8Array,
  at: number,
  sizes: readonly number[],
  { mayOrphan, accessible }: { mayOrphan: boolean; accessible: number },
): Run[] | undefined {
  const pieces: Run[] = []
  let middle = at + (sizes[0]! >> 1)
  let found = 0
  for (const [row, size] of sizes.entries()) {
    if (row > 0) middle = map.behind[middle]!
    if (middle < 0) return undefined
    const from = row === 0 ? at : nearestFree(map, usable, middle - (size >> 1), size)
    if (from === undefined || (!mayOrphan && !leavesNone(map, free, from, from + size))) return undefined
    pieces.push({ from, to: from + size })
    if (accessible > 0) found += wheelchairs(map, from, from + size)
  }
  return found === accessible ? pieces : undefined
}

/** Where so many may sit side by side, at most SHIFT seats from `begin`. */
function nearestFree(map: Stretches, usable: Uint8Array, begin: number, size: number): number | undefined {
  for (let shift = 0; shift <= SHIFT; shift++) {
    if (isFree(map, usable, begin - shift, size)) return begin - shift
    if (isFree(map, usable, begin + shift, size)) return begin + shift
  }
  return undefined
}

/** So many side by side. */
function isFree(map: Stretches, usable: Uint8Array, from: number, size: number): boolean {
  if (from < 0 || from + size > map.seats || map.stretchOf[from] !== map.stretchOf[from + size - 1])
    return false
  for (let at = from; at < from + size; at++) if (usable[at] !== 1) return false
  return true
}

/** As many side by side as can be, then as many of the others near them, and so on; undefined where it is too few. */
function piecedTogether(map: Stretches, free: Uint8Array, wish: Wish): number[] | undefined {
  const left = free.slice()
  const chosen: number[] = []
  let accessible = wish.accessible
  while (chosen.length < wish.quantity) {
    const piece = nextPiece(map, left, wish, wish.quantity - chosen.length, accessible, chosen[0])
    if (piece === undefined) return undefined
    accessible -= wheelchairs(map, piece.from, piece.to)
    chosen.push(...seatsOf(piece))
    left.fill(0, piece.from, piece.to)
  }
  return chosen.sort((a, b) => a - b)
}

function nextPiece(
  map: Stretches,
  free: Uint8Array,
  wish: Wish,
  wanted: number,
  accessible: number,
  near: number | undefined,
): Run | undefined {
  const runs = runsOf(map, free, wish)
  const longest = longestOf(runs)
  const score = (window: Run) => {
    if (near === undefined) return farOf(map, window, wish.accessible > 0)
    return Math.hypot(map.x[window.from]! - map.x[near]!, map.y[window.from]! - map.y[near]!)
  }
  for (let size = Math.min(wanted, longest); size > 0; size--) {
    // Two seats and one are kinder than three and nobody beside the fourth.
    if (wanted - size === 1 && size > 2) continue
    for (let places = Math.min(accessible, size); places >= 0; places--) {
      if (accessible - places > wanted - size) break
      const [window] = windowsOf(map, free, runs, size, places, wish.accessible > 0, score)
      if (window !== undefined) return window
    }
  }
  return undefined
}

function seatsOf({ from, to }: Run): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

/** The first of these choices, but for those that share a seat with an earlier one. */
function disjoint(choices: Iterable<number[]>, most: number): number[][] {
  const used = new Set<number>()
  const taken: number[][] = []
  for (const choice of choices) {
    if (taken.length >= most) break
    if (choice.some(index => used.has(index))) continue
    for (const index of choice) used.add(index)
    taken.push(choice.sort((a, b) => a - b))
  }
  return taken
}
