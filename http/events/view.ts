/** An event as everybody may see it. Prices are in minor units, times in UTC. */
import { z } from '@hono/zod-openapi'
import type { Config } from '../../shared/config.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import type { QueueInfo } from '../../shared/wire/messages.ts'
import { queueToJson } from '../../shared/wire/queue-json.ts'
import { EVENT_STATUSES, EVENT_TYPES } from '../search/search.ts'

export const VenueView = z
  .object({
    venueId: z.string(),
    name: z.string(),
    city: z.string(),
    region: z.string().nullable(),
    country: z.string().openapi({ description: 'ISO 3166-1 alpha-2.' }),
    lat: z.number(),
    lon: z.number(),
    timeZone: z.string(),
    modelled: z.boolean(),
  })
  .openapi('Venue')

export const PerformerView = z
  .object({ performerId: z.string(), name: z.string(), kind: z.string() })
  .openapi('Performer')

const PriceView = z
  .object({
    category: z.string(),
    ticketType: z.string(),
    ticketTypeName: z.string(),
    price: z.int(),
    fee: z.int().openapi({ description: 'Comes on top of the price.' }),
  })
  .openapi('Price')

const percent = z.number().min(0).max(100)
const amount = z.int().min(0)
const BookingFeeView = z.object({ amount, percent }).openapi({
  description: 'Once a booking, besides the fees of its tickets; `percent` of its prices after the discount.',
})
const DiscountView = z.object({ name: z.string(), minTickets: z.int(), amount, percent }).openapi({
  description:
    'Off a booking of so many tickets: `amount`, or `percent` of its prices. The highest one counts.',
})

const CategoryView = z.object({ categoryId: z.string(), name: z.string(), colour: z.string() })

export const QueueView = z
  .object({
    state: z.enum(['off', 'scheduled', 'pre_queue', 'open', 'paused', 'recovering', 'closing']),
    waiting: z.int().openapi({ description: 'Places in the line.' }),
    active: z.int().openapi({ description: 'Admitted and not gone.' }),
    message: z.string().optional().openapi({ description: "The operator's word to those who wait." }),
    preQueueAt: z.iso.datetime().optional().openapi({ description: 'When the line forms.' }),
    opensAt: z.iso.datetime().optional().openapi({ description: 'When the doors move.' }),
    soldOut: z
      .literal(true)
      .optional()
      .openapi({ description: 'Nothing is left: only returns bring seats back.' }),
  })
  .openapi('Queue')

export const EventView = z
  .object({
    eventId: z.string(),
    name: z.string(),
    type: z.enum(EVENT_TYPES),
    status: z.enum(EVENT_STATUSES),
    startsAt: z.iso.datetime(),
    onSaleAt: z.iso.datetime(),
    currency: z.string().openapi({ description: 'ISO 4217; every amount is in its minor units.' }),
    competition: z.string().nullable(),
    modelled: z.boolean(),
    hot: z.boolean().openapi({ description: 'A rush is expected.' }),
    venue: VenueView,
    performers: z.array(PerformerView),
    categories: z.array(CategoryView),
    prices: z.array(PriceView).openapi({ description: 'The first ticket type is sold where none is named.' }),
    bookingFee: BookingFeeView,
    discounts: z.array(DiscountView),
    areas: z.array(
      z.object({ areaId: z.string(), name: z.string(), category: z.string(), capacity: z.int() }),
    ),
    maxTickets: z.int().openapi({ description: 'In one booking.' }),
    orphanRule: z
      .enum(['off', 'warn', 'refuse'])
      .openapi({ description: 'What is done about seats chosen by hand that leave a lone one.' }),
    availability: z
      .object({ free: z.int().nullable(), total: z.int() })
      .openapi({ description: 'Seats and standing room; free is null while not on sale or not known.' }),
    queue: QueueView.nullable().openapi({ description: 'null where it cannot be told now.' }),
    links: z.object({
      self: z.string(),
      page: z.string(),
      map: z.string(),
      seats: z.string(),
      queue: z.string(),
      bookings: z.string(),
    }),
  })
  .openapi('Event')

export type EventView = z.infer<typeof EventView>

export interface Live {
  /** Undefined where it is not known. */
  free: number | undefined
  queue: QueueInfo | undefined
}

/** What the pages must know of the settings. */
type Shown = Pick<Config, 'HTTP_PUBLIC_URL' | 'MAX_TICKETS_PER_BOOKING' | 'ORPHAN_RULE'>

export function viewOf(event: EventRecord, live: Live, config: Shown): EventView {
  const { eventId, venue, plan } = event
  return {
    eventId,
    name: event.name,
    type: event.type,
    status: event.status,
    startsAt: new Date(event.startsAt).toISOString(),
    onSaleAt: new Date(event.onSaleAt).toISOString(),
    currency: event.currency,
    competition: event.competition,
    modelled: event.modelled,
    hot: event.hot,
    venue,
    performers: event.performers,
    categories: plan.map.categories.map(({ id, name, colour }) => ({ categoryId: id, name, colour })),
    prices: event.prices,
    bookingFee: event.pricing.bookingFee,
    discounts: event.pricing.discounts,
    areas: plan.map.areas
      .map(({ id, name, category, capacity, gone = 0 }) => ({
        areaId: id,
        name,
        category,
        capacity: capacity - gone,
      }))
      .filter(({ capacity }) => capacity > 0),
    maxTickets: config.MAX_TICKETS_PER_BOOKING,
    orphanRule: config.ORPHAN_RULE,
    availability: { free: live.free ?? null, total: plan.tickets },
    queue: live.queue === undefined ? null : queueToJson(live.queue),
    links: {
      self: `/events/${eventId}`,
      page: new URL(`/e/${eventId}`, config.HTTP_PUBLIC_URL).href,
      map: `/venues/${encodeURIComponent(venue.venueId)}/maps/${event.mapHash}`,
      seats: `/events/${eventId}/seats`,
      queue: `/events/${eventId}/queue`,
      bookings: `/bookings/${eventId}`,
    },
  }
}
