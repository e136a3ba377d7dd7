/**
 * The one place where an error becomes an answer: RFC 9457 problems with a stable code. What nobody expected is
 * logged with its request's id and told to the caller without a word of its inside.
 */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { TrieRouter } from 'hono/router/trie-router'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { type FieldFault, Problem } from '../../shared/errors.ts'
import { faultsOf, pathOf } from '../../shared/fault-words.ts'
import type { Log } from '../../shared/log.ts'
import { isAway } from '../../shared/postgres.ts'
import { isRedisAway } from '../../shared/redis.ts'
import type { AppEnv, Routes } from '../routing.ts'

/** Parts that are away are mostly back within seconds; a crowd must not come back all at once. */
const AWAY_RETRY_SECONDS = 2

type Target = 'json' | 'form' | 'query' | 'param' | 'header' | 'cookie'
type Checked = { success: true } | { success: false; target: Target; error: z.ZodError; data?: unknown }

/** For OpenAPIHono: what zod refuses is thrown as `invalid_request`. */
export function defaultHook(result: Checked): void {
  if (!result.success) throw faulty(result.error, result.target, result.data)
}

const PREFIX: Record<Target, string> = {
  json: '',
  form: '',
  query: 'query.',
  param: 'path.',
  header: 'header.',
  cookie: 'cookie.',
}

/** Names each faulty field once: `ticketIds[0]` of a body, or `query.`, `path.`, `header.` and its name. */
function faulty(error: z.ZodError, target: Target, raw: unknown): Problem {
  const errors: FieldFault[] = []
  for (const { place, message } of faultsOf(error.issues, raw, UNKNOWN[target])) {
    const field = PREFIX[target] === '' ? pathOf(place) || 'body' : `${PREFIX[target]}${place.join('.')}`
    if (!errors.some(known => known.field === field)) errors.push({ field, message })
  }
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
  return new Problem('invalid_request', detail, { errors })
}

const UNKNOWN: Partial<Record<Target, () => string>> = { query: () => 'there is no such parameter' }

export function onError(log: Log): ErrorHandler<AppEnv> {
  return (error, c) => {
    const problem = problemOf(error)
    logProblem(log, problem, error, {
      requestId: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
    })
    return answer(c, problem)
  }
}

/** What is our fault, with its cause. */
export function logProblem(
  log: Log,
  problem: Problem,
  err: unknown,
  request: { requestId: string; method: string; path: string },
): void {
  if (problem.status < 500) return
  if (problem.code === 'internal') log.error({ err, ...request }, 'a request failed')
  else log.warn({ err, ...request }, `a request was refused: ${problem.code}`)
}

/** The problem an error stands for; `internal` for everything nobody expected. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isAway(error) || isRedisAway(error)) {
    return new Problem('unavailable', 'A part of the service cannot be reached; try again shortly.', {
      retryAfter: AWAY_RETRY_SECONDS,
    })
  }
  if (error instanceof HTTPException) return ofHono(error)
  return new Problem('internal', 'Something went wrong here. The request id tells the operator what.')
}

/** Hono itself refuses only bodies: of another media type, or of broken JSON. */
function ofHono(error: HTTPException): Problem {
  const [field, message] =
    error.status === 415
      ? ['header.content-type', 'must be application/json']
      : ['body', 'must be valid JSON']
  if (error.status >= 500) return new Problem('internal', 'Something went wrong here.')
  return new Problem('invalid_request', `${field}: ${message}`, { errors: [{ field, message }] })
}

export function answer(c: Context<AppEnv>, problem: Problem): Response {
  const { status, headers, body } = answerOf(problem)
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  // errors.ts lists only statuses that may have a body.
  return c.body(body, status as ContentfulStatusCode)
}

export interface PlainAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

export function answerOf(problem: Problem): PlainAnswer {
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  }
  const { retryAfter } = problem.extra
  if (retryAfter !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)))
  if (problem.status === 401) headers['WWW-Authenticate'] = challenge(problem)
  return { status: problem.status, headers, body: JSON.stringify(problem.body()) }
}

/** RFC 6750: an error only where a token came. */
function challenge({ code }: Problem): string {
  const realm = code.startsWith('admin') ? 'onsale-admin' : 'onsale'
  const came = code.endsWith('_required') ? '' : ', error="invalid_token"'
  return `Bearer realm="${realm}"${came}`
}

/** 405 with Allow where the path is known to another method, else 404. */
export function onNotFound(app: Routes): NotFoundHandler<AppEnv> {
  let methods: TrieRouter<string> | undefined
  return c => {
    methods ??= methodsByPath(app)
    const allowed = new Set(methods.match('ALL', c.req.path)[0].map(([method]) => method))
    if (allowed.size === 0) return answer(c, new Problem('not_found', `There is nothing at ${c.req.path}.`))
    if (allowed.has('GET')) allowed.add('HEAD')
    const allow = [...allowed].sort().join(', ')
    c.header('Allow', allow)
    return answer(c, new Problem('method_not_allowed', `${c.req.path} takes ${allow}.`))
  }
}

/** Routes are all known when the first request comes; middleware is registered for ALL and does not count. */
function methodsByPath(app: Routes): TrieRouter<string> {
  const router = new TrieRouter<string>()
  const seen = new Set<string>()
  for (const { method, path } of app.routes) {
    if (method === 'ALL' || seen.has(`${method} ${path}`)) continue
    seen.add(`${method} ${path}`)
    router.add('ALL', path, method)
  }
  return router
}
