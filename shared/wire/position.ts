/**
 * Where a visitor stands, from their own score and what everyone is told: pure, for servers and for the SDK. A client
 * shows the least position it ever computed, as places are only ever given up ahead of it.
 */
/**
 * A chosen rank is 2 * floor(rank / this) ahead of the next: the one in their middle is at most 0.91 % from both. So whatever crowd
 * stands there, there is an answer within a hundredth of each of them, and some of that to spare.
 */
const SPREAD = 110

/** The rank at which a score is read after the one at this rank. queue/lua/knots.lua has the same. */
export function rankAfter(rank: number): number {
  return rank + Math.max(1, 2 * Math.floor(rank / SPREAD))
}

const RANKS = [0]

/** The chosen ranks: 0, 1, 2 ... 110, 112 ... 9,850, 10,028 ... */
export function rankAt(index: number): number {
  while (RANKS.length <= index) RANKS.push(rankAfter(RANKS.at(-1)!))
  return RANKS[index]!
}

/**
 * A stretch of a line at its chosen ranks: each score's rank is `rankAt(first + its index) - shift`, as the line has moved up
 * since the ranks were chosen; the last one's is `end` where the line ends with it.
 */
export interface Stretch {
  first: number
  shift: number
  scores: readonly number[]
  end: number | undefined
}

export const NO_STRETCH: Stretch = { first: 0, shift: 0, scores: [], end: undefined }

/** Pairs score, rank. */
export function knotsOf({ first, shift, scores, end }: Stretch): number[] {
  const knots = scores.flatMap((score, i) => [score, rankAt(first + i) - shift])
  if (end !== undefined && knots.length > 0) knots[knots.length - 1] = end
  return knots
}

/**
 * How far from the truth an answer may be, as a share of it: a hundredth, less what a frame's scores may be off. Where a line has
 * moved up so far since its ranks were chosen that this cannot be, twice as much.
 */
const WITHIN = [0.0098, 0.019]

/**
 * Places ahead of a score. `knots` are a tick's pairs score, rank, ascending; between two of them the way is cut evenly, but never
 * further than a hundredth from any who may stand there. Behind the last: all of them.
 */
export function positionOf(knots: readonly number[], score: number): number {
  const last = knots.length / 2 - 1
  if (last < 0 || score < knots[0]!) return 0
  const at = firstNotBelow(knots, score)
  if (at === 0) return knots[1]!
  if (at > last) return knots[2 * last + 1]! + 1
  const [from, fromRank, to, toRank] = knots.slice(2 * at - 2, 2 * at + 2) as [number, number, number, number]
  if (to === score) return toRank
  const even = fromRank + 1 + Math.round(((toRank - fromRank - 1) * (score - from)) / (to - from))
  for (const share of WITHIN) {
    const [least, most] = [Math.ceil(toRank * (1 - share)), Math.floor(fromRank * (1 + share))]
    if (least <= most) return Math.min(most, Math.max(least, even))
  }
  return even
}

/** Index of the first knot with a score at or above; one past the last where there is none. */
function firstNotBelow(knots: readonly number[], score: number): number {
  let low = 0
  let high = knots.length / 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (knots[2 * middle]! < score) low = middle + 1
    else high = middle
  }
  return low
}
