/**
 * What lua/sketch.lua and lua/tail.lua answer, as everyone hears it: the front anew each beat, those behind it some seconds old
 * but moved up by as many as have left ahead of them since.
 */
import type { EventId } from '../shared/ids.ts'
import type { Bound, QueueState, QueueTick } from '../shared/wire/messages.ts'
import { knotsOf, NO_STRETCH, positionOf, rankAt, type Stretch } from '../shared/wire/position.ts'
import { paceOf } from './forecast.ts'

/** A tick of the whole line, and the stretches its knots are made of. */
export interface LineTick extends QueueTick {
  front: Stretch
  behind: Stretch
}

export interface Sketch {
  generation: number
  state: QueueState
  draw: string
  waiting: number
  active: number
  frontier: number
  pace: number
  weight: number
  rate: number
  left: number
  waited: number
  bound: Bound
  soldOut: boolean
  now: number
  scores: number[]
  end: number | null
  /** Score at which the tail that Redis keeps begins, and its rank at this moment. */
  tail: [score: number, rank: number] | null
}

export interface Tail {
  generation: number
  draw: string
  /** Rank of the first score when it was read. */
  begins: number
  scores: number[]
  end: number | null
}

/** Is there anybody behind what the sketch tells? */
export function hasTail({ scores, end }: Sketch): boolean {
  return end === null && scores.length > 0
}

/** Was this tail read from the same line in the same order? */
export function fits(sketch: Sketch, tail: Tail): boolean {
  return sketch.generation === tail.generation && sketch.draw === tail.draw
}

export function tickOf(event: EventId, sketch: Sketch, tail: Tail | undefined): LineTick {
  const { generation, state, draw, waiting, active, frontier, bound, soldOut, now, scores, end } = sketch
  const front = { first: 0, shift: 0, scores, end: end ?? undefined }
  const behind = tail === undefined ? NO_STRETCH : movedUp(tail, sketch, front)
  return {
    type: 'tick',
    eventId: event,
    generation,
    state,
    waiting,
    active,
    frontier,
    knots: wholeKnots(front, behind),
    ...paceOf(sketch),
    bound,
    serverTime: now,
    soldOut,
    ...(draw === 'due' || draw === 'filling' ? { unordered: true } : {}),
    front,
    behind,
  }
}

function movedUp({ begins, scores, end }: Tail, { tail: now }: Sketch, front: Stretch): Stretch {
  let first = 0
  while (rankAt(first) < begins) first++
  const still: Stretch = { first, shift: 0, scores, end: end ?? undefined }
  // Redis counts exactly how far it has moved; where it keeps another one by now, the last of the front says it nearly.
  const shift =
    now !== null && now[0] === scores[0]
      ? begins - now[1]
      : positionOf(knotsOf(still), front.scores.at(-1) ?? 0) - begins
  const by = Math.max(0, shift)
  return { ...still, shift: by, end: still.end === undefined ? undefined : Math.max(0, still.end - by) }
}

function wholeKnots(front: Stretch, behind: Stretch): number[] {
  const knots = knotsOf(front)
  const [score = Number.NEGATIVE_INFINITY, rank = -1] = knots.slice(-2)
  const more = knotsOf(behind)
  for (let i = 0; i + 1 < more.length; i += 2) {
    const [itsScore = 0, itsRank = 0] = [more[i], more[i + 1]]
    if (itsScore > score && itsRank > rank) knots.push(itsScore, itsRank)
  }
  return knots
}

export function tickOfNoQueue(event: EventId, generation: number, now: number): LineTick {
  return {
    type: 'tick',
    eventId: event,
    generation,
    state: 'off',
    waiting: 0,
    active: 0,
    soldOut: false,
    frontier: 0,
    knots: [],
    rate: 0,
    leaving: 0,
    bound: 'none',
    serverTime: now,
    front: NO_STRETCH,
    behind: NO_STRETCH,
  }
}
