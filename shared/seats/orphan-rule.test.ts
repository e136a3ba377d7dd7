import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeChoice } from './orphan-rule.ts'
import { smallHouse } from './small-house.ts'
import { freeSeats, Stretches } from './stretches.ts'

const LENGTH = 9
const map = new Stretches(smallHouse(LENGTH))
/** The third row: no places for wheelchairs in it. */
const FIRST = 2 * LENGTH
const row = Array.from({ length: LENGTH }, (_, at) => FIRST + at)
const taken = fc.array(fc.boolean(), { minLength: LENGTH, maxLength: LENGTH })

function freeBut(picture: readonly boolean[]): Uint8Array {
  const free = new Uint8Array(map.seats).fill(1)
  for (const [at, isTaken] of picture.entries()) if (isTaken) free[FIRST + at] = 0
  return free
}

const drawn = (text: string) => freeBut([...text].map(sign => sign === 'x'))
const at = (...offsets: number[]) => offsets.map(offset => FIRST + offset)

test('[H20] A choice that leaves one lone free seat is refused, with the seat and others of the row that leave none.', () => {
  expect(judgeChoice(map, drawn('.........'), at(3, 4))).toEqual({ ok: true })
  expect(judgeChoice(map, drawn('.........'), at(1, 2))).toEqual({
    ok: false,
    orphans: at(0),
    instead: at(0, 1),
  })
  expect(judgeChoice(map, drawn('xx.......'), at(3))).toMatchObject({ ok: false, orphans: at(2) })
  expect(judgeChoice(map, drawn('.........'), at(3, 5))).toMatchObject({ ok: false, orphans: at(4) })
  // It was alone before.
  expect(judgeChoice(map, drawn('x.x......'), at(3, 4))).toEqual({ ok: true })
  // Where both would do it, the seat between two sections' rows is nobody's neighbour.
  expect(judgeChoice(map, drawn('.......xx'), at(5, 6))).toEqual({ ok: true })
})

test('[H20] Places for wheelchairs and companions are never lone, nor offered instead.', () => {
  const free = new Uint8Array(map.seats).fill(1)
  // Seat 0 is for a wheelchair and seat 1 for a companion.
  expect(judgeChoice(map, free, [2, 3])).toEqual({ ok: true })
  expect(judgeChoice(map, free, [3, 4])).toEqual({ ok: true })
  expect(judgeChoice(map, free, [0, 2])).toEqual({ ok: true })
})

test('[H21] Any row, any state: where so many seats are free there is a legal choice, and what is offered instead is one.', () => {
  fc.assert(
    fc.property(taken, fc.integer({ min: 1, max: LENGTH }), (picture, size) => {
      const free = freeBut(picture)
      const open = row.filter(index => free[index] === 1)
      fc.pre(open.length >= size)
      let legal = 0
      for (const choice of subsets(open, size)) {
        const judged = judgeChoice(map, free, choice)
        if (judged.ok) {
          legal++
          continue
        }
        expect(judged.orphans.length).toBeGreaterThan(0)
        expect(judged.instead).toHaveLength(size)
        expect(new Set(judged.instead).size).toBe(size)
        expect(judged.instead.every(index => free[index] === 1)).toBe(true)
        expect(judgeChoice(map, free, judged.instead)).toEqual({ ok: true })
      }
      expect(legal).toBeGreaterThan(0)
    }),
    { numRuns: 300 },
  )
})

test('[H21] The last choice of its size in a row is never refused.', () => {
  // Two seats side by side in runs of three alone: one stays alone whatever is chosen.
  expect(judgeChoice(map, drawn('...xxx...'), at(0, 1))).toEqual({ ok: true })
  expect(judgeChoice(map, drawn('..xxxxxxx'), at(0))).toEqual({ ok: true })
  // Beside a run where it could be done without, it is.
  expect(judgeChoice(map, drawn('...xx....'), at(0, 1))).toMatchObject({ ok: false, instead: at(5, 6) })
})

test('[H20] A seat beyond an aisle is no neighbour.', () => {
  const house = smallHouse(LENGTH)
  const aisle = house.sections[1]!.rows[0]!
  // Between the fifth seat and the sixth.
  aisle.xy[10] = 160
  const cut = new Stretches(house)
  const free = new Uint8Array(cut.seats).fill(1)
  expect(judgeChoice(cut, free, [FIRST + 3])).toMatchObject({ ok: false, orphans: [FIRST + 4] })
  expect(judgeChoice(cut, free, [FIRST + 3, FIRST + 4])).toEqual({ ok: true })
})

test('[H20] The picture is made of two bits a seat.', () => {
  expect([...freeSeats(Uint8Array.of(0b00_01_10_11, 0b00_00_00_00), 5)]).toEqual([1, 0, 0, 0, 1])
})

function* subsets(list: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) yield []
  else
    for (let at = from; at <= list.length - size; at++)
      for (const rest of subsets(list, size - 1, at + 1)) yield [list[at]!, ...rest]
}
