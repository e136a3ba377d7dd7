import { expect, test } from 'vitest'
import { mapFaults } from './map-faults.ts'
import { overlapping } from './map-outlines.ts'
import { smallHouse } from './small-house.ts'

/** A comb of so many teeth, 2 m high. */
function comb(teeth: number): number[] {
  const top = Array.from({ length: teeth }, (_, i) => [4 * i, 100, 4 * i + 2, 0]).flat()
  return [...top, 4 * teeth, 200, 0, 200]
}

test('[E33] outlines of so many corners that comparing them would take minutes are refused in words', () => {
  const combs = Array.from({ length: 400 }, () => comb(240))
  const began = performance.now()
  expect(overlapping(combs)).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(2_000)
  const map = smallHouse()
  const [section] = map.sections
  map.sections = combs.map((outline, s) => ({ ...section!, id: `${s}`, name: `S${s}`, outline }))
  const told: string[] = []
  mapFaults(map, (place, message) => told.push(`${place.join('.')} ${message}`))
  expect(told.filter(line => line.startsWith('sections have outlines'))).toHaveLength(1)
})

test('[E32] the same outline twice, one within another and one across another are told, whichever comes first', () => {
  const square = (x: number, y: number, width: number, height = width) => [
    x,
    y,
    x + width,
    y,
    x + width,
    y + height,
    x,
    y + height,
  ]
  const large = square(0, 0, 1_000)
  for (const other of [large, square(400, 400, 100), square(-500, 400, 2_000, 100), square(950, 950, 500)]) {
    expect(overlapping([large, other])).toEqual([[0, 1]])
    expect(overlapping([other, large])).toEqual([[0, 1]])
  }
  expect(overlapping([large, square(1_000, 0, 1_000), square(0, 985, 1_000)])).toEqual([])
})
