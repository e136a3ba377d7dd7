import { expect, test } from 'vitest'
import { eventId, visitorId } from '../../shared/ids.ts'
import { PollPace } from './poll-pace.ts'

const EVENT = eventId('e123')
const fan = (i: number) => visitorId(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`)

function paced(random = 0) {
  const time = { now: 1_000_000 }
  return { time, pace: new PollPace({ clock: { now: () => time.now }, chance: { fraction: () => random } }) }
}

test('[Q150] who polls is told when to ask again: by position, a third of the grace at most, not all at once', () => {
  const { pace } = paced()
  const asked = [0, 500, 5_000, 50_000].map((position, i) => pace.next(EVENT, fan(i), position, 120))
  expect(asked).toEqual([2, 5, 10, 20])
  expect(pace.next(EVENT, fan(9), 50_000, 30)).toBe(10)
  expect(paced(0.99).pace.next(EVENT, fan(1), 50_000, 120)).toBe(25)
})

test('[Q151] early polls are refused with the time that is left, after some that cost nothing', () => {
  const { pace, time } = paced()
  const visitor = fan(1)
  expect(pace.next(EVENT, visitor, 50_000, 120)).toBe(20)
  time.now += 1_000
  const answers = Array.from({ length: 5 }, () => pace.early(EVENT, visitor))
  expect(answers).toEqual([0, 0, 0, 19, 19])
  expect(pace.early(EVENT, fan(2))).toBe(0)
  time.now += 15_000
  expect(pace.early(EVENT, visitor)).toBe(0)
})

test('[Q152] when more ask than one process should answer, everyone asks less often', () => {
  const { pace, time } = paced()
  for (let i = 0; i < 3_000; i++) pace.early(EVENT, fan(i))
  time.now += 1_000
  pace.early(EVENT, fan(0))
  expect(pace.next(EVENT, fan(1), 0, 120)).toBe(6)
  expect(pace.next(EVENT, fan(1), 50_000, 120)).toBe(40)
  time.now += 10_000
  pace.early(EVENT, fan(0))
  expect(pace.next(EVENT, fan(1), 0, 120)).toBe(2)
})
