import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type BookingEvent, from, isOver, next, STATES } from './machine.ts'

const LEGAL = [
  'in_progress --pay--> paying',
  'in_progress --confirm_free--> confirmed',
  'in_progress --lapse--> expired',
  'in_progress --cancel--> cancelled',
  'paying --money--> confirmed',
  'paying --seats_lost--> cancelled',
  'paying --pay_until--> closing',
  'paying --cancel--> closing',
  'paying --void--> expired',
  'closing --money--> confirmed',
  'closing --seats_lost--> cancelled',
  'closing --void--> expired',
  'closing --withdraw--> cancelled',
  'closing --guard_end--> expired',
  'expired --late_money--> confirmed',
  'confirmed --capture_failed--> cancelled',
  'confirmed --refund_all--> refunded',
]
const EVENTS = [...new Set(LEGAL.map(line => /--(\w+)-->/.exec(line)?.[1]))] as BookingEvent[]

test('[B1] A booking moves from state to state only as the table allows.', () => {
  const all = STATES.flatMap(state =>
    EVENTS.flatMap(event => {
      const to = next(state, event)
      return to === undefined ? [] : [`${state} --${event}--> ${to}`]
    }),
  )
  expect(all.sort()).toEqual([...LEGAL].sort())
})

test('[B32] The machine drawn in ARCHITECTURE.md is the machine.', () => {
  const drawn = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)
  const lines = [...drawn].map(([, state, to, event]) => `${state} --${event}--> ${to}`)
  expect(lines.sort()).toEqual([...LEGAL].sort())
})

test('an event knows the states it can happen in', () => {
  expect(from('money')).toEqual(['paying', 'closing'])
  expect(from('late_money')).toEqual(['expired'])
})

test('what is over is neither held nor awaited', () => {
  expect(STATES.filter(isOver)).toEqual(['expired', 'cancelled', 'refunded'])
})
