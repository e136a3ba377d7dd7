/** A stream of JSON, in gzip where the caller takes it: a stadium's seats shrink to a thirtieth. */
import type { Context, TypedResponse } from 'hono'
import { accepts } from 'hono/accepts'
import type { AppEnv } from '../routing.ts'

/** No compiler sees into a stream: that its JSON is the route's, tests say. */
type Streamed = Response & TypedResponse<never, 200, 'json'>

export function compressed(c: Context<AppEnv>, stream: ReadableStream<Uint8Array>): Streamed {
  const encoding = accepts(c, {
    header: 'Accept-Encoding',
    supports: ['gzip', 'identity'],
    default: 'identity',
  })
  c.header('Content-Type', 'application/json')
  c.header('Vary', 'Accept-Encoding', { append: true })
  if (encoding !== 'gzip') return c.body(stream) as unknown as Streamed
  c.header('Content-Encoding', 'gzip')
  const zip = new CompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>
  return c.body(stream.pipeThrough(zip)) as unknown as Streamed
}
