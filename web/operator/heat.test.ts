import { describe, expect, test } from 'vitest'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import type { SectionHeat } from '../../shared/wire/messages.ts'
import { heatStep, heatWords, ordered, percent, taken } from './heat.ts'
import { outlines } from './outlines.ts'

function part(name: string, total: number, sold: number, held: number): SectionHeat {
  return { section: name, name, total, sold, held }
}

describe('how full a house is', () => {
  test('[V65] the share is sold and held, and each step of colour has its own range', () => {
    expect(taken(part('A', 200, 50, 50))).toBe(0.5)
    expect(taken(part('A', 0, 0, 0))).toBe(0)
    expect([0, 0.001, 0.1, 0.3, 0.6, 0.999, 1].map(heatStep)).toEqual([0, 1, 2, 3, 4, 4, 5])
    expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(['0%', '<1%', '50%', '>99%', '100%'])
  })

  test('[V65] the fullest stand first, or all as on the map, each told in words', () => {
    const heat = [part('A', 10, 1, 0), part('B', 10, 5, 5), part('C', 100, 10, 0)]
    expect(ordered(heat, 'taken').map(({ name }) => name)).toEqual(['B', 'C', 'A'])
    expect(ordered(heat, 'map')).toBe(heat)
    expect(heatWords(part('Block 7', 1_000, 250, 50))).toBe(
      'Block 7: 30% taken, 250 sold and 50 held of 1,000',
    )
  })

  test('[V65] sections and standing areas are drawn in their outlines, named where there is room', () => {
    const square = (x: number, size: number) => [x, 0, x + size, 0, x + size, size, x, size]
    const map: SeatMap = {
      format: 1,
      name: 'House',
      width: 1_000,
      height: 1_000,
      focalPoint: { x: 0, y: 0 },
      stage: { label: 'Stage', outline: square(0, 100) },
      categories: [],
      sections: [
        { id: 's', name: 'Block 216', outline: square(100, 400), rows: [] },
        { id: 't', name: 'Tiny', outline: square(500, 4), rows: [] },
      ],
      areas: [{ id: 'a', name: 'Floor', category: 'c', first: 0, capacity: 9, outline: square(600, 400) }],
    }
    const { box, parts } = outlines(map)
    expect(box).toEqual([-10, -10, 1_020, 420])
    expect(parts.map(({ id, label }) => [id, label?.text])).toEqual([
      ['s', '216'],
      ['t', undefined],
      ['a', 'Floor'],
    ])
    expect(parts[0]).toMatchObject({ points: '100,0 500,0 500,400 100,400', label: { x: 300, y: 200 } })
  })
})
