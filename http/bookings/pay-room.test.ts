import { expect, test } from 'vitest'
import { MOST_CALLS, PayRoom } from './pay-room.ts'

const MOST = 64

function makeRoom() {
  let now = 1_000_000
  const room = new PayRoom({ now: () => now, sleep: () => Promise.resolve() })
  const pass = (ms: number) => {
    now += ms
  }
  return { room, pass }
}

test('[B100] each slow hold halves the room for payments, and calm gives it back', () => {
  const { room, pass } = makeRoom()
  pass(5_000)
  expect(room.left()).toBe(MOST)
  const leaves = Array.from({ length: MOST }, () => room.enter())
  expect(room.left()).toBe(0)
  expect(room.enter()).toBe(undefined)
  for (let nth = 0; nth < 3; nth++) {
    pass(50)
    room.held(200)
    room.held(200)
  }
  for (const leave of leaves) leave?.()
  expect(room.left()).toBe(MOST / 8)
  pass(1_000)
  room.held(1)
  expect(room.left()).toBe(MOST / 8 + 20)
  pass(4_000)
  expect(room.left()).toBe(MOST)
})

test('[B100] one payment always has room, and holds that are slow where nobody pays take none', () => {
  const { room, pass } = makeRoom()
  const slow = () => {
    for (let nth = 0; nth < 20; nth++) {
      pass(50)
      room.held(1_000)
    }
  }
  slow()
  expect(room.left()).toBe(MOST)
  const leave = room.enter()
  slow()
  leave?.()
  expect(room.left()).toBe(1)
})

test('[B101] calls to pay past the most of one process are turned away until one has its answer', () => {
  const { room } = makeRoom()
  const hangUps = Array.from({ length: MOST_CALLS }, () => room.call())
  for (const hangUp of hangUps) expect(hangUp).toBeDefined()
  expect(room.call()).toBe(undefined)
  hangUps[0]?.()
  expect(room.call()).toBeDefined()
})
