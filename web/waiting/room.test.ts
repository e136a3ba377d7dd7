import { expect, test } from 'vitest'
import type { QueueView } from '../../client/queue.ts'
import { closedWords, roomOf, stateWords } from './room.ts'

const view = (more: Partial<QueueView>): QueueView => ({
  queue: 'open',
  waiting: 0,
  active: 0,
  message: undefined,
  preQueueAt: undefined,
  opensAt: undefined,
  soldOut: false,
  place: 'waiting',
  refused: undefined,
  position: 3,
  wait: null,
  draw: undefined,
  entry: undefined,
  slower: undefined,
  pass: undefined,
  until: undefined,
  reason: undefined,
  receipt: undefined,
  shown: undefined,
  ...more,
})

const refused = (code: 'queue_closed' | 'too_many_places', from?: number) =>
  view({ place: 'refused', refused: { code, from } })

test('[V80] the waiting room has a face of its own for each way to stand before the doors', () => {
  expect(roomOf(view({ place: 'joining' }))).toBe('finding')
  expect(roomOf(refused('queue_closed', 5))).toBe('planned')
  expect(roomOf(refused('queue_closed'))).toBe('closed')
  expect(roomOf(refused('too_many_places'))).toBe('crowded')
  expect(roomOf(view({ queue: 'pre_queue', draw: 'to_come', position: undefined }))).toBe('draw')
  expect(roomOf(view({ queue: 'recovering', draw: 'to_come', position: undefined }))).toBe('draw')
  expect(roomOf(view({ queue: 'pre_queue', draw: 'drawn' }))).toBe('early')
  expect(roomOf(view({ queue: 'pre_queue' }))).toBe('early')
  expect(roomOf(view({ queue: 'paused' }))).toBe('line')
  expect(roomOf(view({ place: 'ended' }))).toBe('outside')
})

test('[V81] a pause, a fault, a closing line and nothing left are told to those who wait, each in its own words', () => {
  const told = [
    view({ queue: 'paused' }),
    view({ queue: 'recovering' }),
    view({ queue: 'closing' }),
    view({ soldOut: true }),
    view({ queue: 'pre_queue', draw: 'drawn' }),
    view({ slower: 'rate' }),
  ].map(stateWords)
  expect(new Set(told).size).toBe(6)
  for (const words of told) expect(words).toMatch(/\.$/)
  expect(stateWords(view({ soldOut: true }))).toContain('called first')
  expect(stateWords(view({}))).toBeUndefined()
})

test('[V81] who is refused for good is told why', () => {
  const titles = [view({ soldOut: true }), view({ queue: 'closing' }), view({})].map(
    one => closedWords(one)[0],
  )
  expect(titles).toEqual(['Sold out', 'The line is closing', 'The line takes nobody new'])
})
