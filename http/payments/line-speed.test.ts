import { expect, test } from 'vitest'
import { LineSpeed } from './line-speed.ts'

function makeLine(mostRps = 1_000) {
  let now = 5_000_000
  const line = new LineSpeed({ now: () => now, sleep: () => Promise.resolve() }, mostRps)
  /** Looked at each second, while it moves as fast as this. */
  const moves = (seconds: number, rps: number, from = 1) => {
    for (let nth = 0; nth <= seconds; nth++) {
      line.secondsFor(1, from + nth * rps)
      now += 1_000
    }
    return from + seconds * rps
  }
  return { line, moves }
}

test('[P104] the wait that the line tells goes by what it served lately, and by STRIPE_RPS where that is not known', () => {
  const { line, moves } = makeLine()
  expect(line.secondsFor(500, 1)).toBe(1)
  const first = moves(10, 40)
  expect(line.secondsFor(2_000, first)).toBeGreaterThanOrEqual(50)
  expect(line.secondsFor(2_000, first)).toBeLessThan(60)
  // Half a minute later nothing of that counts.
  moves(30, 200, first)
  expect(line.secondsFor(2_000, first + 30 * 200)).toBeLessThan(12)
})

test('[P104] a line that stands still for a moment is told to move at ten a second, and none faster than STRIPE_RPS', () => {
  const { line, moves } = makeLine()
  moves(8, 0)
  expect(line.secondsFor(100, 1)).toBe(10)
  const few = makeLine(20)
  const first = few.moves(8, 90)
  expect(few.line.secondsFor(100, first)).toBe(5)
  const slow = makeLine(2)
  slow.moves(8, 0)
  expect(slow.line.secondsFor(10, 1)).toBe(5)
})

test('[P104] a time in which nobody stood in the line, and a clock that is set, say nothing of how fast it is', () => {
  let now = 5_000_000
  const line = new LineSpeed({ now: () => now, sleep: () => Promise.resolve() }, 1_000)
  line.secondsFor(1, 1)
  now += 15_000
  expect(line.secondsFor(2_000, 2)).toBe(2)
  for (const _ of Array(5)) {
    now += 1_000
    line.secondsFor(1, 2)
  }
  expect(line.secondsFor(2_000, 2)).toBe(200)
  now -= 3_600_000
  expect(line.secondsFor(2_000, 2)).toBe(2)
})
