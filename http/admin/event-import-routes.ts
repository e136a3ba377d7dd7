/** Selling one's own event: bringing it as a file, and changing it. The file's form is event-file.ts's, its checks event-check.ts's. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { invalid, Problem } from '../../shared/errors.ts'
import { EVENT_ID, eventId } from '../../shared/ids.ts'
import type { SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { percentOf } from '../../shared/wire/booking-price.ts'
import { stepOf } from '../../shared/wire/currency.ts'
import type { HttpDeps } from '../deps.ts'
import { ADMIN_PROBLEMS, requireAdmin } from '../middleware/admin.ts'
import { type AppEnv, byAdmin, newRoutes, problems, type Routes } from '../routing.ts'
import { checkEventFile, type Known, type NewEvent } from './event-check.ts'
import { EVENT_FILE_SCHEMA, EventFile } from './event-file.ts'
import { redraw } from './event-redraw.ts'
import { contentOf, createEvent, type EventContent, type Written } from './event-writes.ts'

/** A stadium of 100,000 seats in full geometry takes some 3 MB. */
const FILE_BYTES = 8 * 1024 * 1024
/** These paths have that limit instead of every other's; the token is looked at first. */
export const EVENT_FILE_PATHS = ['/admin/events', '/admin/events/:eventId']

/** Operators at one event at the same moment. */
const CHANGE_TRIES = 5

const Brought = z
  .object({
    eventId: z.string(),
    outcome: z.enum(['created', 'changed', 'unchanged']),
    status: z.string(),
    page: z.string().openapi({ description: "The fans' page." }),
    self: z.string(),
    map: z.string(),
    seats: z.int(),
    standing: z.int(),
    leftOut: z.int().openapi({
      description: 'Seats and units of earlier houses that this one has not: nobody can have them.',
    }),
  })
  .openapi('BroughtEvent')

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: Brought } },
})
const faulty = problems('invalid_request', ...ADMIN_PROBLEMS, 'payload_too_large')
const FAULTS =
  'A faulty file is a 400 whose `errors` name every faulty place at once, such as `sections[1].rows[3].seats`; beyond a ' +
  'hundred, `more` counts the rest.'

export function eventImportRoutes(deps: HttpDeps): Routes {
  const routes = newRoutes()
  routes.openAPIRegistry.register('EventFile', EventFile)
  // The form is told here and checked by hand: zod alone would hide the faults of sense behind those of form.
  const file = { 'application/json': { schema: { $ref: '#/components/schemas/EventFile' } } }
  const shared = {
    tags: ['Admin'],
    security: byAdmin,
    middleware: [requireAdmin(deps), limitFile()],
  }
  const bring = createRoute({
    ...shared,
    method: 'post',
    path: '/admin/events',
    summary: 'Bring an event of your own',
    description: `All of it or nothing. The same file again changes nothing. Its seats can be taken at once; Elasticsearch finds it within a minute. ${FAULTS}`,
    request: { body: { required: true, content: file } },
    responses: {
      200: answer('It is there already, as the file says'),
      201: answer('Brought'),
      ...faulty,
      ...problems('event_exists'),
    },
  })
  const change = createRoute({
    ...shared,
    method: 'put',
    path: '/admin/events/{eventId}',
    summary: 'Change an event',
    description:
      'A whole event file, or a part: what is left out stays as it is. A house may leave out seats that nobody holds, pays or has ' +
      'bought, also while it sells: their indices stay, and are theirs again where a later house has them. Venue and currency, and ' +
      'which seat an index is, change only while the event is not on sale and nothing of that was ever held or sold. ' +
      `Refunds nobody: a canceled event's bookings stay. ${FAULTS}`,
    request: { params: z.object({ eventId: z.string() }), body: { required: true, content: file } },
    responses: {
      200: answer('Changed'),
      ...faulty,
      ...problems('event_not_found', 'map_in_use', 'unavailable'),
    },
  })
  const schema = createRoute({
    method: 'get',
    path: '/event-file.schema.json',
    tags: ['Admin'],
    summary: 'The JSON Schema of an event file',
    description: 'For `$schema` in a file of your own, so that an editor helps.',
    responses: {
      200: {
        description: 'JSON Schema',
        content: { 'application/json': { schema: z.looseObject({}) } },
      },
    },
  })
  routes.openapi(bring, async c => {
    const raw = await bodyOf(c)
    const event = trusted(raw, await knownOf(deps, raw))
    const written = await createEvent(deps.pool, event, deps.clock.now(), c.get('operator'))
    await seen(deps, written)
    return c.json(await view(deps, written), written.outcome === 'created' ? 201 : 200)
  })
  routes.openapi(change, async c => {
    const id = c.req.valid('param').eventId
    const raw = await bodyOf(c)
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const written = await changed(deps, id, raw, c.get('operator'))
      if (written === undefined) continue
      await seen(deps, written)
      return c.json(await view(deps, written), 200)
    }
    throw new Problem('unavailable', 'Others are changing this event.', { retryAfter: 1 })
  })
  routes.openapi(schema, c => {
    c.header('Cache-Control', 'public, max-age=300')
    return c.json({ ...EVENT_FILE_SCHEMA }, 200)
  })
  return routes
}

