import { describe, expect, it } from 'vitest'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import { smallHouse } from '../../shared/seats/small-house.ts'
import { type Choice, meantBy, NO_CHOICE, together } from './kept-back.ts'

const plan = new SeatPlan(smallHouse(10))
const [left] = plan.map.sections
const choice = (change: Partial<Choice>): Choice => ({ ...NO_CHOICE, part: left?.id ?? '', ...change })
const meant = (change: Partial<Choice>, blocked: number[] = []) =>
  meantBy(plan, choice(change), new Set(blocked))

describe('which seats are meant', () => {
  it('[W146] a section, a row, or seats by label, spans and lists, without those kept back already', () => {
    expect(meant({})).toEqual({ ok: true, indices: Array.from({ length: 20 }, (_, at) => at) })
    expect(meant({ row: '1' }, [10, 19])).toEqual({ ok: true, indices: [11, 12, 13, 14, 15, 16, 17, 18] })
    expect(meant({ row: '0', seats: '1-3, 7; 5–6' })).toEqual({ ok: true, indices: [0, 1, 2, 4, 5, 6] })
    expect(meant({ row: '0', seats: '3-1' })).toEqual({ ok: true, indices: [0, 1, 2] })
  })

  it('[W146] a label that the row has not is named', () => {
    expect(meant({ row: '0', seats: '1, 11' })).toEqual({
      ok: false,
      field: 'seats',
      fault: 'Row A has no seat “11”.',
    })
    expect(meant({ row: '0', seats: '4-x' })).toMatchObject({ ok: false, field: 'seats' })
  })

  it('[W146] of a standing area its last places, by number, and no more than there are', () => {
    expect(meant({ part: 'floor', places: '2' }, [49])).toEqual({
      ok: true,
      indices: [47, 48],
      spare: [40, 41, 42, 43, 44, 45, 46],
    })
    for (const places of ['', '0', '1.5', '11', 'x'])
      expect(meant({ part: 'floor', places })).toMatchObject({ ok: false, field: 'places' })
  })
})

it('[W147] seats kept back are told together by row, reason and operator', () => {
  const block = (index: number, reason = 'press', actor = 'ada') => ({
    ticketId: `hot1-${index}`,
    reason,
    actor,
    createdAt: `2026-04-0${1 + (index % 3)}T10:00:00.000Z`,
  })
  const told = together(plan, [
    block(0),
    block(1),
    block(2),
    block(5),
    block(6, 'fault'),
    block(11),
    block(41),
  ])
  expect(told.map(({ row, seats, reason, ticketIds }) => [row, seats, reason, ticketIds.length])).toEqual([
    ['A', '1–3, 6', 'press', 4],
    ['A', '7', 'fault', 1],
    ['B', '2', 'press', 1],
    ['', '1', 'press', 1],
  ])
  expect(told[0]).toMatchObject({ actor: 'ada', since: '2026-04-01T10:00:00.000Z' })
})
