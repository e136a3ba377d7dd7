import { describe, expect, it } from 'vitest'
import { lostText, type Place, placeName, placesName, specialName, statusName } from './seat-words.ts'

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
    expect(lostText([seat('103', '12', 4)])).toBe(
      'Section 103, row 12, seat 4 was just taken by somebody else and is no longer in your selection.',
    )
    expect(lostText([seat('A', '1', 1), seat('A', '1', 2)])).toMatch(
      /^A, row 1, seats 1 and 2 were just taken/,
    )
  })

  it('[V16] every status has a word of its own', () => {
    const words = ([0, 1, 2, 3] as const).map(status => statusName(status, undefined))
    expect(new Set([...words, statusName(1, 'mine'), statusName(0, 'chosen')]).size).toBe(6)
  })
})
