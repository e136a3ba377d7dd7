/**
 * GET /events/:eventId/seats: the state of every seat, as a binary snapshot of 2 bits a seat or as JSON; with `since`
 * only what changed. Clients subscribe first and fetch then, so nothing here is older than the request.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { accepts } from 'hono/accepts'
import { invalid } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId } from '../../shared/ids.ts'
import { type SeatSnapshot, STATUS_NAMES } from '../../shared/seats/inventory.ts'
import { type Diff, encodeDiff, mergeDiffs } from '../../shared/wire/seat-frames.ts'
import type { HttpDeps } from '../deps.ts'
import { isKnown } from '../etag.ts'
import { optionalSession, PassHeader } from '../middleware/session.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'
import { compressed } from './compressed.ts'
import { findEvent, mayWatch, TicketList } from './event-routes.ts'
import type { SeatReads } from './seat-reads.ts'
import { defaultPrice, ticketStream } from './ticket-list.ts'

const Area = z.object({
  areaId: z.string(),
  name: z.string(),
  category: z.string(),
  available: z.int(),
  capacity: z.int(),
  price: z.int().nullable(),
})

const Seats = z
  .object({
    eventId: z.string(),
    epoch: z.int(),
    seq: z.int(),
    serverTime: z.iso.datetime().openapi({ description: 'By the clock that ends holds.' }),
    areas: z.array(Area),
    tickets: TicketList,
  })
  .openapi('Seats')

const Frame = z
  .string()
  .openapi({ format: 'binary', description: 'A snapshot or diff frame; see SPEC.md, W.' })

const BINARY = 'application/octet-stream'
const JSON_TYPE = 'application/json'
/** `epoch.seq` */
const VERSION = /^(\d{1,15})\.(\d{1,15})$/

export function seatRoutes(deps: HttpDeps, reads: SeatReads): Routes {
  const { queue } = deps
  const route = createRoute({
    method: 'get',
    path: '/events/{eventId}/seats',
    tags: ['Events'],
    summary: 'The state of every seat',
    description:
      'Binary unless JSON is asked for by Accept. With `since=epoch.seq` the changes after it where they are still known, ' +
      'else the whole. While the queue is on, the pass is needed (X-Onsale-Pass, or the cookie onsale_pass_{eventId}).',
    security: [{}, { session: [] }],
    middleware: [optionalSession(deps)],
    request: {
      params: z.object({ eventId: z.string() }),
      headers: PassHeader,
      query: z.strictObject({ since: z.string().optional().openapi({ example: '1.42' }) }),
    },
    responses: {
      200: {
        description: 'The state; ETag is epoch.seq',
        content: { [BINARY]: { schema: Frame }, [JSON_TYPE]: { schema: Seats } },
      },
      304: { description: 'Nothing has changed since the ETag of If-None-Match' },
      ...problems('invalid_request', 'event_not_found', 'not_on_sale', 'waiting_room_required'),
      ...problems('pass_invalid', 'pass_expired', 'pass_foreign', 'recovering', 'unavailable'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const event = await findEvent(deps, c.req.valid('param').eventId)
    const since = sinceOf(c.req.valid('query').since)
    await mayWatch(deps, c, event)
    const { state } = await queue.settings(event.eventId)
    c.header('Cache-Control', state === 'off' ? 'public, max-age=1' : 'private, no-cache')
    c.header('Vary', 'Accept', { append: true })
    const asJson =
      accepts(c, { header: 'Accept', supports: [BINARY, JSON_TYPE], default: BINARY }) === JSON_TYPE
    const diff = since === undefined ? undefined : await changes(deps, event, since)
    if (diff !== undefined) {
      c.header('ETag', `"${diff.epoch}.${diff.seq}"`)
      if (asJson) return c.body(JSON.stringify(diffJson(event, diff)), 200, { 'Content-Type': JSON_TYPE })
      const frame = encodeDiff(diff, { last: true })
      if (frame !== undefined) return c.body(frame, 200, { 'Content-Type': BINARY })
    }
    const { snapshot, frame, tag } = await reads.read(event)
    c.header('ETag', tag)
    if (isKnown(c.req.header('if-none-match'), tag)) return c.body(null, 304)
    if (!asJson) return c.body(frame, 200, { 'Content-Type': BINARY })
    const head = JSON.stringify(headJson(event, snapshot)).slice(0, -1)
    return compressed(c, ticketStream(event, snapshot, `${head},"tickets":`, '}'))
  })
}

function sinceOf(text: string | undefined): { epoch: number; seq: number } | undefined {
  if (text === undefined) return undefined
  const [, epoch, seq] = VERSION.exec(text) ?? []
  if (epoch === undefined || seq === undefined)
    throw invalid('query.since', 'must be epoch.seq, such as 1.42')
  return { epoch: Number(epoch), seq: Number(seq) }
}

/** One merged diff, empty where nothing changed; undefined where only the whole will do. */
async function changes(
  { inventory, clock }: HttpDeps,
  { stock }: EventRecord,
  { epoch, seq }: { epoch: number; seq: number },
): Promise<Required<Diff> | undefined> {
  const diffs = await inventory.since(stock, epoch, seq)
  if (diffs === undefined) return undefined
  if (diffs.length > 0) return mergeDiffs(diffs)
  return { epoch, seqFrom: seq, seq, now: clock.now(), changes: [], areas: [] }
}

function diffJson(event: EventRecord, diff: Required<Diff>): object {
  return {
    eventId: event.eventId,
    epoch: diff.epoch,
    seqFrom: diff.seqFrom,
    seq: diff.seq,
    serverTime: new Date(diff.now).toISOString(),
    changes: pairs(diff.changes).map(([index, status]) => ({
      ticketId: ticketId(event.eventId, index),
      status: STATUS_NAMES[status as 0 | 1 | 2 | 3],
    })),
    areas: pairs(diff.areas).map(([area, available]) => ({
      areaId: event.plan.map.areas[area]?.id,
      available,
    })),
  }
}

function pairs(flat: readonly number[]): [number, number][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0])
}

function headJson(event: EventRecord, { epoch, seq, now, areas }: SeatSnapshot): object {
  return {
    eventId: event.eventId,
    epoch,
    seq,
    serverTime: new Date(now).toISOString(),
    areas: event.plan.map.areas
      .map(({ id, name, category, capacity, gone = 0 }, i) => ({
        areaId: id,
        name,
        category,
        available: areas[i] ?? 0,
        capacity: capacity - gone,
        price: defaultPrice(event, category).price,
      }))
      .filter(({ capacity }) => capacity > 0),
  }
}
