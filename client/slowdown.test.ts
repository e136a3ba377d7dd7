import { expect, test } from 'vitest'
import type { QueueTick } from '../shared/wire/messages.ts'
import { Slowdown } from './slowdown.ts'
import { EVENT, World } from './world-fixture.ts'

const wait = (p50: number) => ({ p50, p90: 2 * p50 })

test('[Q163] a wait that becomes longer by more than a fifth is told with what bounds admission, for two minutes; less is no news', () => {
  const slowdown = new Slowdown()
  expect(slowdown.of(0, wait(600), 'rate')).toBeUndefined()
  expect(slowdown.of(60_000, wait(600), 'cap')).toBeUndefined()
  expect(slowdown.of(60_000, wait(670), 'cap')).toBe('cap')
  expect(slowdown.of(120_000, wait(640), 'payments')).toBe('payments')
  // It has become as it was told.
  expect(slowdown.of(121_000, wait(520), 'rate')).toBeUndefined()
  expect(slowdown.of(130_000, wait(700), 'rate')).toBe('rate')
  expect(slowdown.of(249_000, wait(600), 'rate')).toBe('rate')
  expect(slowdown.of(251_000, wait(600), 'rate')).toBeUndefined()
  expect(slowdown.of(252_000, wait(600), 'rate')).toBeUndefined()
  // What becomes shorter is the new measure.
  expect(slowdown.of(253_000, wait(100), 'rate')).toBeUndefined()
  expect(slowdown.of(254_000, wait(130), 'seats')).toBe('seats')
})

test('[Q165] where nobody is let in any more the reason is told to whom a wait was told, and another place begins anew', () => {
  const slowdown = new Slowdown()
  expect(slowdown.of(0, null, 'paused')).toBeUndefined()
  slowdown.of(1_000, wait(60), 'rate')
  expect(slowdown.of(2_000, null, 'paused')).toBe('paused')
  expect(slowdown.of(3_000, null, 'none')).toBeUndefined()
  slowdown.forget()
  expect(slowdown.of(4_000, wait(6_000), 'cap')).toBeUndefined()
})

test('[Q163] a place that waits says so: its ticks are held against what was told', async () => {
  const world = new World()
  const queue = world.onsale().queue(EVENT)
  queue.join()
  await world.pass(10)
  const place = {
    state: 'waiting',
    position: 900,
    score: 500,
    receipt: 'r',
    generation: 1,
    wait: null,
  } as const
  world.socket.say({ type: 'place', eventId: EVENT, place })
  const tick = (more: Partial<QueueTick>): QueueTick => ({
    type: 'tick',
    eventId: EVENT,
    generation: 1,
    state: 'open',
    waiting: 1_000,
    active: 5,
    frontier: 0,
    soldOut: false,
    knots: [100, 0, 500, 900, 900, 1_000],
    rate: 1,
    leaving: 0,
    bound: 'rate',
    serverTime: world.now + world.ahead,
    ...more,
  })
  world.socket.say(tick({}))
  expect(queue.view).toMatchObject({ position: 900, slower: undefined, wait: { p50: 901 } })
  world.socket.say(tick({ rate: 0.5, bound: 'cap' }))
  expect(queue.view).toMatchObject({ slower: 'cap', wait: { p50: 1_802 } })
  world.socket.say(tick({ rate: 0.5, leaving: 0.001, bound: 'cap' }))
  expect(queue.view).toMatchObject({ slower: undefined, wait: { p50: 1_031 } })
  world.socket.say(tick({ state: 'paused', rate: 0, bound: 'paused' }))
  expect(queue.view).toMatchObject({ slower: 'paused', wait: null })
})