/** Undefined where somebody else has changed the event meanwhile. */
async function changed(
  deps: HttpDeps,
  id: string,
  raw: unknown,
  operator: string,
): Promise<Written | undefined> {
  const now = EVENT_ID.test(id) ? await contentOf(deps.pool, eventId(id)) : undefined
  if (now === undefined)
    throw new Problem('event_not_found', `There is no event ${JSON.stringify(id.slice(0, 60))}.`)
  const house = await deps.events.map(now.mapHash)
  const whole = merged(id, now, house?.plan.map, raw)
  const event = trusted(whole, {
    ...(await knownOf(deps, whole)),
    isStanding: !tellsHouse(raw),
    startedAt: Date.parse(now.startsAt),
  })
  return redraw(deps, event, now, operator)
}

/** Who has been told `created` or `changed` sees it here at once; other processes know it within a second. */
async function seen({ events, log }: HttpDeps, { eventId, outcome }: Written): Promise<void> {
  if (outcome === 'unchanged') return
  await events
    .findAnew(eventId)
    .catch((err: unknown) => log.warn({ err, event: eventId }, 'a changed event is shown a second later'))
}

function limitFile() {
  return bodyLimit({
    maxSize: FILE_BYTES,
    onError: () => {
      throw new Problem('payload_too_large', `An event file may have at most ${FILE_BYTES} bytes.`)
    },
  })
}

async function bodyOf(c: Context<AppEnv>): Promise<unknown> {
  const text = await c.req.text()
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `must be valid JSON: ${error instanceof Error ? error.message : ''}`
    throw new Problem('invalid_request', message, { errors: [{ field: 'body', message }] })
  }
}

/** @throws Problem invalid_request that names every fault */
function trusted(raw: unknown, known: Known): NewEvent {
  const checked = checkEventFile(raw, known)
  if (checked.ok) return checked.event
  const { faults, more } = checked
  const errors = faults.map(({ place, message }) => ({ field: place || 'file', message }))
  const first = errors.slice(0, 3).map(({ field, message }) => `${field}: ${message}`)
  const rest = errors.length - first.length + more
  throw new Problem('invalid_request', `${first.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`, {
    errors,
    ...(more > 0 ? { members: { more } } : {}),
  })
}

/** What a file refers to. */
async function knownOf({ pool, events, clock }: HttpDeps, raw: unknown): Promise<Known> {
  const { venueId, mapHash } = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  const isHash = typeof mapHash === 'string' && /^[0-9a-f]{32}$/.test(mapHash)
  const map = isHash ? await events.map(mapHash) : undefined
  const { rows } = await pool.query<{ zone: string }>('select time_zone as zone from venues where id = $1', [
    typeof venueId === 'string' ? venueId.replaceAll('\0', '') : '',
  ])
  return { now: clock.now(), timeZone: rows[0]?.zone, map: map?.plan.map }
}

/** The event as a file, with what is given in its place. Categories by name, as a house in words has them. */
function merged(id: string, now: EventContent, map: SeatMap | undefined, raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw
  const { venueId, mapHash, competition, prices, pricing, ...rest } = now
  const has = (key: string): boolean => Object.hasOwn(raw, key)
  if ('id' in raw && raw.id !== id)
    throw invalid('id', `must be "${id}" as in the path, or be left out: an event keeps its id`)
  return {
    ...rest,
    ...(competition === null ? {} : { competition }),
    ...(has('venue') || has('venueId') ? {} : { venueId }),
    ...(tellsHouse(raw) ? {} : { mapHash }),
    prices: prices.map(({ category, ticketTypeName, price, fee, feePercent }) => ({
      category: map?.categories.find(one => one.id === category)?.name ?? category,
      ticketType: ticketTypeName,
      price,
      // Without what follows from the price, which may be another now.
      fee: fee - percentOf(price, feePercent, stepOf(rest.currency)),
      feePercent,
    })),
    ...pricing,
    ...raw,
    id,
  }
}

function tellsHouse(raw: unknown): boolean {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    ['sections', 'standing', 'map', 'mapHash'].some(key => Object.hasOwn(raw, key))
  )
}

async function view(
  { config, events }: HttpDeps,
  { eventId, outcome, content }: Written,
): Promise<z.infer<typeof Brought>> {
  const map = await events.map(content.mapHash)
  return {
    eventId,
    outcome,
    status: content.status,
    page: new URL(`/e/${eventId}`, config.HTTP_PUBLIC_URL).href,
    self: `/events/${eventId}`,
    map: `/venues/${encodeURIComponent(content.venueId)}/maps/${content.mapHash}`,
    ...sizeOf(map?.plan),
  }
}

function sizeOf(plan: SeatPlan | undefined): { seats: number; standing: number; leftOut: number } {
  if (plan === undefined) return { seats: 0, standing: 0, leftOut: 0 }
  const leftOut = plan.gone.size
  const standing = plan.map.areas.reduce((sum, { capacity, gone = 0 }) => sum + capacity - gone, 0)
  return { seats: plan.tickets - standing, standing, leftOut }
}
