/**
 * The HTTP tier for a test: the whole application on a database and a piece of Redis of its own, called without a
 * port. The catalogue is the small house's: one event on sale, one not yet.
 */

import { makeSecrets } from '../dev/new-secrets.ts'
import { testDatabase, testRedis } from '../dev/test-parts.ts'
import { readConfig } from '../shared/config.ts'
import { type EventId, eventId, type VisitorId } from '../shared/ids.ts'
import { makeLog } from '../shared/log.ts'
import { connectPostgres } from '../shared/postgres.ts'
import { connectCommands, ready } from '../shared/redis.ts'
import { insertSmallHouse } from '../shared/seats/small-house.ts'
import { httpApp } from './app.ts'
import { type HttpDeps, makeDeps } from './deps.ts'
import type { Routes } from './routing.ts'

export interface Call {
  /** Sent as JSON. */
  body?: unknown
  /** A session's or the admin's token. */
  token?: string
  headers?: Record<string, string>
}

export interface Answer<Body = Record<string, unknown>> {
  status: number
  headers: Headers
  /** Parsed where it is JSON, else as it came. */
  body: Body
}

export interface TestApp {
  app: Routes
  deps: HttpDeps
  /** On sale: 40 seats and 10 standing. */
  eventId: EventId
  /** Not yet on sale. */
  laterId: EventId
  adminToken: string
  session(): Promise<{ token: string; visitorId: VisitorId }>
  call<Body = Record<string, unknown>>(method: string, path: string, call?: Call): Promise<Answer<Body>>
  close(): Promise<void>
}

export interface Overrides {
  /** Variables of the environment; see shared/config.ts. */
  environment?: Record<string, string>
  /** Parts to put in another's place, made of the others. */
  parts?: (deps: HttpDeps) => Partial<HttpDeps>
  /** Another Redis, to be broken. */
  redisUrl?: string
}

export async function makeApp({ environment, parts, redisUrl }: Overrides = {}): Promise<TestApp> {
  const [database, piece] = [await testDatabase(), testRedis()]
  const config = readConfig({
    ...makeSecrets(),
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl ?? piece.url,
    KEY_PREFIX: piece.keyPrefix,
    LOG_LEVEL: 'silent',
    NODE_NAME: 'test',
    ...environment,
  })
  const log = makeLog('http', config.LOG_LEVEL)
  const pool = connectPostgres(config.DATABASE_URL, 'test', log, 8)
  const redis = connectCommands(config.REDIS_URL, log)
  const made = makeDeps({ config, pool, redis, log }, 'http')
  const deps = { ...made, ...parts?.(made) }
  await ready(redis, 5_000)
  const [onSale, later] = [eventId('evening01'), eventId('evening02')]
  await insertSmallHouse(pool, onSale)
  await insertSmallHouse(pool, later, { status: 'offsale' })
  const app = httpApp(deps)
  const call = <Body>(method: string, path: string, { body, token, headers }: Call = {}) =>
    send<Body>(app, method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
  return {
    app,
    deps,
    eventId: onSale,
    laterId: later,
    adminToken: config.ADMIN_TOKEN,
    call,
    session: async () => {
      const { status, body } = await call<{ token: string; visitorId: VisitorId }>('POST', '/sessions')
      if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`)
      return body
    },
    close: async () => {
      redis.disconnect()
      await pool.end()
      await Promise.all([database.drop(), piece.clean()])
    },
  }
}

async function send<Body>(
  app: Routes,
  method: string,
  path: string,
  init: RequestInit,
): Promise<Answer<Body>> {
  const response = await app.request(path, { ...init, method })
  const json = /json/.test(response.headers.get('content-type') ?? '')
  const body = json ? await response.json() : new Uint8Array(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, body: body as Body }
}
