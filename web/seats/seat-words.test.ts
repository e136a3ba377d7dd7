import { describe, expect, it } from 'vitest'
import type { LostSeat } from '../../client/seats.ts'
import { lostTexts, type Place, placeName, placesName, specialName, statusName } from './seat-words.ts'

const seat = (section: string, row: string, number: number): Place => ({
  section,
  row,
  seat: String(number),
  kind: 'seat',
})

describe('seats in words', () => {
  it('[V16] a place is named by section, row and seat', () => {
    expect(placeName(seat('103', '12', 4))).toBe('Section 103, row 12, seat 4')
    expect(placeName(seat('Stalls left', 'C', 4))).toBe('Stalls left, row C, seat 4')
    expect(placeName({ section: 'Floor', row: '', seat: '812', kind: 'standing' })).toBe('Floor')
  })

  it('[E34] what is to be known of the view is said beside what else is special', () => {
    expect(specialName({ kind: 'seat' })).toBeUndefined()
    expect(specialName({ kind: 'seat', view: 'A pillar to the left' })).toBe('A pillar to the left')
    expect(specialName({ kind: 'companion', view: 'From the side' })).toBe('companion seat · From the side')
  })

  it('[V16] neighbours are named together', () => {
    expect(
      placesName([seat('103', '12', 4), seat('103', '12', 5), seat('103', '12', 6), seat('104', '1', 9)]),
    ).toBe('Section 103, row 12, seats 4, 5 and 6; Section 104, row 1, seat 9')
  })

  it('[V7] a loss names the seats and what became of them', () => {
    const lost = [0, 1].map((index): LostSeat => ({ index, was: 'chosen', why: 'held' }))
    expect(lostTexts(lost, index => seat('A', '1', index + 1))).toEqual([
      'A, row 1, seats 1 and 2 were just taken by somebody else and are no longer in your selection.',
    ])
  })

  it('[W144] a lost seat is told with its reason, chosen or held, and seats of one reason together', () => {
    const places = [seat('103', '12', 4), seat('103', '12', 5), seat('A', '1', 1)]
    const told = (...lost: [number, LostSeat['was'], LostSeat['why']][]) =>
      lostTexts(
        lost.map(([index, was, why]) => ({ index, was, why })),
        index => places[index],
      )
    const here = 'Section 103, row 12, seat 4'
    const gone = 'and is no longer in your selection.'
    expect(told([0, 'chosen', 'held'])).toEqual([`${here} was just taken by somebody else ${gone}`])
    expect(told([0, 'chosen', 'sold'])).toEqual([`${here} was just sold to somebody else ${gone}`])
    expect(told([0, 'chosen', 'blocked'])).toEqual([
      `${here} was just taken off sale by the organiser ${gone}`,
    ])
    expect(told([0, 'held', 'blocked'])).toEqual([
      `${here} was taken off sale by the organiser and is no longer yours.`,
    ])
    expect(
      told([0, 'held', 'ended'], [1, 'held', 'ended'], [2, 'chosen', 'sold'], [9, 'chosen', 'sold']),
    ).toEqual([
      'Section 103, row 12, seats 4 and 5 are no longer yours, as your hold has ended.',
      `A, row 1, seat 1 was just sold to somebody else ${gone}`,
    ])
  })

  it('[V16] every status has a word of its own', () => {
    const words = ([0, 1, 2, 3] as const).map(status => statusName(status, undefined))
    expect(new Set([...words, statusName(1, 'mine'), statusName(0, 'chosen')]).size).toBe(6)
  })
})
