import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapFaults } from '../../shared/seats/map-faults.ts'
import { SeatPlan } from '../../shared/seats/seat-map.ts'
import { labelsOf } from '../../shared/seats/spans.ts'
import { checkEventFile } from './event-check.ts'

const now = Date.parse('2026-11-23T00:00:00Z')
const theatre = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))

/** The example with some of its parts in another way. */
type Patch = (file: ReturnType<typeof fresh>) => void
const fresh = () => structuredClone(theatre)
const linesOf = (raw: unknown): string[] => {
  const checked = checkEventFile(raw, { now })
  return checked.ok ? [] : checked.faults.map(({ place, message }) => `${place}: ${message}`)
}
const linesAfter = (patch: Patch): string[] => {
  const file = fresh()
  patch(file)
  return linesOf(file)
}
const eventOf = (raw: unknown) => {
  const checked = checkEventFile(raw, { now })
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults))
  return checked.event
}

test('[E1] a small theatre is written in forty lines, and laid out as it is told', () => {
  expect(readFileSync('docs/examples/little-theatre.json', 'utf8').trim().split('\n').length).toBeLessThan(40)
  const { map, startsAt } = eventOf(theatre)
  expect(new Date(startsAt).toISOString()).toBe('2030-05-14T17:30:00.000Z')
  const plan = new SeatPlan(map!)
  expect([plan.seats, plan.units]).toEqual([252, 40])
  const seats = [...plan.eachSeat()]
  expect(
    seats.find(({ section, row, seat }) => section === 'Stalls' && row === 'H' && seat === '6'),
  ).toMatchObject({
    category: 'stalls',
    kind: 'accessible',
  })
  expect(seats.filter(({ section }) => section === 'Balcony').length).toBe(60)
})

