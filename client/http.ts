/** Calls to the HTTP tier: the session's token, a deadline, and problem+json as one typed error. */
import type { FetchInit, FetchResponse, Platform } from './platform.ts'

/** A call nobody answers is given up; a confirm may take 5 s by itself. */
const DEADLINE_MS = 20_000

/**
 * What the server refused, or `unreachable` where it did not answer. `code` is stable (SPEC.md lists them): decide by it,
 * never by the text.
 */
export class OnsaleError extends Error {
  override name = 'OnsaleError'
  readonly code: string
  /** HTTP status; 0 where nobody answered, and for what was said on a socket. */
  readonly status: number
  /** Seconds to wait before another try. */
  readonly retryAfter: number | undefined
  /** The faulty fields of an `invalid_request`. */
  readonly fields: { field: string; message: string }[]
  /** All of the answer, with what belongs to this code: `hold_conflict` has `tickets`. */
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>, options?: ErrorOptions) {
    super(String(body['detail'] ?? body['title'] ?? body['code'] ?? `HTTP ${status}`), options)
    const { code = 'internal', retryAfter, errors } = body
    this.status = status
    this.code = String(code)
    this.retryAfter = typeof retryAfter === 'number' ? retryAfter : undefined
    this.fields = Array.isArray(errors) ? errors : []
    this.body = body
  }
}

export function asOnsaleError(error: unknown): OnsaleError {
  if (error instanceof OnsaleError) return error
  return new OnsaleError(0, { code: 'unreachable', detail: String(error) }, { cause: error })
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: unknown
  query?: Record<string, string | number | boolean | undefined>
  headers?: Record<string, string>
  /** The waiting room's pass. */
  pass?: string | undefined
  /** Gives the call up: it rejects as `unreachable`. */
  signal?: AbortSignal | undefined
}

export class Http {
  readonly #base: string
  readonly #token: () => string | undefined
  readonly #platform: Platform

  constructor(base: string, token: () => string | undefined, platform: Platform) {
    this.#base = base.replace(/\/+$/, '')
    this.#token = token
    this.#platform = platform
  }

  /** The answer's JSON, trusted to be what the server documents; undefined where there is none. @throws OnsaleError */
  async json<T>(path: string, call: Call = {}): Promise<T> {
    return (await this.#send(path, call, 'json')) as T
  }

  async bytes(path: string, call: Call): Promise<Uint8Array> {
    return new Uint8Array((await this.#send(path, call, 'arrayBuffer')) as ArrayBuffer)
  }

  /** The deadline is for the answer's body too. */
  async #send(path: string, call: Call, read: 'json' | 'arrayBuffer'): Promise<unknown> {
    const { method = 'GET', body, query = {}, pass, signal: given } = call
    const asked = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) if (value !== undefined) asked.set(key, String(value))
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
    const token = this.#token()
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    if (pass !== undefined) headers['x-onsale-pass'] = pass
    const init: FetchInit = { method, headers }
    if (body !== undefined) {
      headers['content-type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    const question = String(asked) && `?${asked}`
    const late = new AbortController()
    const giveUp = () => late.abort()
    if (given?.aborted) giveUp()
    given?.addEventListener('abort', giveUp)
    const cancel = this.#platform.after(DEADLINE_MS, giveUp)
    try {
      const { signal } = late
      const response = await this.#platform.fetch(`${this.#base}${path}${question}`, { ...init, signal })
      const { ok, status } = response
      if (ok) return status === 204 ? undefined : await response[read]()
      throw new OnsaleError(status, await problemOf(response))
    } catch (error) {
      throw asOnsaleError(error)
    } finally {
      cancel()
      // A caller's signal may outlive many calls.
      given?.removeEventListener('abort', giveUp)
    }
  }
}

async function problemOf(response: FetchResponse): Promise<Record<string, unknown>> {
  // Some answer with a date, or not at all.
  const told = { retryAfter: Number(response.headers.get('retry-after')) || undefined }
  try {
    return { ...told, ...((await response.json()) as Record<string, unknown>) }
  } catch {
    return told
  }
}
