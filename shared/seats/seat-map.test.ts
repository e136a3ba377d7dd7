import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventId, splitTicketId, ticketId } from '../ids.ts'
import { SeatPlan, seatPoints } from './seat-map.ts'
import { smallHouse } from './small-house.ts'

const plan = new SeatPlan(smallHouse())

test('[S40] every index below the total is one seat or unit, and no other is', () => {
  expect(plan).toMatchObject({ seats: 40, units: 10, total: 50 })
  const names = Array.from({ length: 50 }, (_, index) => {
    const { section, row, seat } = plan.at(index) ?? {}
    return `${section}/${row}/${seat}`
  })
  expect(new Set(names).size).toBe(50)
  expect(plan.at(0)).toEqual({
    index: 0,
    section: 'Left',
    row: 'A',
    seat: '1',
    category: 'a',
    kind: 'accessible',
  })
  expect(plan.at(39)).toMatchObject({ section: 'Right', row: 'B', seat: '10', kind: 'seat' })
  expect(plan.at(40)).toEqual({
    index: 40,
    section: 'Floor',
    row: '',
    seat: '1',
    category: 'floor',
    kind: 'standing',
  })
  for (const outside of [-1, 50, 1.5, Number.NaN]) expect(plan.at(outside)).toBeUndefined()
})

test('[S41] seat centres are the running sum of their deltas', () => {
  const row = plan.map.sections[0]?.rows[1]
  expect(row && seatPoints(row).slice(0, 3)).toEqual([
    { x: 30, y: 160 },
    { x: 90, y: 160 },
    { x: 150, y: 160 },
  ])
})

test('[S42] a ticket id comes apart as it was put together, and other texts are no ticket ids', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{4,32}$/), fc.nat(9_999_999), (event, index) => {
      expect(splitTicketId(ticketId(eventId(event), index))).toEqual({ eventId: event, index })
    }),
  )
  for (const bad of [
    '',
    'abcd',
    'abcd-',
    'abcd-01',
    'abcd--1',
    'abcd-1.5',
    'ABCD-1',
    'abcd-12345678',
    'abcd-1 ',
  ]) {
    expect(splitTicketId(bad), bad).toBeUndefined()
  }
})
