/**
 * The file by which an operator brings an event: its form alone, as zod and as JSON Schema. What must hold beyond the form is
 * event-check.ts's; docs/sell-your-own-event.md says it to people.
 */
import { z } from '@hono/zod-openapi'
import { EVENT_ID } from '../../shared/ids.ts'
import { EVENT_STATUSES, EVENT_TYPES } from '../search/search.ts'
import { plain, text } from '../texts.ts'
import { BookingFeeFile, DiscountsFile, money, percent } from './price-file.ts'

/** A stadium's full geometry is 2 MB of JSON. */
const MOST_SECTIONS = 500
const MOST_ROWS = 300
const MOST_SEATS = 500
/** Above it lies what our engine, search and pages were measured with. */
export const MOST_TICKETS = 100_000
const CM = 1_000_000

const name = text(120)
const label = z.union([text(12), z.int().min(0).max(99_999)], 'must be a label: a short text or a number')
const category = text(80).describe('What the seats cost: a name that stands in prices, too.')
const whole = (least: number, most: number) =>
  z.int().min(least, `must be ${least} or more`).max(most, `must be ${most} or less`)
const time = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/,
    'must be a time such as "2027-05-14T19:30" (by the clocks at the venue) or "2027-05-14T19:30:00+02:00"',
  )

const side = z
  .enum(['left', 'centre', 'right'])
  .describe('Sections on different sides stand side by side; one on a side that is taken stands behind.')
const seats = z
  .union(
    [whole(1, MOST_SEATS), plain, z.array(label).min(1, 'must name a seat').max(MOST_SEATS)],
    'must be a count (14), a span ("1-14") or a list of labels (["1", "2", "2a"])',
  )
  .describe('A count, a span such as "1-14", or a list of labels; from left to right, seen from the seats.')
const shared = {
  seats: seats.optional(),
  category: category.optional(),
  aislesAfter: z.array(label).max(20).optional().describe('Labels of seats behind which an aisle comes.'),
}
const places = z.array(label).max(MOST_SEATS)
const note = text(80).describe('In a few words: "A pillar to the left".')
const views = z
  .array(z.strictObject({ note, seats: places.min(1, 'must name a seat').optional() }))
  .max(50)
  .optional()

export const RowFile = z.strictObject({
  name: z.union([text(12), whole(0, 99_999)], 'must be a short text'),
  ...shared,
  accessible: places.optional().describe('Labels of the seats with room for a wheelchair.'),
  companion: places.optional().describe('Labels of the seats kept for those who come along.'),
  views: views.describe('What is to be known of the view from these seats, or from the whole row.'),
})
export type RowFile = z.infer<typeof RowFile>

export const SectionFile = z.strictObject({
  name,
  side: side.optional(),
  ...shared,
  rows: z
    .union(
      [
        whole(1, MOST_ROWS),
        plain,
        z
          .array(
            z.union([RowFile, text(12), whole(0, 99_999)], 'must be a name, or a row: {"name": "A", ...}'),
          )
          .min(1, 'must name a row')
          .max(MOST_ROWS),
      ],
      'must be a count (11), a span ("A-K") or a list of rows',
    )
    .describe(
      'A count, a span such as "A-K", or a list of names and of rows with seats of their own; front to back.',
    ),
  accessible: places.optional().describe('Row and seat: "H1".'),
  companion: places.optional().describe('Row and seat: "H2".'),
  views: views.describe(
    'What is to be known of the view from these seats ("H2"), or from the whole section.',
  ),
})
export type SectionFile = z.infer<typeof SectionFile>

export const StandingFile = z.strictObject({
  name,
  capacity: whole(1, MOST_TICKETS),
  category,
  side: side.optional(),
  behind: z.boolean().optional().describe('Behind the seats instead of before them.'),
})
export type StandingFile = z.infer<typeof StandingFile>

export const VenueFile = z.strictObject({
  name,
  city: name,
  region: name.optional(),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166), such as "AT"'),
  lat: z.number().min(-90, 'must be from -90 to 90').max(90, 'must be from -90 to 90'),
  lon: z.number().min(-180, 'must be from -180 to 180').max(180, 'must be from -180 to 180'),
  timeZone: text(60).describe('IANA, such as "Europe/Vienna".'),
})
export type VenueFile = z.infer<typeof VenueFile>

