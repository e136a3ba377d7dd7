/** What a caller means by the best: which categories and sections will do, and how many places of which kind. Pure. */
import { z } from '@hono/zod-openapi'
import { invalid } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import type { Wish } from '../../shared/seats/best-available.ts'
import { text } from '../texts.ts'
import { amountOf, priceOf } from './pricing.ts'

const Names = z.array(text(80)).max(200).default([])
/** Far above any MAX_TICKETS_PER_BOOKING, so that too many tickets are told as such. */
const MOST = 100_000
const Quantity = z.int().min(1).max(MOST)

export const BestAvailable = z
  .strictObject({
    quantity: Quantity.optional(),
    number: Quantity.optional().openapi({ description: 'Another word for quantity.' }),
    categories: Names.openapi({ description: 'By id or name; every category where none is named.' }),
    sections: Names.openapi({ description: 'By id or name; every section where none is named.' }),
    accessible: z
      .union([z.boolean(), z.int().min(0).max(MOST)])
      .default(0)
      .openapi({ description: 'How many are places for wheelchairs; the others sit beside them.' }),
    maxPrice: z
      .int()
      .min(0)
      .optional()
      .openapi({ description: 'Of one ticket with its fee, in minor units.' }),
    together: z
      .boolean()
      .default(true)
      .openapi({ description: 'In one row, else in neighbouring rows. `false`: also apart.' }),
    ticketType: text(40).optional(),
  })
  .refine(({ quantity, number }) => (quantity === undefined) !== (number === undefined), {
    path: ['quantity'],
    message: 'must say how many tickets, once',
  })
  .openapi('BestAvailable')

export type BestAvailable = z.infer<typeof BestAvailable>

export function quantityOf({ quantity, number }: BestAvailable): number {
  return quantity ?? number ?? 0
}

/** @throws Problem where it names what the event has not */
export function wishOf(event: EventRecord, asked: BestAvailable): Wish {
  const { map } = event.plan
  const { sections, accessible } = asked
  const quantity = quantityOf(asked)
  const chairs = Number(accessible)
  if (chairs > quantity) throw invalid('bestAvailable.accessible', 'is more than the quantity')
  const houses = map.sections.length > 0 ? [...map.sections, ...map.areas] : map.areas
  const named = namedOf(sections, houses, 'bestAvailable.sections')
  const categories = categoriesOf(event, asked)
  return {
    quantity,
    accessible: chairs,
    categories: Uint8Array.from(map.categories, ({ id }) => Number(categories.has(id))),
    sections: Uint8Array.from(map.sections, ({ id }) => Number(named.has(id))),
  }
}

/** The ids of the categories that will do, by name, ticket type and price. */
function categoriesOf(
  event: EventRecord,
  { categories, maxPrice, ticketType }: Pick<BestAvailable, 'categories' | 'maxPrice' | 'ticketType'>,
): Set<string> {
  const named = namedOf(categories, event.plan.map.categories, 'bestAvailable.categories')
  const sold = [...named].filter(id => {
    const price = priceOf(event, id, ticketType)
    return price !== undefined && (maxPrice === undefined || amountOf({ ...price, discount: 0 }) <= maxPrice)
  })
  if (sold.length === 0 && ticketType !== undefined && maxPrice === undefined)
    throw invalid('bestAvailable.ticketType', 'is not a ticket type sold for these places')
  return new Set(sold)
}

/** Ids of those named by id or name; of all where none is named. */
function namedOf(
  names: readonly string[],
  all: readonly { id: string; name: string }[],
  field: string,
): Set<string> {
  if (names.length === 0) return new Set(all.map(({ id }) => id))
  const found = names.map((name, at) => {
    const match = all.filter(one => one.id === name || one.name === name)
    if (match.length === 0) throw invalid(`${field}[${at}]`, 'is none of this event')
    return match.map(({ id }) => id)
  })
  return new Set(found.flat())
}

/** The standing area that will do and has room, where the wish allows no seat of this house at all. */
export function standingOf(
  event: EventRecord,
  asked: BestAvailable,
  free: readonly number[],
): { areaId: string; left: number } | undefined {
  const { map } = event.plan
  const categories = categoriesOf(event, asked)
  const fits = map.areas
    .map((area, at) => ({ areaId: area.id, left: free[at] ?? 0, area }))
    .filter(({ area }) => categories.has(area.category))
    .filter(
      ({ area }) =>
        asked.sections.length === 0 || asked.sections.some(name => name === area.id || name === area.name),
    )
  return fits.toSorted((a, b) => b.left - a.left)[0]
}