describe('[E2]', () => {
  const WRONG: [string, Patch, string[]][] = [
    [
      'an unknown key',
      f => (f.sections[1].seat = 1),
      ['sections[1].seat: there is no such key here; did you mean "seats"?'],
    ],
    ['no name', f => delete f.name, ['name: is missing']],
    [
      'another type',
      f => (f.type = 'theater'),
      ['type: must be one of "football", "concert", "theatre"; did you mean "theatre"?'],
    ],
    ['a text for a number', f => (f.venue.lat = '47'), ['venue.lat: must be a number, not "47"']],
    ['a latitude off the globe', f => (f.venue.lat = 147), ['venue.lat: must be from -90 to 90']],
    [
      'an unknown zone',
      f => (f.venue.timeZone = 'Europe/Viena'),
      [
        'venue.timeZone: "Europe/Viena" is no time zone (IANA, such as "Europe/Vienna"); did you mean "Europe/Vienna"?',
      ],
    ],
    [
      'an unknown country',
      f => (f.venue.country = 'XQ'),
      ['venue.country: "XQ" is no country (ISO 3166, such as "AT")'],
    ],
    [
      'an unknown currency',
      f => (f.currency = 'EURO'),
      ['currency: "EURO" is no currency (ISO 4217, such as "EUR"); did you mean "EUR"?'],
    ],
    [
      'a start that is over',
      f => (f.startsAt = '2026-11-22T19:30'),
      ['startsAt: "2026-11-22T19:30" is over: an event to sell is yet to come'],
    ],
    ['a sale after the start', f => (f.onSaleAt = '2030-05-14T19:30'), ['onSaleAt: must be before startsAt']],
    [
      'a day that is not',
      f => (f.startsAt = '2030-02-30T19:30'),
      ['startsAt: "2030-02-30T19:30" is no day of the calendar, or no time of a day'],
    ],
    [
      'an offset that is none',
      f => (f.startsAt = '2030-05-14T19:30+99:99'),
      ['startsAt: "2030-05-14T19:30+99:99" is no day of the calendar, or no time of a day'],
    ],
    [
      'a year before tickets',
      f => (f.onSaleAt = '0000-01-01T00:00Z'),
      ['onSaleAt: "0000-01-01T00:00Z" is a year that nobody sells tickets for'],
    ],
    [
      'a year that Postgres cannot read',
      f => (f.startsAt = '9999-12-31T23:59-12:00'),
      ['startsAt: "9999-12-31T23:59-12:00" is a year that nobody sells tickets for'],
    ],
    [
      'an offset for a zone',
      f => (f.venue.timeZone = '+01:00'),
      ['venue.timeZone: "+01:00" is no time zone (IANA, such as "Europe/Vienna")'],
    ],
    ['a NUL', f => (f.name = 'The \0 Tempest'), ['name: must have no control characters']],
    ['half a letter', f => (f.stage = 'Stage \ud800'), ['stage: must have no control characters']],
    [
      'a control character among rows',
      f => (f.sections[0].rows = 'A, \u0007'),
      ['sections[0].rows: must have no control characters'],
    ],
    [
      'an hour that the clocks skip',
      f => (f.startsAt = '2030-03-31T02:30'),
      ['startsAt: the clocks of Europe/Vienna never show 2030-03-31 02:30: they are put forward then'],
    ],
    ['a seat twice', f => (f.sections[0].seats = '1-5, 3'), ['sections[0].seats: seat "3" twice']],
    [
      'a seat of a row twice',
      f => (f.sections[3].rows = ['A', { name: 'B', seats: ['12', '12'] }]),
      ['sections[3].rows[1].seats: seat "12" twice'],
    ],
    ['a row twice', f => (f.sections[3].rows = ['A', 'A']), ['sections[3].rows[1]: row "A" twice']],
    ['a section twice', f => (f.sections[2].name = 'Stalls'), ['sections[2].name: section "Stalls" twice']],
    [
      'a span that is none',
      f => (f.sections[0].rows = 'A-8'),
      ['sections[0].rows: "A-8" is no label and no span such as "A-K" or "1-14"'],
    ],
    [
      'no seats',
      f => delete f.sections[0].seats,
      ['sections[0].seats: is missing, and not every row has its own'],
    ],
    [
      'no category',
      f => delete f.sections[0].category,
      ['sections[0].category: is missing, and not every row has one of its own'],
    ],
    [
      'a category without a price',
      f => (f.sections[0].category = 'Stals'),
      ['sections[0].category: "Stals" has no price; did you mean "Stalls"?'],
    ],
    [
      'a price without a category',
      f => (f.prices[2].category = 'Galery'),
      [
        'standing[0].category: "Gallery" has no price; did you mean "Galery"?',
        'prices[2].category: nothing is in the category "Galery"; did you mean "Gallery"?',
      ],
    ],
    ['a price twice', f => delete f.prices[3].ticketType, ['prices[3]: Adult in Stalls has a price already']],
    [
      'a price in euros',
      f => (f.prices[0].price = 32.5),
      ['prices[0].price: must be a whole number of minor units: 3250 for 32.50'],
    ],
    ['room for nobody', f => (f.standing[0].capacity = 0), ['standing[0].capacity: must be 1 or more']],
    [
      'too many',
      f => (f.standing[0].capacity = 99_999),
      ['the file: there are 100,251 tickets; one event may have 100,000'],
    ],
    [
      'an accessible seat that is not',
      f => (f.sections[1].accessible = ['H5']),
      ['sections[1].accessible[0]: there is no seat "H5" here: write row and seat, such as "A1"'],
    ],
    [
      'an aisle behind no seat',
      f => (f.sections[1].aislesAfter = [99]),
      ['sections[1].aislesAfter[0]: no row has a seat "99"'],
    ],
    ['two venues', f => (f.venueId = 'x'), ['venueId: and venue: give one of the two']],
    [
      'two houses',
      f => (f.mapHash = '0'.repeat(32)),
      ['the file: the house is told twice: give sections and standing, or map, or mapHash'],
    ],
  ]
  test.each(WRONG)('[E2] %s is told by its place', (_, patch, lines) => {
    expect(linesAfter(patch).map(line => line.replace(/^: /, 'the file: '))).toEqual(lines)
  })
})

test('[E3] faults of form and of sense are told together, at most a hundred, the rest counted', () => {
  const lines = linesAfter(file => {
    file.nam = 1
    file.currency = 'EURO'
    file.sections[0].seats = '1,1'
    file.standing[0].capacity = 'many'
  })
  expect(lines.map(line => line.split(':')[0])).toEqual([
    'standing[0].capacity',
    'nam',
    'currency',
    'sections[0].seats',
  ])
  const many = fresh()
  many.prices = Array.from({ length: 150 }, () => ({ category: 'Stalls', price: -1 }))
  const checked = checkEventFile(many, { now })
  expect(checked.ok ? [] : [checked.faults.length, checked.more]).toEqual([100, 201])
  for (const raw of [null, 3, 'x', [], [theatre]])
    expect(linesOf(raw)).toEqual([': the file must hold one event: an object { ... }'])
})

