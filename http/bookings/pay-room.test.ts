import { expect, test } from 'vitest'
import type { Clock } from '../../shared/clock.ts'
import { PayRoom } from './pay-room.ts'

const MOST = 64

/** Time stands until it is moved; whoever sleeps is woken by that, or by their signal. */
function makeClock() {
  let now = 1_000_000
  const sleepers: { at: number; wake: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        sleepers.push({ at: now + ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const pass = async (ms: number) => {
    now += ms
    for (const { at, wake } of sleepers) if (at <= now) wake()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { clock, pass }
}

/** How many of so many payments are let in now. */
function entering(room: PayRoom, count: number) {
  const inside: number[] = []
  const answers = Array.from({ length: count }, async (_, nth) => {
    const isIn = await room.enter(5_000)
    if (isIn) inside.push(nth)
    return isIn
  })
  return { inside, answers }
}

test('[B100] each slow hold halves the room for payments, who waits is let in in order, and calm gives it back', async () => {
  const { clock, pass } = makeClock()
  const room = new PayRoom(clock)
  await pass(1_000)
  const { inside } = entering(room, 100)
  await pass(0)
  expect(inside).toHaveLength(MOST)
  for (let nth = 0; nth < 3; nth++) {
    await pass(50)
    room.held(200)
  }
  for (let nth = 0; nth < MOST; nth++) room.leave()
  await pass(0)
  const after = inside.slice(MOST)
  expect(after.length).toBeLessThanOrEqual(MOST / 4)
  expect(after).toEqual(Array.from({ length: after.length }, (_, nth) => MOST + nth))
  // No slow hold for a while.
  await pass(4_000)
  room.held(1)
  await pass(0)
  expect(inside).toHaveLength(100)
})

test('[B100] who has waited too long is told so, and takes nobody’s room', async () => {
  const { clock, pass } = makeClock()
  const room = new PayRoom(clock)
  const { answers } = entering(room, MOST + 1)
  await pass(5_000)
  expect(await answers[MOST]).toBe(false)
  const next = room.enter(5_000)
  room.leave()
  expect(await next).toBe(true)
})

test('[B100] one payment always has room', async () => {
  const { clock, pass } = makeClock()
  const room = new PayRoom(clock)
  for (let nth = 0; nth < 20; nth++) {
    await pass(50)
    room.held(1_000)
  }
  expect(await room.enter(5_000)).toBe(true)
})
