import { expect, test } from 'vitest'
import { MOST_CALLS, MOST_WAITING, PayRoom } from './pay-room.ts'

const FIRST = 16
const MOST = 64

function makeRoom() {
  let now = 1_000_000
  const room = new PayRoom({ now: () => now, sleep: () => new Promise(resolve => setTimeout(resolve, 1)) })
  const pass = (ms: number) => {
    now += ms
  }
  return { room, pass }
}

const fill = (room: PayRoom) => Array.from({ length: room.left() }, () => room.enter())

test('[B100] each slow hold halves the room for payments, and calm gives it back', () => {
  const { room, pass } = makeRoom()
  pass(5_000)
  expect(room.left()).toBe(FIRST)
  const leaves = fill(room)
  expect(room.left()).toBe(0)
  expect(room.enter()).toBe(undefined)
  for (let nth = 0; nth < 3; nth++) {
    pass(50)
    room.held(200)
    room.held(200)
  }
  for (const leave of leaves) leave?.()
  expect(room.left()).toBe(FIRST / 8)
  pass(1_000)
  room.held(1)
  expect(room.left()).toBe(FIRST / 8 + 5)
  pass(12_000)
  expect(room.left()).toBe(FIRST)
})

test('[B104] each four payments that end in a full room open it by one, to 64; slow holds and a calm end that', () => {
  const { room, pass } = makeRoom()
  const leaves = fill(room)
  /** One ends, and another begins. */
  const next = (times: number) => {
    for (let nth = 0; nth < times; nth++) {
      leaves.shift()?.()
      while (room.left() > 0) leaves.push(room.enter())
    }
  }
  next(3)
  expect(leaves.length).toBe(FIRST)
  next(1)
  expect(leaves.length).toBe(FIRST + 1)
  expect(room.isFull()).toBe(false)
  next(4 * MOST)
  expect([leaves.length, room.isFull()]).toEqual([MOST, true])
  for (const leave of leaves.splice(1)) leave?.()
  // In a room that is not full, nothing more is asked for.
  expect(room.left()).toBe(MOST - 1)
  pass(200)
  expect(room.left()).toBe(MOST - 2)
  pass(60_000)
  expect(room.left()).toBe(FIRST - 1)
  leaves.push(...fill(room))
  room.held(200)
  pass(50)
  room.held(200)
  next(100)
  expect(room.isNarrow()).toBe(true)
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
  expect(room.left()).toBe(FIRST)
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

/** Holds are late, and one payment is under way: there is no room for another. */
function late() {
  const made = makeRoom()
  const leaves = fill(made.room)
  for (let nth = 0; nth < 8; nth++) {
    made.pass(50)
    made.room.held(200)
  }
  for (const leave of leaves.slice(1)) leave?.()
  expect([made.room.isNarrow(), made.room.left()]).toEqual([true, 0])
  return { ...made, leave: () => leaves[0]?.() }
}

test('[B102] while holds are late whoever pays waits for room in turn, to an end; past the most who wait the next is told to come again, later where many are', async () => {
  const { room, pass, leave } = late()
  const came: string[] = []
  const wait = async (name: string) => {
    const entered = await room.wait(4_000)
    came.push(`${name} ${entered === undefined ? 'not' : 'in'}`)
    return entered
  }
  const first = wait('first')
  const others = Array.from({ length: MOST_WAITING - 1 }, (_, nth) => wait(String(nth)))
  expect(room.takesMore()).toBe(false)
  expect(await room.wait(4_000)).toBe(undefined)
  expect(room.refuse()).toBe(3)
  for (let nth = 0; nth < 5_000; nth++) room.refuse()
  expect(room.refuse()).toBe(20)
  leave()
  const leaveFirst = await first
  expect(came).toEqual(['first in'])
  expect(room.takesMore()).toBe(true)
  pass(4_000)
  room.held(300)
  leaveFirst?.()
  await Promise.all(others)
  expect(came).toContain('0 not')
  expect(room.takesMore()).toBe(true)
})

test('[B102] what is slow is so by what holds take in calm here, and the share that was late is told once', () => {
  const { room, pass } = makeRoom()
  room.enter()
  pass(10 * 60_000)
  for (let nth = 0; nth < 10; nth++) room.held(40)
  expect([room.left(), room.holds()]).toEqual([FIRST - 1, { all: 10, late: 0 }])
  room.held(200)
  expect(room.holds()).toEqual({ all: 1, late: 1 })
  expect(room.holds()).toEqual({ all: 0, late: 0 })
  // What is refused at once, a clock that goes back and a long calm leave the measure what it is.
  room.held(0, true)
  room.held(-5)
  room.held(40)
  pass(18 * 3_600_000)
  for (let nth = 0; nth < 50; nth++) room.held(40)
  expect(room.holds()).toEqual({ all: 53, late: 0 })
})

test('[B102] one late hold, or one in a hundred, takes no room; and where holds stay late there is some again after half a minute', () => {
  const { room, pass } = makeRoom()
  const leave = room.enter()
  for (let nth = 0; nth < 2_000; nth++) {
    pass(2)
    room.held(nth % 100 === 50 ? 300 : 5)
  }
  expect(room.left()).toBe(FIRST - 1)
  const stay = (times: number) => {
    for (let nth = 0; nth < times; nth++) {
      pass(50)
      room.held(300)
    }
  }
  stay(100)
  leave?.()
  expect(room.left()).toBe(1)
  const again = room.enter()
  stay(600)
  again?.()
  expect(room.left()).toBe(8)
})
