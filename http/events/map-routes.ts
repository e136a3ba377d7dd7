/**
 * GET /venues/:venueId/maps/:hash: the geometry of a seat map. It never changes under its hash, so browsers and
 * proxies may keep it for ever, and it is compressed once.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { LRUCache } from 'lru-cache'
import { Problem } from '../../shared/errors.ts'
import type { HttpDeps } from '../deps.ts'
import { isKnown } from '../etag.ts'
import { type Forms, formFor, formsOf } from '../forms.ts'
import { newRoutes, problems, type Routes } from '../routing.ts'

/** A stadium's three forms take 4 MB. */
const MAPS_KEPT = 16
/** Venues and maps known to belong together; they stay together. */
const PAIRS_KEPT = 10_000
const HASH = /^[0-9a-f]{32}$/

export function mapRoutes({ events }: HttpDeps): Routes {
  const forms = new LRUCache<string, Forms>({
    max: MAPS_KEPT,
    fetchMethod: async hash => {
      const map = await events.map(hash)
      return map === undefined ? undefined : formsOf(Buffer.from(map.text))
    },
  })
  const pairs = new LRUCache<string, true>({
    max: PAIRS_KEPT,
    fetchMethod: async key => {
      const [venueId = '', hash = ''] = key.split(' ')
      return (await events.venueHasMap(venueId, hash)) || undefined
    },
  })
  const route = createRoute({
    method: 'get',
    path: '/venues/{venueId}/maps/{hash}',
    tags: ['Events'],
    summary: "A seat map's geometry",
    request: { params: z.object({ venueId: z.string(), hash: z.string() }) },
    responses: {
      200: {
        description: 'Sections, rows, seats and standing areas, in centimetres; immutable',
        content: {
          'application/json': { schema: z.looseObject({ format: z.literal(1), name: z.string() }) },
        },
      },
      304: { description: 'As known' },
      ...problems('map_not_found'),
    },
  })
  return newRoutes().openapi(route, async c => {
    const { venueId, hash } = c.req.valid('param')
    const isOurs =
      HASH.test(hash) && /^[^\s\0]{1,64}$/.test(venueId) && (await pairs.fetch(`${venueId} ${hash}`))
    const map = isOurs ? await forms.fetch(hash) : undefined
    if (map === undefined) throw new Problem('map_not_found', 'This venue has no such seat map.')
    const form = formFor(c.req.header('accept-encoding'))
    const tag = `"${hash}-${form}"`
    c.header('Cache-Control', 'public, max-age=31536000, immutable')
    c.header('ETag', tag)
    c.header('Vary', 'Accept-Encoding', { append: true })
    if (isKnown(c.req.header('if-none-match'), tag)) return c.body(null, 304)
    if (form !== 'identity') c.header('Content-Encoding', form)
    return c.body(map[form], 200, { 'Content-Type': 'application/json' })
  })
}
