/**
 * Calls that a whole crowd makes in the same second, answered before all middlewares and without a web Request: what stands before
 * such a route costs more than most of its answers. They are answered just as the route does, faults and other origins included, and
 * whatever is malformed is left to the route: that names what is wrong.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { VisitorId } from '../../shared/ids.ts'
import { BODY_BYTES } from '../../shared/limits.ts'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'
import { originHeaders, type RequestSeconds, requestId, SAFE_HEADERS } from './head.ts'
import { passLimit } from './limits.ts'
import { answerOf, logProblem, type PlainAnswer, problemOf } from './problems.ts'
import { bearerIn } from './session.ts'

export interface HotCall<Body> {
  visitorId: VisitorId
  /** Of the path. */
  id: string
  headers: IncomingHttpHeaders
  body: Body
}

export interface HotRoute<Body> {
  /** With the id as its first group. */
  path: RegExp
  /** As it is counted. */
  route: string
  body: z.ZodType<Body>
  /** Calls of one network; see `rateLimit`. */
  limit: { name: string; perMinute: number }
  /** Whether these headers are as the route takes them. */
  takes(headers: IncomingHttpHeaders): boolean
  /** Of an answer that is no problem. */
  status: number
  work(call: HotCall<Body>): Promise<unknown>
}

type Incoming = HttpBindings['incoming']

const JSON_TYPE = /^application\/json *(;|$)/i

/** For a POST of JSON by a visitor whose answer is for nobody else. */
export function hotLane<Body>(
  deps: HttpDeps,
  seconds: RequestSeconds,
  hot: HotRoute<Body>,
): MiddlewareHandler<AppEnv> {
  const limit = passLimit(deps, hot.limit.name, hot.limit.perMinute)
  const answered = hotAnswers(deps, { method: 'POST', route: hot.route, status: hot.status })
  return async (c, next) => {
    const [incoming, id] = matched(hot.path, c.env?.incoming)
    if (incoming === undefined || id === undefined) return next()
    const stop = seconds.startTimer()
    const { headers } = incoming
    const visitorId = visitorIn(deps, headers)
    if (visitorId === undefined || !isPlain(headers) || !hot.takes(headers)) return next()
    const text = await c.req.text().catch(() => undefined)
    const body = text === undefined ? undefined : parsed(hot.body, text)
    if (body === undefined) return next()
    return answered(incoming, stop, async () => {
      await limit(incoming.socket.remoteAddress, headers['x-forwarded-for'])
      return hot.work({ visitorId, id, headers, body })
    })
  }
}

/** For a GET by a visitor whose answer is for nobody else. */
export function hotLook(
  deps: HttpDeps,
  seconds: RequestSeconds,
  hot: { path: RegExp; route: string; work(visitorId: VisitorId, id: string): Promise<unknown> },
): MiddlewareHandler<AppEnv> {
  const answered = hotAnswers(deps, { method: 'GET', route: hot.route, status: 200 })
  return async (c, next) => {
    const [incoming, id] = matched(hot.path, c.env?.incoming)
    if (incoming === undefined || id === undefined || incoming.method !== 'GET') return next()
    const stop = seconds.startTimer()
    const visitorId = visitorIn(deps, incoming.headers)
    if (visitorId === undefined) return next()
    return answered(incoming, stop, () => hot.work(visitorId, id))
  }
}

function matched(path: RegExp, incoming: Incoming | undefined): [Incoming | undefined, string | undefined] {
  return [incoming, incoming === undefined ? undefined : path.exec(incoming.url ?? '')?.[1]]
}

function visitorIn(
  { sessions }: Pick<HttpDeps, 'sessions'>,
  { authorization }: IncomingHttpHeaders,
): VisitorId | undefined {
  const token = bearerIn(authorization)
  const session = token === undefined ? undefined : sessions.check(token)
  return session?.ok === true ? session.value.visitorId : undefined
}

/** Does the work of such a call, and answers with what came of it. */
function hotAnswers(
  { chance, config, log }: Pick<HttpDeps, 'chance' | 'config' | 'log'>,
  { method, route, status }: { method: string; route: string; status: number },
) {
  const originsHeaders = originHeaders(config)
  return async (
    incoming: Incoming,
    stop: ReturnType<RequestSeconds['startTimer']>,
    work: () => Promise<unknown>,
  ) => {
    const { headers, url = '' } = incoming
    const requestName = requestId(headers['x-request-id'], chance)
    const answer = await work().then(
      made => ({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(made) }),
      (error: unknown) => {
        const problem = problemOf(error)
        logProblem(log, problem, error, { requestId: requestName, method, path: url })
        return answerOf(problem)
      },
    )
    stop({ method, route, status: String(answer.status) })
    return hotAnswer(answer, requestName, originsHeaders(headers.origin))
  }
}

/** With what the middlewares would have put to it. */
export function hotAnswer(
  { status, headers, body }: PlainAnswer,
  requestName: string,
  origins: Record<string, string>,
): Response {
  return new Response(body, {
    status,
    headers: {
      'X-Request-Id': requestName,
      ...SAFE_HEADERS,
      ...origins,
      'Cache-Control': 'no-store',
      ...headers,
    },
  })
}

/** Of a length that is known and allowed, so that reading it here is all that is ever read of it. */
function isPlain(headers: IncomingHttpHeaders): boolean {
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) return false
  if (headers['transfer-encoding'] !== undefined) return false
  return Number(headers['content-length']) <= BODY_BYTES
}

function parsed<Body>(schema: z.ZodType<Body>, text: string): Body | undefined {
  try {
    const { success, data } = schema.safeParse(JSON.parse(text))
    return success ? data : undefined
  } catch {
    return undefined
  }
}