test('[R119] a part with a fault of form is checked in all else it says, in the same round', () => {
  const lines = linesAfter(file => {
    file.sections[0].sid = 'left'
    file.sections[0].category = 'Stals'
    file.sections[1].side = 'middle'
    file.sections[1].accessible = ['H99']
    file.sections[3].rows = [
      { name: 'A', seat: 3, seats: ['12', '12'] },
      { name: 'A', seats: 4 },
    ]
    file.standing[0].capacity = 'many'
    file.standing[0].category = 'Galery'
    file.prices[0].price = 'cheap'
  })
  expect(lines).toEqual([
    'sections[0].sid: there is no such key here; did you mean "side"?',
    'sections[1].side: must be one of "left", "centre", "right"',
    'sections[3].rows[0].seat: there is no such key here; did you mean "seats"?',
    'standing[0].capacity: must be a number, not "many"',
    'prices[0].price: must be a whole number of minor units: 3250 for 32.50',
    'sections[1].accessible[0]: there is no seat "H99" here: write row and seat, such as "A1"',
    'sections[3].rows[0].seats: seat "12" twice',
    'sections[3].rows[1]: row "A" twice',
    'sections[0].category: "Stals" has no price; did you mean "Stalls"?',
    'standing[0].category: "Galery" has no price; did you mean "Gallery"?',
    'prices[2].category: nothing is in the category "Gallery"; did you mean "Galery"?',
  ])
})

describe('[R120]', () => {
  const ALONE: [string, Patch, string[]][] = [
    ['a price that is none', f => (f.prices[2].price = -1), ['prices[2].price: must be 0 or more']],
    ['a price for nobody knows what', f => delete f.prices[2].category, ['prices[2].category: is missing']],
    ['prices that are no list', f => (f.prices = 32), ['prices: must be a list, not 32']],
    ['seats that are none', f => (f.sections[0].seats = 0), ['sections[0].seats: must be 1 or more']],
    [
      'a span of seats that is none',
      f => (f.sections[1].seats = '1-x'),
      ['sections[1].seats: "1-x" is no label and no span such as "A-K" or "1-14"'],
    ],
    [
      'a span of rows that is none',
      f => (f.sections[1].rows = 'A-8'),
      ['sections[1].rows: "A-8" is no label and no span such as "A-K" or "1-14"'],
    ],
    [
      'rows that are none',
      f => (f.sections[1].rows = null),
      ['sections[1].rows: must be a count (11), a span ("A-K") or a list of rows'],
    ],
    [
      'a category that is none',
      f => (f.sections[0].category = 7),
      ['sections[0].category: must be a text, not 7'],
    ],
    ['standing room that is no list', f => (f.standing = 3), ['standing: must be a list, not 3']],
    ['a name that is none', f => (f.sections[0].name = 5), ['sections[0].name: must be a text, not 5']],
  ]
  test.each(ALONE)('[R120] %s is told alone, without what only follows from it', (_, patch, lines) => {
    expect(linesAfter(patch)).toEqual(lines)
  })
})

