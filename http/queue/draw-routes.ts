/** The draw of a line, for everyone to check: docs/draw.md, `npm run draw:verify`. */
import { createRoute, z } from '@hono/zod-openapi'
import { QUICKNET, randomnessOf, roundAt } from '../../queue/beacon.ts'
import type { PublishedBeacon, PublishedDraw } from '../../queue/draw-audit.ts'
import { CHUNK_MEMBERS, type DrawRecord, readChunk, readDraw } from '../../queue/draw-record.ts'
import { Problem } from '../../shared/errors.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'

const hex = (what: string) =>
  z
    .string()
    .nullable()
    .openapi({ description: `${what}, hex; null: not yet.` })
const time = z.number().nullable().openapi({ description: 'ms since 1970; null: not yet.' })

const Draw = z
  .object({
    eventId: z.string(),
    generation: z.int().openapi({ description: 'Of the line: a queue closed and opened again is another.' }),
    method: z.literal('random'),
    commitment: z
      .string()
      .openapi({ description: 'SHA-256 of the secret, hex: told before anybody could join.' }),
    promisedAt: z.number().openapi({ description: 'When that was, ms since 1970.' }),
    beacon: z
      .object({
        network: z.string().openapi({ description: "Hash of drand's network." }),
        round: z.int(),
        at: z.number().openapi({ description: 'When the round is made, ms since 1970.' }),
        signature: hex('The BLS signature of the round'),
        randomness: hex('SHA-256 of the signature'),
        dropped: z.boolean().openapi({ description: 'An operator went on without it.' }),
      })
      .nullable()
      .openapi({ description: 'Public randomness that the seed takes in; null where none was named.' }),
    closedAt: time,
    entrants: z.int().nullable(),
    root: hex('Merkle root of the entrants in order of arrival, RFC 6962'),
    chunks: z.int().nullable().openapi({ description: 'Files of entrants: see …/draw/entrants/{chunk}.' }),
    chunkSize: z.int().openapi({ description: 'Entrants of a file, 14 bytes each.' }),
    secret: hex('The secret: told once the root stands'),
    seed: hex('SHA-256 of secret, root and randomness'),
    drawnAt: time,
    note: z.string(),
  })
  .openapi('Draw') satisfies z.ZodType<PublishedDraw>

const BASE = '/events/{eventId}/queue/draw'
const params = z.object({ eventId: z.string() })
const query = z.strictObject({
  generation: z.coerce
    .number()
    .int()
    .positive()
    // As Postgres can keep.
    .max(2_147_483_647)
    .optional()
    .openapi({ description: 'Of which line; the latest that had a draw.' }),
})
const FRESH_SECONDS = 2
const YEAR_SECONDS = 31_536_000

export function drawRoutes(deps: HttpDeps): Routes {
  const { pool } = deps
  const look = createRoute({
    method: 'get',
    path: BASE,
    tags: ['Queue'],
    summary: 'What is promised and known of the draw of a line',
    description:
      'An order drawn by lot: lot = HMAC-SHA-256(seed, entrant), the least first 52 bits stand first. Everything that decides it is here.',
    request: { params, query },
    responses: {
      200: { description: 'The draw', content: { 'application/json': { schema: Draw } } },
      ...problems('invalid_request', 'event_not_found', 'draw_not_found'),
    },
  })
  const entrants = createRoute({
    method: 'get',
    path: `${BASE}/entrants/{chunk}`,
    tags: ['Queue'],
    summary: 'The entrants of a draw, in order of arrival, 14 bytes each',
    request: { params: params.extend({ chunk: z.coerce.number().int().min(0).max(1_000_000) }), query },
    responses: {
      200: {
        description: 'One file of entrants; it never changes where a generation is named',
        content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
      },
      ...problems('invalid_request', 'event_not_found', 'draw_not_found'),
    },
  })
  return newRoutes()
    .openapi(look, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const record = await readDraw(pool, eventId, c.req.valid('query').generation)
      if (record === undefined) throw noDraw()
      c.header('Cache-Control', `public, max-age=${FRESH_SECONDS}`)
      return c.json(publish(record), 200)
    })
    .openapi(entrants, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const { generation } = c.req.valid('query')
      const record = await readDraw(pool, eventId, generation)
      const chunk = record && (await readChunk(pool, eventId, record.generation, c.req.valid('param').chunk))
      if (chunk === undefined) throw noDraw()
      const forEver =
        generation === undefined ? `max-age=${FRESH_SECONDS}` : `max-age=${YEAR_SECONDS}, immutable`
      c.header('Cache-Control', `public, ${forEver}`)
      c.header('Content-Type', 'application/octet-stream')
      return c.body(new Uint8Array(chunk), 200)
    })
}

function noDraw(): Problem {
  return new Problem(
    'draw_not_found',
    'No draw was promised for this line, or it has no such file of entrants.',
  )
}

function publish(record: DrawRecord): PublishedDraw {
  const { eventId, generation, promisedAt, closedAt, entrants, root, seed, drawnAt } = record
  return {
    eventId,
    generation,
    method: 'random',
    commitment: record.commitment.toString('hex'),
    promisedAt,
    beacon: record.beaconRound === null ? null : beaconOf(record, record.beaconRound),
    closedAt,
    entrants,
    root: root?.toString('hex') ?? null,
    chunks: entrants === null ? null : Math.ceil(entrants / CHUNK_MEMBERS),
    chunkSize: CHUNK_MEMBERS,
    secret: root === null ? null : record.secret.toString('hex'),
    seed: seed?.toString('hex') ?? null,
    drawnAt,
    note: noteOf(record),
  }
}

function beaconOf({ beaconSignature, beaconDropped }: DrawRecord, round: number): PublishedBeacon {
  return {
    network: QUICKNET.chain,
    round,
    at: roundAt(round),
    signature: beaconSignature?.toString('hex') ?? null,
    randomness: beaconSignature === null ? null : randomnessOf(beaconSignature).toString('hex'),
    dropped: beaconDropped,
  }
}

const PERSONS = 'It says nothing of how many entrants are one person.'

/** What is true of this draw, in a sentence or two. */
function noteOf({ beaconRound, beaconDropped }: DrawRecord): string {
  if (beaconRound === null)
    return `No visitor could choose a place, and nobody can change the order afterwards. Without a beacon this does not protect against an operator who invents entrants. ${PERSONS}`
  if (beaconDropped)
    return `The named beacon did not come and the operator went on without it, knowing the order that would give. ${PERSONS}`
  return `Whoever kept the root before the beacon's time knows that nobody, the operator included, could know or choose the order. ${PERSONS}`
}