export const PriceFile = z.strictObject({
  category,
  ticketType: text(40)
    .optional()
    .describe('"Adult" where none is named. The first in the list is sold where none is asked for.'),
  price: money.describe("In the currency's minor units: 3250 is 32.50 EUR, and 3250 JPY."),
  fee: money.optional().describe('On top of the price; minor units too.'),
  feePercent: percent
    .optional()
    .describe('On top of it too: so much of the price, rounded half up for each ticket.'),
})
export type PriceFile = z.infer<typeof PriceFile>

const cm = z.int().min(0).max(CM)
const outline = z.array(z.int().min(-CM).max(CM)).max(1_000)
const positions = z.array(z.int().min(0).max(MOST_TICKETS)).max(MOST_SEATS)
export const MapFile = z
  .strictObject({
    format: z.literal(1, 'must be 1'),
    name,
    width: whole(1, CM),
    height: whole(1, CM),
    focalPoint: z.strictObject({ x: cm, y: cm }),
    stage: z.strictObject({ label: name, outline }),
    categories: z
      .array(
        z.strictObject({
          id: text(80),
          name,
          colour: z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as "#c8374a"'),
        }),
      )
      .max(50),
    sections: z
      .array(
        z.strictObject({
          id: text(80),
          name,
          outline,
          rows: z
            .array(
              z.strictObject({
                name: text(12),
                category: text(80),
                first: z.int().min(0),
                labels: z.array(text(12)).optional(),
                xy: z.array(z.int().min(-CM).max(CM)).min(2),
                accessible: positions.optional(),
                companion: positions.optional(),
                views: z
                  .array(z.strictObject({ note, seats: positions.min(1) }))
                  .max(50)
                  .optional(),
                gone: positions.optional(),
              }),
            )
            .min(1),
        }),
      )
      .max(2_000),
    areas: z
      .array(
        z.strictObject({
          id: text(80),
          name,
          category: text(80),
          first: z.int().min(0),
          capacity: whole(1, MOST_TICKETS),
          outline,
          gone: z.int().min(0).max(MOST_TICKETS).optional(),
        }),
      )
      .max(100),
  })
  .describe('Full geometry: see shared/seats/seat-map.ts.')

export const EventFile = z
  .strictObject({
    $schema: z.string().optional(),
    id: z
      .string()
      .regex(EVENT_ID, 'must be 4 to 32 small letters and digits, such as "tempest2027"')
      .optional()
      .describe('Of your own choice; where none is given it is made of name, venue and start.'),
    name,
    type: z.enum(EVENT_TYPES),
    startsAt: time,
    onSaleAt: time.optional().describe('From now on where it is left out.'),
    status: z
      .enum(EVENT_STATUSES)
      .optional()
      .describe('onsale where sales have begun, else offsale: nobody opens the sale but you.'),
    currency: z.string().describe('ISO 4217, such as "EUR".'),
    hot: z.boolean().optional().describe('Shown first: an on-sale that many wait for.'),
    competition: name.optional(),
    performers: z
      .array(z.union([name, z.strictObject({ name, kind: text(40) })], 'must be a name, or {"name", "kind"}'))
      .max(20)
      .optional(),
    venue: VenueFile.optional(),
    venueId: text(64).optional().describe('A venue that is known already, instead of venue.'),
    stage: name.optional().describe('What stands on the stage; "Stage" where it is left out.'),
    sections: z.array(SectionFile).min(1, 'must name a section').max(MOST_SECTIONS).optional(),
    standing: z.array(StandingFile).min(1, 'must name an area').max(50).optional(),
    map: MapFile.optional(),
    mapHash: z
      .string()
      .regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits')
      .optional()
      .describe('A seat map that is known already.'),
    prices: z.array(PriceFile).min(1, 'must name a price').max(200),
    bookingFee: BookingFeeFile.nullable().optional(),
    discounts: DiscountsFile.optional(),
  })
  .openapi('EventFile', {
    description:
      'An event of your own. The house is told by `sections` and `standing`, or by `map`, or by `mapHash`; see docs/sell-your-own-event.md.',
  })

/** For editors, and for /docs. */
export const EVENT_FILE_SCHEMA = z.toJSONSchema(EventFile, { io: 'input' })