test('[E5] whatever house is told in words, its map is right: counted on, inside its outlines, nothing on anything', () => {
  const side = fc.constantFrom('left', 'centre', 'right')
  const section = fc.record({
    side,
    rows: fc.integer({ min: 1, max: 12 }),
    seats: fc.integer({ min: 1, max: 60 }),
    aisle: fc.boolean(),
    wheelchair: fc.boolean(),
  })
  const area = fc.record({ side, behind: fc.boolean(), capacity: fc.integer({ min: 1, max: 6_000 }) })
  fc.assert(
    fc.property(
      fc.array(section, { maxLength: 8 }),
      fc.array(area, { maxLength: 4 }),
      (sections, standing) => {
        fc.pre(sections.length + standing.length > 0)
        const { map } = eventOf({
          ...theatre,
          sections:
            sections.length === 0
              ? undefined
              : sections.map(({ side, rows, seats, aisle, wheelchair }, s) => ({
                  name: `Section ${s}`,
                  side,
                  rows,
                  seats,
                  category: 'All',
                  ...(aisle ? { aislesAfter: [Math.ceil(seats / 2)] } : {}),
                  ...(wheelchair ? { accessible: ['A1'] } : {}),
                })),
          standing:
            standing.length === 0
              ? undefined
              : standing.map((one, a) => ({ name: `Area ${a}`, category: 'All', ...one })),
          prices: [{ category: 'All', price: 100 }],
        })
        const faults: string[] = []
        mapFaults(map!, (place, message) => faults.push(`${place.join('.')}: ${message}`))
        expect(faults).toEqual([])
        const { total } = new SeatPlan(map!)
        expect(total).toBe(
          sections.reduce((sum, { rows, seats }) => sum + rows * seats, 0) +
            standing.reduce((sum, { capacity }) => sum + capacity, 0),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('[E31] what is to be known of the view is told of seats, rows and sections, and stands at each seat', () => {
  const file = fresh()
  file.sections[0].views = [{ note: 'From the side' }]
  file.sections[1].views = [{ note: 'A pillar to the left', seats: ['A6', 'H7'] }]
  file.sections[3].rows = [
    'A',
    {
      name: 'B',
      views: [
        { note: 'Behind the rail', seats: [1, 2] },
        { note: 'Low roof', seats: [20] },
      ],
    },
  ]
  const seats = [...new SeatPlan(eventOf(file).map!).eachSeat()]
  const of = (note: string) =>
    seats.filter(({ view }) => view === note).map(({ section, row, seat }) => `${section} ${row}${seat}`)
  expect(of('From the side').length).toBe(40)
  expect(of('A pillar to the left')).toEqual(['Stalls A6', 'Stalls H7'])
  expect(of('Behind the rail')).toEqual(['Balcony B1', 'Balcony B2'])
  expect(of('Low roof')).toEqual(['Balcony B20'])
  expect(seats.filter(({ view }) => view !== undefined).length).toBe(45)
  expect(
    linesAfter(wrong => {
      wrong.sections[1].views = [
        { note: 'Pillar', seats: ['A6', 'Z1'] },
        { note: 'Rail', seats: ['A6'] },
      ]
      wrong.sections[3].rows = [{ name: 'A', views: [{ note: '', seats: [99] }] }]
    }),
  ).toEqual([
    'sections[3].rows[0].views[0].note: must not be empty',
    'sections[1].views[0].seats[1]: there is no seat "Z1" here: write row and seat, such as "A1"',
    'sections[1].views: seat "6" of row "A" has two views',
  ])
})

test('[E6] spans are read forwards and backwards, of letters and numbers, and nothing else is', () => {
  expect(labelsOf('A-D')).toEqual(['A', 'B', 'C', 'D'])
  expect(labelsOf('Y-AB')).toEqual(['Y', 'Z', 'AA', 'AB'])
  expect(labelsOf('3-1, 12, 2a')).toEqual(['3', '2', '1', '12', '2a'])
  for (const words of ['', 'A-3', '1-', 'a-D', '1-9999', 'x'.repeat(13)])
    expect(labelsOf(words)).toHaveProperty('fault')
})

test('[E7] an event without an id is named by its name, venue and start, whatever else changes', () => {
  const { id: _, ...nameless } = theatre
  const own = eventOf(nameless).eventId
  expect(own).toMatch(/^[0-9a-f]{12}$/)
  expect(eventOf({ ...nameless, prices: theatre.prices.slice(0, 3), hot: true }).eventId).toBe(own)
  expect(eventOf({ ...nameless, startsAt: '2030-05-15T19:30' }).eventId).not.toBe(own)
})

test('[E8] the largest house, also a wrong one, is checked within two seconds', () => {
  const section = (s: number) => ({ name: `S${s}`, rows: 200, seats: 100, category: 'All' })
  const file = {
    ...theatre,
    sections: [0, 1, 2, 3, 4].map(section),
    standing: undefined,
    prices: [{ category: 'All', price: 1 }],
  }
  const began = performance.now()
  const { map } = eventOf(file)
  const { sections: _, standing: __, ...rest } = file
  const heaped = structuredClone(map!)
  for (const { rows } of heaped.sections) for (const row of rows) row.xy = row.xy.map(() => 500)
  expect(linesOf({ ...rest, map: heaped, prices: [{ category: 'all', price: 1 }] }).length).toBe(100)
  expect(performance.now() - began).toBeLessThan(2_000)
})

test('[E8] few words for a hundred million seats, and categories by the thousand, are soon told', () => {
  const began = performance.now()
  const vast = { rows: 300, seats: 500, category: 'All', accessible: ['A1'] }
  const stadiums = Array.from({ length: 500 }, (_, s) => ({ ...vast, name: `S${s}` }))
  expect(
    linesOf({ ...theatre, sections: stadiums, standing: undefined, prices: [{ category: 'All', price: 1 }] }),
  ).toEqual([': there are 75,000,000 tickets; one event may have 100,000'])
  const row = (s: number, r: number) => ({
    name: `R${r}`,
    seats: 1,
    category: `a category of its own ${s} ${r}`,
  })
  const motley = Array.from({ length: 60 }, (_, s) => ({
    name: `S${s}`,
    rows: Array.from({ length: 300 }, (_, r) => row(s, r)),
  }))
  const unmet = Array.from({ length: 200 }, (_, p) => ({ category: `another category ${p}`, price: 1 }))
  expect(linesOf({ ...theatre, sections: motley, prices: unmet }).length).toBe(100)
  expect(performance.now() - began).toBeLessThan(2_000)
})
