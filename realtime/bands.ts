/**
 * Who of a line's visitors on this node stands in which piece of it. The front hears of it every second; each band behind is
 * twice as long as the one before and hears more seldom. Places only move up, so a band is kept in the order of scores and looked
 * through from its head, when it is about to hear: a visitor is moved as often as there are bands, not with every tick.
 */
import type { LineTick } from '../queue/sketch.ts'
import { positionOf, rankAt, type Stretch } from '../shared/wire/position.ts'
import { BAND_FIRST_MS, BAND_MORE_MS, BAND_MOST_MS, BEAT_MS, SOCKETS_A_SLICE } from './bounds.ts'

export interface Banded {
  score: number
  /** Which band; -1: none. */
  band: number
  slice: number
}

/** The first of the chosen ranks at or behind 10,000: so far a beat reads the line. */
const FRONT_INDEX = 391
const FRONT_END = rankAt(FRONT_INDEX)
/** Beyond forty million places everyone is in the last. */
export const BANDS = 13

export function bandOf(position: number): number {
  let band = 0
  while (band < BANDS - 1 && position > endOf(band)) band++
  return band
}

/** The last position in it. */
export function endOf(band: number): number {
  return FRONT_END * 2 ** band
}

export function intervalOf(band: number): number {
  return band === 0 ? BEAT_MS : Math.min(BAND_MOST_MS, BAND_FIRST_MS + BAND_MORE_MS * (band - 1))
}

/** Of the line's knots those that a band needs, one before its first place and one behind its last. */
export function pieceOf({ front, behind }: LineTick, band: number): Stretch {
  if (band === 0) return front
  const { first, shift, scores, end } = behind
  const rankOf = (i: number) => rankAt(first + i) - shift
  let from = 0
  while (from + 1 < scores.length && rankOf(from + 1) <= endOf(band - 1)) from++
  let to = from
  while (to < scores.length - 1 && rankOf(to) < endOf(band)) to++
  const isEnd = to === scores.length - 1
  return { first: first + from, shift, scores: scores.slice(from, to + 1), end: isEnd ? end : undefined }
}

/** A list that is only added to until it is tidied: a place here and there in it is of somebody who has left since. */
interface Band<M> {
  members: M[]
  /** The score each of them came with: whoever came again with another has more than one entry, and the latest counts. */
  scores: number[]
  /** Whether they stand in the order of these scores. */
  isSorted: boolean
  size: number
  /** Most slices there ever were. */
  slices: number
  next: number
}

export class Bands<M extends Banded> {
  readonly #bands: (Band<M> | undefined)[] = []

  /** Puts a member who is in none into the band of this position. */
  add(member: M, position: number): void {
    member.band = bandOf(position)
    const band = this.#band(member.band)
    const { members, scores } = band
    if (member.score < (scores.at(-1) ?? Number.NEGATIVE_INFINITY)) band.isSorted = false
    members.push(member)
    scores.push(member.score)
    band.size++
    if (members.length > mostEntries(band)) tidy(band, member.band)
    band.slices = Math.max(band.slices, Math.ceil(band.size / SOCKETS_A_SLICE))
    member.slice = band.next++ % Math.ceil(band.size / SOCKETS_A_SLICE)
  }

  remove(member: M): void {
    if (member.band < 0) return
    // An emptied one begins anew: nobody would tidy its list.
    if (--this.#band(member.band).size === 0) this.#bands[member.band] = undefined
    member.band = -1
  }

  /** The bands in which somebody is. */
  peopled(): number[] {
    return this.#bands.flatMap((band, i) => (band !== undefined && band.size > 0 ? [i] : []))
  }

  slices(band: number): number {
    return this.#band(band).slices
  }

  /** Those in this band who by these knots stand nearer than it, in their order; they are still in it. */
  movedUp(band: number, knots: readonly number[]): M[] {
    if (band === 0) return []
    return this.#head(band, score => positionOf(knots, score) <= endOf(band - 1))
  }

  /** Those in front whose score is at or below. */
  upTo(score: number): M[] {
    return this.#head(0, its => its <= score)
  }

  #head(index: number, isAhead: (score: number) => boolean): M[] {
    const band = this.#band(index)
    if (!band.isSorted || band.members.length > mostEntries(band)) tidy(band, index)
    const ahead = new Set<M>()
    for (const [i, member] of band.members.entries()) {
      if (!counts(band, i, index)) continue
      if (!isAhead(member.score)) break
      ahead.add(member)
    }
    return [...ahead]
  }

  #band(index: number): Band<M> {
    this.#bands[index] ??= { members: [], scores: [], isSorted: true, size: 0, slices: 0, next: 0 }
    return this.#bands[index]
  }
}

/** So a place that is added costs no more, however many have left; also before a draw, when nobody looks through the list. */
function mostEntries<M>({ size }: Band<M>): number {
  return 2 * size + 16
}

function counts<M extends Banded>({ members, scores }: Band<M>, i: number, index: number): boolean {
  const member = members[i]
  return member?.band === index && member.score === scores[i]
}

/** Sorts, and lets go of who has left. */
function tidy<M extends Banded>(band: Band<M>, index: number): void {
  const still = new Set(band.members.filter((_, i) => counts(band, i, index)))
  band.members = [...still].sort((a, b) => a.score - b.score)
  band.scores = band.members.map(({ score }) => score)
  band.isSorted = true
}
