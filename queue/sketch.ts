/** What lua/sketch.lua answers, as everyone hears it. */
import type { EventId } from '../shared/ids.ts'
import type { QueueState, QueueTick } from '../shared/wire/messages.ts'

interface Sketch {
  generation: number
  state: QueueState
  waiting: number
  active: number
  frontier: number
  pace: number
  weight: number
  rate: number
  soldOut: boolean
  now: number
  knots: number[]
}

export function parseSketch(event: EventId, text: string): QueueTick {
  const sketch = JSON.parse(text) as Sketch
  const { generation, state, waiting, active, frontier, soldOut, now, knots } = sketch
  return {
    type: 'tick',
    eventId: event,
    generation,
    state,
    waiting,
    active,
    frontier,
    knots,
    rate: measuredRate(sketch),
    soldOut,
    serverTime: now,
  }
}

/** Before anything is measured the operator's rate counts, as if it had been seen for so many seconds. */
const PRIOR_SECONDS = 5

/** Admissions a second over the last minute of waiting (`pace` in `weight` seconds); 0 while the doors stand still. */
function measuredRate({ state, pace, weight, rate }: Sketch): number {
  if (state !== 'open') return 0
  return (pace + rate * PRIOR_SECONDS) / (weight + PRIOR_SECONDS)
}

export function tickOfNoQueue(event: EventId, generation: number, now: number): QueueTick {
  return {
    type: 'tick',
    eventId: event,
    generation,
    state: 'off',
    waiting: 0,
    active: 0,
    frontier: 0,
    knots: [],
    rate: 0,
    soldOut: false,
    serverTime: now,
  }
}
